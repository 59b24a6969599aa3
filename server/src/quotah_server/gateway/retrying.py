"""What a failed attempt says about another one: whether, and after which pause. Pure functions.

The order is that of the vendors' own clients: ``x-should-retry`` stands above the status, and
``retry-after-ms`` above ``retry-after``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from quotah_server.domain.routing import Retry

NEVER = frozenset(
    {
        "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded", "billing_hard_limit_reached", "billing_not_active",
        "enforced_spend_limit_reached",
    }
)  # fmt: skip
"""Codes of spent money: the same key is not tried again, whatever the status says."""
_SECONDS = re.compile(r"\d{1,9}(?:\.\d*)?")
_DELAY = re.compile(rb'"retryDelay"\s*:\s*"(\d{1,9}(?:\.\d*)?)s"')
"""Google tells the pause in the body."""
_OF_THE_KEY = frozenset({401, 402, 403, 429})


class Setback(msgspec.Struct, frozen=True):
    """Why an attempt is not the last. same_key: its key may be tried once more. of_the_key: another key
    need not wait. wait_s: the pause for which the provider asked."""

    same_key: bool = True
    of_the_key: bool = False
    wait_s: float | None = None


def advice_of(headers: Iterable[tuple[str, str]]) -> bool | None:
    """What ``x-should-retry`` says; None where it is absent."""
    for name, value in headers:
        if name == "x-should-retry":
            return {"true": True, "false": False}.get(value.strip().lower())
    return None


def wait_of(headers: Iterable[tuple[str, str]], now: datetime, body: bytes = b"") -> float | None:
    """Seconds for which the provider asks to wait, ≥ 0; None where it does not say."""
    asked: dict[str, str] = {}
    for name, value in headers:
        if name in ("retry-after", "retry-after-ms"):
            asked[name] = value.strip()
    if _SECONDS.fullmatch(asked.get("retry-after-ms", "")):
        return float(asked["retry-after-ms"]) / 1000
    after = asked.get("retry-after", "")
    if _SECONDS.fullmatch(after):
        return float(after)
    if after:
        return _until(after, now)
    delay = _DELAY.search(body)
    return float(delay[1]) if delay else None


def setback_of(
    retry: Retry, status: int, advice: bool | None, wait_s: float | None, code: str | None
) -> Setback | None:
    """What an answer with this status means for a further attempt; None: it is passed on."""
    if advice is not True and status not in retry.statuses:
        return None
    spent = code in NEVER
    return Setback(
        same_key=not spent and advice is not False,
        of_the_key=spent or status in _OF_THE_KEY,
        wait_s=wait_s,
    )


def backoff_s(retry: Retry, tries: int, draw: float) -> float:
    """The pause after so many tries; up to a quarter less, by a number of [0, 1), so that callers who
    failed together do not come back together."""
    doubled = retry.backoff_ms * 2 ** min(tries - 1, 30)
    return min(doubled, retry.max_backoff_ms) * (1 - draw / 4) / 1000


def _until(date: str, now: datetime) -> float | None:
    try:
        at = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
