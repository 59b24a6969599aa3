"""Where a request goes: targets in order, by weight, by pace, by price; what cannot be followed is left."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx2
import pytest
from gateway.rig import DEADLINE_S, Received, Rig, free_port, reply, until
from gateway.routed import ASK, CHAT, by_mount, code, follow, in_turn, key, mount_of, post
from gateway.wires import chat_body

from quotah_server.domain.routing import CachePolicy, Match, Retry, Route, Target, Timeouts

GOOD = reply(chat_body())
TWO = {"openai": [key("one")], "spare": [key("two")]}
SPARE = {"spare": "openai"}


def model_of(received: Received) -> str:
    return received.json()["model"]


def to(*targets: Target, **fields: object) -> list[Route]:
    return [Route("r1", "test", targets=targets, **fields)]  # type: ignore[arg-type]


def test_a_failed_model_is_followed_by_another_and_only_its_name_changes(rig: Rig) -> None:
    follow(rig, routes=to(Target(), Target(model="gpt-4o-mini")))
    rig.provider.answer = in_turn(reply(b"{}", status=503), GOOD)
    odd = b'{ "x":1.50,"model" : "gpt-4o", "messages":[], "text":"\\u0041 \\"model\\": \\"gpt-4o\\"" }'
    answer = httpx2.post(
        rig.url + "/openai/v1/chat/completions", content=odd, headers=rig.bearer, timeout=DEADLINE_S
    )
    assert answer.status_code == 200
    first, second = rig.provider.received
    assert first.body == odd
    assert second.body == odd.replace(b'"model" : "gpt-4o"', b'"model" : "gpt-4o-mini"')
    assert [e.call.model_requested for e in rig.events(2)] == ["gpt-4o", "gpt-4o-mini"]


def test_a_failed_provider_is_followed_by_another_of_the_same_shape(rig: Rig) -> None:
    follow(
        rig,
        mounts={"openai": [key("one")], "groq": [key("two")]},
        routes=to(Target(), Target(mount="groq", model="llama-3.3-70b-versatile")),
    )
    rig.provider.answer = by_mount({"openai": reply(b"{}", status=500), "groq": GOOD})
    answer = post(rig)
    assert (answer.status_code, answer.headers["x-quotah-attempts"]) == (200, "2")
    first, second = (event.call for event in rig.events(2))
    assert (first.provider, second.provider) == ("openai", "groq")
    assert second.model_requested == "llama-3.3-70b-versatile"
    assert second.extras["base_url"].endswith("/groq")


def test_a_target_that_cannot_be_followed_is_passed_over_and_counted(rig: Rig) -> None:
    follow(
        rig,
        mounts={"openai": [key("one")], "anthropic": [key("two")], "spare": [key("x", broken=True)]},
        providers=SPARE,
        routes=to(
            Target(), Target(mount="anthropic"), Target(mount="nowhere"), Target(mount="spare"),
            Target(model="gpt-4o-mini"),
        ),
    )  # fmt: skip
    rig.provider.answer = reply(b"{}", status=500)
    assert post(rig).status_code == 500
    assert [mount_of(r) for r in rig.provider.received] == ["openai", "openai"]
    assert [e.call.final for e in rig.events(2)] == [False, True]
    assert [model_of(r) for r in rig.provider.received] == ["gpt-4o", "gpt-4o-mini"]
    metrics = httpx2.get(f"{rig.url}/metrics").text
    for reason in ("other_shape", "unknown_mount", "no_key_left"):
        assert f'route_targets_skipped_total{{reason="{reason}"}} 1.0' in metrics


def test_a_route_without_a_target_that_can_be_followed_is_a_clear_refusal(rig: Rig) -> None:
    follow(rig, routes=to(Target(mount="nowhere")))
    answer = post(rig)
    assert code(answer) == (503, "route_without_target")
    assert not rig.provider.received


def test_the_first_route_that_matches_is_followed_and_others_are_not(rig: Rig) -> None:
    follow(
        rig,
        mounts=TWO,
        providers=SPARE,
        routes=[
            Route("off", "off", enabled=False, targets=(Target(mount="nowhere"),)),
            Route("a", "a", match=Match(models=("claude-*",)), targets=(Target(mount="nowhere"),)),
            Route("b", "b", match=Match(features=("search",)), targets=(Target(mount="spare"),)),
            Route("c", "c", match=Match(models=("gpt-*",), environments=("production",))),
        ],
    )
    rig.provider.answer = GOOD
    assert post(rig).headers["x-quotah-route"] == "route_c"
    answer = post(rig, ASK, CHAT, **{"x-quotah-feature": "search"})
    assert answer.headers["x-quotah-route"] == "route_b"
    other = post(rig, {**ASK, "model": "o3"})
    assert "x-quotah-route" not in other.headers
    assert [mount_of(r) for r in rig.provider.received] == ["openai", "spare", "openai"]
    assert [e.call.route_id for e in rig.events(3)] == ["c", "b", None]


def test_a_weighted_route_spreads_calls_and_weight_0_is_for_failures_alone(rig: Rig) -> None:
    follow(
        rig,
        mounts={**TWO, "third": [key("three")]},
        providers={**SPARE, "third": "openai"},
        routes=to(
            Target(weight=1), Target(mount="spare", weight=1), Target(mount="third", weight=0),
            strategy="weighted",
        ),
    )  # fmt: skip
    rig.provider.answer = GOOD
    for _ in range(40):
        assert post(rig).status_code == 200
    counts = Counter(mount_of(r) for r in rig.provider.received)
    # Both of 40 fair draws: one of them staying away has a chance of 2 in 10^12.
    assert set(counts) == {"openai", "spare"}
    bad = reply(b"{}", status=500)
    rig.provider.answer = by_mount({"openai": bad, "spare": bad, "third": GOOD})
    answer = post(rig)
    assert (answer.status_code, answer.headers["x-quotah-attempts"]) == (200, "3")


def test_the_fastest_target_is_found_and_preferred(rig: Rig) -> None:
    follow(rig, mounts=TWO, providers=SPARE, routes=to(
        Target(), Target(mount="spare"), strategy="lowest_latency"
    ))  # fmt: skip

    async def slow(received: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2.0)
        await GOOD(received, writer)

    rig.provider.answer = by_mount({"openai": slow, "spare": GOOD})

    def asked_of_spare() -> bool:
        assert post(rig).status_code == 200
        return mount_of(rig.provider.received[-1]) == "spare"

    until(asked_of_spare, "the other target is tried out")
    before = len(rig.provider.received)
    for _ in range(5):
        post(rig)
    assert {mount_of(r) for r in rig.provider.received[before:]} == {"spare"}
    gateway = rig.gateway
    assert gateway is not None
    paces = {pace.mount: pace for pace in gateway.paces.paces()}
    assert paces["openai"].first_byte_s > paces["spare"].first_byte_s
    assert paces["spare"].calls >= 6
    assert paces["spare"].model == "gpt-4o"


def test_the_cheapest_target_comes_first_and_one_without_a_price_last(rig: Rig) -> None:
    follow(rig, routes=to(
        Target(model="a-model-nobody-knows"), Target(model="gpt-4o"), Target(model="gpt-4o-mini"),
        strategy="lowest_cost",
    ))  # fmt: skip
    bad = reply(b"{}", status=500)
    rig.provider.answer = in_turn(bad, bad, GOOD)
    assert post(rig).status_code == 200
    asked = [model_of(r) for r in rig.provider.received]
    assert asked == ["gpt-4o-mini", "gpt-4o", "a-model-nobody-knows"]


def test_timeouts_are_those_of_the_route(rig: Rig) -> None:
    async def silence(_: Received, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3600)

    follow(rig, routes=[Route("r1", "x", timeouts=Timeouts(first_byte_ms=150))])
    rig.provider.answer = silence
    answer = post(rig)
    assert code(answer) == (504, "timeout")
    call = rig.event().call
    assert (call.status, call.error_class) == ("error", "timeout")


def test_a_stall_within_an_answer_ends_after_the_routes_idle_time(rig: Rig) -> None:
    async def stall(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n2\r\n: \r\n"
        )
        await writer.drain()
        await asyncio.sleep(3600)

    follow(rig, routes=[Route("r1", "x", timeouts=Timeouts(idle_ms=150))])
    rig.provider.answer = stall
    with pytest.raises(httpx2.RemoteProtocolError):
        post(rig, {**ASK, "stream": True})
    assert rig.event().call.error_class == "timeout"


def test_a_path_that_nobody_understands_goes_where_it_was_sent_and_is_counted(rig: Rig) -> None:
    follow(rig, mounts=TWO, providers=SPARE, routes=to(Target(mount="spare", model="gpt-4o-mini")))
    rig.provider.answer = reply(b'{"ok":true}')
    answer = post(rig, {"model": "m"}, "/openai/v1/something/new")
    assert answer.json() == {"ok": True}
    (received,) = rig.provider.received
    assert (mount_of(received), received.json()) == ("openai", {"model": "m"})
    event = rig.event()
    assert event.call.operation == "passthrough"
    assert event.usage.missing
    assert event.cost_usd is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/openai/v1/models"), ("GET", "/openai/v1/responses/resp_1"),
        ("DELETE", "/openai/v1/responses/resp_1"), ("POST", "/openai/v1/responses/resp_1/cancel"),
        ("POST", "/openai/v1/batches"), ("POST", "/openai/v1/files"), ("GET", "/openai/v1/files/f/content"),
        ("POST", "/openai/v1/batches/b/cancel"), ("POST", "/anthropic/v1/messages/count_tokens"),
        ("POST", "/anthropic/v1/messages/batches"), ("OPTIONS", "/openai/v1/chat/completions"),
    ],
)  # fmt: skip
def test_what_costs_nothing_is_passed_on_without_an_event(rig: Rig, method: str, path: str) -> None:
    follow(rig, mounts={"openai": [key("one")], "anthropic": [key("two")]})
    rig.provider.answer = reply(b'{"id":"x"}')
    body = b'{"model":"claude-sonnet-4-6"}' if method == "POST" else b""
    answer = httpx2.request(method, rig.url + path, content=body, headers=rig.bearer)
    assert (answer.status_code, answer.content) == (200, b'{"id":"x"}')
    assert "x-quotah-event-id" not in answer.headers
    post(rig)
    assert len(rig.events(1)) == 1


def test_what_is_kept_at_the_provider_is_always_asked_of_the_same_key(rig: Rig) -> None:
    follow(rig, mounts={"openai": [key("one"), key("two")]})
    rig.provider.answer = reply(b"{}")
    for _ in range(4):
        httpx2.get(rig.url + "/openai/v1/files/f1", headers=rig.bearer)
    assert {r.header("authorization") for r in rig.provider.received} == {"Bearer one"}


def test_an_answer_is_given_again_where_the_route_says_so(rig: Rig) -> None:
    follow(rig, routes=[Route("r1", "x", cache=CachePolicy(ttl_s=60))])
    rig.provider.answer = GOOD
    first, second = post(rig), post(rig)
    assert (first.headers["x-quotah-cache"], second.headers["x-quotah-cache"]) == ("miss", "hit")
    assert first.content == second.content
    assert len(rig.provider.received) == 1
    paid, saved = rig.events(2)
    assert (paid.call.from_cache, saved.call.from_cache) == (False, True)
    assert saved.cost_usd == 0
    assert saved.call.route_id == "r1"


def test_a_connection_that_takes_too_long_is_the_routes_to_bound(rig: Rig) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    follow(
        rig,
        mounts={"openai": [key("one", base_url=nowhere)]},
        routes=[
            Route("r1", "x", timeouts=Timeouts(connect_ms=1000), retry=Retry(tries=2, backoff_ms=1))
        ],
    )
    assert code(post(rig)) == (502, "connection_failed")
    assert [e.call.final for e in rig.events(2)] == [False, True]
