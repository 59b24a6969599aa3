"""``POST /openai/v1/chat/completions``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from quotah_server.mock.desk import Answer, Visit, decode
from quotah_server.mock.exchange import SSE_TYPE, Bill, Reply, Step, Usage, json_reply, sse
from quotah_server.mock.models import answering, reasoning_tokens
from quotah_server.mock.openai.prompt import (
    Format,
    Function,
    Input,
    Part,
    Prompt,
    ToolChoice,
    answer_headers,
    count_input,
    forced_tool,
    schema_of,
    tier,
)
from quotah_server.mock.plan import Plan, Tool, Wish, make_plan
from quotah_server.mock.prose import seed_of
from quotah_server.mock.script import read_script


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool that is offered, or a call that the model made earlier."""

    type: str = "function"
    function: Function | None = None


class Message(msgspec.Struct, frozen=True):
    """One message of the conversation."""

    role: str
    content: str | list[Part] | None = None
    tool_calls: list[ToolSpec] | None = None


def read_prompt(messages: Sequence[Message], tools: Sequence[object] | None) -> Prompt:
    """The input of a chat: its tools, then its messages with the calls that they made."""
    prompt = Prompt()
    prompt.add_json(tools)
    for message in messages:
        prompt.add_message(message.role, message.content)
        prompt.add_json(message.tool_calls)
    return prompt


class StreamOptions(msgspec.Struct, frozen=True):
    """Options of a stream."""

    include_usage: bool = False


class ChatRequest(msgspec.Struct, frozen=True):
    """The parts of a chat completion request that change the answer."""

    model: str
    messages: list[Message]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    reasoning_effort: str | None = None
    service_tier: str | None = None
    tools: list[ToolSpec] | None = None
    tool_choice: str | ToolChoice | None = None
    response_format: Format | None = None


class _Draft(msgspec.Struct, frozen=True):
    id: str
    created: int
    model: str
    tier: str
    plan: Plan
    usage: Usage | None
    call_id: str

    @property
    def finish_reason(self) -> str:
        if self.plan.truncated:
            return "length"
        return "tool_calls" if self.plan.tool else "stop"


def answer_chat(visit: Visit) -> Answer:
    """Answer a chat completion, whole or streamed."""
    asked = decode(visit.request.body, ChatRequest)
    prompt = read_prompt(asked.messages, asked.tools)
    script = read_script(visit.request.headers, asked.model, [prompt.text])
    plan = make_plan(_wish(asked, prompt), script)
    counted = count_input(prompt, script, visit, asked.model)
    usage = _usage(counted, plan.output_tokens, plan.reasoning_tokens)
    draft = _Draft(
        id=visit.desk.mint("chatcmpl-"),
        created=int(visit.desk.clock().timestamp()),
        model=answering(asked.model),
        tier=tier(asked.service_tier, script),
        plan=plan,
        usage=None if script.fault == "no-usage" else usage,
        call_id=visit.desk.mint("call_"),
    )
    window = visit.desk.limits.take(visit.key, counted.tokens, plan.output_tokens)
    bill = Bill(
        id=draft.id,
        provider="openai",
        operation="chat",
        model=draft.model,
        usage=usage,
        usage_at=lambda sent: _usage(counted, plan.output_at(sent), plan.reasoning_tokens),
        streaming=bool(asked.stream),
    )
    headers = answer_headers(visit, window)
    if not asked.stream:
        return Answer(json_reply(200, _whole(draft), headers, bill), script)
    include_usage = asked.stream_options is not None and asked.stream_options.include_usage
    steps = _stream(draft, include_usage)
    reply = Reply(200, [("content-type", SSE_TYPE), *headers], steps, bill, stream=True)
    return Answer(reply, script)


def _wish(asked: ChatRequest, prompt: Prompt) -> Wish:
    functions = [tool.function for tool in asked.tools or [] if tool.function is not None]
    limits = [n for n in (asked.max_completion_tokens, asked.max_tokens) if n is not None]
    tool_answered = bool(asked.messages) and asked.messages[-1].role == "tool"
    return Wish(
        seed=seed_of(asked.model, prompt.text),
        last_user_text=prompt.last_user_text,
        limit=min(limits, default=None),
        reasoning=reasoning_tokens(asked.model, asked.reasoning_effort),
        tools=[Tool(f.name, f.parameters or {"type": "object"}) for f in functions],
        forced_tool=forced_tool(asked.tool_choice),
        tools_allowed=asked.tool_choice != "none" and not tool_answered,
        schema=schema_of(asked.response_format),
    )


def _usage(counted: Input, output: int, reasoning: int) -> Usage:
    return {
        "prompt_tokens": counted.tokens,
        "completion_tokens": output,
        "total_tokens": counted.tokens + output,
        "prompt_tokens_details": {
            "cached_tokens": counted.cached,
            "audio_tokens": 0,
            "cache_write_tokens": counted.cache_write,
        },
        "completion_tokens_details": {
            "reasoning_tokens": min(reasoning, output),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _whole(draft: _Draft) -> object:
    plan = draft.plan
    message: dict[str, Any] = {"role": "assistant", "content": plan.text, "refusal": None}
    message["annotations"] = []
    if plan.tool is not None:
        function = {"name": plan.tool.name, "arguments": plan.text}
        message["content"] = None
        message["tool_calls"] = [{"id": draft.call_id, "type": "function", "function": function}]
    body = {
        "id": draft.id,
        "object": "chat.completion",
        "created": draft.created,
        "model": draft.model,
        "choices": [
            {
                "index": 0,
                "message": message,
                "logprobs": None,
                "finish_reason": draft.finish_reason,
            }
        ],
        "service_tier": draft.tier,
        "system_fingerprint": "fp_mock000001",
    }
    return body if draft.usage is None else {**body, "usage": draft.usage}


def _stream(draft: _Draft, include_usage: bool) -> list[Step]:
    head: dict[str, Any] = {
        "id": draft.id,
        "object": "chat.completion.chunk",
        "created": draft.created,
        "model": draft.model,
        "service_tier": draft.tier,
        "system_fingerprint": "fp_mock000001",
    }
    tail = {"usage": None} if include_usage else {}

    def chunk(delta: object, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return sse({**head, "choices": [choice], **tail})

    plan = draft.plan
    if plan.tool is None:
        steps = [Step(chunk({"role": "assistant", "content": "", "refusal": None}))]
        steps += [Step(chunk({"content": piece}), delta=True) for piece in plan.pieces]
    else:
        function = {"name": plan.tool.name, "arguments": ""}
        opened = {"index": 0, "id": draft.call_id, "type": "function", "function": function}
        steps = [Step(chunk({"role": "assistant", "content": None, "tool_calls": [opened]}))]
        for piece in plan.pieces:
            part = {"index": 0, "function": {"arguments": piece}}
            steps.append(Step(chunk({"tool_calls": [part]}), delta=True))
    steps.append(Step(chunk({}, draft.finish_reason), settles=True))
    if include_usage and draft.usage is not None:
        steps.append(Step(sse({**head, "choices": [], "usage": draft.usage})))
    steps.append(Step(b"data: [DONE]\n\n"))
    return steps
