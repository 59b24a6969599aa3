"""A key's own limits: never more within any minute, told exactly when to come back, settled in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.domain.snapshot import GatewayKey
from quotah_server.gateway.dialects import RefusalError
from quotah_server.gateway.keylimits import (
    ASSUMED_OUTPUT,
    MOST_OUTPUT,
    KeyLimits,
    Lease,
    output_bound,
)

MINUTE_S = 60.0


class Time:
    def __init__(self, start: float = 0.0) -> None:
        self.now = start

    def __call__(self) -> float:
        return self.now


class Taker(Protocol):
    def take(self, key: GatewayKey, tokens: int) -> object: ...


class Bucket:
    """The way not taken: a bucket of one minute's worth that flows in evenly."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._level, self._at = clock, 0.0, clock()

    def take(self, key: GatewayKey, tokens: int) -> object:
        del tokens
        most = key.requests_per_minute or 0
        now = self._clock()
        self._level = max(0.0, self._level - (now - self._at) * most / MINUTE_S)
        self._at = now
        if self._level + 1 > most:
            raise RefusalError(429, "no", "no")
        self._level += 1
        return None


class Fixed:
    """Another one: counts that begin anew with every minute of the clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._minute, self._count = clock, -1, 0

    def take(self, key: GatewayKey, tokens: int) -> object:
        del tokens
        minute = int(self._clock() // MINUTE_S)
        if minute != self._minute:
            self._minute, self._count = minute, 0
        if self._count >= (key.requests_per_minute or 0):
            raise RefusalError(429, "no", "no")
        self._count += 1
        return None


def key(requests: int | None = None, tokens: int | None = None, name: str = "k") -> GatewayKey:
    return GatewayKey(
        name, "hash", "w", "p", requests_per_minute=requests, tokens_per_minute=tokens
    )


def admitted(taker: Taker, time: Time, one: GatewayKey, pauses: list[float]) -> list[float]:
    """The times at which requests passed."""
    found: list[float] = []
    for pause in pauses:
        time.now += pause
        try:
            taker.take(one, 0)
        except RefusalError:
            continue
        found.append(time.now)
    return found


def most_in_a_minute(times: list[float]) -> int:
    return max((sum(start <= at < start + MINUTE_S for at in times) for start in times), default=0)


PAUSES = st.lists(
    st.sampled_from([0.0, 0.0, 0.01, 0.05, 0.1, 1.0, 29.95, 30.0, 59.9, 59.99, 60.0, 61.0])
    | st.floats(0, 70),
    max_size=120,
)


@settings(max_examples=400, deadline=None)
@given(limit=st.integers(1, 20), start=st.floats(0, 10**9), pauses=PAUSES)
def test_no_minute_ever_holds_more_requests_than_the_limit(
    limit: int, start: float, pauses: list[float]
) -> None:
    time = Time(start)
    passed = admitted(KeyLimits(time), time, key(limit), pauses)
    assert most_in_a_minute(passed) <= limit


@pytest.mark.parametrize("other", [Bucket, Fixed])
def test_the_property_tells_ways_that_let_twice_as_many_through(
    other: Callable[[Time], Taker],
) -> None:
    time = Time(59.0)
    pauses = [0.0] * 10 + [1.5] + [0.0] * 9 + [6.0] * 20
    passed = admitted(other(time), time, key(10), pauses)
    assert most_in_a_minute(passed) > 10
    time = Time(59.0)
    assert most_in_a_minute(admitted(KeyLimits(time), time, key(10), pauses)) == 10


def refused(limits: KeyLimits, one: GatewayKey) -> RefusalError | None:
    try:
        limits.take(one, 0)
    except RefusalError as refusal:
        return refusal
    return None


@settings(max_examples=200, deadline=None)
@given(limit=st.integers(1, 20), start=st.floats(0, 10**9), pauses=PAUSES)
def test_who_comes_back_when_told_is_let_in_and_waited_a_tenth_of_a_second_too_long_at_most(
    limit: int, start: float, pauses: list[float]
) -> None:
    time = Time(start)
    limits = KeyLimits(time)
    passed: list[float] = []
    for pause in pauses:
        time.now += pause
        refusal = refused(limits, key(limit))
        if refusal is not None:
            wait_ms = int(dict(refusal.headers)["retry-after-ms"])
            assert refusal.retry_after_s is not None
            assert 0 < wait_ms / 1000 <= refusal.retry_after_s <= 61
            earliest = passed[-limit] + MINUTE_S
            time.now += wait_ms / 1000
            assert time.now <= earliest + 0.1021
            limits.take(key(limit), 0)
        passed.append(time.now)


def test_a_key_without_limits_costs_nothing_and_leaves_nothing() -> None:
    limits = KeyLimits(Time())
    assert limits.take(key(), 10**9) is None


def test_keys_do_not_use_up_each_others() -> None:
    limits = KeyLimits(Time())
    limits.take(key(1, name="a"), 0)
    limits.take(key(1, name="b"), 0)
    with pytest.raises(RefusalError):
        limits.take(key(1, name="a"), 0)


def test_the_refusal_speaks_as_vendors_clients_understand() -> None:
    time = Time(1000.0)
    limits = KeyLimits(time)
    one = key(2, 500)
    limits.take(one, 100)
    time.now += 20
    limits.take(one, 50)
    with pytest.raises(RefusalError) as raised:
        limits.take(one, 10)
    refusal, head = raised.value, dict(raised.value.headers)
    assert (refusal.status, refusal.code) == (429, "key_rate_limited")
    assert refusal.retry_after_s == 41
    assert head["retry-after-ms"] == "40101"
    assert (head["x-ratelimit-limit-requests"], head["x-ratelimit-remaining-requests"]) == (
        "2",
        "0",
    )
    assert (head["x-ratelimit-limit-tokens"], head["x-ratelimit-remaining-tokens"]) == (
        "500",
        "350",
    )
    assert head["x-ratelimit-reset-requests"] == "60100ms"
    assert "2 requests and 500 tokens per minute" in refusal.message


def lease(limits: KeyLimits, one: GatewayKey, tokens: int, output: int = 0) -> Lease:
    found = limits.take(one, tokens, output)
    assert found is not None
    return found


def test_tokens_are_taken_by_estimate_and_put_right_after() -> None:
    limits = KeyLimits(Time())
    one = key(tokens=1000)
    held = lease(limits, one, 300, 600)
    with pytest.raises(RefusalError):
        limits.take(one, 200)
    held.settle(350)
    assert lease(limits, one, 600).tokens == 600
    with pytest.raises(RefusalError):
        limits.take(one, 100)


def test_what_went_beyond_the_estimate_counts_too() -> None:
    limits = KeyLimits(Time())
    one = key(tokens=1000)
    lease(limits, one, 100).settle(950)
    with pytest.raises(RefusalError):
        limits.take(one, 100)
    assert lease(limits, one, 50).tokens == 50


def test_a_lease_is_settled_once() -> None:
    limits = KeyLimits(Time())
    one = key(tokens=1000)
    held = lease(limits, one, 800)
    for _ in range(3):
        held.settle(0)
    lease(limits, one, 1000)
    with pytest.raises(RefusalError):
        limits.take(one, 1)


def test_a_refund_after_a_minute_gives_nothing_back_twice() -> None:
    time = Time()
    limits = KeyLimits(time)
    one = key(tokens=1000)
    old = lease(limits, one, 900)
    time.now += 61
    lease(limits, one, 1000)
    old.settle(0)
    with pytest.raises(RefusalError):
        limits.take(one, 1)


def test_what_a_long_call_used_beyond_its_estimate_counts_when_it_is_known() -> None:
    time = Time()
    limits = KeyLimits(time)
    one = key(tokens=1000)
    old = lease(limits, one, 100)
    time.now += 90
    old.settle(1100)
    with pytest.raises(RefusalError):
        limits.take(one, 1)
    time.now += 60.2
    lease(limits, one, 1000)


def test_a_request_larger_than_a_minute_is_refused_without_a_time_to_come_back() -> None:
    limits = KeyLimits(Time())
    with pytest.raises(RefusalError) as raised:
        limits.take(key(tokens=1000), 1001)
    assert raised.value.retry_after_s is None
    assert dict(raised.value.headers) == {"x-should-retry": "false"}
    assert raised.value.code == "key_request_too_large"


def test_a_bound_on_the_output_alone_makes_no_request_impossible() -> None:
    limits = KeyLimits(Time())
    assert lease(limits, key(tokens=1000), 500, 8_000).tokens == 1000


@pytest.mark.parametrize(
    ("asked", "taken"),
    [(None, ASSUMED_OUTPUT), (100, 100), (10**9, MOST_OUTPUT), (-5, ASSUMED_OUTPUT), ("7", ASSUMED_OUTPUT),
     (True, ASSUMED_OUTPUT)],
)  # fmt: skip
def test_output_is_taken_in_advance_within_bounds(asked: object, taken: int) -> None:
    assert output_bound(asked) == taken


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["take", "settle", "wait"]), st.integers(0, 700)), max_size=80
    )
)
def test_no_order_of_deeds_lets_known_tokens_run_over(deeds: list[tuple[str, int]]) -> None:
    """What is let in never lifts the tokens of the last minute, as far as they are known, over the limit."""
    time = Time()
    limits = KeyLimits(time)
    one = key(tokens=1000)
    ledger: list[list[float]] = []
    held: list[tuple[Lease, list[float]]] = []
    for deed, amount in deeds:
        if deed == "wait":
            time.now += amount / 10
        elif deed == "take":
            try:
                found = lease(limits, one, amount)
            except RefusalError:
                continue
            ledger.append([time.now, amount])
            held.append((found, ledger[-1]))
            recent = sum(tokens for at, tokens in ledger if at > time.now - MINUTE_S)
            assert recent <= 1000
        elif held:
            found, entry = held.pop()
            found.settle(amount)
            if amount > entry[1]:
                ledger.append([time.now, amount - entry[1]])
            else:
                entry[1] = amount


def test_a_key_uses_bounded_memory_however_much_it_may_do() -> None:
    time = Time()
    limits = KeyLimits(time)
    one = key(10**9, 10**12)
    for _ in range(20_000):
        limits.take(one, 5)
        time.now += 0.01
    (window,) = limits._windows.values()  # pyright: ignore[reportPrivateUsage] -- the bound is what is claimed
    assert len(window.steps) <= 602


def test_keys_that_came_once_are_forgotten() -> None:
    time = Time()
    limits = KeyLimits(time)
    for number in range(10_000):
        limits.take(key(5, name=str(number)), 0)
    time.now += 61
    limits.take(key(5, name="fresh"), 0)
    assert len(limits._windows) == 1  # pyright: ignore[reportPrivateUsage] -- the bound is what is claimed
