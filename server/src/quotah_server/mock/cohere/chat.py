"""``POST /cohere/v2/chat``."""

from __future__ import annotations

from typing import Any

import msgspec

from quotah_server.mock.cohere.answers import answer_headers, stream_step
from quotah_server.mock.desk import Answer, Visit, decode
from quotah_server.mock.exchange import SSE_TYPE, Bill, Reply, Step, Usage, json_reply
from quotah_server.mock.openai.chat import Message, ToolSpec, read_prompt
from quotah_server.mock.openai.prompt import Prompt
from quotah_server.mock.plan import Plan, Tool, Wish, make_plan
from quotah_server.mock.prose import seed_of
from quotah_server.mock.script import read_script

_WRAPPING = 66
"""Tokens that Cohere puts around a prompt; they are consumed and billed to nobody."""
_FOUND = "I will look this up."


class _Format(msgspec.Struct, frozen=True):
    type: str = "text"
    json_schema: dict[str, Any] | None = None
    schema: dict[str, Any] | None = None


class _Thinking(msgspec.Struct, frozen=True):
    type: str = "enabled"
    token_budget: int | None = None


class _ChatAsk(msgspec.Struct, frozen=True):
    model: str
    messages: list[Message]
    stream: bool | None = False
    max_tokens: int | None = None
    tools: list[ToolSpec] | None = None
    tool_choice: str | None = None
    response_format: _Format = _Format()
    thinking: _Thinking = _Thinking("disabled")


class _Draft(msgspec.Struct, frozen=True):
    id: str
    plan: Plan
    usage: Usage | None
    call_id: str

    @property
    def finish_reason(self) -> str:
        if self.plan.truncated:
            return "MAX_TOKENS"
        return "TOOL_CALL" if self.plan.tool else "COMPLETE"

    def call(self, arguments: str) -> dict[str, Any]:
        assert self.plan.tool is not None
        function = {"name": self.plan.tool.name, "arguments": arguments}
        return {"id": self.call_id, "type": "function", "function": function}

    def ending(self) -> dict[str, Any]:
        told: dict[str, Any] = {"finish_reason": self.finish_reason}
        return told if self.usage is None else {**told, "usage": self.usage}


def answer_chat(visit: Visit) -> Answer:
    """Answer a chat, whole or streamed."""
    asked = decode(visit.request.body, _ChatAsk)
    prompt = read_prompt(asked.messages, asked.tools)
    script = read_script(visit.request.headers, asked.model, [prompt.text])
    plan = make_plan(_wish(asked, prompt), script)
    tokens = prompt.tokens if script.input_tokens is None else script.input_tokens
    cached = script.cached_tokens

    def usage_of(output: int) -> Usage:
        return _usage(tokens, output, cached)

    usage = usage_of(plan.output_tokens)
    draft = _Draft(
        id=visit.desk.mint("", 32),
        plan=plan,
        usage=None if script.fault == "no-usage" else usage,
        call_id=visit.desk.mint("call_"),
    )
    bill = Bill(
        id=draft.id,
        provider="cohere",
        operation="chat",
        model=asked.model,
        usage=usage,
        usage_at=lambda sent: usage_of(plan.output_at(sent)),
        streaming=bool(asked.stream),
    )
    headers = answer_headers(visit, tokens, plan.output_tokens)
    if not asked.stream:
        return Answer(json_reply(200, _whole(draft), headers, bill), script)
    reply = Reply(200, [("content-type", SSE_TYPE), *headers], _stream(draft), bill, stream=True)
    return Answer(reply, script)


def _wish(asked: _ChatAsk, prompt: Prompt) -> Wish:
    functions = [tool.function for tool in asked.tools or [] if tool.function is not None]
    form, thinking = asked.response_format, asked.thinking
    schema = form.json_schema or form.schema
    answered = bool(asked.messages) and asked.messages[-1].role == "tool"
    budget = 512 if thinking.token_budget is None else thinking.token_budget
    return Wish(
        seed=seed_of(asked.model, prompt.text),
        last_user_text=prompt.last_user_text,
        limit=asked.max_tokens,
        reasoning=0 if thinking.type == "disabled" else budget // 4,
        tools=[Tool(f.name, f.parameters or {"type": "object"}) for f in functions],
        forced_tool="*" if asked.tool_choice == "REQUIRED" else None,
        tools_allowed=asked.tool_choice != "NONE" and not answered,
        schema=(schema or {"type": "object"}) if form.type == "json_object" else None,
    )


def _usage(tokens: int, output: int, cached: int | None) -> Usage:
    usage: Usage = {
        "billed_units": {"input_tokens": tokens, "output_tokens": output},
        "tokens": {"input_tokens": tokens + _WRAPPING, "output_tokens": output},
    }
    return usage if cached is None else {**usage, "cached_tokens": min(cached, tokens)}


def _whole(draft: _Draft) -> object:
    plan = draft.plan
    message: dict[str, Any] = {"role": "assistant"}
    if plan.tool is None:
        message["content"] = [{"type": "text", "text": plan.text}]
    else:
        message |= {"tool_plan": _FOUND, "tool_calls": [draft.call(plan.text)]}
    return {"id": draft.id, "message": message, **draft.ending()}


def _stream(draft: _Draft) -> list[Step]:
    plan = draft.plan
    opened = {
        "role": "assistant",
        "content": [],
        "tool_plan": "",
        "tool_calls": [],
        "citations": [],
    }
    steps = [stream_step("message-start", id=draft.id, delta={"message": opened})]
    if plan.tool is None:
        steps.append(_said("content-start", content={"type": "text", "text": ""}))
        steps += [_said("content-delta", content={"text": piece}) for piece in plan.pieces]
        steps.append(stream_step("content-end", index=0))
    else:
        steps.append(stream_step("tool-plan-delta", delta={"message": {"tool_plan": _FOUND}}))
        steps.append(_said("tool-call-start", tool_calls=draft.call("")))
        steps += [
            _said("tool-call-delta", tool_calls={"function": {"arguments": piece}})
            for piece in plan.pieces
        ]
        steps.append(stream_step("tool-call-end", index=0))
    ending = stream_step("message-end", id=draft.id, delta=draft.ending())
    steps.append(msgspec.structs.replace(ending, settles=True))
    return [*steps, Step(b"data: [DONE]\n\n")]


def _said(name: str, **message: Any) -> Step:
    step = stream_step(name, index=0, delta={"message": message})
    return msgspec.structs.replace(step, delta=name.endswith("-delta"))
