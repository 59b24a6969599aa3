"""What a gateway tells of itself: soon when it is news, else as a sign of life; never at a call's cost."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import msgspec
from gateway.rig import DEADLINE_S, Rig, reply, until

from quotah_server.domain import gateway_state as wire
from quotah_server.domain.gateway_state import GatewayState
from quotah_server.domain.ids import new_id
from quotah_server.gateway.publisher import Publisher, gateway_id

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Ear:
    """Takes reports; may be away, or hang until it is let go."""

    def __init__(self) -> None:
        self.heard: list[GatewayState] = []
        self.at: list[float] = []
        self.away = False
        self.hangs: threading.Event | None = None
        self.tries = 0

    def __call__(self, state: bytes, timeout_s: float) -> None:
        self.tries += 1
        if self.hangs is not None:
            self.hangs.wait(timeout_s)
            raise TimeoutError
        if self.away:
            raise ConnectionRefusedError
        self.heard.append(wire.decode(state))
        self.at.append(time.monotonic())


class Self:
    """A gateway's state; ``at`` moves with every look, as a clock does."""

    def __init__(self) -> None:
        self.calls = 0
        self.state = GatewayState(gateway_id="g", at=NOON, started_at=NOON)
        self.broken = False

    def __call__(self) -> GatewayState:
        self.calls += 1
        if self.broken:
            raise RuntimeError
        at = NOON.replace(microsecond=self.calls)
        return msgspec.structs.replace(self.state, at=at)

    def tell(self, **changes: int) -> None:
        self.state = msgspec.structs.replace(self.state, **changes)


def test_news_is_told_soon_and_the_same_only_as_a_sign_of_life() -> None:
    ear, state = Ear(), Self()
    publisher = Publisher(ear, state, every_s=0.02, heartbeat_s=3600)
    publisher.start()
    until(lambda: len(ear.heard) == 1, "the first report")
    until(lambda: state.calls > 10, "more looks")
    assert len(ear.heard) == 1, "what is no news is not told"
    state.tell(in_flight=3)
    until(lambda: ear.heard[-1].in_flight == 3, "the news")
    publisher.close(DEADLINE_S)


def test_a_sign_of_life_goes_out_without_news() -> None:
    ear = Ear()
    publisher = Publisher(ear, Self(), every_s=0.01, heartbeat_s=0.05)
    publisher.start()
    until(lambda: len(ear.heard) >= 4, "signs of life")
    publisher.close(DEADLINE_S)
    pauses = [late - early for early, late in zip(ear.at[:3], ear.at[1:4], strict=True)]
    assert min(pauses) >= 0.05


def test_the_last_state_is_told_at_the_end_though_it_is_no_news() -> None:
    ear, state = Ear(), Self()
    publisher = Publisher(ear, state, every_s=3600, heartbeat_s=3600)
    publisher.start()
    until(lambda: len(ear.heard) == 1, "the first report")
    state.tell(journal_depth=7)
    publisher.close(DEADLINE_S)
    assert [one.journal_depth for one in ear.heard] == [0, 7]


def test_what_nobody_took_is_told_once_somebody_is_there() -> None:
    ear, state = Ear(), Self()
    ear.away = True
    publisher = Publisher(ear, state, every_s=0.01, heartbeat_s=3600)
    publisher.start()
    until(lambda: publisher.failures > 3, "nobody is there")
    ear.away = False
    until(lambda: len(ear.heard) == 1, "the report comes through")
    publisher.close(DEADLINE_S)


def test_a_state_that_cannot_be_told_does_not_end_the_telling() -> None:
    ear, state = Ear(), Self()
    state.broken = True
    publisher = Publisher(ear, state, every_s=0.01, heartbeat_s=3600)
    publisher.start()
    until(lambda: publisher.failures > 2, "it fails")
    state.broken = False
    until(lambda: bool(ear.heard), "it is told")
    publisher.close(DEADLINE_S)


def test_closing_waits_no_longer_than_it_may_for_who_hangs() -> None:
    ear = Ear()
    ear.hangs = threading.Event()
    publisher = Publisher(ear, Self(), every_s=0.01, heartbeat_s=3600)
    publisher.start()
    until(lambda: ear.tries > 0, "it hangs")
    before = time.monotonic()
    publisher.close(0.2)
    assert time.monotonic() - before < 3
    ear.hangs.set()


def test_one_that_never_began_can_be_closed() -> None:
    Publisher(Ear(), Self()).close()


def test_a_gateway_keeps_its_name_over_restarts(tmp_path: Path) -> None:
    first = gateway_id(tmp_path)
    assert gateway_id(tmp_path) == first
    (tmp_path / "id").write_bytes(b"\xff broken")
    second = gateway_id(tmp_path)
    assert second != first
    assert len(second) == len(new_id())
    assert gateway_id(tmp_path / "nowhere") != second


CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
ANSWER = (
    b'{"id":"c1","object":"chat.completion","model":"gpt-4o-mini","choices":[],'
    b'"usage":{"prompt_tokens":10,"completion_tokens":1,"total_tokens":11}}'
)


def call(rig: Rig) -> httpx2.Response:
    url = f"{rig.url}/openai/v1/chat/completions"
    return httpx2.post(url, headers=rig.bearer, json=CHAT, timeout=DEADLINE_S)


def test_a_providers_limits_reach_the_control_plane(rig: Rig) -> None:
    rig.provider.answer = reply(
        ANSWER,
        headers=[
            ("x-ratelimit-limit-requests", "100"), ("x-ratelimit-remaining-requests", "42"),
            ("x-ratelimit-reset-requests", "6m0s"),
        ],
    )  # fmt: skip
    assert call(rig).status_code == 200
    until(lambda: rig.control.states and rig.control.states[-1].rate_limits, "limits are told")
    state = rig.control.states[-1]
    (limit,) = state.rate_limits
    assert (limit.model_group, limit.dimension, limit.limit) == ("gpt-4o-mini", "requests", 100)
    assert (limit.remaining, limit.source, limit.provider) == (42, "header", "openai")
    assert limit.resets_at is not None
    assert abs((limit.resets_at - limit.observed_at).total_seconds() - 360) < 1e-3
    assert state.snapshot_version == 1


def test_the_body_of_a_refusal_tells_of_limits_too(rig: Rig) -> None:
    text = "Rate limit reached on tokens per min (TPM): Limit 30000, Used 29000, Requested 1500."
    body = msgspec.json.encode({"error": {"message": text, "code": "rate_limit_exceeded"}})
    rig.provider.answer = reply(body, status=429, headers=[("retry-after", "7")])
    answer = call(rig)
    assert (answer.status_code, answer.content) == (429, body)
    until(lambda: rig.control.states and rig.control.states[-1].rate_limits, "limits are told")
    by_dimension = {one.dimension: one for one in rig.control.states[-1].rate_limits}
    told = by_dimension["tokens"]
    assert (told.limit, told.remaining, told.source) == (30_000, 1_000, "429_body")
    assert by_dimension["any"].resets_at is not None


def test_a_gateway_that_stops_says_so_last(rig: Rig) -> None:
    until(lambda: rig.control.states, "the first report")
    before = len(rig.control.states)
    rig.stop()
    until(lambda: len(rig.control.states) > before, "the last report")
    assert rig.control.states[-1].in_flight == 0


def test_calls_do_not_wait_for_a_control_plane_that_hangs(rig: Rig) -> None:
    rig.provider.answer = reply(ANSWER)
    rig.control.hung = ("/internal/v1/gateway-state",)
    for _ in range(20):
        assert call(rig).status_code == 200
    rig.control.hung = ()
    told = len(rig.control.states)
    until(lambda: len(rig.control.states) > told, "reports come again")
