"""``POST /anthropic/v1/messages`` and ``/messages/count_tokens``."""

from __future__ import annotations

from typing import Any

import msgspec

from quotah_server.mock.anthropic.prompt import (
    Block,
    Input,
    Message,
    Prompt,
    ToolDefinition,
    count_input,
)
from quotah_server.mock.anthropic.stream import Draft, stream_steps
from quotah_server.mock.desk import Answer, BadRequestError, Visit, decode
from quotah_server.mock.exchange import SSE_TYPE, Bill, Reply, Usage, json_reply
from quotah_server.mock.models import answering
from quotah_server.mock.plan import Tool, Wish, make_plan
from quotah_server.mock.prose import seed_of, write_text
from quotah_server.mock.script import read_script

_ADAPTIVE_THINKING = 256
_SPEEDS = ("standard", "fast")


class _CountRequest(msgspec.Struct, frozen=True):
    model: str
    messages: list[Message]
    system: str | list[Block] | None = None
    tools: list[ToolDefinition] | None = None


class _Thinking(msgspec.Struct, frozen=True):
    type: str
    budget_tokens: int | None = None


class _ToolChoice(msgspec.Struct, frozen=True):
    type: str
    name: str | None = None


class _Format(msgspec.Struct, frozen=True):
    type: str
    schema: dict[str, Any] | None = None


class _OutputConfig(msgspec.Struct, frozen=True):
    format: _Format | None = None


class _MessagesRequest(_CountRequest, frozen=True, kw_only=True):
    max_tokens: int
    stream: bool = False
    thinking: _Thinking | None = None
    tool_choice: _ToolChoice | None = None
    output_config: _OutputConfig | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None


def answer_count(visit: Visit) -> Answer:
    """Count a prompt's tokens; the provider does not bill this."""
    asked = decode(visit.request.body, _CountRequest)
    prompt = _prompt(asked)
    script = read_script(visit.request.headers, asked.model, [prompt.text])
    tokens = prompt.tokens if script.input_tokens is None else script.input_tokens
    headers = [("request-id", visit.request_id)]
    return Answer(json_reply(200, {"input_tokens": tokens}, headers), script)


def answer_messages(visit: Visit) -> Answer:
    """Answer a message, whole or streamed."""
    asked = decode(visit.request.body, _MessagesRequest)
    if asked.max_tokens < 1:
        raise BadRequestError("max_tokens: must be greater than or equal to 1")
    if asked.speed is not None and asked.speed not in _SPEEDS:
        raise BadRequestError(f"speed: must be one of {', '.join(_SPEEDS)}")
    prompt = _prompt(asked)
    script = read_script(visit.request.headers, asked.model, [prompt.text])
    plan = make_plan(_wish(asked, prompt), script)
    counted = count_input(prompt, script, visit.desk.cache, f"{visit.key}\n{asked.model}")
    tier = script.service_tier or "standard"
    geo = asked.inference_geo or "not_available"

    def usage_of(output: int) -> Usage:
        return _usage(counted, output, plan.reasoning_tokens, tier=tier, geo=geo, speed=asked.speed)

    usage = usage_of(plan.output_tokens)
    draft = Draft(
        id=visit.desk.mint("msg_01"),
        model=answering(asked.model),
        plan=plan,
        usage=usage,
        show_usage=script.fault != "no-usage",
        tool_id=visit.desk.mint("toolu_01"),
        thinking=write_text(seed_of(prompt.text, "thinking"), min(plan.reasoning_tokens, 64)),
    )
    window = visit.desk.limits.take(visit.key, counted.total - counted.read, plan.output_tokens)
    bill = Bill(
        id=draft.id,
        provider="anthropic",
        operation="messages",
        model=draft.model,
        usage=usage,
        usage_at=lambda sent: usage_of(plan.output_at(sent)),
        streaming=asked.stream,
    )
    headers = [
        ("request-id", visit.request_id),
        ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000"),
        *visit.desk.limits.anthropic_headers(window),
    ]
    if not asked.stream:
        return Answer(json_reply(200, _whole(draft), headers, bill), script)
    reply = Reply(
        200, [("content-type", SSE_TYPE), *headers], stream_steps(draft), bill, stream=True
    )
    return Answer(reply, script)


def _prompt(asked: _CountRequest) -> Prompt:
    prompt = Prompt()
    for tool in asked.tools or []:
        prompt.add_tool(tool)
    if asked.system:
        prompt.add_message("system", asked.system)
    for message in asked.messages:
        prompt.add_message(message.role, message.content)
    return prompt


def _wish(asked: _MessagesRequest, prompt: Prompt) -> Wish:
    choice = asked.tool_choice or _ToolChoice("auto")
    form = asked.output_config.format if asked.output_config else None
    last = asked.messages[-1].content if asked.messages else ""
    answered = not isinstance(last, str) and any(b.type == "tool_result" for b in last)
    tools = [Tool(t.name, t.input_schema) for t in asked.tools or [] if t.input_schema is not None]
    return Wish(
        seed=seed_of(asked.model, prompt.text),
        last_user_text=prompt.last_user_text,
        limit=asked.max_tokens,
        reasoning=_thinking_tokens(asked.thinking),
        tools=tools,
        forced_tool={"any": "*", "tool": choice.name}.get(choice.type),
        tools_allowed=choice.type != "none" and not answered,
        schema=form.schema if form else None,
    )


def _thinking_tokens(thinking: _Thinking | None) -> int:
    if thinking is None or thinking.type == "disabled":
        return 0
    return _ADAPTIVE_THINKING if thinking.budget_tokens is None else thinking.budget_tokens // 4


def _usage(
    counted: Input, output: int, thinking: int, *, tier: str, geo: str, speed: str | None
) -> Usage:
    usage: Usage = {
        "input_tokens": counted.uncached,
        "cache_creation_input_tokens": counted.write_5m + counted.write_1h,
        "cache_read_input_tokens": counted.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": counted.write_5m,
            "ephemeral_1h_input_tokens": counted.write_1h,
        },
        "output_tokens": output,
        "service_tier": tier,
        "inference_geo": geo,
    }
    if thinking:
        usage["output_tokens_details"] = {"thinking_tokens": min(thinking, output)}
    if speed is not None:
        usage["speed"] = speed
    return usage


def _whole(draft: Draft) -> object:
    plan = draft.plan
    content: list[object] = []
    if plan.reasoning_tokens:
        block = {"type": "thinking", "thinking": draft.thinking, "signature": draft.signature}
        content.append(block)
    if plan.tool is not None and not plan.truncated:
        value = msgspec.json.decode(plan.text)
        content.append(
            {"type": "tool_use", "id": draft.tool_id, "name": plan.tool.name, "input": value}
        )
    elif plan.text:
        content.append({"type": "text", "text": plan.text})
    body = draft.message(content)
    body["stop_reason"] = draft.stop_reason
    if draft.show_usage:
        body["usage"] = draft.usage
    return body
