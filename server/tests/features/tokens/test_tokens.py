"""Counting through the API: exact by ourselves, by the provider where a key is there, else flagged."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from plane import Browser, Plane
from upstream import Upstream, reply, upstream

from quotah_server.domain.scope import Scope
from quotah_server.features.tokens import service
from quotah_server.features.tokens.endpoints import MAX_BODY
from quotah_server.features.tokens.schemas import CountIn
from quotah_server.http.app import AppOptions
from quotah_server.net.addresses import parse_rules
from quotah_server.net.egress import Egress
from quotah_server.tokens.count import Count

_NO_VAULT: Any = None
HELLO = {"role": "user", "content": "Hello"}
KEY = "sk-ant-test-canary-4242"


@pytest.fixture
async def vendor() -> AsyncIterator[Upstream]:
    async with upstream() as found:
        yield found


async def with_key(plane: Plane, vendor: Upstream) -> Browser:
    """An owner whose workspace has a key of Anthropic, and a vendor that forgot being asked about it."""
    plane.vault.egress = Egress(parse_rules("", vendor.origin))
    browser = await plane.owner()
    form = {"provider": "anthropic", "api_key": KEY, "base_url": f"http://{vendor.origin}"}
    assert (await browser.call("POST", "/providers", form)).status_code == 201
    vendor.heard.clear()
    return browser


async def count(browser: Browser, **body: Any) -> dict[str, Any]:
    response = await browser.call("POST", "/tokens/count", body)
    assert response.status_code == 200, response.text
    return {name: value for name, value in response.json().items() if value is not None}


async def test_openai_is_counted_exactly_without_a_network(sqlite_plane: Plane) -> None:
    browser = await sqlite_plane.owner()
    assert await count(browser, model="gpt-4o", messages=[HELLO]) == {
        "model": "gpt-4o", "tokens": 8, "exact": True, "method": "tiktoken:o200k_base",
    }  # fmt: skip
    assert await count(browser, model="gpt-5.5", text="hello world") == {
        "model": "gpt-5.5", "tokens": 2, "exact": True, "method": "tiktoken:o200k_base",
    }  # fmt: skip
    embedded = await count(browser, model="text-embedding-3-small", input=["hello", "world"])
    assert (embedded["tokens"], embedded["exact"]) == (2, True)


async def test_endless_counts_hold_up_counting_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()

    def endless(*_told: object) -> Count:
        done.wait(30)
        return Count(1, False, "estimate:test", 1.0)

    monkeypatch.setattr(service, "count", endless)
    asked = CountIn(model="gpt-4o", text="a")
    scope = Scope("0" * 32)
    counts = [asyncio.create_task(service.counted(_NO_VAULT, scope, asked)) for _ in range(64)]
    try:
        await asyncio.sleep(0.05)
        assert await asyncio.wait_for(asyncio.to_thread(int, "7"), 5) == 7
        assert not any(task.done() for task in counts)
    finally:
        done.set()
        found = await asyncio.gather(*counts)
    assert {one.tokens for one in found} == {1}


async def test_tools_make_a_count_an_estimate(sqlite_plane: Plane) -> None:
    tool = {"type": "function", "function": {"name": "look_up"}}
    found = await count(await sqlite_plane.owner(), model="gpt-4o", messages=[HELLO], tools=[tool])
    assert found["tokens"] > 8
    assert not found["exact"]


async def test_without_a_key_claude_is_estimated_and_says_so(sqlite_plane: Plane) -> None:
    found = await count(await sqlite_plane.owner(), model="claude-opus-4-7", text="hello world")
    assert found.pop("note")
    assert found == {
        "model": "claude-opus-4-7", "tokens": 4, "exact": False,
        "method": "estimate:claude-4.7", "factor": 1.75,
    }  # fmt: skip


async def test_with_a_key_anthropic_counts(sqlite_plane: Plane, vendor: Upstream) -> None:
    browser = await with_key(sqlite_plane, vendor)
    vendor.answer = reply(200, b'{"input_tokens": 31}')
    found = await count(
        browser,
        model="claude-opus-4-7",
        messages=[{"role": "system", "content": "Be short."}, HELLO],
        tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    )
    assert found == {
        "model": "claude-opus-4-7", "tokens": 31, "exact": True, "method": "provider",
    }  # fmt: skip
    head = vendor.heard[0].lower()
    assert head.startswith("post /v1/messages/count_tokens http/1.1")
    assert f"x-api-key: {KEY}" in head
    assert json.loads(vendor.bodies[0]) == {
        "model": "claude-opus-4-7",
        "messages": [HELLO],
        "system": [{"type": "text", "text": "Be short."}],
        "tools": [{"name": "f", "description": "", "input_schema": {"type": "object"}}],
    }


async def test_a_text_and_anthropics_own_shape_reach_it_too(
    sqlite_plane: Plane, vendor: Upstream
) -> None:
    browser = await with_key(sqlite_plane, vendor)
    vendor.answer = reply(200, b'{"input_tokens": 9}')
    tool = {"name": "f", "input_schema": {"type": "object"}}
    await count(browser, model="claude-3-haiku", text="Hello")
    await count(
        browser, model="next", provider="claude", messages=[HELLO], system="Be short.", tools=[tool]
    )
    sent = [json.loads(body) for body in vendor.bodies]
    assert sent[0] == {"model": "claude-3-haiku", "messages": [HELLO]}
    assert sent[1]["system"] == [{"type": "text", "text": "Be short."}]
    assert sent[1]["tools"] == [tool]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (reply(401, b"{}"), "HTTP 401"),
        (reply(200, b"{}"), "HTTP 200"),
        (reply(200, b"\xff"), "HTTP 200"),
        (b"", "could not be asked"),
    ],
)
async def test_a_provider_that_gives_no_count_leaves_an_estimate(
    sqlite_plane: Plane, vendor: Upstream, answer: bytes, told: str
) -> None:
    browser = await with_key(sqlite_plane, vendor)
    vendor.answer = answer
    found = await count(browser, model="claude-opus-4-7", text="hello world")
    assert (found["method"], found["exact"]) == ("estimate:claude-4.7", False)
    assert told in found["note"]
    assert KEY not in found["note"]


@pytest.mark.parametrize(
    "asked",
    [
        {"model": "gpt-4o", "text": "Hello"},
        {"model": "claude-opus-4-7", "provider": "bedrock", "text": "Hello"},
        {"model": "gemini-2.5-pro", "text": "Hello"},
        {"model": "claude-opus-4-7", "input": "Hello"},
    ],
)
async def test_nobody_else_is_sent_the_text(
    sqlite_plane: Plane, vendor: Upstream, asked: dict[str, Any]
) -> None:
    browser = await with_key(sqlite_plane, vendor)
    assert "note" not in await count(browser, **asked)
    assert vendor.heard == []


async def test_a_key_that_does_not_open_or_reach_leaves_an_estimate(
    sqlite_plane: Plane, vendor: Upstream
) -> None:
    browser = await with_key(sqlite_plane, vendor)
    sqlite_plane.vault.egress = Egress(parse_rules(""))
    found = await count(browser, model="claude-opus-4-7", text="hello")
    assert "not public" in found["note"]
    sqlite_plane.vault.ring = type(sqlite_plane.ring)({"k2": bytes(32)}, "k2")
    found = await count(browser, model="claude-opus-4-7", text="hello")
    assert "does not open" in found["note"]
    assert vendor.heard == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "x"}, "model"),
        ({"model": "", "text": "x"}, "model"),
        ({"model": "gpt-4o"}, None),
        ({"model": "gpt-4o", "text": "x", "input": "y"}, None),
        ({"model": "gpt-4o", "messages": "x"}, "messages"),
        ({"model": "gpt-4o", "text": "x", "more": 1}, "?"),
    ],
)
async def test_what_is_wrong_is_named(
    sqlite_plane: Plane, body: dict[str, Any], field: str | None
) -> None:
    response = await (await sqlite_plane.owner()).call("POST", "/tokens/count", body)
    assert response.status_code == 422
    assert response.json().get("field") == field


async def test_a_body_over_ten_megabytes_is_refused_and_one_below_is_counted(
    sqlite_plane: Plane,
) -> None:
    sqlite_plane.app = sqlite_plane.build(
        AppOptions("0.0.0", body_limits={"/api/v1/tokens": MAX_BODY})
    )
    browser = await sqlite_plane.owner()
    text = "a word or two, " * 650_000
    found = await count(browser, model="gpt-4o", text=text)
    assert found["tokens"] > 2_000_000
    response = await browser.call("POST", "/tokens/count", {"model": "gpt-4o", "text": text * 2})
    assert response.status_code == 413
