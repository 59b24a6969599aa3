"""Limits as last heard: by key, model and dimension, with their age, bounded, and cheap to hear."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from quotah_server.domain.gateway_state import RateLimit
from quotah_server.gateway.ratelimits import RateLimits

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Named(NamedTuple):
    name: str


class Key(NamedTuple):
    id: str
    workspace_id: str = "w"


class Mount(NamedTuple):
    provider: Named


OPENAI = Mount(Named("openai"))


class Watch:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def remaining(tokens: int, requests: int | None = None) -> list[tuple[str, str]]:
    found = [("x-ratelimit-limit-tokens", "1000"), ("x-ratelimit-remaining-tokens", str(tokens))]
    return found + (
        [("x-ratelimit-remaining-requests", str(requests))] if requests is not None else []
    )


def by_place(limits: RateLimits) -> dict[tuple[str, str, str], RateLimit]:
    return {(one.credential_id, one.model_group, one.dimension): one for one in limits.snapshot()}


def test_each_key_model_and_dimension_is_kept_by_itself() -> None:
    limits = RateLimits(Watch())
    for key, model, tokens in (("a", "m", 1), ("a", "n", 2), ("b", "m", 3)):
        limits.heard(Key(key), OPENAI, model, 200, remaining(tokens, 50))
    found = by_place(limits)
    assert {place: one.remaining for place, one in found.items()} == {
        ("a", "m", "tokens"): 1, ("a", "n", "tokens"): 2, ("b", "m", "tokens"): 3,
        ("a", "m", "requests"): 50, ("a", "n", "requests"): 50, ("b", "m", "requests"): 50,
    }  # fmt: skip
    one = found["a", "m", "tokens"]
    assert (one.workspace_id, one.provider, one.source) == ("w", "openai", "header")
    assert (one.limit, one.window_s, one.observed_at) == (1000, 60, NOON)


def test_the_newest_word_stands() -> None:
    watch = Watch()
    limits = RateLimits(watch)
    for tokens in range(20):
        limits.heard(Key("a"), OPENAI, "m", 200, remaining(tokens))
        watch.wait(1)
    assert by_place(limits)["a", "m", "tokens"].remaining == 19
    limits.heard(Key("a"), OPENAI, "m", 200, remaining(7))
    assert by_place(limits)["a", "m", "tokens"].remaining == 7


def test_what_an_answer_does_not_say_stays_with_its_age() -> None:
    watch = Watch()
    limits = RateLimits(watch)
    limits.heard(Key("a"), OPENAI, "m", 200, remaining(5, 9))
    watch.wait(30)
    limits.heard(Key("a"), OPENAI, "m", 200, remaining(4))
    limits.heard(Key("a"), OPENAI, "m", 502, [("server", "proxy")])
    found = by_place(limits)
    assert found["a", "m", "tokens"].remaining == 4
    assert found["a", "m", "tokens"].observed_at == NOON + timedelta(seconds=30)
    assert found["a", "m", "requests"].remaining == 9
    assert found["a", "m", "requests"].observed_at == NOON


def test_how_much_is_allowed_in_all_need_not_be_said_again() -> None:
    limits = RateLimits(Watch())
    limits.heard(Key("a"), OPENAI, "m", 200, remaining(5))
    limits.heard(Key("a"), OPENAI, "m", 200, [("x-ratelimit-remaining-tokens", "4")])
    one = by_place(limits)["a", "m", "tokens"]
    assert (one.limit, one.remaining) == (1000, 4)


def test_the_body_of_a_429_is_read_and_others_are_not_held() -> None:
    limits = RateLimits(Watch())
    body = b'{"error": {"message": "on tokens per min (TPM): Limit 30, Used 30, Requested 4."}}'
    limits.heard(Key("a"), OPENAI, "m", 200, [], body)
    assert limits.snapshot() == ()
    limits.heard(Key("a"), OPENAI, "m", 429, [], body)
    one = by_place(limits)["a", "m", "tokens"]
    assert (one.limit, one.remaining, one.source) == (30, 0, "429_body")
    limits.heard(Key("a"), OPENAI, "n", 429, [], body + b" " * 100_000)
    assert len(limits.snapshot()) == 1


def test_a_flood_of_models_or_keys_takes_bounded_room_and_nobody_elses() -> None:
    limits = RateLimits(Watch())
    limits.heard(Key("mine"), OPENAI, "m", 200, remaining(5))
    for number in range(3_000):
        limits.heard(Key("loud"), OPENAI, f"m{number}", 200, remaining(5))
    found = limits.snapshot()
    assert "mine" in {one.credential_id for one in found}
    assert sum(one.credential_id == "loud" for one in found) <= 512
    for number in range(5_000):
        limits.heard(Key(f"k{number}"), OPENAI, "m", 200, remaining(5))
    assert len({one.credential_id for one in limits.snapshot()}) <= 1_024


def test_hearing_goes_on_while_another_thread_reads() -> None:
    limits = RateLimits(Watch())
    stop = threading.Event()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            while not stop.is_set():
                limits.snapshot()
        except BaseException as error:  # noqa: BLE001 -- told to the test
            failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(20_000):
        limits.heard(Key("a"), OPENAI, f"m{number % 50}", 200, remaining(number))
    stop.set()
    reader.join()
    limits.heard(Key("a"), OPENAI, "last", 200, remaining(1))
    assert failures == []
    assert by_place(limits)["a", "last", "tokens"].remaining == 1
