"""Perplexity: OpenAI's wire, with searches, citations and reasoning beside the totals.

Deep research counts citation and reasoning tokens outside of ``completion_tokens`` (and mostly of
``total_tokens``) and bills each at its own rate, and its searches by the query. Other models bill a
fee by the request, which depends on ``search_context_size``, and neither citations nor queries;
``cost.total_cost`` holds everything (docs.perplexity.ai, pricing).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import CITATION, OUTPUT, REASONING, WEB_SEARCH, Usage
from quotah_server.providers.counts import Counts, mapping, text
from quotah_server.providers.wires.amounts import amount, total
from quotah_server.providers.wires.openai import OpenAIWire
from quotah_server.providers.wires.openai.asked import SEARCH_CONTEXT_SIZE, search_context

_BESIDE = {
    "citation_tokens": CITATION,
    "reasoning_tokens": REASONING,
    "num_search_queries": WEB_SEARCH,
}
_AGENT = re.compile(r"/agent/?\Z")
_OPTIONS = frozenset({"web_search_options"})


class Perplexity(OpenAIWire):
    """The room of Perplexity."""

    name = "perplexity"
    names_amounts = True

    def operation(self, method: str, path: str) -> str | None:
        """``/v1/agent`` is its own name of the responses API."""
        return super().operation(method, _AGENT.sub("/responses", path))

    def told(self, usage: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        cost = mapping(usage, "cost")
        if (text(cost, "currency") or "USD").upper() == "USD":
            found["reported_cost_usd"] = total(amount(cost, "total_cost"))
        found[SEARCH_CONTEXT_SIZE] = text(usage, SEARCH_CONTEXT_SIZE)
        return {name: value for name, value in found.items() if value is not None}

    def wants(self, operation: str, told: Mapping[str, Any]) -> frozenset[str]:
        if operation == "chat":
            return frozenset() if SEARCH_CONTEXT_SIZE in told else _OPTIONS
        return super().wants(operation, told)

    def asked(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return search_context(request) if operation == "chat" else super().asked(operation, request)

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        if raw is None:
            return super().usage(operation, raw, extras)
        counts = Counts()
        beside = {unit: counts.read(raw, field) for field, unit in _BESIDE.items()}
        plain = _without_beside(counts, raw, beside)
        usage = super().usage(operation, plain, extras)
        units, thought = dict(usage.units), beside[REASONING] or 0
        if None not in beside.values():
            units.update({unit: count for unit, count in beside.items() if count})
        elif thought and REASONING not in units:
            inside = plain is raw and thought <= units.get(OUTPUT, 0)
            units[OUTPUT] = units.get(OUTPUT, 0) - (thought if inside else 0)
            units[REASONING] = thought
        flags = tuple(dict.fromkeys((*usage.flags, *counts.flags)))
        return Usage(units, missing=usage.missing and not units, flags=flags)


def _without_beside(
    counts: Counts, raw: Mapping[str, Any], beside: Mapping[str, int | None]
) -> Mapping[str, Any]:
    """The usage object with a grand total that holds nothing but input and output.

    It does so in some answers and holds what stands beside them in others.
    """
    grand = counts.read(raw, "total_tokens")
    parts = [counts.read(raw, name) for name in ("prompt_tokens", "completion_tokens")]
    if grand is None or None in parts:
        return raw
    plain = sum(part or 0 for part in parts)
    cited, thought = beside[CITATION] or 0, beside[REASONING] or 0
    if grand != plain and grand in (plain + cited, plain + thought, plain + cited + thought):
        return {**raw, "total_tokens": plain}
    return raw


PROVIDER = Perplexity()
