"""The closed catalogue of metrics: what each means, and what an engine must add up for it.

A metric is made of aggregates, which several metrics share, and a shape that turns the aggregates
into one value: the aggregate itself, the sum of two, or the ratio of two.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Literal

import msgspec

from quotah_server.domain.money import QUANTUM

Unit = Literal["usd", "tokens", "count", "ratio", "ms", "per_second", "time", "text"]
Better = Literal["higher", "lower"]
Rows = Literal["all", "final", "success", "failed", "unpriced", "spoken", "cached"]
"""all: every attempt. final: the last attempt of each run. success, failed, unpriced: final ones of
that kind. spoken: successful ones with output tokens and a duration. cached: answered from the
gateway's cache."""

CONDITIONS: dict[Rows, str] = {
    "final": "e.final",
    "success": "(e.final AND e.status = 'success')",
    "failed": "(e.final AND e.status IN ('error', 'interrupted'))",
    "unpriced": "(e.final AND e.cost_status = 'unpriced')",
    "spoken": "(e.final AND e.status = 'success' AND e.output_tokens IS NOT NULL"
    " AND e.latency_ms > 0)",
    "cached": "e.from_cache",
}
_MONEY = Context(prec=60, rounding=ROUND_HALF_EVEN)


class Aggregate(msgspec.Struct, frozen=True):
    """One number of a group of events. of: a column; level: of a quantile, 0 to 1."""

    kind: Literal["count", "sum", "distinct", "quantile"]
    of: str = ""
    rows: Rows = "all"
    level: float = 0.0


class Metric(msgspec.Struct, frozen=True):
    """A metric of the catalogue. better: whether more is good; None when neither.

    shape: plain = the aggregate; sum = of both; ratio = first / second * factor; sum_of = the first, which
    is 0 where the second counts nothing.
    """

    name: str
    label: str
    unit: Unit
    description: str
    formula: str
    aggregates: tuple[Aggregate, ...]
    better: Better | None = None
    shape: Literal["plain", "sum", "ratio", "sum_of"] = "plain"
    factor: int = 1

    @property
    def needs_feedback(self) -> bool:
        """Whether the runs' ratings are read."""
        return any(aggregate.of == "rating" for aggregate in self.aggregates)

    def value(self, numbers: tuple[Any, ...], *, empty: bool) -> Any:
        """The metric from its aggregates; ``empty`` means a group without any event."""
        if self.shape == "ratio":
            return self._ratio(*numbers)
        if self.shape == "sum":
            known = [number for number in numbers if number is not None]
            return sum(known) if known else (0 if empty else None)
        number = numbers[0]
        empty = empty or (self.shape == "sum_of" and not numbers[1])
        if number is None and empty and self.aggregates[0].kind != "quantile":
            return Decimal(0) if self.unit == "usd" else 0
        return number

    def _ratio(self, above: Any, below: Any) -> Any:
        if above is None or not below:
            return None
        if self.unit == "usd":
            return _MONEY.divide(Decimal(above), Decimal(below)).quantize(QUANTUM, context=_MONEY)
        return float(above) * self.factor / float(below)


_REQUESTS = Aggregate("count", rows="final")
_ATTEMPTS = Aggregate("count")
_COST = Aggregate("sum", "cost")
_INPUT = Aggregate("sum", "input_tokens")
_OUTPUT = Aggregate("sum", "output_tokens")
_CACHE_READ = Aggregate("sum", "cache_read_tokens")
_FAILED = Aggregate("count", rows="failed")
_HITS = Aggregate("count", rows="cached")


def _latency(level: float) -> tuple[Aggregate, ...]:
    return (Aggregate("quantile", "latency_ms", "final", level),)


def _ttft(level: float) -> tuple[Aggregate, ...]:
    return (Aggregate("quantile", "ttft_ms", "final", level),)


def _part(name: str, label: str, of: str) -> Metric:
    return Metric(
        name, label, "usd", f"The part of the cost that went on {of}.",
        f"Σ {name} of attempts; the five parts make up the cost", (Aggregate("sum", name),), "lower",
    )  # fmt: skip


_ALL = (
    Metric(
        "requests", "Requests", "count", "Calls, each counted once however often it was tried.",
        "number of runs (final attempts)", (_REQUESTS,),
    ),
    Metric(
        "attempts", "Attempts", "count",
        "Attempts at a provider, retries included; an answer from the cache is one, too.",
        "number of events", (_ATTEMPTS,),
    ),
    Metric(
        "cost", "Cost", "usd", "What all attempts cost; unpriced ones are left out.",
        "Σ cost of attempts", (_COST,), "lower",
    ),
    _part("cost_input", "Input cost", "uncached input tokens of every kind"),
    _part("cost_cache_read", "Cache read cost", "input tokens read from a cache"),
    _part("cost_cache_write", "Cache write cost", "input tokens written to a cache"),
    _part("cost_output", "Output cost", "output tokens, reasoning included"),
    _part("cost_other", "Other cost", "tools, seconds, pages, requests, and costs named as a whole"),
    Metric(
        "cost_per_request", "Cost per request", "usd", "What one call cost, retries included.",
        "cost ÷ requests", (_COST, _REQUESTS), "lower", "ratio",
    ),
    Metric(
        "saved", "Saved", "usd",
        "What answers from the gateway's cache would have cost; unpriced ones are left out.",
        "Σ saved of answers from the cache", (Aggregate("sum", "saved", "cached"), _HITS), "higher",
        "sum_of",
    ),
    Metric(
        "cache_hits", "Answers from cache", "count",
        "Calls that the gateway's cache answered, so that no provider was asked.",
        "number of runs answered from the cache", (_HITS,), "higher",
    ),
    Metric(
        "unpriced_requests", "Unpriced requests", "count", "Calls whose price is not known.",
        "number of runs with cost_status = unpriced",
        (Aggregate("count", rows="unpriced"),), "lower",
    ),
    Metric(
        "input_tokens", "Input tokens", "tokens", "Tokens sent, cached ones included.",
        "Σ input tokens of attempts", (_INPUT,),
    ),
    Metric(
        "output_tokens", "Output tokens", "tokens", "Tokens received, reasoning included.",
        "Σ output tokens of attempts", (_OUTPUT,),
    ),
    Metric(
        "total_tokens", "Tokens", "tokens", "Tokens sent and received.",
        "input tokens + output tokens", (_INPUT, _OUTPUT), None, "sum",
    ),
    Metric(
        "cache_read_tokens", "Cached tokens", "tokens", "Input tokens read from a prompt cache.",
        "Σ cache-read tokens of attempts", (_CACHE_READ,), "higher",
    ),
    Metric(
        "cache_write_tokens", "Cache writes", "tokens", "Input tokens written to a prompt cache.",
        "Σ cache-write tokens of attempts", (Aggregate("sum", "cache_write_tokens"),),
    ),
    Metric(
        "reasoning_tokens", "Reasoning tokens", "tokens", "Output tokens spent on reasoning.",
        "Σ reasoning tokens of attempts", (Aggregate("sum", "reasoning_tokens"),),
    ),
    Metric(
        "cache_hit_rate", "Cache hit rate", "ratio", "Share of input tokens read from a cache.",
        "cache-read tokens ÷ input tokens", (_CACHE_READ, _INPUT), "higher", "ratio",
    ),
    Metric(
        "success_rate", "Success rate", "ratio", "Share of calls that ended as they should.",
        "runs with status success ÷ requests",
        (Aggregate("count", rows="success"), _REQUESTS), "higher", "ratio",
    ),
    Metric(
        "error_rate", "Error rate", "ratio", "Share of calls that failed.",
        "runs with status error or interrupted ÷ requests", (_FAILED, _REQUESTS), "lower", "ratio",
    ),
    Metric(
        "errors", "Errors", "count", "Calls that failed.",
        "number of runs with status error or interrupted", (_FAILED,), "lower",
    ),
    Metric(
        "latency_avg", "Average latency", "ms", "Mean time from sending a call to its end.",
        "Σ latency ÷ number of runs with a latency",
        (Aggregate("sum", "latency_ms", "final"), Aggregate("count", "latency_ms", "final")),
        "lower", "ratio",
    ),
    Metric(
        "latency_p50", "Latency p50", "ms", "Half of the calls ended within this time.",
        "median latency of runs", _latency(0.5), "lower",
    ),
    Metric(
        "latency_p95", "Latency p95", "ms", "19 of 20 calls ended within this time.",
        "95th percentile of the latency of runs", _latency(0.95), "lower",
    ),
    Metric(
        "latency_p99", "Latency p99", "ms", "99 of 100 calls ended within this time.",
        "99th percentile of the latency of runs", _latency(0.99), "lower",
    ),
    Metric(
        "ttft_p50", "First byte p50", "ms", "Half of the streams began within this time.",
        "median time to first byte of streamed runs", _ttft(0.5), "lower",
    ),
    Metric(
        "ttft_p95", "First byte p95", "ms", "19 of 20 streams began within this time.",
        "95th percentile of the time to first byte of streamed runs", _ttft(0.95), "lower",
    ),
    Metric(
        "tokens_per_second", "Tokens per second", "per_second",
        "How fast output arrives over a whole successful call.",
        "Σ output tokens ÷ Σ seconds, of successful runs with both",
        (Aggregate("sum", "output_tokens", "spoken"), Aggregate("sum", "latency_ms", "spoken")),
        "higher", "ratio", 1000,
    ),
    Metric(
        "rating_avg", "Average rating", "count", "Mean of the ratings from 1 to 5 given to calls.",
        "Σ rating ÷ number of rated runs",
        (Aggregate("sum", "rating", "final"), Aggregate("count", "rating", "final")),
        "higher", "ratio",
    ),
    Metric(
        "distinct_users", "Users", "count", "Different end users.",
        "number of different users", (Aggregate("distinct", "user_id"),),
    ),
    Metric(
        "distinct_sessions", "Sessions", "count", "Different sessions.",
        "number of different sessions", (Aggregate("distinct", "session_id"),),
    ),
)  # fmt: skip

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
