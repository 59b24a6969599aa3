"""What is tried again, after which pause, and what is not: every attempt an event, one of them final."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx2
import msgspec
import pytest
from gateway.rig import Answer, Received, Rig, free_port, reply, stream, until
from gateway.routed import ASK, by_key, by_mount, follow, in_turn, key, mount_of, post, used
from gateway.wires import chat_body, chat_stream

from quotah_server.domain.call import Attribution
from quotah_server.domain.routing import Retry, Route, Target, Timeouts
from quotah_server.kit.clock import utc_now
from quotah_server.pipeline.intents import Intent, IntentLog

BUSY = reply(b'{"error":{"code":"rate_limit_exceeded"}}', status=429)
GOOD = reply(chat_body())


def retrying(**fields: object) -> Route:
    return Route("r1", "again", retry=Retry(backoff_ms=10, **fields))  # type: ignore[arg-type]


def refusing(code: str, status: int = 429, **headers: str) -> Answer:
    body = msgspec.json.encode({"error": {"message": "no", "type": "x", "code": code}})
    return reply(body, status=status, headers=list(headers.items()))


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_a_listed_status_is_tried_again_and_every_attempt_is_an_event(
    rig: Rig, status: int
) -> None:
    follow(rig, routes=[retrying(tries=3)])
    rig.provider.answer = in_turn(reply(b"{}", status=status), reply(b"{}", status=status), GOOD)
    answer = post(rig)
    assert answer.status_code == 200
    assert answer.headers["x-quotah-attempts"] == "3"
    assert answer.headers["x-quotah-route"] == "route_r1"
    first, second, third = (event.call for event in rig.events(3))
    assert [c.attempt for c in (first, second, third)] == [1, 2, 3]
    assert [c.final for c in (first, second, third)] == [False, False, True]
    assert [c.status for c in (first, second, third)] == ["error", "error", "success"]
    assert first.http_status == second.http_status == status
    assert len({c.event_id for c in (first, second, third)}) == 3
    assert len({c.call_id for c in (first, second, third)}) == 1
    assert answer.headers["x-quotah-event-id"] == f"evt_{third.event_id}"
    assert third.route_id == "r1"
    assert third.credential_id == "openai-one".ljust(32, "c")
    sent = {received.body for received in rig.provider.received}
    assert len(sent) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_status_that_is_not_listed_is_passed_on_at_once(rig: Rig, status: int) -> None:
    follow(rig, routes=[retrying(tries=3)])
    rig.provider.answer = reply(b'{"error":{}}', status=status)
    answer = post(rig)
    assert (answer.status_code, answer.content) == (status, b'{"error":{}}')
    assert "x-quotah-attempts" not in answer.headers
    assert rig.event().call.final
    assert len(rig.provider.received) == 1


def test_without_a_route_nothing_is_tried_twice(rig: Rig) -> None:
    follow(rig, mounts={"openai": [key("one"), key("two")]})
    rig.provider.answer = BUSY
    answer = post(rig)
    assert answer.status_code == 429
    assert "x-quotah-route" not in answer.headers
    assert len(rig.provider.received) == 1
    assert rig.event().call.route_id is None


def test_the_last_answer_reaches_the_client_with_its_status_headers_and_bytes(rig: Rig) -> None:
    follow(rig, routes=[retrying(tries=2)])
    last = b'{"error": {"message":  "still busy"}}'
    rig.provider.answer = in_turn(
        BUSY, reply(last, status=503, headers=[("x-odd", "1"), ("retry-after", "7")])
    )
    answer = post(rig)
    assert (answer.status_code, answer.content) == (503, last)
    assert (answer.headers["x-odd"], answer.headers["retry-after"]) == ("1", "7")
    assert answer.headers["x-quotah-attempts"] == "2"
    assert [e.call.final for e in rig.events(2)] == [False, True]


def test_an_answer_to_be_judged_that_is_long_reaches_the_client_whole(rig: Rig) -> None:
    follow(rig, routes=[Route("r1", "x", targets=(Target(), Target(mount="nowhere")))])
    body = b'{"error":"' + b"x" * 300_000 + b'"}'
    rig.provider.answer = reply(body, status=500)
    answer = post(rig)
    assert (answer.status_code, answer.content) == (500, body)
    assert rig.event().call.final


@pytest.mark.parametrize(
    "name",
    [
        "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded", "billing_hard_limit_reached",
    ],
)  # fmt: skip
def test_spent_money_is_never_asked_for_again(rig: Rig, name: str) -> None:
    follow(rig, routes=[retrying(tries=5)])
    rig.provider.answer = refusing(name, 429, **{"retry-after-ms": "1"})
    answer = post(rig)
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == name
    assert rig.event().call.final
    assert len(rig.provider.received) == 1


def test_a_spend_limit_of_anthropic_is_never_asked_for_again(rig: Rig) -> None:
    follow(rig, mounts={"anthropic": [key("one")]}, routes=[retrying(tries=5)])
    body = {
        "type": "error",
        "error": {
            "type": "rate_limit_error",
            "message": "limit",
            "details": {"error_code": "enforced_spend_limit_reached"},
        },
    }
    rig.provider.answer = reply(msgspec.json.encode(body), status=429)
    answer = post(rig, {"model": "claude-sonnet-4-6", "messages": []}, "/anthropic/v1/messages")
    assert (answer.status_code, answer.json()) == (429, body)
    assert len(rig.provider.received) == 1


def test_with_another_key_a_call_goes_on_after_spent_money(rig: Rig) -> None:
    follow(rig, mounts={"openai": [key("one"), key("two", weight=0)]}, routes=[retrying(tries=4)])
    rig.provider.answer = by_key({"one": refusing("insufficient_quota"), "two": GOOD})
    assert post(rig).status_code == 200
    assert [used(r) for r in rig.provider.received] == ["one", "two"]


def test_the_providers_word_stands_above_the_status(rig: Rig) -> None:
    follow(rig, routes=[retrying(tries=3)])
    rig.provider.answer = reply(b"{}", status=500, headers=[("x-should-retry", "false")])
    assert post(rig).status_code == 500
    assert len(rig.provider.received) == 1
    rig.provider.answer = in_turn(
        reply(b"{}", status=400, headers=[("x-should-retry", "true")]), GOOD
    )
    assert post(rig).status_code == 200
    assert len(rig.provider.received) == 3


@pytest.mark.parametrize(
    "head",
    [
        {"retry-after-ms": "400", "retry-after": "30"},
        {"retry-after": "0.4"},
        {"retry-after": "date"},
    ],
)
def test_the_providers_pause_is_kept(rig: Rig, head: dict[str, str]) -> None:
    follow(rig, routes=[retrying(tries=2)])
    if head.get("retry-after") == "date":
        # Dates have whole seconds, so that up to one of the two is past when they are read.
        at = datetime.now(UTC) + timedelta(seconds=2)
        head = {"retry-after": format_datetime(at, usegmt=True)}
    rig.provider.answer = in_turn(reply(b"{}", status=429, headers=list(head.items())), GOOD)
    assert post(rig).status_code == 200
    first, second = (event.call for event in rig.events(2))
    assert (second.started_at - first.started_at).total_seconds() >= 0.38


def test_a_pause_that_is_too_long_is_left_to_the_client(rig: Rig) -> None:
    follow(rig, routes=[retrying(tries=3, max_wait_ms=1_000)])
    rig.provider.answer = reply(b"{}", status=429, headers=[("retry-after", "60")])
    answer = post(rig)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert len(rig.provider.received) == 1


def test_another_target_need_not_wait_for_the_pause_of_the_first(rig: Rig) -> None:
    route = Route(
        "r1",
        "spare",
        targets=(Target(), Target(mount="spare")),
        retry=Retry(tries=3, max_wait_ms=1),
    )
    follow(
        rig,
        mounts={"openai": [key("one")], "spare": [key("two")]},
        providers={"spare": "openai"},
        routes=[route],
    )
    rig.provider.answer = by_mount(
        {"openai": reply(b"{}", status=429, headers=[("retry-after", "3600")]), "spare": GOOD}
    )
    assert post(rig).status_code == 200
    assert [mount_of(r) for r in rig.provider.received] == ["openai", "spare"]


def test_a_key_at_its_limit_gives_way_to_another_without_a_pause(rig: Rig) -> None:
    follow(
        rig,
        mounts={"openai": [key("one"), key("two", weight=0)]},
        routes=[
            Route("r1", "x", retry=Retry(tries=2, backoff_ms=3_600_000, max_backoff_ms=3_600_000))
        ],
    )
    rig.provider.answer = by_key({"one": BUSY, "two": GOOD})
    assert post(rig).status_code == 200
    assert [used(r) for r in rig.provider.received] == ["one", "two"]
    assert [e.call.credential_id for e in rig.events(2)] == [
        "openai-one".ljust(32, "c"), "openai-two".ljust(32, "c"),
    ]  # fmt: skip


def test_a_failed_attempt_ends_when_it_failed_and_not_after_the_pause_that_follows(
    rig: Rig,
) -> None:
    follow(rig, routes=[Route("r1", "x", retry=Retry(tries=2, backoff_ms=1500))])
    rig.provider.answer = in_turn(reply(b"{}", status=500), GOOD)
    assert post(rig).status_code == 200
    first, second = (event.call for event in rig.events(2))
    assert second.started_at - first.ended_at >= timedelta(seconds=1)


def test_a_refused_connection_is_tried_again_and_costs_nothing(rig: Rig) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    follow(
        rig,
        mounts={"openai": [key("one", base_url=nowhere), key("two", weight=0)]},
        routes=[retrying(tries=2)],
    )
    rig.provider.answer = GOOD
    assert post(rig).status_code == 200
    first, second = rig.events(2)
    assert (first.call.error_class, first.call.final) == ("connection_failed", False)
    assert first.cost_usd == 0
    assert second.call.status == "success"


def test_a_lost_connection_is_tried_again_only_where_the_route_says_so(rig: Rig) -> None:
    async def hang_up(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.close()
        raise ConnectionResetError

    rig.provider.answer = hang_up
    follow(rig, routes=[retrying(tries=3)])
    assert post(rig).status_code == 502
    assert len(rig.provider.received) == 1
    follow(rig, routes=[retrying(tries=3, lost=True)])
    rig.provider.answer = in_turn(hang_up, GOOD)
    assert post(rig).status_code == 200
    _, lost, good = rig.events(3)
    assert (lost.call.error_class, lost.call.final) == ("connection_lost", False)
    assert lost.cost_status == "estimated"
    assert lost.cost_usd is not None
    assert lost.cost_usd > 0
    assert good.call.final


def test_a_silent_provider_is_left_for_the_next_target(rig: Rig) -> None:
    async def silence(_: Received, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3600)

    route = Route(
        "r1", "x", targets=(Target(), Target(mount="spare")), retry=Retry(lost=True),
        timeouts=Timeouts(first_byte_ms=200),
    )  # fmt: skip
    follow(
        rig,
        mounts={"openai": [key("one")], "spare": [key("two")]},
        providers={"spare": "openai"},
        routes=[route],
    )
    rig.provider.answer = by_mount({"openai": silence, "spare": GOOD})
    assert post(rig).status_code == 200
    first, second = rig.events(2)
    assert (first.call.error_class, first.call.final) == ("timeout", False)
    assert second.call.attempt == 2


def test_nothing_is_tried_again_once_a_byte_was_passed_on(rig: Rig) -> None:
    follow(rig, routes=[retrying(tries=3, lost=True)])
    rig.provider.answer = stream([chat_stream("Hi")[0]], then="reset")
    with (
        pytest.raises(httpx2.RemoteProtocolError),
        httpx2.stream(
            "POST", rig.url + "/openai/v1/chat/completions", json={**ASK, "stream": True},
            headers=rig.bearer,
        ) as answer,
    ):  # fmt: skip
        answer.read()
    call = rig.event().call
    assert (call.error_class, call.final, call.attempt) == ("connection_lost", True, 1)
    assert len(rig.provider.received) == 1


def test_a_stream_is_tried_again_before_its_first_byte(rig: Rig) -> None:
    follow(rig, routes=[retrying(tries=2)])
    chunks = chat_stream("Hello")
    rig.provider.answer = in_turn(BUSY, stream(chunks))
    answer = post(rig, {**ASK, "stream": True, "stream_options": {"include_usage": True}})
    assert answer.content == b"".join(chunks)
    assert [e.call.status for e in rig.events(2)] == ["error", "success"]


def test_a_client_that_leaves_during_a_pause_ends_it_and_the_failed_attempt_is_the_last(
    rig: Rig,
) -> None:
    follow(rig, routes=[retrying(tries=2, max_wait_ms=3_600_000)])
    rig.provider.answer = reply(b"{}", status=429, headers=[("retry-after", "1800")])
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(
            rig.url + "/openai/v1/chat/completions", json=ASK, headers=rig.bearer, timeout=0.5
        )
    call = rig.event().call
    assert (call.status, call.error_class, call.final) == ("error", "rate_limited", True)
    gateway = rig.gateway
    assert gateway is not None
    until(lambda: gateway.intents.open_count() == 0, "its note is closed")
    assert len(rig.provider.received) == 1


def test_a_gateway_that_stops_during_a_pause_answers_and_records(rig: Rig) -> None:
    follow(rig, routes=[retrying(tries=2, max_wait_ms=3_600_000)])
    rig.provider.answer = reply(b"{}", status=429, headers=[("retry-after", "1800")])

    async def ask() -> httpx2.Response:
        async with httpx2.AsyncClient(timeout=30) as client:
            asking = asyncio.create_task(
                client.post(rig.url + "/openai/v1/chat/completions", json=ASK, headers=rig.bearer)
            )
            await asyncio.to_thread(until, lambda: rig.provider.received, "the provider is asked")
            await asyncio.sleep(0.1)
            await asyncio.to_thread(rig.stop, 0.1)
            return await asking

    answer = asyncio.run(ask())
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "gateway_stopped"
    call = rig.event().call
    assert (call.error_class, call.final) == ("rate_limited", True)


def test_of_two_attempts_that_a_kill_left_open_the_later_one_is_the_final_one(
    tmp_path: Path,
) -> None:
    notes = IntentLog(tmp_path / "gateway" / "intents")
    for number, event_id in ((2, "b" * 32), (1, "a" * 32)):
        notes.note(
            Intent(
                event_id=event_id, call_id="c" * 32, attempt=number,
                attribution=Attribution(workspace_id="w"), provider="openai", operation="chat",
                model="gpt-4o", estimated_input=10, credential_id="k", route_id="r1",
                started_at=utc_now(),
            )
        )  # fmt: skip
    notes.close()
    with Rig(tmp_path) as rig:
        calls = {event.call.attempt: event.call for event in rig.events(2)}
    assert [calls[n].final for n in (1, 2)] == [False, True]
    assert {(c.status, c.credential_id, c.route_id) for c in calls.values()} == {
        ("interrupted", "k", "r1")
    }
