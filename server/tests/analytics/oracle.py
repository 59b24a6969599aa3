"""What a Query means, said again in plain Python: no SQL, no shared arithmetic, no cleverness."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from quotah_server.analytics.compile import OTHER
from quotah_server.analytics.query import Filter, Query
from quotah_server.domain.event import CostSplit, PricedEvent

_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def value_of(event: PricedEvent, name: str, zone: ZoneInfo) -> Any:
    """A dimension's or field's value."""
    call, who, local = event.call, event.call.attribution, event.call.started_at.astimezone(zone)
    if name.startswith("tag:"):
        return who.tags.get(name[4:])
    plain = {
        "provider": call.provider, "model": call.model, "operation": call.operation,
        "status": call.status, "error_class": call.error_class, "feature": who.feature,
        "user": who.user, "team": who.team, "session": who.session, "prompt": who.prompt,
        "prompt_version": who.prompt_version, "environment": who.environment, "door": call.door,
        "cost_status": event.cost_status, "price_version": event.price_version,
        "hour": local.hour, "weekday": local.isoweekday(),
        "day": local.date().isoformat(), "month": local.date().replace(day=1).isoformat(),
        "week": (local.date() - timedelta(days=local.weekday())).isoformat(),
        "cost": event.cost_usd, "latency_ms": latency(event), "ttft_ms": ttft(event),
        "input_tokens": event.usage.input_tokens, "output_tokens": event.usage.output_tokens,
        "cache_read_tokens": event.usage.cache_read_input_tokens,
        "http_status": call.http_status, "attempt": call.attempt, "streaming": call.streaming,
        "final": call.final, "credential": named("cred", call.credential_id),
        "route": named("route", call.route_id), "from_cache": call.from_cache,
        "saved": event.saved_usd,
    }  # fmt: skip
    return plain[name]


def named(noun: str, one_id: str | None) -> str | None:
    return f"{noun}_{one_id}" if one_id else one_id


def saved(events: list[PricedEvent]) -> Any:
    """What the cache saved: nothing where it answered nothing, unknown where no hit has a price."""
    hits = [event.saved_usd for event in events if event.call.from_cache]
    return total(hits) if hits else Decimal(0)


def parts_of_cost(events: list[PricedEvent]) -> dict[str, Any]:
    """What the costs went on, where they are known."""
    known = [
        event.split or CostSplit(other=event.cost_usd)
        for event in events
        if event.cost_usd is not None
    ]
    parts = ("input", "cache_read", "cache_write", "output", "other")
    if events and not known:
        return dict.fromkeys((f"cost_{part}" for part in parts), None)
    return {f"cost_{part}": sum((getattr(s, part) for s in known), Decimal(0)) for part in parts}


def latency(event: PricedEvent) -> float | None:
    span = (event.call.ended_at - event.call.started_at).total_seconds() * 1000
    return span if span >= 0 else None


def ttft(event: PricedEvent) -> float | None:
    if not event.call.streaming or event.call.first_byte_at is None:
        return None
    return (event.call.first_byte_at - event.call.started_at).total_seconds() * 1000


def holds(event: PricedEvent, condition: Filter, zone: ZoneInfo) -> bool:  # noqa: PLR0911
    actual, given = value_of(event, condition.field, zone), condition.value
    match condition.op:
        case "is_null":
            return actual is None
        case "not_null":
            return actual is not None
        case "ne":
            return actual is None or actual != number(actual, given)
        case "not_in":
            return actual is None or actual not in [number(actual, one) for one in given]
    if actual is None:
        return False
    match condition.op:
        case "eq":
            return actual == number(actual, given)
        case "in":
            return actual in [number(actual, one) for one in given]
        case "prefix":
            return actual.startswith(given)
        case "contains":
            return given in actual
    other = number(actual, given)
    return {
        "gt": actual > other,
        "gte": actual >= other,
        "lt": actual < other,
        "lte": actual <= other,
    }[condition.op]


def number(actual: Any, given: Any) -> Any:
    return Decimal(str(given)) if isinstance(actual, Decimal) else given


def quantile(values: Iterable[float | None], level: float) -> float | None:
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    place = (len(known) - 1) * level
    low = int(place)
    high = min(low + 1, len(known) - 1)
    return known[low] + (known[high] - known[low]) * (place - low)


def total(values: Iterable[Any]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None


def metric(name: str, events: list[PricedEvent], ratings: dict[str, int]) -> Any:
    """A metric of a group; None where there is no answer."""
    final = [event for event in events if event.call.final]
    good = [event for event in final if event.call.status == "success"]
    bad = [event for event in final if event.call.status in ("error", "interrupted")]
    spoken = [
        event for event in good if event.usage.output_tokens is not None and (latency(event) or 0)
    ]

    def tokens(name: str) -> Any:
        found = total(getattr(event.usage, name) for event in events)
        return 0 if not events else found

    def share(part: Any, whole: Any, factor: int = 1) -> Any:
        return None if part is None or not whole else part * factor / whole

    cost = total(event.cost_usd for event in events)
    if not events:
        cost = Decimal(0)
    rated = [ratings[e.call.call_id] for e in final if e.call.call_id in ratings]
    both = [n for n in (tokens("input_tokens"), tokens("output_tokens")) if n is not None]
    quantiles = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    if name.startswith("latency_p"):
        return quantile(map(latency, final), quantiles[name[8:]])
    if name.startswith("ttft_p"):
        return quantile(map(ttft, final), quantiles[name[5:]])
    per_request = None
    if cost is not None and final:
        per_request = _CONTEXT.divide(cost, Decimal(len(final)))
        per_request = per_request.quantize(Decimal("1e-12"), context=_CONTEXT)
    return {
        "requests": len(final),
        "attempts": len(events),
        "cost": cost,
        **parts_of_cost(events),
        "cost_per_request": per_request,
        "saved": saved(events),
        "cache_hits": sum(event.call.from_cache for event in events),
        "unpriced_requests": sum(event.cost_status == "unpriced" for event in final),
        "input_tokens": tokens("input_tokens"),
        "output_tokens": tokens("output_tokens"),
        "total_tokens": sum(both) if both else None,
        "cache_read_tokens": tokens("cache_read_input_tokens"),
        "cache_write_tokens": tokens("cache_write_input_tokens"),
        "reasoning_tokens": tokens("reasoning_output_tokens"),
        "cache_hit_rate": share(tokens("cache_read_input_tokens"), tokens("input_tokens")),
        "success_rate": share(len(good), len(final)),
        "error_rate": share(len(bad), len(final)),
        "errors": len(bad),
        "latency_avg": share(
            total(map(latency, final)), sum(latency(event) is not None for event in final)
        ),
        "tokens_per_second": share(
            total(event.usage.output_tokens for event in spoken),
            total(map(latency, spoken)),
            1000,
        ),
        "rating_avg": share(total(rated), len(rated)),
        "distinct_users": len({e.call.attribution.user for e in events} - {None}),
        "distinct_sessions": len({e.call.attribution.session for e in events} - {None}),
    }[name]


def bucket_start(at: datetime, grain: str, zone: ZoneInfo) -> datetime:
    """First instant of the local bucket that holds an instant, for zones of whole-hour changes."""
    local = at.astimezone(zone)
    if grain == "hour":
        return at - timedelta(
            minutes=local.minute, seconds=local.second, microseconds=local.microsecond
        )
    day = local.date()
    if grain == "week":
        day -= timedelta(days=day.weekday())
    elif grain == "month":
        day = day.replace(day=1)
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def next_bucket(start: datetime, grain: str, zone: ZoneInfo) -> datetime:
    if grain == "hour":
        return start + timedelta(hours=1)
    reach = {"day": timedelta(hours=30), "week": timedelta(days=8), "month": timedelta(days=32)}
    return bucket_start(start + reach[grain], grain, zone)


def select(
    query: Query, events: list[PricedEvent], workspace: str, start: datetime, end: datetime
) -> list[PricedEvent]:
    zone = ZoneInfo(query.timezone)
    return [
        event
        for event in events
        if event.call.attribution.workspace_id == workspace
        and start <= event.call.started_at < end
        and all(holds(event, condition, zone) for condition in query.filters)
    ]


def answer(
    query: Query,
    events: list[PricedEvent],
    ratings: dict[str, int],
    *,
    workspace: str,
    start: datetime,
    end: datetime,
    top: list[tuple[Any, ...]] | None = None,
) -> dict[tuple[Any, ...], list[Any]]:
    """(bucket start if any, dimension values) → metric values. top: the groups that keep names."""
    zone = ZoneInfo(query.timezone)
    chosen = select(query, events, workspace, start, end)
    groups: dict[tuple[Any, ...], list[PricedEvent]] = {}
    for event in chosen:
        key = tuple(value_of(event, name, zone) for name in query.dimensions)
        if top is not None and key not in top:
            if not query.other:
                continue
            key = (OTHER,) * len(key)
        groups.setdefault(key, []).append(event)
    if not query.dimensions:
        groups.setdefault((), [])
    if query.grain is None:
        return {
            key: [metric(m, group, ratings) for m in query.metrics] for key, group in groups.items()
        }
    found: dict[tuple[Any, ...], list[Any]] = {}
    at = bucket_start(start, query.grain, zone)
    while at < end:
        after = next_bucket(at, query.grain, zone)
        for key, group in groups.items():
            inside = [event for event in group if at <= event.call.started_at < after]
            found[at, *key] = [metric(m, inside, ratings) for m in query.metrics]
        at = after
    return found
