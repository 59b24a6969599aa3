"""What the history shows: rhythm, growth, a spike, failures with retries, tails, prompts that change."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.ids import id_time
from quotah_server.features.samples import cast
from quotah_server.features.samples.plan import hours, spread, user_bands
from quotah_server.store.events.duckdb import DuckDBEventStore

from .conftest import DAYS, END, EVENTS, plan_of


def ask(store: DuckDBEventStore, sql: str) -> list[tuple[object, ...]]:
    return store.query(sql).rows


def test_office_hours_of_the_zone_are_busier_than_nights_and_weekends() -> None:
    plan, zone = plan_of(), ZoneInfo("America/New_York")
    calls = {"office": [0, 0], "night": [0, 0], "weekend": [0, 0]}
    for hour in hours(plan):
        local = datetime.fromtimestamp(hour.start_ms / 1000, zone)
        kind = "night" if local.hour < 6 else "weekend" if local.weekday() > 4 else "office"
        calls[kind][0] += hour.slots
        calls[kind][1] += 1
    pace = {kind: slots / count for kind, (slots, count) in calls.items()}
    assert pace["office"] > 2 * pace["weekend"] > 2 * pace["night"]


def test_weekdays_have_more_events_than_weekend_days(seeded: DuckDBEventStore) -> None:
    weekday, weekend = ask(
        seeded,
        "SELECT count(*) / count(DISTINCT ts::DATE) FROM events"
        " GROUP BY isodow(ts) > 5 ORDER BY isodow(ts) > 5",
    )
    assert weekday[0] > 2 * weekend[0]


def test_traffic_grows_over_the_period() -> None:
    slots = [hour.slots for hour in hours(plan_of(days=70))]
    assert sum(slots[-7 * 24 :]) > 1.2 * sum(slots[: 7 * 24])


def test_hours_hold_every_event_once_and_lie_within_the_period() -> None:
    plan = plan_of(events=1_003, days=3)
    found = hours(plan)
    assert [hour.first_n for hour in found] == [
        sum(h.slots for h in found[:i]) for i in range(len(found))
    ]
    assert sum(hour.slots for hour in found) == 1_003
    assert found[0].start_ms == plan.start_ms
    assert all(hour.start_ms + hour.span_ms <= plan.end_ms for hour in found)


def test_every_call_starts_and_ends_within_the_period(seeded: DuckDBEventStore) -> None:
    first, last = ask(
        seeded, "SELECT min(ts), max(ts + to_microseconds((latency_ms * 1000)::BIGINT)) FROM events"
    )[0]
    naive = END.replace(tzinfo=None)
    assert first >= naive - timedelta(days=DAYS)
    assert last <= naive


def test_one_feature_spends_a_multiple_of_its_usual_for_some_hours(
    seeded: DuckDBEventStore,
) -> None:
    spent = ask(
        seeded,
        "SELECT date_trunc('hour', ts) AS hour, sum(cost) AS usd FROM events"
        f" WHERE feature = '{cast.LOOPING_FEATURE}' AND model = '{cast.LOOPING_MODEL}'"
        " GROUP BY hour ORDER BY usd DESC",
    )
    total = float(sum(usd for _, usd in spent))
    top = sorted(hour for hour, _ in spent[:5])
    assert sum(float(usd) for _, usd in spent[:5]) > 0.5 * total
    assert top[-1] - top[0] <= timedelta(hours=5), "the costly hours follow each other"


def test_the_spike_shows_in_the_cost_of_its_day(seeded: DuckDBEventStore) -> None:
    days = [usd for (usd,) in ask(seeded, "SELECT sum(cost) FROM events GROUP BY ts::DATE")]
    assert max(days) > 2 * sorted(days)[-2]


def test_attempts_of_a_call_follow_each_other_and_the_last_is_final(
    seeded: DuckDBEventStore,
) -> None:
    chains = ask(
        seeded,
        "SELECT list(attempt ORDER BY attempt), list(final ORDER BY attempt),"
        " list(status ORDER BY attempt), list(epoch_us(ts) ORDER BY attempt),"
        " list(epoch_us(ts) + latency_ms * 1000 ORDER BY attempt),"
        " count(DISTINCT (user_id, model, feature)) FROM events GROUP BY call_id",
    )
    longest = max(len(attempts) for attempts, *_ in chains)
    assert longest > 1
    for attempts, final, statuses, starts, ends, identities in chains:
        assert attempts == list(range(1, len(attempts) + 1))
        assert final == [False] * (len(final) - 1) + [True]
        assert set(statuses[:-1]) <= {"error"}
        assert all(start >= end for start, end in zip(starts[1:], ends, strict=False))
        assert identities == 1


def test_ids_are_version_7_and_tell_when_the_call_started(seeded: DuckDBEventStore) -> None:
    rows = ask(seeded, "SELECT event_id, call_id, attempt, ts FROM events LIMIT 5000")
    for event_id, call_id, attempt, started in rows:
        assert (event_id.version, event_id.variant) == (7, uuid.RFC_4122)
        assert id_time(event_id.hex) == started.replace(tzinfo=UTC)
        assert (id_time(call_id.hex) == id_time(event_id.hex)) is (attempt == 1)


def test_failures_are_few_and_of_every_kind(seeded: DuckDBEventStore) -> None:
    share = ask(seeded, "SELECT avg((status = 'error')::INT) FROM events WHERE final")[0][0]
    assert 0.005 < share < 0.03
    kinds = {kind for (kind,) in ask(seeded, "SELECT DISTINCT error_class FROM events")}
    assert {"rate_limited", "server_error", "timeout", "overloaded", "invalid_request"} <= kinds
    assert ask(seeded, "SELECT count(*) > 0 FROM events WHERE status = 'cancelled'") == [(True,)]


def test_an_outage_shows_in_its_providers_hours() -> None:
    sick = [hour.sick for hour in hours(plan_of())]
    assert set(sick) == {"", "openai", "anthropic"}


def test_slowest_calls_are_far_slower_than_the_median(seeded: DuckDBEventStore) -> None:
    p50, p99 = ask(
        seeded,
        "SELECT median(latency_ms), quantile_cont(latency_ms, 0.99) FROM events"
        " WHERE model = 'gpt-4o' AND status = 'success'",
    )[0]
    assert p99 > 4 * p50


def test_first_bytes_come_before_the_end_and_in_streams_only(seeded: DuckDBEventStore) -> None:
    assert ask(
        seeded,
        "SELECT count(*) FROM events WHERE ttft_ms > latency_ms OR (ttft_ms IS NOT NULL) <>"
        " (streaming AND status <> 'error')",
    ) == [(0,)]


def test_prompt_versions_replace_each_other(seeded: DuckDBEventStore) -> None:
    mids = ask(
        seeded,
        "SELECT prompt, prompt_version, avg(epoch_ms(ts)) AS mid FROM events"
        " WHERE prompt IS NOT NULL GROUP BY ALL ORDER BY prompt, prompt_version",
    )
    prompts = {prompt for prompt, _, _ in mids}
    assert len(prompts) == sum(feature.prompt is not None for feature in cast.FEATURES)
    for prompt in prompts:
        times = [mid for name, _, mid in mids if name == prompt]
        assert times == sorted(times)
        assert len(times) > 1


def test_a_tenth_of_the_users_makes_most_of_the_calls(seeded: DuckDBEventStore) -> None:
    calls = [
        n
        for (n,) in ask(seeded, "SELECT count(*) AS n FROM events GROUP BY user_id ORDER BY n DESC")
    ]
    assert len(calls) > 150
    assert sum(calls[: len(calls) // 10]) > 0.4 * EVENTS


def test_ratings_belong_to_successful_calls_and_fall_within_the_period(
    seeded: DuckDBEventStore,
) -> None:
    total, matched, late = ask(
        seeded,
        "SELECT count(*), count(e.call_id), count(*) FILTER (f.ts >= TIMESTAMP"
        f" '{END:%Y-%m-%d %H:%M:%S}' OR f.ts <= e.ts) FROM feedback AS f LEFT JOIN events AS e"
        " ON e.call_id = f.call_id AND e.final AND e.status = 'success'",
    )[0]
    assert 0.02 * EVENTS < total == matched
    assert late == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("events", 0), ("events", 10**9), ("days", 0), ("days", 5_000), ("zone", "Mars/Olympus"),
     ("end", END.replace(tzinfo=None)), ("seed", -1)],
)  # fmt: skip
def test_a_value_out_of_its_range_is_named(field: str, value: object) -> None:
    with pytest.raises(InvalidInputError) as refused:
        plan_of(**{field: value})
    assert refused.value.field == field


def test_weighted_choices_fill_their_share_of_buckets() -> None:
    assert spread([1, 2, 1], 8) == [0, 0, 1, 1, 1, 1, 2, 2]


def test_user_bands_cover_every_user() -> None:
    bands = list(user_bands(700))
    assert {user for _, first, n in bands for user in range(first, first + n)} == set(range(700))
    assert len(bands) == 1_024


def test_a_history_of_one_event_has_one() -> None:
    assert sum(hour.slots for hour in hours(plan_of(events=1, days=1))) == 1
