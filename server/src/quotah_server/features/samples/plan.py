"""A plan of a sample history: how many calls fall into each hour, and what SQL draws from.

Whole numbers only: a float's last digit may differ between machines, and the same seed must give
the same rows everywhere. The bell curves are rounded to integers here, once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import NormalDist
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from quotah_server.domain.errors import InvalidInputError
from quotah_server.features.samples import cast

MAX_EVENTS = 100_000_000
MAX_DAYS = 1_000
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
DRAW = 2**20
"""Draws are whole numbers from 0 to DRAW - 1."""
BUCKETS = 128
"""Resolution of a weighted choice."""
ERAS = 24
"""Steps in which the mix of models and prompt versions moves from the start to the end."""
CURVE_POINTS = 4_096
SIGMAS = {"narrow": 0.25, "medium": 0.55, "wide": 0.8}

_HOUR_MS = 3_600_000
_TAIL_MS = 180_000
"""No call starts in the last three minutes, so that every call has ended before ``end``."""
_SPIKE_AT = 82
"""Per cent of the period after which the cost spike begins."""
_SPIKE_HOURS = 5
_SPIKE_CALLS = 8
"""Calls of the spike, in per cent of an average day's calls."""
_OUTAGES = ((27, 2, "anthropic"), (61, 3, "openai"))
"""(per cent of the period, hours, provider)."""


class SeedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What decides every row. events: exact number of rows. days: length of the period.

    end: aware; the history ends here. zone: IANA name of the time zone whose days and weeks the
    traffic follows.
    Raises InvalidInputError naming the field that is out of its range.
    """

    events: int
    days: int
    seed: int
    workspace_id: str
    project_id: str
    end: datetime
    zone: str = "UTC"

    def __post_init__(self) -> None:
        _check("events", self.events, MAX_EVENTS)
        _check("days", self.days, MAX_DAYS)
        if self.seed < 0:
            raise InvalidInputError("seed must be 0 or greater", field="seed")
        if self.end.tzinfo is None:
            raise InvalidInputError("end needs a time zone", field="end")
        if not self.end - timedelta(days=self.days) >= _EARLIEST:
            raise InvalidInputError(
                f"the history would begin before {_EARLIEST.year}", field="end",
                hint="a later end, or fewer days",
            )  # fmt: skip
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError) as error:
            raise InvalidInputError(f"{self.zone!r} is no time zone", field="zone") from error

    @property
    def end_ms(self) -> int:
        return (self.end - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)

    @property
    def start_ms(self) -> int:
        return self.end_ms - self.days * 24 * _HOUR_MS

    @property
    def users(self) -> int:
        """How many end users appear: 200 to 2,000."""
        return max(200, min(2_000, self.events // 100))


class Hour(NamedTuple):
    """Calls first_n … first_n + slots - 1 start between start_ms and start_ms + span_ms.

    loop: draws below it belong to the cost spike. sick: the provider that fails often in this hour.
    """

    first_n: int
    slots: int
    start_ms: int
    span_ms: int
    era: int
    office: bool
    loop: int
    sick: str


def _check(field: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise InvalidInputError(f"{field} must be 1 to {most:,}, not {value:,}", field=field)


def hours(plan: SeedPlan) -> list[Hour]:
    """Spread the calls over the hours: rhythm of day and week, slow growth, one spike."""
    zone, last_ms = ZoneInfo(plan.zone), plan.end_ms - _TAIL_MS
    starts = [plan.start_ms]
    starts += range((plan.start_ms // _HOUR_MS + 1) * _HOUR_MS, last_ms, _HOUR_MS)
    spans = [end - start for start, end in zip(starts, [*starts[1:], last_ms], strict=True)]
    shapes = [_weight(plan, zone, at, span) for at, span in zip(starts, spans, strict=True)]
    spike = _window(len(starts), _SPIKE_AT, _SPIKE_HOURS)
    extra = sum(weight for weight, _ in shapes) * _SPIKE_CALLS // (100 * plan.days * len(spike))
    sick = {i: who for at, n, who in _OUTAGES for i in _window(len(starts), at, n)}

    total = sum(weight for weight, _ in shapes) + extra * len(spike)
    found: list[Hour] = []
    before = 0
    for i, (weight, office) in enumerate(shapes):
        loop = extra * DRAW // (weight + extra) if i in spike else 0
        after = before + weight + (extra if i in spike else 0)
        first, stop = plan.events * before // total, plan.events * after // total
        era = i * ERAS // len(starts)
        found.append(
            Hour(first, stop - first, starts[i], spans[i], era, office, loop, sick.get(i, ""))
        )
        before = after
    return found


def _weight(plan: SeedPlan, zone: ZoneInfo, at_ms: int, span_ms: int) -> tuple[int, bool]:
    local = datetime.fromtimestamp(at_ms // 1000, zone)
    age = (at_ms - plan.start_ms) * 100 // (plan.end_ms - plan.start_ms)
    growth = 100 + 45 * age // 100
    rhythm = cast.HOUR_WEIGHTS[local.hour] * cast.WEEKDAY_WEIGHTS[local.weekday()]
    office = local.hour in cast.OFFICE_HOURS and local.weekday() not in cast.WEEKEND
    return rhythm * growth * span_ms, office


def _window(hours_of_period: int, per_cent: int, length: int) -> range:
    first = hours_of_period * per_cent // 100
    return range(first, min(first + length, hours_of_period))


def spread(weights: Sequence[int], buckets: int = BUCKETS) -> list[int]:
    """Lay weighted choices out over buckets: bucket → index of the choice."""
    total = sum(weights)
    edges = [sum(weights[: i + 1]) * buckets // total for i in range(len(weights))]
    return [next(i for i, edge in enumerate(edges) if bucket < edge) for bucket in range(buckets)]


def feature_picks() -> Iterator[tuple[bool, int, int]]:
    """(office hours?, bucket, feature)."""
    for office in (True, False):
        weights = [f.weight if office else f.off_weight for f in cast.FEATURES]
        yield from ((office, bucket, pick) for bucket, pick in enumerate(spread(weights)))


def model_picks() -> Iterator[tuple[int, int, int, int]]:
    """(feature, era, bucket, model): from the mix ``before`` to the mix ``after``, evenly."""
    place = {model.name: i for i, model in enumerate(cast.MODELS)}
    for number, feature in enumerate(cast.FEATURES):
        names = list(dict.fromkeys([*feature.before, *feature.after]))
        for era in range(ERAS):
            weights = [
                feature.before.get(name, 0) * (ERAS - 1 - era) + feature.after.get(name, 0) * era
                for name in names
            ]
            for bucket, pick in enumerate(spread(weights)):
                yield number, era, bucket, place[names[pick]]


def version_picks() -> Iterator[tuple[int, int, int, str]]:
    """(feature, era, bucket, prompt version): versions take over from each other bit by bit."""
    for number, feature in enumerate(cast.FEATURES):
        for era in range(ERAS if feature.versions else 0):
            for bucket, pick in enumerate(spread(_versions_at(era, feature.versions))):
                yield number, era, bucket, str(pick + 1)


def _versions_at(era: int, versions: int) -> list[int]:
    weights = [0] * versions
    for part in range(12):
        at = era * versions * 12 // ERAS + part - 6
        weights[max(0, min(versions - 1, at // 12))] += 1
    return weights


def curves() -> Iterator[tuple[str, int, int]]:
    """(name, point, per mille of the median): log-normal curves, by their quantiles."""
    bell = NormalDist()
    for name, sigma in SIGMAS.items():
        for point in range(CURVE_POINTS):
            z = bell.inv_cdf((point + 0.5) / CURVE_POINTS)
            yield name, point, round(math.exp(sigma * z) * 1_000)


def user_bands(users: int, bands: int = 1_024) -> Iterator[tuple[int, int, int]]:
    """(band, first user, how many users): the user of rank r makes calls in proportion to 1 / r."""
    edges = [0]
    for rank in range(1, users + 1):
        edges.append(edges[-1] + 10**9 // rank)
    user = 0
    for band in range(bands):
        while user < users - 1 and edges[user + 1] * bands <= edges[-1] * band:
            user += 1
        last = user
        while last < users - 1 and edges[last + 1] * bands < edges[-1] * (band + 1):
            last += 1
        yield band, user, last - user + 1


def failure_picks() -> Iterator[tuple[str, int, str, int | None, int]]:
    """(provider, bucket, error class, HTTP status, median wait in ms)."""
    for provider in dict.fromkeys(failure.provider for failure in cast.FAILURES):
        ways = [failure for failure in cast.FAILURES if failure.provider == provider]
        for bucket, pick in enumerate(spread([way.weight for way in ways])):
            way = ways[pick]
            yield provider, bucket, way.error_class, way.http_status, way.wait_ms


def named_picks(choices: Iterable[tuple[str, int]]) -> list[str]:
    """Bucket → name, of weighted names."""
    names, weights = zip(*choices, strict=True)
    return [names[pick] for pick in spread(weights)]
