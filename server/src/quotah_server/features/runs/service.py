"""Runs for people: pages, one in full with its arithmetic, and what was thought of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import msgspec

from quotah_server.analytics.query import Filter
from quotah_server.catalog.sentence import sentence
from quotah_server.domain.errors import InvalidInputError, NotFoundError
from quotah_server.domain.ids import prefixed
from quotah_server.domain.money import usd_text
from quotah_server.domain.scope import Scope
from quotah_server.features.runs.repository import Place, Record, RunRepository
from quotah_server.features.runs.schemas import (
    AttemptOut,
    AttributionOut,
    CostSplitOut,
    FeedbackIn,
    FeedbackOut,
    LineItemOut,
    RunDetail,
    RunOut,
    RunPage,
    UsageOut,
)
from quotah_server.http.pagination import decode_cursor, encode_cursor
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.pipeline.reprice import Stored, explained
from quotah_server.store.books import BookShelf
from quotah_server.store.events.base import EventStore, Feedback

_CURSOR_PARTS = 2
_MAX_DEPTH = 64
_CUT_OFF = "…"


class RunService:
    """Reads and rates runs. Blocks; endpoints call it in a thread. books: by version."""

    def __init__(self, store: EventStore, books: BookShelf, *, clock: Clock = utc_now) -> None:
        self._store, self._books, self._clock = store, books, clock
        self._runs = RunRepository(store)

    def page(
        self,
        scope: Scope,
        filters: Sequence[Filter],
        *,
        start: datetime | None,
        end: datetime | None,
        cursor: str | None,
        limit: int,
    ) -> RunPage:
        """A page of runs, newest first."""
        before = _place(cursor) if cursor else None
        found = self._runs.page(
            scope, filters, start=start, end=end, before=before, limit=limit + 1
        )
        more, found = len(found) > limit, found[:limit]
        last = found[-1] if more else None
        place = encode_cursor(_utc(last["ts"]).isoformat(), last["event_id"].hex) if last else None
        return RunPage(items=self._shaped(scope, found), next_cursor=place)

    def of_events(self, workspace_id: str, event_ids: Sequence[str]) -> list[RunOut]:
        """The runs that ended with some events, oldest first."""
        if not event_ids:
            return []
        scope = Scope(workspace_id)
        return self._shaped(scope, self._runs.finals(scope, event_ids))

    def detail(self, scope: Scope, run_id: str) -> RunDetail:
        """A run by its id or that of one of its events; raises NotFoundError."""
        attempts = self._runs.attempts(scope, run_id)
        if not attempts:
            raise NotFoundError("There is no such run, or not in this workspace.")
        last = next((one for one in reversed(attempts) if one["final"]), attempts[-1])
        word = self._runs.feedback(scope, [last["call_id"].hex]).get(last["call_id"].hex, {})
        known = [one["cost"] for one in attempts if one["cost"] is not None]
        base = _run(last, sum(known, Decimal(0)) if known else None, word, len(attempts))
        more = {
            name: last[name]
            for name in (
                "price_version", "cost_reason", "service_tier", "region", "request_id", "trace_id",
                "span_id", "parent_span_id", "provider_response_id", "provider_request_id",
            )
        }  # fmt: skip
        return RunDetail(
            **base.model_dump(),
            **more,
            credential_name=None,
            attempt_list=[_attempt(one) for one in attempts],
            line_items=self._line_items(last),
            cost_split=_split(last),
            raw_usage=_json(last["raw_usage"]),
            usage_flags=_json(last["usage_flags"]) or [],
            comment=word.get("comment"),
        )

    @staticmethod
    def named(detail: RunDetail, names: Mapping[str, str]) -> RunDetail:
        """The run with the names of its provider keys (id → name), where these still exist."""
        detail.credential_name = names.get(detail.credential_id or "")
        for one in detail.attempt_list:
            one.credential_name = names.get(one.credential_id or "")
        return detail

    def rate(self, scope: Scope, run_id: str, word: FeedbackIn) -> FeedbackOut:
        """Keep a word on a run; raises NotFoundError."""
        attempts = self._runs.attempts(scope, run_id)
        if not attempts:
            raise NotFoundError("There is no such run, or not in this workspace.")
        call_id = attempts[0]["call_id"].hex
        self._store.put_feedback(
            Feedback(
                scope.workspace_id,
                call_id,
                self._clock(),
                rating=word.rating,
                success=word.success,
                comment=word.comment,
            )
        )
        return FeedbackOut(run_id=prefixed("run", call_id), **word.model_dump())

    def _shaped(self, scope: Scope, records: list[Record]) -> list[RunOut]:
        calls = [record["call_id"].hex for record in records]
        retried = [one["call_id"].hex for one in records if one["attempt"] > 1]
        costs = self._runs.costs(scope, retried)
        words = self._runs.feedback(scope, calls)
        return [
            _run(one, costs.get(call, one["cost"]), words.get(call, {}), one["attempt"])
            for one, call in zip(records, calls, strict=True)
        ]

    def _line_items(self, record: Record) -> list[LineItemOut]:
        """The sum again, from the book that priced it; empty where that book is gone."""
        book = self._books.get(record["price_version"])
        found = (
            explained(Stored(*(record[name] for name in Stored._fields)), book) if book else None
        )
        if book is None or found is None:
            return []
        return [
            LineItemOut(
                unit=item.unit,
                quantity=item.quantity,
                rate_usd=usd_text(item.rate_usd),
                per=item.per,
                amount_usd=usd_text(item.amount_usd),
                rule=item.rule,
                model=item.model or None,
                text=sentence(item, book),
            )
            for item in found.items
        ]


def _run(record: Record, cost: Decimal | None, word: Record, attempts: int) -> RunOut:
    return RunOut(
        id=prefixed("run", record["call_id"].hex),
        event_id=prefixed("evt", record["event_id"].hex),
        started_at=_utc(record["ts"]),
        ended_at=_end(record),
        cost_usd=_usd(cost),
        attempts=attempts,
        usage=UsageOut(
            input_tokens=record["input_tokens"],
            output_tokens=record["output_tokens"],
            cache_read_input_tokens=record["cache_read_tokens"],
            cache_write_input_tokens=record["cache_write_tokens"],
            reasoning_output_tokens=record["reasoning_tokens"],
            units=_json(record["usage_units"]) or {},
        ),
        attribution=AttributionOut(
            project_id=_id("prj", record["project_id"]),
            environment=record["environment"],
            key_id=_id("key", record["key_id"]),
            user=record["user_id"],
            team=record["team"],
            session=record["session_id"],
            feature=record["feature"],
            prompt=record["prompt"],
            prompt_version=record["prompt_version"],
            tags=record["tags"] or {},
        ),
        from_cache=record["from_cache"],
        saved_usd=_usd(record["saved"]),
        route_id=_id("route", record["route_id"]),
        credential_id=_id("cred", record["credential_id"]),
        rating=word.get("rating"),
        success=word.get("success"),
        **{
            name: record[name]
            for name in (
                "provider", "model", "model_requested", "operation", "status", "http_status",
                "error_class", "finish_reason", "streaming", "door", "cost_status", "latency_ms",
                "ttft_ms",
            )
        },
    )  # fmt: skip


def _attempt(record: Record) -> AttemptOut:
    return AttemptOut(
        event_id=prefixed("evt", record["event_id"].hex),
        started_at=_utc(record["ts"]),
        ended_at=_end(record),
        cost_usd=_usd(record["cost"]),
        credential_id=_id("cred", record["credential_id"]),
        credential_name=None,
        **{
            name: record[name]
            for name in (
                "attempt", "final", "provider", "model", "status", "http_status", "error_class",
                "cost_status", "latency_ms", "ttft_ms",
            )
        },
    )  # fmt: skip


def _place(cursor: str) -> Place:
    at, event_id = decode_cursor(cursor, _CURSOR_PARTS)
    try:
        time = datetime.fromisoformat(at)
    except ValueError as error:
        raise InvalidInputError("The cursor is not one of ours.", field="cursor") from error
    hexadecimal = len(event_id) == 32 and all(char in "0123456789abcdef" for char in event_id)
    if time.tzinfo is None or time.utcoffset() or not hexadecimal:
        raise InvalidInputError("The cursor is not one of ours.", field="cursor")
    return time, event_id


def _utc(at: datetime) -> datetime:
    """The store's times are UTC and say so nowhere."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _end(record: Record) -> datetime | None:
    latency = record["latency_ms"]
    return None if latency is None else _utc(record["ts"]) + timedelta(milliseconds=latency)


def _split(record: Record) -> CostSplitOut | None:
    parts = {name: record[f"cost_{name}"] for name in CostSplitOut.model_fields}
    if any(part is None for part in parts.values()):
        return None
    return CostSplitOut(**{name: usd_text(part) for name, part in parts.items()})


def _usd(cost: Decimal | None) -> str | None:
    return None if cost is None else usd_text(cost)


def _id(noun: str, value: str | None) -> str | None:
    return prefixed(noun, value) if value else None


def _json(text: str | None) -> Any:
    """A stored object; a provider may nest it deeper than answers can be, and is cut off there."""
    if text is None:
        return None
    try:
        return _shallow(msgspec.json.decode(text), _MAX_DEPTH)
    except RecursionError:
        return _CUT_OFF


def _shallow(value: Any, levels: int) -> Any:
    if isinstance(value, dict):
        inside = cast("dict[str, Any]", value)
        return {k: _shallow(v, levels - 1) for k, v in inside.items()} if levels else _CUT_OFF
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_shallow(item, levels - 1) for item in items] if levels else _CUT_OFF
    return value
