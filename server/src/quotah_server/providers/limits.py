"""What an answer says of its provider's limits: headers of every family, and bodies of 429 answers.

Families are data: how a header's name says which part of which limit its value is. Values say by
themselves what they are, so that one reader serves all: a Go duration (``6m0s``), seconds, seconds or
milliseconds since 1970, RFC 3339. Whatever makes no sense is left out; nothing here raises on what a
provider sends.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec

from quotah_server.domain.gateway_state import Source

MINUTE, HOUR, DAY, MONTH = 60, 3_600, 86_400, 2_592_000
_TOO_MANY_REQUESTS = 429
_MOST = 10**15
_MOST_TEXT = 64
_MOST_LIMITS = 32
"""Limits read of one answer."""
_LONGEST = timedelta(days=400)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_SINCE_1970, _MILLISECONDS_SINCE_1970 = 10**9, 10**12


class Found(msgspec.Struct):
    """One limit as an answer tells it. group: the models that share it; None: of the model called.
    Otherwise as in ``domain.gateway_state.RateLimit``."""

    dimension: str
    group: str | None = None
    limit: int | None = None
    remaining: int | None = None
    utilization: float | None = None
    window_s: int | None = None
    resets_at: datetime | None = None
    status: str | None = None
    source: Source = "header"


class Family(msgspec.Struct, frozen=True):
    """Headers of one shape. name: of the header, with ``part`` (limit, remaining, reset, status,
    utilization) and, where it is said, ``what``. dimension: where the name does not say, or its prefix.
    group: "" where the limit is one for all models."""

    name: re.Pattern[str]
    dimension: str = ""
    window_s: int | None = None
    group: str | None = None


def _family(
    name: str, dimension: str = "", window_s: int | None = None, group: str | None = None
) -> Family:
    part = "(?P<part>limit|remaining|reset|utilization|status)"
    what = "(?P<what>[a-z0-9][a-z0-9_-]{0,48}?)"
    pattern = name.replace("PART", part).replace("WHAT", what)
    return Family(re.compile(pattern + r"\Z"), dimension, window_s, group)


FAMILIES = (
    _family("anthropic-ratelimit-unified-(?:WHAT-)?PART", "unified", group=""),
    _family("anthropic-ratelimit-WHAT-PART"),
    _family("anthropic-WHAT-PART"),
    _family("x-ratelimit-PART-WHAT"),
    _family("x-ratelimit-PART", "requests"),
    _family("x-tokenlimit-PART", "tokens"),
    _family("x-ratelimitbysize-PART-WHAT", "tokens"),
    _family("ratelimitbysize-PART", "tokens"),
    _family("x-endpoint-monthly-call-PART", "calls_per_month", MONTH, group=""),
    _family("x-trial-endpoint-call-PART", "trial_calls", MINUTE, group=""),
)
"""The first that fits a header's name reads it."""
HINTS = ("ratelimit", "anthropic-", "x-tokenlimit", "endpoint-")
"""One of these is in the name of every header of a family."""

_SPANS = {
    "second": 1, "minute": MINUTE, "min": MINUTE, "hour": HOUR, "day": DAY, "month": MONTH,
    "5h": 5 * HOUR, "7d": 7 * DAY,
}  # fmt: skip
_SAME = {"req": "requests", "request": "requests", "token": "tokens", "calls": "requests"}
_PER_MINUTE = frozenset({"requests", "tokens", "input_tokens", "output_tokens", "project_tokens"})
_WINDOWS: Mapping[str, Mapping[str, int]] = {
    **dict.fromkeys(
        ("openai", "anthropic", "azure", "mistral", "together", "cerebras", "xai", "fireworks"),
        dict.fromkeys(_PER_MINUTE, MINUTE),
    ),
    "groq": {"requests": DAY, "tokens": MINUTE},
}
"""Over how long providers count whose headers do not say."""
_ONE_FOR_ALL = frozenset({"openrouter"})
"""Providers whose limits are the account's, whatever the model."""

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+\Z")
_STEP = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")
_STEPS_S = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0,
}  # fmt: skip


def read(
    provider: str,
    status: int,
    headers: Iterable[tuple[str, str]],
    body: bytes | None,
    at: datetime,
) -> list[Found]:
    """The limits that an answer tells of. headers: names in lower case. body: of a 429. at: when it came."""
    found: dict[str, Found] = {}
    retry_at: datetime | None = None
    for name, value in headers:
        if name in ("retry-after", "retry-after-ms"):
            early = instant(value + ("ms" if name.endswith("ms") else ""), at)
            retry_at = early or retry_at
        elif len(found) < _MOST_LIMITS and any(hint in name for hint in HINTS):
            _header(found, provider, name, value, at)
    told = [one for one in found.values() if _says_something(one)]
    if status == _TOO_MANY_REQUESTS:
        told += _of_body(body, at)
        if retry_at is not None and not any(one.remaining == 0 for one in told):
            told.append(Found("any", remaining=0, resets_at=retry_at, status="limited"))
    return told[:_MOST_LIMITS]


# --- headers --------------------------------------------------------------------------------------


def _header(found: dict[str, Found], provider: str, name: str, value: str, at: datetime) -> None:
    for family in FAMILIES:
        match = family.name.match(name)
        if match is not None:
            break
    else:
        return
    dimension, window_s = _dimension(family, match.groupdict().get("what") or "")
    one = found.get(dimension)
    if one is None:
        known = _WINDOWS.get(provider, {}).get(dimension)
        group = "" if provider in _ONE_FOR_ALL else family.group
        one = found[dimension] = Found(
            dimension, group, window_s=window_s or family.window_s or known
        )
    _put(one, match["part"], value, at)


def _dimension(family: Family, what: str) -> tuple[str, int | None]:
    """The dimension that a name means, and its window where the name says it."""
    words = [word for word in re.split("[-_]", what) if word]
    window_s = _SPANS.get(words[-1]) if words else None
    if family.dimension == "unified":
        return "_".join(["unified", *words]), _SPANS.get(words[0]) if words else None
    if window_s is not None:
        span = words.pop()
        if window_s != MINUTE:
            words += ["per", span]
    if family.dimension:
        words.insert(0, family.dimension)
    words = [_SAME.get(word, word) for word in words]
    return "_".join(words) or "requests", window_s


def _put(one: Found, part: str, value: str, at: datetime) -> None:
    text = value.strip()[:_MOST_TEXT]
    match part:
        case "limit":
            number = _number(text)
            one.limit = _count(number)
            if number is not None and number < 0:
                one.status = "unlimited"
        case "remaining":
            one.remaining = _count(_number(text))
        case "utilization":
            number = _number(text)
            one.utilization = number if number is not None and 0 <= number <= 100 else None
        case "reset":
            one.resets_at = instant(text, at)
        case _:
            one.status = text if text.isascii() and text.isprintable() else None


def _says_something(one: Found) -> bool:
    """A negative limit means that there is none; what remains of it then means nothing."""
    if one.status == "unlimited":
        return False
    told = (one.limit, one.remaining, one.utilization, one.resets_at, one.status)
    return any(part is not None for part in told)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _count(number: float | None) -> int | None:
    return int(number) if number is not None and 0 <= number <= _MOST else None


def instant(text: str, at: datetime) -> datetime | None:
    """When something resets: a duration or seconds from ``at``, or a point in time; None for what is
    neither, or farther away than any limit reaches."""
    try:
        found = _instant(text.strip()[:_MOST_TEXT], at)
    except (ValueError, OverflowError):
        return None
    return found if found is not None and abs(found - at) <= _LONGEST else None


def _instant(text: str, at: datetime) -> datetime | None:
    number = _number(text)
    if number is None:
        if _DURATION.match(text):
            seconds = sum(float(n) * _STEPS_S[unit] for n, unit in _STEP.findall(text))
            return at + timedelta(seconds=seconds)
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if number >= _MILLISECONDS_SINCE_1970:
        return _EPOCH + timedelta(milliseconds=number)
    if number >= _SECONDS_SINCE_1970:
        return _EPOCH + timedelta(seconds=number)
    return at + timedelta(seconds=number) if number >= 0 else None


# --- bodies of 429 --------------------------------------------------------------------------------

_PER = re.compile(r"Per(Minute|Day|Hour|Month)")
_PACIFIC = "America/Los_Angeles"
"""Where the days of Google's daily quotas begin."""
_SENTENCE = re.compile(
    r"on (?P<what>[a-z ]{3,40}) per (?P<span>min|minute|hour|day)\b[^:]{0,20}:"
    r" Limit:? (?P<limit>\d{1,15})(?:, Used:? (?P<used>\d{1,15}))?"
    r"(?:, Requested:? (?P<asked>\d{1,15}))?"
    r"(?:.{0,8}?Please try again in (?P<wait>[0-9a-zµ.]{1,24}))?"
)
"""As OpenAI, and Groq after it, word a 429."""


def _of_body(body: bytes | None, at: datetime) -> list[Found]:
    try:
        parsed = msgspec.json.decode(body) if body else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    if isinstance(parsed, list) and parsed:
        parsed = cast("list[object]", parsed)[0]
    error = cast("dict[str, Any]", parsed).get("error") if isinstance(parsed, dict) else None
    if not isinstance(error, dict):
        return []
    return [*_of_quotas(cast("dict[str, Any]", error), at), *_of_message(error.get("message"), at)]


def _of_quotas(error: Mapping[str, Any], at: datetime) -> Iterator[Found]:
    """Google's ``QuotaFailure``, with the delay of its ``RetryInfo``."""
    details = [one for one in _list(error.get("details")) if isinstance(one, dict)]
    delay = next((one["retryDelay"] for one in details if "retryDelay" in one), None)
    retry_at = instant(delay, at) if isinstance(delay, str) else None
    for detail in details:
        for violation in _list(detail.get("violations"))[:_MOST_LIMITS]:
            if isinstance(violation, dict):
                yield _of_violation(cast("dict[str, Any]", violation), retry_at, at)


def _of_violation(violation: Mapping[str, Any], retry_at: datetime | None, at: datetime) -> Found:
    quota, metric = str(violation.get("quotaId", "")), str(violation.get("quotaMetric", ""))
    said = f"{quota} {metric}".lower().replace("_", "")
    tokens = "input_tokens" if "inputtoken" in said else "tokens"
    dimension = tokens if "token" in said else "requests"
    span = _PER.search(quota)
    name = span[1].lower() if span else ""
    value = violation.get("quotaValue")
    model = _of(violation.get("quotaDimensions"), "model")
    return Found(
        dimension if name in ("", "minute") else f"{dimension}_per_{name}",
        group=model[:256] if isinstance(model, str) else None if "PerModel" in quota else "",
        limit=_count(_number(str(value)[:_MOST_TEXT])) if value is not None else None,
        remaining=0,
        window_s=_SPANS.get(name),
        resets_at=_next_midnight(at) if name == "day" else retry_at,
        status="limited",
        source="429_body",
    )


def _of_message(message: object, at: datetime) -> Iterator[Found]:
    match = _SENTENCE.search(message[:2_000]) if isinstance(message, str) else None
    if match is None:
        return
    what = _SAME.get(match["what"].strip(), match["what"].strip()).replace(" ", "_")
    span = "minute" if match["span"].startswith("min") else match["span"]
    limit, used = int(match["limit"]), match["used"]
    yield Found(
        what if span == "minute" else f"{what}_per_{span}",
        limit=limit,
        remaining=max(0, limit - int(used)) if used else 0,
        window_s=_SPANS[span],
        resets_at=instant(match["wait"].rstrip("."), at) if match["wait"] else None,
        status="limited",
        source="429_body",
    )


def _next_midnight(at: datetime) -> datetime:
    local = at.astimezone(ZoneInfo(_PACIFIC)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (local + timedelta(days=1)).astimezone(UTC)


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _of(value: object, name: str) -> object:
    return cast("dict[str, object]", value).get(name) if isinstance(value, dict) else None
