"""Routes that cache: the same request is answered again without the provider, and nobody else's is."""

from __future__ import annotations

from collections.abc import Callable, Generator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from gateway.rig import (
    DEADLINE_S,
    PROVIDER_KEY,
    WORKSPACE,
    Rig,
    reply,
    stream,
    until,
)

from quotah_server.domain.event import PricedEvent
from quotah_server.domain.routing import CachePolicy, Match, Route, Target
from quotah_server.domain.secrets import credential_binding, hash_key, mint_key
from quotah_server.domain.snapshot import Credential, GatewayKey, Mount, Snapshot

ELSEWHERE = "e" * 32
ROUTE = "a" * 32
PATH = "/openai/v1/chat/completions"
ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
STREAM = {**ASK, "stream": True}
USAGE = b'"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}'
SAVED = Decimal("0.00021")
_CHUNK = b'data: {"id":"c","object":"chat.completion.chunk","model":"gpt-4o-mini","choices":'
CHUNKS = [
    _CHUNK + b'[{"index":0,"delta":{"content":"gr\xc3\xbc\xc3\x9f"}}]}\n\n',
    _CHUNK + b'[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
    _CHUNK + b"[]," + USAGE + b"}\n\n",
    b"data: [DONE]\n\n",
]
DELIVERED = CHUNKS[0] + CHUNKS[1] + CHUNKS[3]


def answer(number: int = 1) -> bytes:
    return (
        b'{"id":"c%d","object":"chat.completion","model":"gpt-4o-mini","choices":[{"index":0}],%s}'
        % (number, USAGE)
    )


class Stand:
    """A rig whose one route caches, and a client."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.version = 1
        self.client = httpx2.Client(base_url=rig.url, timeout=DEADLINE_S)
        self.answered = 0
        self.routed()

    def routed(self, *, policy: CachePolicy | None = None, **route: Any) -> None:
        """Let the workspace's calls follow one route with a cache."""
        told = Route(ROUTE, "cached", cache=policy or CachePolicy(ttl_s=600), **route)
        self.publish(
            lambda snapshot: msgspec.structs.replace(snapshot, routes={WORKSPACE: (told,)})
        )

    def publish(self, change: Callable[[Snapshot], Snapshot]) -> None:
        self.version += 1
        self.rig.publish(change(self.rig.make_snapshot(self.version)))
        assert self.rig.gateway is not None
        assert self.rig.gateway.holder.wait_for(self.version, DEADLINE_S)

    def ask(
        self, body: dict[str, Any] | None = None, key: str = "", path: str = PATH, **headers: str
    ) -> httpx2.Response:
        bearer = {"authorization": f"Bearer {key}"} if key else self.rig.bearer
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        found = self.client.post(path, json=body or ASK, headers={**bearer, **named})
        self.answered += 1
        return found

    @property
    def asked(self) -> int:
        """How often the provider was."""
        return len(self.rig.provider.received)

    def events(self) -> list[PricedEvent]:
        """One event per answer, in the order of their ids."""
        return sorted(self.rig.events(self.answered), key=lambda event: event.call.event_id)


@pytest.fixture
def stand(tmp_path: Path) -> Generator[Stand]:
    with Rig(tmp_path) as rig:
        rig.provider.answer = reply(answer())
        found = Stand(rig)
        yield found
        found.client.close()


def told(response: httpx2.Response) -> str | None:
    return response.headers.get("x-quotah-cache")


def test_the_same_request_is_answered_without_the_provider(stand: Stand) -> None:
    first = stand.ask(x_quotah_user="ann")
    stand.rig.provider.answer = reply(answer(2))
    second = stand.ask(x_quotah_user="bob")

    assert (told(first), told(second), stand.asked) == ("miss", "hit", 1)
    assert second.content == first.content == answer(1)
    assert second.headers["content-type"] == first.headers["content-type"]
    assert int(second.headers["age"]) >= 0
    assert second.headers["x-quotah-event-id"] != first.headers["x-quotah-event-id"]
    assert second.headers["x-quotah-request-id"] != first.headers["x-quotah-request-id"]
    assert (second.headers["x-quotah-cost"], second.headers["x-quotah-route"]) == (
        "0",
        f"route_{ROUTE}",
    )

    bought, hit = stand.events()
    assert (bought.cost_usd, bought.saved_usd, bought.call.from_cache) == (SAVED, None, False)
    assert (hit.cost_usd, hit.saved_usd, hit.call.from_cache) == (0, SAVED, True)
    assert hit.call.event_id == second.headers["x-quotah-event-id"].removeprefix("evt_")
    assert (hit.call.attribution.user, bought.call.attribution.user) == ("bob", "ann")
    assert (hit.call.route_id, hit.call.credential_id, hit.call.status) == (ROUTE, None, "success")
    assert hit.usage.units == {}
    assert hit.call.ended_at >= hit.call.started_at >= bought.call.started_at


def test_a_stream_is_given_again_as_a_stream_of_the_same_bytes(stand: Stand) -> None:
    stand.rig.provider.answer = stream(CHUNKS)
    first, second = stand.ask(STREAM), stand.ask(STREAM)
    assert (told(first), told(second), stand.asked) == ("miss", "hit", 1)
    assert first.content == second.content == DELIVERED, "the usage chunk that we asked for is out"
    assert second.headers["content-type"] == "text/event-stream"
    assert b"include_usage" in stand.rig.provider.received[0].body, "the control: it was asked for"
    bought, hit = stand.events()
    assert (bought.cost_usd, hit.cost_usd, hit.saved_usd) == (SAVED, 0, SAVED)
    assert hit.call.streaming


def test_a_client_that_asked_for_the_usage_chunk_gets_it_again(stand: Stand) -> None:
    stand.rig.provider.answer = stream(CHUNKS)
    body = {**STREAM, "stream_options": {"include_usage": True}}
    assert stand.ask(body).content == stand.ask(body).content == b"".join(CHUNKS)
    assert told(stand.ask(STREAM)) == "miss", "without it, it is another request"


def test_without_a_route_that_caches_nothing_is_kept(stand: Stand) -> None:
    stand.publish(lambda snapshot: snapshot)
    assert [told(stand.ask()) for _ in range(2)] == [None, None]
    assert stand.asked == 2


@pytest.mark.parametrize(
    "change",
    [{"body": {**ASK, "temperature": 0.5}}, {"body": {**ASK, "user": "x"}}, {"body": STREAM},
     {"path": PATH + "?x=1"}, {"openai_beta": "x"}, {"accept": "text/plain"}, {"openai_project": "p"}],
)  # fmt: skip
def test_another_request_is_asked_of_the_provider(stand: Stand, change: dict[str, Any]) -> None:
    stand.ask()
    assert told(stand.ask(**change)) == "miss"
    assert stand.asked == 2
    assert told(stand.ask()) == "hit"


def test_a_client_may_go_round_the_cache(stand: Stand) -> None:
    provider = stand.rig.provider
    assert told(stand.ask(x_quotah_cache="no-store")) == "miss"
    assert told(stand.ask()) == "miss", "what was not to be kept was not"
    provider.answer = reply(answer(2))
    assert told(stand.ask(x_quotah_cache="no-store")) == "hit", "what is kept may be taken"
    bypassed = stand.ask(x_quotah_cache="bypass")
    assert (told(bypassed), bypassed.content) == ("bypass", answer(2))
    assert stand.ask().content == answer(1), "nor was it kept"
    refreshed = stand.ask(x_quotah_cache="refresh")
    assert (told(refreshed), refreshed.content) == ("miss", answer(2))
    assert stand.ask().content == answer(2)


def test_the_provider_never_hears_of_our_cache(stand: Stand) -> None:
    stand.ask(x_quotah_cache="refresh")
    names = {name for name, _ in stand.rig.provider.received[0].headers}
    assert not any(name.startswith("x-quotah") for name in names)


def other_workspace(stand: Stand, snapshot: Snapshot, key: str) -> Snapshot:
    """The snapshot with a second workspace: the same mount name, provider and route id."""
    base = f"http://127.0.0.1:{stand.rig.provider.port}/v1"
    secret = stand.rig.ring.seal(PROVIDER_KEY, credential_binding(ELSEWHERE, "c" * 32, base))
    credential = Credential("c" * 32, ELSEWHERE, "openai", base, secret, allow_private=True)
    route = Route(ROUTE, "cached", cache=CachePolicy(ttl_s=600))
    return msgspec.structs.replace(
        snapshot,
        keys={**snapshot.keys, hash_key(key): GatewayKey("9" * 32, hash_key(key), ELSEWHERE, "p")},
        mounts={**snapshot.mounts, ELSEWHERE: {"openai": Mount("openai", "openai", "openai", (credential,))}},
        routes={WORKSPACE: (route,), ELSEWHERE: (route,)},
    )  # fmt: skip


def test_a_workspace_never_gets_the_answer_of_another(stand: Stand) -> None:
    key = mint_key("gateway")
    stand.publish(lambda snapshot: other_workspace(stand, snapshot, key))
    mine = stand.ask()
    stand.rig.provider.answer = reply(answer(2))
    for wish in ("", "no-store", "refresh"):
        theirs = stand.ask(key=key, x_quotah_cache=wish)
        assert theirs.content == answer(2)
    assert told(stand.ask(key=key)) == "hit", "the control: it has a cache of its own"
    again = stand.ask()
    assert (told(again), again.content) == ("hit", mine.content)


def test_who_brings_a_key_of_his_own_shares_with_nobody(stand: Stand) -> None:
    bodies: dict[str, bytes] = {}
    stand.ask()
    for number, own in enumerate(("sk-ann", "sk-bob"), start=2):
        stand.rig.provider.answer = reply(answer(number))
        found = stand.client.post(
            PATH,
            json=ASK,
            headers={"authorization": f"Bearer {own}", "x-quotah-key": stand.rig.key},
        )
        assert (told(found), found.content) == ("miss", answer(number))
        bodies[own] = found.content
    for own, body in bodies.items():
        found = stand.client.post(
            PATH,
            json=ASK,
            headers={"authorization": f"Bearer {own}", "x-quotah-key": stand.rig.key},
        )
        assert (told(found), found.content) == ("hit", body)
    assert stand.ask().content == answer(1)


def test_a_key_may_not_get_by_the_cache_what_it_may_not_call(stand: Stand) -> None:
    stand.ask()
    narrow = mint_key("gateway")

    def narrowed(snapshot: Snapshot) -> Snapshot:
        key = GatewayKey("9" * 32, hash_key(narrow), WORKSPACE, "p", models=("gpt-5*",))
        route = Route(ROUTE, "cached", cache=CachePolicy(ttl_s=600))
        keys = {**snapshot.keys, hash_key(narrow): key}
        return msgspec.structs.replace(snapshot, keys=keys, routes={WORKSPACE: (route,)})

    stand.publish(narrowed)
    assert told(stand.ask()) == "hit"
    refused = stand.client.post(PATH, json=ASK, headers={"authorization": f"Bearer {narrow}"})
    assert refused.status_code == 403
    assert told(refused) is None


def test_a_key_gets_no_answer_of_a_model_to_which_only_others_may_be_led(stand: Stand) -> None:
    narrow = mint_key("gateway")
    targets = (Target(model="gpt-5"), Target(model="gpt-4o-mini"))
    route = Route(ROUTE, "cached", cache=CachePolicy(ttl_s=600), targets=targets)

    def narrowed(snapshot: Snapshot) -> Snapshot:
        key = GatewayKey("9" * 32, hash_key(narrow), WORKSPACE, "p", models=("gpt-4o-mini",))
        keys = {**snapshot.keys, hash_key(narrow): key}
        return msgspec.structs.replace(snapshot, keys=keys, routes={WORKSPACE: (route,)})

    stand.publish(narrowed)
    assert [told(stand.ask()), told(stand.ask())] == ["miss", "hit"]
    first = stand.client.post(PATH, json=ASK, headers={"authorization": f"Bearer {narrow}"})
    assert told(first) == "miss"
    assert [asked.json()["model"] for asked in stand.rig.provider.received] == [
        "gpt-5",
        ASK["model"],
    ]


@pytest.mark.parametrize(
    "bad",
    [
        reply(b'{"error":{"message":"no","code":"x"}}', status=500),
        reply(b'{"error":{"message":"no","code":"x"}}', status=429),
        reply(b"<html>", content_type="text/html"), reply(b'{"id":'), reply(b"[]"),
        stream(CHUNKS[:1]), stream(CHUNKS[:2], then="reset"),
        stream([b'data: {"error":{"message":"overloaded"}}\n\n', CHUNKS[3]]),
    ],
)  # fmt: skip
def test_an_answer_that_did_not_end_well_is_not_kept(stand: Stand, bad: Any) -> None:
    stand.rig.provider.answer = bad
    try:
        stand.ask(STREAM)
    except httpx2.TransportError:
        stand.answered += 1
    stand.rig.provider.answer = stream(CHUNKS)
    good = stand.ask(STREAM)
    assert (told(good), good.content) == ("miss", DELIVERED)
    assert told(stand.ask(STREAM)) == "hit"


def test_a_stream_whose_client_went_away_is_not_kept(stand: Stand) -> None:
    stand.rig.provider.answer = stream(CHUNKS, pause_s=0.1)
    with stand.client.stream("POST", PATH, json=STREAM, headers=stand.rig.bearer) as response:
        next(response.iter_raw())
    stand.answered += 1
    until(lambda: len(stand.events()) == 1, "the call is recorded")
    assert told(stand.ask(STREAM)) == "miss"


def test_an_answer_is_given_as_long_as_its_route_says(stand: Stand) -> None:
    stand.routed(policy=CachePolicy(ttl_s=1))
    assert told(stand.ask()) == "miss"
    until(lambda: told(stand.ask()) == "miss", "it is asked again")
    assert stand.asked == 2


def test_an_answer_larger_than_its_route_allows_is_not_kept(stand: Stand) -> None:
    stand.routed(policy=CachePolicy(ttl_s=600, max_bytes=len(answer()) - 1))
    assert [told(stand.ask()) for _ in range(2)] == ["miss", "miss"]
    stand.routed(policy=CachePolicy(ttl_s=600, max_bytes=len(answer())))
    assert [told(stand.ask()) for _ in range(2)] == ["miss", "hit"]


def test_a_route_that_changed_gives_no_answer_of_before(stand: Stand) -> None:
    stand.ask()
    stand.routed(targets=(Target(model="gpt-4o"),))
    assert told(stand.ask()) == "miss"
    assert stand.asked == 2


def test_only_what_the_route_matches_is_kept(stand: Stand) -> None:
    stand.routed(match=Match(features=("faq",)))
    assert [told(stand.ask()) for _ in range(2)] == [None, None]
    assert [told(stand.ask(x_quotah_feature="faq")) for _ in range(2)] == ["miss", "hit"]


def test_a_hit_is_a_request_of_its_key_and_takes_none_of_its_tokens(stand: Stand) -> None:
    def limited(snapshot: Snapshot) -> Snapshot:
        keys = {
            name: msgspec.structs.replace(key, requests_per_minute=4, tokens_per_minute=2_500)
            for name, key in snapshot.keys.items()
        }
        route = Route(ROUTE, "cached", cache=CachePolicy(ttl_s=600))
        return msgspec.structs.replace(snapshot, keys=keys, routes={WORKSPACE: (route,)})

    stand.publish(limited)
    assert [told(stand.ask()) for _ in range(4)] == ["miss", "hit", "hit", "hit"]
    refused = stand.client.post(PATH, json=ASK, headers=stand.rig.bearer)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "key_rate_limited"
    assert 0 < int(refused.headers["retry-after"]) <= 61
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert refused.headers["x-ratelimit-remaining-tokens"] == "1400"


def test_hits_are_counted(stand: Stand) -> None:
    for _ in range(3):
        stand.ask()
    text = stand.client.get("/metrics").text
    assert "quotah_gateway_cache_hits_total 2.0" in text
    assert "quotah_gateway_cache_misses_total 1.0" in text
    assert "quotah_gateway_cache_answers 1.0" in text
