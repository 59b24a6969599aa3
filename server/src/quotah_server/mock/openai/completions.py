"""``POST /openai/v1/completions``: one text after another, as before there was chat."""

from __future__ import annotations

from typing import Any

import msgspec

from quotah_server.mock.desk import Answer, Visit, decode
from quotah_server.mock.exchange import SSE_TYPE, Bill, Reply, Step, Usage, json_reply, sse
from quotah_server.mock.models import answering
from quotah_server.mock.openai.chat import StreamOptions
from quotah_server.mock.openai.prompt import answer_headers
from quotah_server.mock.plan import Plan, Wish, make_plan
from quotah_server.mock.prose import count_tokens, seed_of
from quotah_server.mock.script import read_script


class _CompletionRequest(msgspec.Struct, frozen=True):
    model: str
    prompt: str | list[str] = ""
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None


def answer_completions(visit: Visit) -> Answer:
    """Answer a completion, whole or streamed."""
    asked = decode(visit.request.body, _CompletionRequest)
    text = asked.prompt if isinstance(asked.prompt, str) else "\n".join(asked.prompt)
    script = read_script(visit.request.headers, asked.model, [text])
    plan = make_plan(Wish(seed=seed_of(asked.model, text), limit=asked.max_tokens), script)
    tokens = count_tokens(text) if script.input_tokens is None else script.input_tokens
    usage = _usage(tokens, plan.output_tokens)
    told = None if script.fault == "no-usage" else usage
    head: dict[str, Any] = {
        "id": visit.desk.mint("cmpl-"),
        "object": "text_completion",
        "created": int(visit.desk.clock().timestamp()),
        "model": answering(asked.model),
    }
    bill = Bill(
        id=head["id"],
        provider="openai",
        operation="completions",
        model=head["model"],
        usage=usage,
        usage_at=lambda sent: _usage(tokens, plan.output_at(sent)),
        streaming=bool(asked.stream),
    )
    window = visit.desk.limits.take(visit.key, tokens, plan.output_tokens)
    headers = answer_headers(visit, window)
    if not asked.stream:
        body = {**head, "choices": [_choice(plan.text, _finish(plan))]}
        body = body if told is None else {**body, "usage": told}
        return Answer(json_reply(200, body, headers, bill), script)
    wanted = asked.stream_options is not None and asked.stream_options.include_usage
    steps = _stream(head, plan, told if wanted else None)
    reply = Reply(200, [("content-type", SSE_TYPE), *headers], steps, bill, stream=True)
    return Answer(reply, script)


def _usage(tokens: int, output: int) -> Usage:
    return {
        "prompt_tokens": tokens,
        "completion_tokens": output,
        "total_tokens": tokens + output,
    }


def _finish(plan: Plan) -> str:
    return "length" if plan.truncated else "stop"


def _choice(text: str, finish: str | None) -> dict[str, Any]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}


def _stream(head: dict[str, Any], plan: Plan, usage: Usage | None) -> list[Step]:
    steps = [
        Step(sse({**head, "choices": [_choice(piece, None)]}), delta=True) for piece in plan.pieces
    ]
    steps.append(Step(sse({**head, "choices": [_choice("", _finish(plan))]}), settles=True))
    if usage is not None:
        steps.append(Step(sse({**head, "choices": [], "usage": usage})))
    return [*steps, Step(b"data: [DONE]\n\n")]
