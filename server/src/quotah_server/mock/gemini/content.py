"""``POST …/models/{model}:generateContent``, ``:streamGenerateContent`` and ``:countTokens``."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import msgspec

from quotah_server.mock.cachememory import BLOCK_TOKENS
from quotah_server.mock.desk import Answer, BadRequestError, Visit, decode
from quotah_server.mock.exchange import (
    JSON_TYPE,
    SSE_TYPE,
    Bill,
    Reply,
    Step,
    Usage,
    json_reply,
    sse,
)
from quotah_server.mock.gemini.prompt import Ask, Prompt, in_camel_case, read_prompt, wish_of
from quotah_server.mock.plan import Plan, make_plan
from quotah_server.mock.script import Script, read_script


class _CountAsk(msgspec.Struct, frozen=True, rename="camel"):
    contents: list[Any] = []
    generate_content_request: dict[str, Any] | None = None


class _Input(msgspec.Struct, frozen=True):
    tokens: dict[str, int]
    """By modality, what was read from the cache included."""
    cached: int

    @property
    def total(self) -> int:
        return sum(self.tokens.values())


class _Draft(msgspec.Struct, frozen=True):
    id: str
    model: str
    plan: Plan
    counted: _Input
    show_usage: bool
    show_thoughts: bool

    def usage(self, output: int | None = None) -> Usage:
        """Usage after so many output tokens, thoughts included; None: of the whole answer."""
        plan = self.plan
        output = plan.output_tokens if output is None else output
        thoughts = min(plan.reasoning_tokens, output)
        usage: Usage = {
            "promptTokenCount": self.counted.total,
            "candidatesTokenCount": output - thoughts,
            "totalTokenCount": self.counted.total + output,
            "promptTokensDetails": _details(self.counted.tokens),
        }
        if self.counted.cached:
            usage["cachedContentTokenCount"] = self.counted.cached
            usage["cacheTokensDetails"] = _details({"TEXT": self.counted.cached})
        if thoughts:
            usage["thoughtsTokenCount"] = thoughts
        return usage

    def body(
        self, parts: list[dict[str, Any]], output: int | None = None, *, last: bool = True
    ) -> dict[str, Any]:
        """A whole answer, or a piece of a streamed one."""
        candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
        if last:
            candidate["finishReason"] = "MAX_TOKENS" if self.plan.truncated else "STOP"
        body: dict[str, Any] = {"candidates": [candidate]}
        if self.show_usage:
            body["usageMetadata"] = self.usage(output)
        return {**body, "modelVersion": self.model, "responseId": self.id}

    def thought(self) -> list[dict[str, Any]]:
        """The summary of what the model thought, when it is asked for."""
        if not (self.show_thoughts and self.plan.reasoning_tokens):
            return []
        return [{"text": "Weighing the two conditions.", "thought": True}]

    def call(self) -> dict[str, Any]:
        """The function call."""
        assert self.plan.tool is not None
        arguments = msgspec.json.decode(self.plan.text)
        return {"functionCall": {"name": self.plan.tool.name, "args": arguments}}


def answer_content(visit: Visit) -> Answer:
    """Answer whole."""
    draft, script, bill, _ = _draft(visit, streaming=False)
    if draft.plan.tool is not None:
        parts = [*draft.thought(), draft.call()]
    else:
        parts = [*draft.thought(), {"text": draft.plan.text}]
    return Answer(json_reply(200, draft.body(parts), _headers(script), bill), script)


def answer_stream(visit: Visit) -> Answer:
    """Answer in pieces: events with ``alt=sse``, else the members of one JSON array."""
    draft, script, bill, events = _draft(visit, streaming=True)
    bodies = _pieces(draft)
    last = len(bodies) - 1
    steps: list[Step] = []
    for index, (body, is_delta) in enumerate(bodies):
        if events:
            data = sse(body, line_end=b"\r\n")
        else:
            data = (b"," if index else b"[") + msgspec.json.encode(body) + b"\r\n"
            data += b"]" if index == last else b""
        steps.append(Step(data, delta=is_delta, settles=index == last))
    kind = SSE_TYPE if events else JSON_TYPE
    reply = Reply(200, [("content-type", kind), *_headers(script)], steps, bill, stream=True)
    return Answer(reply, script)


def answer_count(visit: Visit) -> Answer:
    """Count a prompt's tokens; nobody is billed for it."""
    asked = decode(in_camel_case(visit.request.body), _CountAsk)
    inner = asked.generate_content_request or {"contents": asked.contents}
    ask = decode(msgspec.json.encode(inner), Ask)
    prompt = read_prompt(ask)
    script = read_script(visit.request.headers, visit.params["model"], [prompt.text])
    body = {"totalTokens": prompt.total, "promptTokensDetails": _details(prompt.tokens)}
    return Answer(json_reply(200, body, []), script)


def _draft(visit: Visit, *, streaming: bool) -> tuple[_Draft, Script, Bill, bool]:
    ask = decode(in_camel_case(visit.request.body), Ask)
    if not ask.contents:
        raise BadRequestError("GenerateContentRequest.contents: contents is not specified")
    model = visit.params["model"]
    prompt = read_prompt(ask)
    script = read_script(visit.request.headers, model, [prompt.text])
    draft = _Draft(
        id=visit.desk.mint("resp-"),
        model=model,
        plan=make_plan(wish_of(ask, prompt, model), script),
        counted=_count(visit, prompt, script, model),
        show_usage=script.fault != "no-usage",
        show_thoughts=ask.generation_config.thinking_config.include_thoughts,
    )
    bill = Bill(
        id=draft.id,
        provider="gemini",
        operation="generate_content",
        model=model,
        usage=draft.usage(),
        usage_at=lambda sent: draft.usage(draft.plan.output_at(sent)),
        streaming=streaming,
    )
    events = parse_qs(visit.request.query).get("alt") == ["sse"]
    return draft, script, bill, events


def _count(visit: Visit, prompt: Prompt, script: Script, model: str) -> _Input:
    tokens = dict(prompt.tokens)
    if script.input_tokens is not None:
        tokens = {"TEXT": script.input_tokens}
    seen = visit.desk.cache.longest_seen(f"{visit.key}\n{model}", prompt.text.encode())
    cached = min(seen, tokens["TEXT"] // BLOCK_TOKENS * BLOCK_TOKENS)
    if script.cached_tokens is not None:
        cached = min(script.cached_tokens, tokens["TEXT"])
    return _Input(tokens, cached)


def _pieces(draft: _Draft) -> list[tuple[dict[str, Any], bool]]:
    """Bodies in order, and whether each carries generated text; counts grow from one to the next."""
    plan = draft.plan
    pieces: list[tuple[dict[str, Any], bool]] = []
    if draft.thought():
        pieces.append((draft.body(draft.thought(), plan.output_at(0), last=False), False))
    if plan.tool is not None:
        return [*pieces, (draft.body([draft.call()]), True)]
    for number, piece in enumerate(plan.pieces, 1):
        pieces.append((draft.body([{"text": piece}], plan.output_at(number), last=False), True))
    return [*pieces, (draft.body([{"text": ""}]), False)]


def _details(tokens: dict[str, int]) -> list[dict[str, Any]]:
    return [{"modality": name, "tokenCount": count} for name, count in tokens.items()]


def _headers(script: Script) -> list[tuple[str, str]]:
    tier = script.service_tier
    return [("x-gemini-service-tier", tier)] if tier is not None else []
