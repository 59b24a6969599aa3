"""Attribution: which words end up on which event."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from datetime import datetime, timezone

import openai
import pytest

from quotah_server.features.ingest import wire

MESSAGES = {"messages": [{"role": "user", "content": "Hi"}]}
CHAT = {"model": "gpt-4o", **MESSAGES}


def test_every_word_of_a_context_is_on_the_event(q, client, collected) -> None:
    with q.context(
        feature="search",
        user="ada",
        session="s-1",
        team="core",
        prompt="answer@3",
        tags={"plan": "pro", "beta": True},
        request_id="r-9",
    ):
        client.chat.completions.create(**CHAT)
    (event,) = collected()
    assert event["feature"] == "search"
    assert event["user"] == "ada"
    assert event["session"] == "s-1"
    assert event["team"] == "core"
    assert event["prompt"] == "answer@3"
    assert event["tags"] == {"plan": "pro", "beta": "True"}
    assert event["request_id"] == "r-9"


def test_inner_words_win_and_tags_are_joined(q, client, collected) -> None:
    with q.context(feature="outer", user="ada", tags={"a": "1", "b": "1"}):
        with q.context(feature="inner", tags={"b": "2"}):
            client.chat.completions.create(**CHAT)
        client.chat.completions.create(**CHAT)
    client.chat.completions.create(**CHAT)
    inner, outer, none = collected()
    assert (inner["feature"], inner["user"]) == ("inner", "ada")
    assert inner["tags"] == {"a": "1", "b": "2"}
    assert (outer["feature"], outer["tags"]) == ("outer", {"a": "1", "b": "1"})
    assert "feature" not in none


async def test_tasks_side_by_side_keep_their_own_words(q, mock, collected) -> None:
    client = q.wrap(openai.AsyncOpenAI(base_url=mock.openai_url, api_key="k", max_retries=0))
    shared = q.context(team="core")

    async def ask(user: str) -> None:
        with shared, q.context(user=user):
            await asyncio.sleep(0)
            await client.chat.completions.create(**CHAT)

    await asyncio.gather(*(ask(f"user-{n}") for n in range(8)))
    await client.chat.completions.create(**CHAT)
    events = await asyncio.to_thread(collected)
    assert sorted(e["user"] for e in events if "user" in e) == [f"user-{n}" for n in range(8)]
    assert [e.get("team") for e in events].count("core") == 8
    await client.close()


def test_a_thread_of_its_own_begins_without_words(q, client, collected) -> None:
    with q.context(feature="search"):
        thread = threading.Thread(target=lambda: client.chat.completions.create(**CHAT))
        thread.start()
        thread.join()
    (event,) = collected()
    assert "feature" not in event


def test_words_end_with_their_block_when_it_raises(q, client, collected) -> None:
    with pytest.raises(openai.BadRequestError), q.context(feature="search"):
        client.chat.completions.create(model="mock-error-400", messages=[])
    client.chat.completions.create(**CHAT)
    inside, after = collected()
    assert inside["feature"] == "search"
    assert "feature" not in after


def test_the_words_of_a_stream_are_those_around_its_call(q, client, collected) -> None:
    with q.context(feature="search"):
        stream = client.chat.completions.create(**CHAT, stream=True)
    with q.context(feature="elsewhere"):
        list(stream)
    (event,) = collected()
    assert event["feature"] == "search"


def test_words_that_the_server_would_refuse_are_made_to_fit(q, client, collected) -> None:
    tags = {f"tag-{n}": n for n in range(60)} | {"": "nameless"}
    with q.context(user="x" * 10_000, feature="nul\0 and half \ud800", tags=tags):
        client.chat.completions.create(**CHAT)
    (event,) = collected()
    assert event["user"] == "x" * 300
    assert event["feature"] == "nul and half ?"
    assert len(event["tags"]) == 50
    assert wire.read(json.dumps(event).encode(), datetime.now(timezone.utc)).user == "x" * 300


def test_every_kind_of_event_is_one_that_the_server_reads(
    q, mock, client, claude, sink, collected
) -> None:
    with q.context(feature="search", prompt="answer@3", tags={"plan": "pro"}):
        client.chat.completions.create(**CHAT)
        list(client.responses.create(model="gpt-5", input="x", stream=True))
        client.embeddings.create(model="text-embedding-3-small", input="x")
        claude.messages.create(model="claude-haiku-4-5", max_tokens=50, **MESSAGES)
        for fault in ("error-400", "error-500", "disconnect", "html"):
            with contextlib.suppress(openai.OpenAIError):
                client.chat.completions.create(**CHAT, extra_headers={"x-mock-fault": fault})
    events = collected()
    assert len(events) == 8
    now = datetime.now(timezone.utc)
    assert [wire.read(json.dumps(e).encode(), now).feature for e in events] == ["search"] * 8
