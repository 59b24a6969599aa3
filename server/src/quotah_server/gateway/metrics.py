"""What Prometheus may know of the gateway: no tenant, no key, no prompt.

The hot path only adds to plain integers; families are built when somebody scrapes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

Gauges = Callable[[], dict[str, tuple[str, float]]]
"""Values looked up at the time of a scrape: name → (help, value). Names ending in _total count."""


class _Durations:
    """A histogram of seconds: counts per bucket, and their sum."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(_BOUNDS_S) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        self.buckets[bisect_left(_BOUNDS_S, seconds)] += 1
        self.total += seconds


class GatewayMetrics(Collector):
    """Counts of one gateway, in a registry of its own."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges
        self.attempts: Counter[tuple[str, str, str]] = Counter()
        self.refusals: Counter[str] = Counter()
        self.upstream_errors: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.disconnects: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.retries: Counter[str] = Counter()
        self._durations: dict[str, _Durations] = {}
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def attempt(self, provider: str, operation: str, status: str, seconds: float) -> None:
        """An attempt ended."""
        self.attempts[provider, operation, status] += 1
        durations = self._durations.get(provider)
        if durations is None:
            durations = self._durations[provider] = _Durations()
        durations.observe(seconds)

    def render(self) -> bytes:
        """The text that a scrape gets."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        yield _counter(
            "attempts", "Attempts at providers.", ("provider", "operation", "status"), self.attempts
        )
        yield _counter(
            "refusals", "Requests the gateway answered itself.", ("code",), _keyed(self.refusals)
        )
        yield _counter(
            "upstream_errors",
            "Ways to a provider that failed.",
            ("kind",),
            _keyed(self.upstream_errors),
        )
        yield _counter(
            "attribution_dropped",
            "Attribution headers cut or left out.",
            ("header",),
            _keyed(self.dropped),
        )
        yield _counter(
            "client_disconnects",
            "Clients that went away early.",
            ("then",),
            _keyed(self.disconnects),
        )
        yield _counter(
            "route_targets_skipped",
            "Targets of routes that could not be followed.",
            ("reason",),
            _keyed(self.skipped),
        )
        yield _counter("retries", "Attempts after a failed one.", ("after",), _keyed(self.retries))
        durations = HistogramMetricFamily(
            "quotah_gateway_attempt_seconds", "Time from request to last byte.", labels=["provider"]
        )
        for provider, held in self._durations.items():
            durations.add_metric([provider], _cumulative(held.buckets), held.total)
        yield durations
        for name, (text, value) in self._gauges().items():
            if name.endswith("_total"):
                yield CounterMetricFamily(
                    f"quotah_gateway_{name.removesuffix('_total')}", text, value
                )
            else:
                yield GaugeMetricFamily(f"quotah_gateway_{name}", text, value)


def _keyed(counts: Counter[str]) -> dict[tuple[str, ...], int]:
    return {(name,): count for name, count in counts.items()}


def _counter(
    name: str,
    text: str,
    labels: tuple[str, ...],
    counts: dict[tuple[str, ...], int] | Counter[tuple[str, str, str]],
) -> CounterMetricFamily:
    family = CounterMetricFamily(f"quotah_gateway_{name}", text, labels=labels)
    for values, count in tuple(counts.items()):
        family.add_metric(list(values), count)
    return family


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    total = 0
    rows: list[tuple[str, float]] = []
    for bound, count in zip((*map(str, _BOUNDS_S), "+Inf"), buckets, strict=True):
        total += count
        rows.append((bound, float(total)))
    return rows
