"""One pass over stored events: what each costs by a book now, tallied, and applied where that is wanted.

Runs in a thread of its own, a page at a time; between pages it can be told to stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from quotah_server.analytics.period import Span
from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book
from quotah_server.catalog.overrides import ANY, override_for
from quotah_server.catalog.terms import Override, Terms
from quotah_server.domain.scope import Scope
from quotah_server.features.repricing.repository import StoredEvents
from quotah_server.pipeline.reprice import Stored, again
from quotah_server.store.events.base import Repriced

PAGE = 5000
"""Events that are held at a time, and changed in one transaction."""

_BREATH, _BREATH_S = 32, 0.000_05
"""After so many events, some 1 ms of work, the thread lets go of the interpreter: who serves requests
would else wait 5 ms each time."""
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)

Apply = Callable[[list[Repriced]], object]


class StoppedError(Exception):
    """The pass was told to end; what it had applied stands."""


class Tally(msgspec.Struct):
    """Events of one provider and model."""

    events: int = 0
    changed: int = 0
    old_usd: Decimal = Decimal(0)
    new_usd: Decimal = Decimal(0)
    priced_before: int = 0
    priced_after: int = 0

    def add(self, old: Decimal | None, new: Decimal | None, *, changed: bool) -> None:
        """Count one event."""
        self.events += 1
        self.changed += changed
        if old is not None:
            self.priced_before += 1
            self.old_usd += old
        if new is not None:
            self.priced_after += 1
            self.new_usd += new


Tallies = dict[tuple[str, str | None], Tally]


class Aim:
    """Which calls are meant: an override of that provider and model would fit them."""

    def __init__(self, book: Book, provider: str | None, model: str | None) -> None:
        self.everything = provider in (None, ANY) and model in (None, ANY)
        meant = Override("meant", provider or ANY, model or ANY, factor=Decimal(1))
        self._book = book.base.under(Terms((meant,)))

    def hits(self, provider: str, model: str | None, deployment: str | None) -> bool:
        """Whether a call is meant. deployment: the name that was asked for."""
        if self.everything:
            return True
        found = override_for(self._book, canonical(provider), model, deployment, "", _ANY_TIME)
        return found is not None


class Pass(msgspec.Struct, frozen=True):
    """What is to be gone through, and by which book."""

    scope: Scope
    span: Span
    aim: Aim
    book: Book

    def pages(self, events: StoredEvents) -> Iterator[list[Stored]]:
        """The events that are meant, some at a time."""
        if self.aim.everything:
            yield from events.pages(self.scope, self.span, None, PAGE)
            return
        names = [n for n in events.names(self.scope, self.span) if self.aim.hits(*n)]
        known = {name.model for name in names if name.model is not None}
        if any(name.model is None for name in names):
            yield from self._hit(events.pages(self.scope, self.span, None, PAGE))
        elif known:
            yield from self._hit(events.pages(self.scope, self.span, sorted(known), PAGE))

    def _hit(self, pages: Iterator[list[Stored]]) -> Iterator[list[Stored]]:
        for page in pages:
            yield [e for e in page if self.aim.hits(e.provider, e.model, e.model_requested)]


def run(
    wanted: Pass, events: StoredEvents, stop: Callable[[], bool], apply: Apply | None = None
) -> Tallies:
    """Go through all of it; ``apply`` gets what changes, page by page. Raises StoppedError when
    ``stop`` says so, StoreUnavailableError when the store fails: what was applied until then stands.
    """
    found: Tallies = {}
    for page in wanted.pages(events):
        if stop():
            raise StoppedError
        changes: list[Repriced] = []
        for number, stored in enumerate(page):
            if number % _BREATH == 0:
                time.sleep(_BREATH_S)
            new = again(stored, wanted.book)
            if new is not None:
                changes.append(new)
            _count(found, stored, new)
        if changes and apply is not None:
            apply(changes)
    return found


def _count(found: Tallies, stored: Stored, new: Repriced | None) -> None:
    key = (stored.provider, stored.model)
    tally = found.get(key)
    if tally is None:
        tally = found[key] = Tally()
    if new is None:
        tally.add(stored.cost, stored.cost, changed=False)
        return
    changed = new.cost_usd != stored.cost or new.cost_status != stored.cost_status
    tally.add(stored.cost, new.cost_usd, changed=changed)
