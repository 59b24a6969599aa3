"""Rules of the book in words: schedules, and which ids mean a model."""

from __future__ import annotations

from collections.abc import Iterator

from quotah_server.catalog.book import Match, Period, Weekly
from quotah_server.catalog.plan import seconds

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_RUN = 3
_TO = "\u2013"


def schedule(period: Period) -> str | None:
    """``Mon-Fri 01:00-04:00 UTC, except cn-holidays`` (with dashes); None: at every hour."""
    parts: list[str] = []
    if period.weekly is not None and len(period.weekly.days) < len(_DAYS):
        parts.append(_days(period.weekly))
    if period.daily is not None:
        parts.append(_TO.join(_clock(edge) for edge in period.daily) + " UTC")
    if period.weekly is not None and period.weekly.except_ is not None:
        parts = [" ".join(parts) or "every day", f"except {period.weekly.except_}"]
        return ", ".join(parts)
    return " ".join(parts) or None


def matches(match: Match) -> list[str]:
    """The ids that mean a model, one rule an entry: ``gpt-4o``, ``starts with gpt-4o-``."""
    return list(_rules(match))


def _rules(match: Match) -> Iterator[str]:
    yield from match.equals
    for words, texts in (
        ("starts with", match.starts_with),
        ("ends with", match.ends_with),
        ("contains", match.contains),
        ("matches", match.regex),
    ):
        for text in texts:
            yield f"{words} {text}"
    if match.all:
        yield " and ".join(" or ".join(_rules(part)) for part in match.all)


def _days(weekly: Weekly) -> str:
    """Runs of three days and more as one: ``Mon-Fri``, ``Sat, Sun``."""
    runs: list[list[int]] = []
    for day in sorted(weekly.days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(
        f"{_DAYS[run[0]]}{_TO}{_DAYS[run[-1]]}"
        if len(run) >= _RUN
        else ", ".join(_DAYS[d] for d in run)
        for run in runs
    )


def _clock(edge: str) -> str:
    """Seconds are said only where there are any."""
    minutes, left = divmod(seconds(edge), 60)
    hour = f"{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{hour}:{left:02d}" if left else hour
