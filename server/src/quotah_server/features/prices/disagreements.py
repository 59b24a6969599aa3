"""Where the list in force contradicts genai-prices' own rates."""

from __future__ import annotations

import asyncio

from quotah_server.catalog.compare import Disagreement, disagreements
from quotah_server.domain.errors import UnavailableError
from quotah_server.domain.money import usd_text
from quotah_server.features.prices import repository
from quotah_server.features.prices.browse import midnight
from quotah_server.features.prices.compiling import CompileError, packaged_unpatched
from quotah_server.features.prices.schemas import DisagreementOut
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.pipeline.prices import Prices
from quotah_server.store.control.session import Database


class Disagreements:
    """Told from the update that brought the list; of the packaged list they are worked out when first
    asked for, once a day.
    """

    def __init__(self, database: Database, prices: Prices, now: Clock = utc_now) -> None:
        self._database = database
        self._prices = prices
        self._now = now
        self._comparing = asyncio.Lock()
        self._known: tuple[str, list[DisagreementOut]] | None = None

    async def listed(self) -> list[DisagreementOut]:
        """Current ones first. Raises UnavailableError where they cannot be worked out."""
        book = self._prices.book
        async with self._database.transaction() as session:
            row = await repository.update_of_book(session, book.version)
        if row is not None:
            return [DisagreementOut.model_validate(one) for one in row.disagreements["items"]]
        async with self._comparing:
            today = self._now().date()
            key = f"{book.version} {today}"
            if self._known is None or self._known[0] != key:
                try:
                    base = await packaged_unpatched()
                except CompileError as error:
                    raise UnavailableError(error.reason) from error
                found = await asyncio.to_thread(disagreements, book, base, today)
                self._known = (key, [disagreement_out(one) for one in found])
            return self._known[1]


def disagreement_out(one: Disagreement) -> DisagreementOut:
    """A disagreement as the API shows it."""
    return DisagreementOut(
        provider=one.provider, model=one.model, unit=one.unit, ours_usd=usd_text(one.ours_usd),
        theirs_usd=usd_text(one.theirs_usd), source_ours=one.source_ours,
        source_theirs=one.source_theirs, per=one.per, since=midnight(one.since),
        until=midnight(one.until), when=one.when,
    )  # fmt: skip
