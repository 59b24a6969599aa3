"""The events of a streamed Anthropic message."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from quotah_server.mock.exchange import Step, Usage, sse
from quotah_server.mock.plan import Plan


class Draft(msgspec.Struct, frozen=True):
    """A decided message, before it is written whole or as a stream."""

    id: str
    model: str
    plan: Plan
    usage: Usage
    show_usage: bool
    tool_id: str
    thinking: str

    @property
    def stop_reason(self) -> str:
        """Why the model stopped, in Anthropic's words."""
        if self.plan.truncated:
            return "max_tokens"
        return "tool_use" if self.plan.tool else "end_turn"

    @property
    def signature(self) -> str:
        """The opaque signature of the thinking block."""
        return hashlib.blake2b(self.thinking.encode(), digest_size=32).hexdigest()

    def message(self, content: list[object]) -> dict[str, Any]:
        """The message object without its end: no stop reason, no usage."""
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": None,
            "stop_sequence": None,
        }


def stream_steps(draft: Draft) -> list[Step]:
    """message_start, a ping, the content blocks, message_delta, message_stop.

    message_start carries the input's counts and a placeholder of one output token; message_delta
    carries the cumulative counts, as the provider sends them.
    """
    started = draft.message([])
    if draft.show_usage:
        placeholder = {k: v for k, v in draft.usage.items() if k != "output_tokens_details"}
        started["usage"] = {**placeholder, "output_tokens": 1}
    steps = [_step("message_start", message=started)]
    index = 0
    if draft.plan.reasoning_tokens:
        steps += _thinking_block(draft, index)
        index += 1
    if not draft.plan.reasoning_tokens:
        steps.append(_step("ping"))
    if draft.plan.pieces:
        steps += _answer_block(draft, index)
    ended: dict[str, Any] = {"delta": {"stop_reason": draft.stop_reason, "stop_sequence": None}}
    if draft.show_usage:
        ended["usage"] = _final_usage(draft.usage)
    steps.append(_step("message_delta", settles=True, **ended))
    steps.append(_step("message_stop"))
    return steps


def _thinking_block(draft: Draft, index: int) -> list[Step]:
    block = {"type": "thinking", "thinking": "", "signature": ""}
    thought = {"type": "thinking_delta", "thinking": draft.thinking}
    signed = {"type": "signature_delta", "signature": draft.signature}
    return [
        _step("content_block_start", index=index, content_block=block),
        _step("ping"),
        _step("content_block_delta", index=index, delta=thought),
        _step("content_block_delta", index=index, delta=signed),
        _step("content_block_stop", index=index),
    ]


def _answer_block(draft: Draft, index: int) -> list[Step]:
    tool = draft.plan.tool
    if tool is None:
        block: dict[str, Any] = {"type": "text", "text": ""}
        kind, field = "text_delta", "text"
    else:
        block = {"type": "tool_use", "id": draft.tool_id, "name": tool.name, "input": {}}
        kind, field = "input_json_delta", "partial_json"
    steps = [_step("content_block_start", index=index, content_block=block)]
    for piece in draft.plan.pieces:
        delta = {"type": kind, field: piece}
        steps.append(_step("content_block_delta", delta_step=True, index=index, delta=delta))
    steps.append(_step("content_block_stop", index=index))
    return steps


def _final_usage(usage: Usage) -> Usage:
    kept = (
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "output_tokens",
        "output_tokens_details",
    )
    return {name: usage[name] for name in kept if name in usage}


def _step(name: str, /, *, delta_step: bool = False, settles: bool = False, **fields: Any) -> Step:
    return Step(sse({"type": name, **fields}, event=name), delta=delta_step, settles=settles)
