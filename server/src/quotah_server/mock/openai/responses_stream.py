"""The response object and the events of a streamed response."""

from __future__ import annotations

from typing import Any

import msgspec

from quotah_server.mock.exchange import Step, Usage, sse
from quotah_server.mock.plan import Plan


class Draft(msgspec.Struct, frozen=True):
    """A decided response, before it is written whole or as a stream."""

    id: str
    plan: Plan
    usage: Usage | None
    item_id: str
    reasoning_id: str
    call_id: str
    shell: dict[str, Any]

    def whole(self) -> dict[str, Any]:
        """The response object at its end."""
        done = self.opened("incomplete" if self.plan.truncated else "completed")
        done["output"] = [*self.reasoning(), self.item(self.plan.text)]
        if self.plan.truncated:
            done["incomplete_details"] = {"reason": "max_output_tokens"}
        if self.usage is not None:
            done["usage"] = self.usage
        return done

    def opened(self, status: str) -> dict[str, Any]:
        """The response object before there is output."""
        return {"id": self.id, **self.shell, "status": status, "output": [], "usage": None}

    def reasoning(self) -> list[dict[str, Any]]:
        """The reasoning item, when the model reasoned."""
        if not self.plan.reasoning_tokens:
            return []
        return [{"id": self.reasoning_id, "type": "reasoning", "summary": []}]

    def item(self, text: str, status: str | None = None) -> dict[str, Any]:
        """The message or function call, holding ``text`` so far."""
        status = status or ("incomplete" if self.plan.truncated else "completed")
        item: dict[str, Any] = {"id": self.item_id, "status": status}
        if self.plan.tool is not None:
            item["type"] = "function_call"
            return item | {"call_id": self.call_id, "name": self.plan.tool.name, "arguments": text}
        content = [output_text(text)] if status != "in_progress" else []
        return item | {"type": "message", "role": "assistant", "content": content}


def output_text(text: str) -> dict[str, Any]:
    """A text part of a message."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


class _Writer:
    """Numbers the events in order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def add(
        self, name: str, /, *, delta_step: bool = False, settles: bool = False, **fields: Any
    ) -> None:
        event = {"type": name, "sequence_number": len(self.steps), **fields}
        self.steps.append(Step(sse(event, event=name), delta=delta_step, settles=settles))


def stream_steps(draft: Draft) -> list[Step]:
    """response.created, in_progress, the output items with their deltas, response.completed."""
    writer = _Writer()
    writer.add("response.created", response=draft.opened("in_progress"))
    writer.add("response.in_progress", response=draft.opened("in_progress"))
    index = 0
    for item in draft.reasoning():
        writer.add("response.output_item.added", output_index=index, item=item)
        writer.add("response.output_item.done", output_index=index, item=item)
        index += 1
    writer.add("response.output_item.added", output_index=index, item=draft.item("", "in_progress"))
    place = {"item_id": draft.item_id, "output_index": index}
    if draft.plan.tool is None:
        _write_text(writer, draft.plan, {**place, "content_index": 0})
    else:
        _write_arguments(writer, draft.plan, place, draft.plan.tool.name)
    writer.add("response.output_item.done", output_index=index, item=draft.item(draft.plan.text))
    ending = "response.incomplete" if draft.plan.truncated else "response.completed"
    writer.add(ending, settles=True, response=draft.whole())
    return writer.steps


def _write_text(writer: _Writer, plan: Plan, place: dict[str, Any]) -> None:
    writer.add("response.content_part.added", **place, part=output_text(""))
    for piece in plan.pieces:
        writer.add("response.output_text.delta", delta_step=True, **place, delta=piece, logprobs=[])
    writer.add("response.output_text.done", **place, text=plan.text, logprobs=[])
    writer.add("response.content_part.done", **place, part=output_text(plan.text))


def _write_arguments(writer: _Writer, plan: Plan, place: dict[str, Any], name: str) -> None:
    for piece in plan.pieces:
        writer.add("response.function_call_arguments.delta", delta_step=True, **place, delta=piece)
    writer.add("response.function_call_arguments.done", **place, arguments=plan.text, name=name)
