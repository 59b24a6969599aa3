"""The circuit of a provider key: when it opens, who gets through, when it closes."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from gateway.rig import Rig, free_port, reply, until
from gateway.routed import by_key, by_mount, code, follow, in_turn, key, mount_of, post, used
from gateway.wires import chat_body

from quotah_server.domain.routing import Retry, Route, Target
from quotah_server.gateway.breaker import Circuit, Circuits
from quotah_server.gateway.paces import Gait, Paces, gait_of

GOOD = reply(chat_body())
BAD = reply(b"{}", status=500)
NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Key:
    """A circuit with a clock of its own."""

    def __init__(self) -> None:
        self.circuit = Circuit("w", "c")
        self.now = 100.0

    def fails(
        self, trouble: str = "failing", wait_s: float | None = None, began: float = 0.0
    ) -> None:
        began = began or self.now
        self.circuit.began(NOW, self.now)
        self.circuit.failed(trouble, "HTTP 500", NOW, began, self.now, wait_s)  # type: ignore[arg-type]

    def works(self) -> None:
        self.circuit.began(NOW, self.now)
        self.circuit.went_well(self.now, self.now)

    @property
    def passes(self) -> bool:
        return self.circuit.passes(self.now)

    @property
    def state(self) -> tuple[str, str]:
        told = self.circuit.state(NOW, self.now)
        return told.health, told.breaker


def test_it_opens_after_five_failures_in_a_row_and_no_sooner() -> None:
    one = Key()
    assert one.state == ("never_used", "closed")
    for _ in range(4):
        one.fails()
    one.works()
    assert one.state == ("healthy", "closed")
    for _ in range(4):
        one.fails()
        assert one.passes
    assert one.state == ("failing", "closed")
    one.fails()
    assert not one.passes
    assert one.state == ("failing", "open")


def test_it_opens_where_every_second_of_twenty_calls_within_half_a_minute_failed() -> None:
    one = Key()
    for number in range(20):
        assert one.passes
        one.now += 1
        if number % 2:
            one.fails()
        else:
            one.works()
    assert not one.passes


def test_failures_that_are_long_past_do_not_open_it() -> None:
    one = Key()
    for number in range(100):
        one.now += 4
        if number % 2:
            one.fails()
        else:
            one.works()
    assert one.passes


def test_after_its_pause_one_call_is_let_through_and_closes_it_when_it_goes_well() -> None:
    one = Key()
    for _ in range(5):
        one.fails()
    one.now += 5.1
    assert one.state == ("failing", "half_open")
    assert one.passes
    one.circuit.began(NOW, one.now)
    assert not one.passes
    one.circuit.went_well(one.now, one.now)
    assert one.passes
    assert one.state == ("healthy", "closed")


def test_a_failed_try_doubles_the_pause_up_to_five_minutes() -> None:
    one = Key()
    for _ in range(5):
        one.fails()
    pauses: list[float] = []
    for _ in range(8):
        pauses.append(one.circuit.until - one.now)
        one.now = one.circuit.until
        one.fails()
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]


def test_a_try_whose_client_left_makes_room_for_the_next() -> None:
    one = Key()
    for _ in range(5):
        one.fails()
    one.now += 6
    one.circuit.began(NOW, one.now)
    assert not one.passes
    one.circuit.left(one.now)
    assert one.passes


def test_calls_that_began_before_it_opened_neither_prolong_nor_close_it() -> None:
    one = Key()
    began = one.now
    for _ in range(5):
        one.fails()
    until_ = one.circuit.until
    one.now += 1
    one.fails(began=began)
    assert one.circuit.until == until_
    one.circuit.went_well(began, one.now)
    assert not one.passes


def test_an_invalid_key_is_left_alone_for_a_minute_at_once() -> None:
    one = Key()
    one.fails("invalid")
    assert one.state == ("invalid", "open")
    assert one.circuit.until - one.now == 60


@pytest.mark.parametrize(
    ("wait_s", "pause_s"), [(None, 1.0), (7.5, 7.5), (0.0, 0.0), (86_400.0, 300.0)]
)
def test_a_key_at_its_limit_waits_as_long_as_it_was_told(
    wait_s: float | None, pause_s: float
) -> None:
    one = Key()
    one.fails("rate_limited", wait_s)
    assert one.circuit.until - one.now == pause_s
    assert one.state[0] == "rate_limited"


def test_a_limit_without_a_pause_is_looked_at_after_one_second_and_at_most_twenty() -> None:
    one = Key()
    pauses: list[float] = []
    for _ in range(7):
        one.fails("rate_limited")
        pauses.append(one.circuit.until - one.now)
        one.now = one.circuit.until
    assert pauses == [1, 2, 4, 8, 16, 20, 20]


def test_circuits_of_keys_that_are_gone_are_forgotten() -> None:
    circuits = Circuits(lambda: NOW)
    first, second = circuits.of("w", "a", "s1"), circuits.of("w", "b", "s2")
    assert circuits.of("w", "a", "s1") is first
    assert circuits.of("w", "a", "other") is not first
    circuits.keep([second])
    assert [state.credential_id for state in circuits.states()] == ["b"]


def test_an_open_state_tells_until_when() -> None:
    one = Key()
    one.fails("invalid")
    assert one.circuit.state(NOW, one.now).open_until == NOW + timedelta(seconds=60)


def test_a_pace_that_is_not_known_or_old_is_found_out_by_one_call() -> None:
    gait = Gait()
    assert gait.expected_s(0.0, streaming=True) is None
    assert (gait.expected_s(0.5, streaming=True) or 0) > 1_000
    gait.heard(2.0, 1.0, streaming=True)
    assert gait.expected_s(10.0, streaming=True) == 2.0
    assert gait.expected_s(10.0, streaming=False) == 2.0
    gait.heard(4.0, 11.0, streaming=False)
    assert gait.expected_s(12.0, streaming=False) == 4.0
    assert gait.first_byte_s == 2.0
    gait.heard(7.0, 12.0, streaming=True)
    assert gait.first_byte_s == 3.0
    assert gait.expected_s(100.0, streaming=True) is None
    assert gait.expected_s(100.5, streaming=True) == 3.0


def test_the_models_of_a_mount_that_are_followed_are_bounded() -> None:
    paces = Paces()
    gaits = paces.of("w", "openai")
    for number in range(1_000):
        gait = gait_of(gaits, f"m{number}")
        if gait is not None:
            gait.heard(1.0, 0.0, streaming=False)
    assert len(paces.paces()) == 256
    assert gait_of(gaits, "m0") is not None
    paces.keep(set())
    assert paces.paces() == ()


# In the gateway.


def test_a_failing_key_is_passed_over_while_another_is_there(rig: Rig) -> None:
    follow(rig, mounts={"openai": [key("a"), key("b")]})
    rig.provider.answer = by_key({"a": BAD, "b": GOOD})
    began = time.monotonic()
    statuses = [post(rig).status_code for _ in range(20)]
    # One more for each pause that went by meanwhile: 10 of 20 without a circuit.
    assert 5 <= statuses.count(500) <= 5 + (time.monotonic() - began) // 5


def test_a_single_key_is_tried_although_it_fails(rig: Rig) -> None:
    follow(rig)
    rig.provider.answer = BAD
    assert [post(rig).status_code for _ in range(7)] == [500] * 7
    rig.provider.answer = GOOD
    assert post(rig).status_code == 200
    gateway = rig.gateway
    assert gateway is not None
    (state,) = gateway.circuits.states()
    assert (state.health, state.breaker) == ("healthy", "closed")


def test_a_route_may_refuse_at_once_what_would_fail_anyway(rig: Rig) -> None:
    follow(
        rig,
        mounts={"openai": [key("a")], "spare": [key("b")]},
        providers={"spare": "openai"},
        routes=[Route("r", "r", targets=(Target(), Target(mount="spare")), refuse_when_open=True)],
    )
    rig.provider.answer = reply(b"{}", status=401)
    assert post(rig).status_code == 401
    assert post(rig).status_code == 401
    assert [mount_of(r) for r in rig.provider.received] == ["openai", "spare"]
    answer = post(rig)
    assert code(answer) == (503, "circuit_open")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert len(rig.provider.received) == 2
    rig.events(2)


def test_an_open_target_comes_after_the_others(rig: Rig) -> None:
    follow(
        rig,
        mounts={"openai": [key("a")], "spare": [key("b")]},
        providers={"spare": "openai"},
        routes=[Route("r", "r", targets=(Target(), Target(mount="spare")))],
    )
    rig.provider.answer = by_mount({"openai": reply(b"{}", status=403), "spare": GOOD})
    assert [post(rig).status_code for _ in range(3)] == [403, 200, 200]
    assert [mount_of(r) for r in rig.provider.received] == ["openai", "spare", "spare"]


def test_an_unreachable_provider_counts_as_failing(rig: Rig) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    follow(rig, mounts={"openai": [key("a", base_url=nowhere), key("b", weight=0)]})
    rig.provider.answer = GOOD
    began = time.monotonic()
    statuses = [post(rig).status_code for _ in range(9)]
    assert statuses[:5] == [502] * 5
    assert statuses.count(502) <= 5 + (time.monotonic() - began) // 5


def test_a_limited_key_is_used_again_when_its_pause_is_over(rig: Rig) -> None:
    follow(rig, mounts={"openai": [key("a"), key("b", weight=0)]})
    limited = reply(b"{}", status=429, headers=[("retry-after-ms", "4000")])
    rig.provider.answer = by_key({"a": in_turn(limited, GOOD), "b": GOOD})
    assert post(rig).status_code == 429
    assert post(rig).status_code == 200
    assert used(rig.provider.received[-1]) == "b"

    def back() -> bool:
        assert post(rig).status_code == 200
        return used(rig.provider.received[-1]) == "a"

    until(back, "the key is used again")


def test_the_callers_mistakes_are_not_held_against_a_key(rig: Rig) -> None:
    follow(rig, mounts={"openai": [key("a"), key("b", weight=0)]})
    rig.provider.answer = reply(b"{}", status=400)
    for _ in range(8):
        post(rig)
    assert {used(r) for r in rig.provider.received} == {"a"}


def test_an_attempt_that_was_tried_again_counts_once(rig: Rig) -> None:
    follow(rig, routes=[Route("r", "r", retry=Retry(tries=4, backoff_ms=1))])
    rig.provider.answer = BAD
    assert post(rig).status_code == 500
    gateway = rig.gateway
    assert gateway is not None
    (state,) = gateway.circuits.states()
    assert (state.health, state.breaker) == ("failing", "closed")
    post(rig)
    (state,) = gateway.circuits.states()
    assert state.breaker == "open"
    rig.events(8)


def test_the_control_plane_is_told_how_keys_do(rig: Rig) -> None:
    follow(rig)
    rig.provider.answer = GOOD
    post(rig)

    def told() -> bool:
        return any(
            state.credentials and state.credentials[0].health == "healthy" and state.paces
            for state in rig.control.states
        )

    until(told, "the state arrives")
    state = rig.control.states[-1]
    assert state.snapshot_version == 2
    assert state.paces[0].mount == "openai"


async def test_states_may_be_asked_from_another_thread() -> None:
    circuits = Circuits(lambda: NOW)
    for number in range(50):
        circuits.of("w", f"c{number}", "s")
    asked = await asyncio.to_thread(circuits.states)
    assert len(asked) == 50
