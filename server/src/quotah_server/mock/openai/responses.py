"""``POST /openai/v1/responses``."""

from __future__ import annotations

from typing import Any

import msgspec

from quotah_server.mock.desk import Answer, Visit, decode
from quotah_server.mock.exchange import SSE_TYPE, Bill, Reply, Usage, json_reply
from quotah_server.mock.models import answering, reasoning_tokens
from quotah_server.mock.openai.prompt import (
    Format,
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
from quotah_server.mock.openai.responses_stream import Draft, stream_steps
from quotah_server.mock.plan import Tool, Wish, make_plan
from quotah_server.mock.prose import seed_of
from quotah_server.mock.script import read_script


class Item(msgspec.Struct, frozen=True):
    """One item of the input: a message, or the output of a tool."""

    type: str = "message"
    role: str = "user"
    content: str | list[Part] | None = None
    arguments: str = ""
    output: str | list[Part] | None = None


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool that is offered; only functions are called."""

    type: str
    name: str = ""
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Reasoning(msgspec.Struct, frozen=True):
    """How hard to think."""

    effort: str | None = None


class TextOptions(msgspec.Struct, frozen=True):
    """The form of the text."""

    format: Format | None = None


class ResponsesRequest(msgspec.Struct, frozen=True):
    """The parts of a responses request that change the answer."""

    model: str
    input: str | list[Item] = ""
    instructions: str | None = None
    stream: bool | None = False
    store: bool | None = None
    max_output_tokens: int | None = None
    reasoning: Reasoning | None = None
    service_tier: str | None = None
    tools: list[ToolSpec] | None = None
    tool_choice: str | ToolChoice | None = None
    text: TextOptions | None = None
    metadata: dict[str, str] | None = None
    previous_response_id: str | None = None


def answer_responses(visit: Visit) -> Answer:
    """Answer a response, whole or streamed."""
    asked = decode(visit.request.body, ResponsesRequest)
    items = [Item(content=asked.input)] if isinstance(asked.input, str) else asked.input
    prompt = _prompt(asked, items)
    script = read_script(visit.request.headers, asked.model, [prompt.text])
    plan = make_plan(_wish(asked, items, prompt), script)
    counted = count_input(prompt, script, visit, asked.model)
    usage = _usage(counted, plan.output_tokens, plan.reasoning_tokens)
    draft = Draft(
        id=visit.desk.mint("resp_"),
        plan=plan,
        usage=None if script.fault == "no-usage" else usage,
        item_id=visit.desk.mint("fc_" if plan.tool else "msg_"),
        reasoning_id=visit.desk.mint("rs_"),
        call_id=visit.desk.mint("call_"),
        shell=_shell(asked, int(visit.desk.clock().timestamp()), tier(asked.service_tier, script)),
    )
    window = visit.desk.limits.take(visit.key, counted.tokens, plan.output_tokens)
    bill = Bill(
        id=draft.id,
        provider="openai",
        operation="responses",
        model=answering(asked.model),
        usage=usage,
        usage_at=lambda sent: _usage(counted, plan.output_at(sent), plan.reasoning_tokens),
        streaming=bool(asked.stream),
    )
    headers = answer_headers(visit, window)
    if asked.store is not False:
        visit.desk.keep(draft.id, draft.whole())
    if not asked.stream:
        return Answer(json_reply(200, draft.whole(), headers, bill), script)
    reply = Reply(
        200, [("content-type", SSE_TYPE), *headers], stream_steps(draft), bill, stream=True
    )
    return Answer(reply, script)


def _prompt(asked: ResponsesRequest, items: list[Item]) -> Prompt:
    prompt = Prompt()
    prompt.add_json(asked.tools)
    if asked.instructions:
        prompt.add_message("system", asked.instructions)
    for item in items:
        if item.type == "message":
            prompt.add_message(item.role, item.content)
        else:
            prompt.add_message(item.type, item.arguments or item.output)
    return prompt


def _wish(asked: ResponsesRequest, items: list[Item], prompt: Prompt) -> Wish:
    functions = [tool for tool in asked.tools or [] if tool.type == "function"]
    tool_answered = bool(items) and items[-1].type == "function_call_output"
    return Wish(
        seed=seed_of(asked.model, prompt.text),
        last_user_text=prompt.last_user_text,
        limit=asked.max_output_tokens,
        reasoning=reasoning_tokens(asked.model, _effort(asked)),
        tools=[Tool(f.name, f.parameters or {"type": "object"}) for f in functions],
        forced_tool=forced_tool(asked.tool_choice),
        tools_allowed=asked.tool_choice != "none" and not tool_answered,
        schema=schema_of(asked.text.format if asked.text else None),
    )


def _effort(asked: ResponsesRequest) -> str | None:
    return asked.reasoning.effort if asked.reasoning else None


def _usage(counted: Input, output: int, reasoning: int) -> Usage:
    return {
        "input_tokens": counted.tokens,
        "input_tokens_details": {
            "cached_tokens": counted.cached,
            "cache_write_tokens": counted.cache_write,
        },
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": min(reasoning, output)},
        "total_tokens": counted.tokens + output,
    }


def _shell(asked: ResponsesRequest, created_at: int, service_tier: str) -> dict[str, Any]:
    """The fields of the response object that do not depend on the answer."""
    return {
        "object": "response",
        "created_at": created_at,
        "error": None,
        "incomplete_details": None,
        "instructions": asked.instructions,
        "max_output_tokens": asked.max_output_tokens,
        "metadata": asked.metadata or {},
        "model": answering(asked.model),
        "parallel_tool_calls": True,
        "previous_response_id": asked.previous_response_id,
        "reasoning": {"effort": _effort(asked), "summary": None},
        "service_tier": service_tier,
        "store": asked.store is not False,
        "temperature": 1.0,
        "text": {"format": (asked.text and asked.text.format) or {"type": "text"}},
        "tool_choice": asked.tool_choice or "auto",
        "tools": asked.tools or [],
        "top_p": 1.0,
        "truncation": "disabled",
    }
