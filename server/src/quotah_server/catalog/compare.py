"""Two price books side by side: what an update changes, and where our patches contradict the base book.

A rate is looked at wherever it can differ: in every stretch between two dates on which either book
changes, at every hour and weekday a schedule names, for every way of calling that has rates of its own.

    python -m quotah_server.catalog.compare OLD NEW UNPATCHED --today DATE --out FILE

writes ``Findings`` as JSON: ids are matched by the new book's regular expressions, which nobody has
looked at yet, so that a server does it in a child process that can be ended.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from quotah_server.catalog.book import Book, Model, Rate, decode
from quotah_server.catalog.match import resolve
from quotah_server.catalog.sights import Sight, Stretch, rate_beyond, sights, steps, stretches
from quotah_server.domain.money import ratio, usd_text

MAX_FACTOR = 10
"""A rate that changes by more than this, either way, is not believed unseen."""
REMOVED_SHARE = 20
"""At most one model in so many may be gone."""
_NAMED = 3
_DAY = timedelta(days=1)

_Key = tuple[str, str, int]
"""Unit, way of calling, size."""


class RateChange(msgspec.Struct, frozen=True):
    """A rate that differs between two books, shown where it differs most.

    old_usd, new_usd: None where that book names none. ratio: new ÷ old; None where it has no meaning.
    when: the way of calling and the size it is limited to. past: days that are over have another rate.
    """

    provider: str
    model: str
    unit: str
    old_usd: Decimal | None
    new_usd: Decimal | None
    ratio: Decimal | None
    when: str
    past: bool


class Comparison(msgspec.Struct, frozen=True):
    """What tells a new book from an old one: changes, the greatest first; added and removed models as
    (provider, model); how many models the old one has.
    """

    changes: tuple[RateChange, ...]
    added: tuple[tuple[str, str], ...]
    removed: tuple[tuple[str, str], ...]
    models: int


class Disagreement(msgspec.Struct, frozen=True):
    """A rate of ours that contradicts the base book's, in the latest stretch of time in which it does.

    since None: from the beginning on. until: exclusive; None: to this day and on.
    """

    provider: str
    model: str
    unit: str
    ours_usd: Decimal
    theirs_usd: Decimal
    source_ours: str
    source_theirs: str
    per: int
    since: date | None
    until: date | None
    when: str


class Findings(msgspec.Struct, frozen=True):
    """All that is to be said of a new book. reasons: why a person should look at it; [] for none."""

    comparison: Comparison
    disagreements: tuple[Disagreement, ...]
    reasons: list[str]


def compare(old: Book, new: Book, today: date) -> Comparison:
    """What a new book changes for the ids that the old one prices."""
    before, after = _models(old), _models(new)
    changes: list[RateChange] = []
    removed: list[tuple[str, str]] = []
    for key, model in before.items():
        heirs = _heirs(model, old, new) or ([after[key]] if key in after else [])
        if not heirs:
            removed.append(key)
        for heir in heirs:
            if _rated(heir) != _rated(model):
                changes.extend(_changes(model, heir, (old, new), today))
    added = tuple(key for key in after if key not in before)
    changes.sort(key=_weight, reverse=True)
    return Comparison(tuple(changes), added, tuple(removed), len(before))


def reasons_to_hold(found: Comparison, old: Book, new: Book) -> list[str]:
    """Why a person should look at an update before it prices anything; empty: nothing is odd."""
    reasons: list[str] = []
    wild = [change for change in found.changes if _is_wild(change)]
    if wild:
        reasons.append(f"{_rates(wild)} by more than {MAX_FACTOR} times: {_listed(wild)}")
    lost = [c for c in found.changes if c.new_usd is not None and c.new_usd <= 0]
    if lost:
        reasons.append(f"{_rates(lost)} to 0 or less: {_listed(lost)}")
    negative = _negative(new)
    if negative:
        reasons.append(
            f"{len(negative)} models have a rate below 0: {', '.join(negative[:_NAMED])}"
        )
    if len(found.removed) * REMOVED_SHARE > found.models:
        names = ", ".join("/".join(key) for key in found.removed[:_NAMED])
        reasons.append(f"{len(found.removed)} of {found.models} models are gone: {names}")
    odd = _patterns(new) - _patterns(old)
    if odd:
        told = ", ".join(sorted(odd)[:_NAMED])
        reasons.append(f"{len(odd)} regular expressions for model ids are new: {told}")
    past = [change for change in found.changes if change.past]
    if past:
        reasons.append(f"{_rates(past)} for days that are over: {_listed(past)}")
    return reasons


def judge(old: Book, new: Book, unpatched: Book, today: date) -> Findings:
    """Look at a new book from all sides. Raises ValueError for one that cannot be used."""
    for pattern in sorted(_patterns(new)):
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    found = compare(old, new, today)
    return Findings(found, disagreements(new, unpatched, today), reasons_to_hold(found, old, new))


def disagreements(ours: Book, theirs: Book, today: date) -> tuple[Disagreement, ...]:
    """Where a rate of ours stands in place of another one of the base book, current ones first.

    ours: the book with our patches; theirs: the same base without them. What the base book does not
    price at all is no disagreement.
    """
    mine = _models(ours)
    found = [
        one
        for key, model in _models(theirs).items()
        if key in mine and _rated(mine[key]) != _rated(model)
        for one in _contradictions(mine[key], model, (ours, theirs), today)
    ]
    return tuple(sorted(found, key=lambda one: (_is_over(one, today), one.provider, one.model)))


def _is_over(one: Disagreement, today: date) -> bool:
    return one.until is not None and one.until <= today


def _models(book: Book) -> dict[tuple[str, str], Model]:
    return {(m.provider, m.model): m for name in book.providers for m in book.models(name)}


def _rated(model: Model) -> tuple[object, ...]:
    return model.periods, model.variants


def _heirs(model: Model, old: Book, new: Book) -> list[Model]:
    """The models of a new book that mean what ids of this one meant."""
    heirs: list[Model] = []
    for model_id in (model.model, *model.match.equals):
        if resolve(old, model.provider, model_id) is not model:
            continue  # an earlier model of the book takes this id
        heir = resolve(new, model.provider, model_id)
        if heir is not None and heir not in heirs:
            heirs.append(heir)
    return heirs


def _changes(
    model: Model, heir: Model, books: tuple[Book, Book], today: date
) -> Iterator[RateChange]:
    """One change per unit and way: the greatest from today on, else the greatest of the past."""
    greatest: dict[tuple[str, str], tuple[tuple[bool, Decimal], RateChange]] = {}
    past: set[tuple[str, str]] = set()
    for stretch in stretches((model, heir), today):
        to_come = stretch.until is None or stretch.until > today
        for sight in sights((model, heir), books, stretch):
            if sight.left is None:
                continue
            key = (sight.unit, sight.way)
            for change in _steps_changed(model, sight):
                if stretch.is_begun(today):
                    past.add(key)
                weight = (to_come, _weight(change))
                if key not in greatest or weight > greatest[key][0]:
                    greatest[key] = (weight, change)
    for key, (_, change) in greatest.items():
        yield msgspec.structs.replace(change, past=key in past)


def _steps_changed(model: Model, sight: Sight) -> Iterator[RateChange]:
    assert sight.left is not None
    old = steps(sight.left[0])
    new = steps(sight.right[0]) if sight.right is not None else ()
    for tokens in sorted({step for step, _ in (*old, *new)}):
        before, after = rate_beyond(old, tokens), rate_beyond(new, tokens)
        if before != after:
            yield RateChange(
                model.provider, model.model, sight.unit, before, after, _ratio(before, after),
                ", ".join(part for part in (sight.way, _size(tokens)) if part), past=False,
            )  # fmt: skip


def _ratio(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    return ratio(after, before) if before and after is not None else None


def _weight(change: RateChange) -> Decimal:
    """How far a change goes, whichever way."""
    if not change.ratio or change.ratio < 0:
        return Decimal("Infinity")
    return max(change.ratio, ratio(Decimal(1), change.ratio))


def _is_wild(change: RateChange) -> bool:
    return bool(change.ratio) and _weight(change) > MAX_FACTOR


def _contradictions(
    ours: Model, theirs: Model, books: tuple[Book, Book], today: date
) -> Iterator[Disagreement]:
    latest: dict[_Key, Disagreement] = {}
    for stretch in stretches((ours, theirs), today):
        if stretch.is_begun(today + _DAY):
            for key, one in _in_stretch(ours, theirs, books, stretch).items():
                latest[key] = _joined(latest.get(key), one)
    yield from latest.values()


def _in_stretch(
    ours: Model, theirs: Model, books: tuple[Book, Book], stretch: Stretch
) -> dict[_Key, Disagreement]:
    """The contradictions of some days; the hour is named where others of these days know none."""
    seen: Counter[tuple[str, str]] = Counter()
    found: dict[_Key, list[tuple[Sight, Disagreement]]] = {}
    for sight in sights((ours, theirs), books, stretch):
        if sight.left is None or sight.right is None:
            continue
        seen[sight.unit, sight.way] += 1
        for tokens, mine, base in _differing(sight.left[0], sight.right[0]):
            one = Disagreement(
                ours.provider, ours.model, sight.unit, mine, base, sight.left[1], sight.right[1],
                books[0].units[sight.unit].per, stretch.since, stretch.until, "",
            )  # fmt: skip
            found.setdefault((sight.unit, sight.way, tokens), []).append((sight, one))
    told: dict[_Key, Disagreement] = {}
    for (unit, way, tokens), all_ in found.items():
        sight, one = all_[0]
        clock = "" if len(all_) == seen[unit, way] else sight.clock
        when = ", ".join(part for part in (way, clock, _size(tokens)) if part)
        told[unit, way, tokens] = msgspec.structs.replace(one, when=when)
    return told


def _differing(mine: Rate, base: Rate) -> Iterator[tuple[int, Decimal, Decimal]]:
    left, right = steps(mine), steps(base)
    for tokens in sorted({step for step, _ in (*left, *right)}):
        ours, theirs = rate_beyond(left, tokens), rate_beyond(right, tokens)
        if ours is not None and theirs is not None and ours != theirs:
            yield tokens, ours, theirs


def _joined(before: Disagreement | None, one: Disagreement) -> Disagreement:
    """The later of two; begun with the earlier one where the same went on without a break."""
    if before is None:
        return one
    same = (before.ours_usd, before.theirs_usd) == (one.ours_usd, one.theirs_usd)
    if same and before.until == one.since:
        return msgspec.structs.replace(one, since=before.since)
    return one


def _size(tokens: int) -> str:
    return f"above {tokens:,} input tokens" if tokens else ""


def _negative(book: Book) -> list[str]:
    return [
        f"{provider}/{name}"
        for (provider, name), model in _models(book).items()
        if any(
            amount < 0
            for part in (*model.periods, *model.variants)
            for rate in part.rates.values()
            for _, amount in steps(rate)
        )
    ]


def _patterns(book: Book) -> set[str]:
    """All regular expressions: each is run on ids that callers choose."""
    return {
        text
        for model in _models(book).values()
        for match in (model.match, *model.match.all)
        for text in match.regex
    }


def _rates(changes: list[RateChange]) -> str:
    return "1 rate changes" if len(changes) == 1 else f"{len(changes)} rates change"


def _listed(changes: list[RateChange]) -> str:
    told = [
        f"{change.provider}/{change.model} {change.unit} {_usd(change.old_usd)} → {_usd(change.new_usd)}"
        for change in changes[:_NAMED]
    ]
    return ", ".join(told) + (" and more" if len(changes) > _NAMED else "")


def _usd(amount: Decimal | None) -> str:
    return "none" if amount is None else f"${usd_text(amount)}"


def main(arguments: list[str] | None = None) -> int:
    """Judge a book that lies in a file."""
    parser = argparse.ArgumentParser(prog="python -m quotah_server.catalog.compare")
    for name in ("old", "new", "unpatched"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--today", type=date.fromisoformat, required=True)
    parser.add_argument("--out", type=Path, required=True)
    told = parser.parse_args(arguments)
    old, new, unpatched = (decode(f.read_bytes()) for f in (told.old, told.new, told.unpatched))
    told.out.write_bytes(msgspec.json.encode(judge(old, new, unpatched, told.today)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
