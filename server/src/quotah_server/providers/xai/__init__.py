"""xAI: OpenAI's wire, with reasoning beside the completion in chat and the exact cost in the answer.

``cost_in_usd_ticks`` is the amount charged for the whole request, tools and discounts included, in
1e-10 dollars (docs.x.ai, cost tracking). Tools that ran at xAI are counted in the usage object.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import FILE_SEARCH, WEB_SEARCH, Usage
from quotah_server.providers.counts import Counts, Raw, mapping
from quotah_server.providers.wires.amounts import scaled
from quotah_server.providers.wires.openai import OpenAIWire
from quotah_server.providers.wires.openai.tools import CODE_EXECUTION, SOCIAL_SEARCH

_TICK_DIGITS = 10
_SOURCE = "search_source"
"""Unit of the old live search, billed by the source that was used."""
_UNIT_OF_CALLS = {
    "web_search_calls": WEB_SEARCH,
    "x_search_calls": SOCIAL_SEARCH,
    "code_interpreter_calls": CODE_EXECUTION,
    "file_search_calls": FILE_SEARCH,
}
_FREE_CALLS = frozenset({"mcp_calls"})
"""Billed by their tokens alone."""


class XAI(OpenAIWire):
    """The room of xAI."""

    name = "xai"
    hides_thinking = True

    def told(self, usage: Mapping[str, Any]) -> dict[str, Any]:
        ticks = Counts().read(usage, "cost_in_usd_ticks")
        return {} if ticks is None else {"reported_cost_usd": scaled(ticks, _TICK_DIGITS)}

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        """Calls counted in the usage object are the bill; an answer's items repeat them."""
        if raw is None:
            return super().usage(operation, raw, extras)
        counts = Counts()
        called = _calls(counts, raw)
        extras = {name: value for name, value in extras.items() if name not in called}
        usage = super().usage(operation, raw, extras)
        if not called and not counts.flags:
            return usage
        flags = tuple(dict.fromkeys((*usage.flags, *counts.flags)))
        units = {**usage.units, **{unit: count for unit, count in called.items() if count}}
        return Usage(units, missing=usage.missing and not units, flags=flags, inner=usage.inner)


def _calls(counts: Counts, raw: Raw) -> dict[str, int]:
    details = mapping(raw, "server_side_tool_usage_details")
    found = {
        unit: counts.read(details, field) or 0
        for field, unit in _UNIT_OF_CALLS.items()
        if details.get(field) is not None
    }
    counts.unknown(details, _FREE_CALLS.union(_UNIT_OF_CALLS), "tool.")
    if sources := counts.read(raw, "num_sources_used"):
        found[_SOURCE] = sources
    return found


PROVIDER = XAI()
