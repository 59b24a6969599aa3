"""Re-pricing as the API takes and shows it. Money is decimal text."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from quotah_server.http.fields import Body, Instant

_MODEL = "An id, a prefix with * at its end, or a name of the book, as an override names its model."


class RepriceIn(Body):
    """Which calls: those that started in [from, to), of one provider or model where these are given.

    dry_run: tell what would change, and change nothing.
    """

    model_config = ConfigDict(populate_by_name=True)

    from_: Annotated[Instant, Field(alias="from")]
    to: Instant
    provider: Annotated[str | None, Field(min_length=1, max_length=120)] = None
    model: Annotated[str | None, Field(min_length=1, max_length=300, description=_MODEL)] = None
    dry_run: bool = True


class RepriceTotals(BaseModel):
    """Attempts looked at, those whose cost or status changes, and the sums of all of them before and
    after; priced: how many have a cost."""

    events: int
    changed: int
    old_usd: str
    new_usd: str
    priced_before: int
    priced_after: int


class RepriceRow(RepriceTotals):
    """The same of one model."""

    provider: str
    model: str | None


class RepriceOut(BaseModel):
    """What changes, or changed where ``applied``; rows: the largest change first."""

    reprice_id: str | None
    applied: bool
    rows: list[RepriceRow]
    totals: RepriceTotals


class AppliedReprice(BaseModel):
    """One that was applied. unfinished: it was ended in the middle; what it had changed by then stands,
    and the same again completes it. Its totals count the changed calls alone."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    reprice_id: str
    applied_at: datetime
    state: Literal["running", "done", "unfinished"]
    from_: Annotated[datetime, Field(alias="from")]
    to: datetime
    provider: str | None
    model: str | None
    totals: RepriceTotals


class RepriceList(BaseModel):
    """Newest first, 200 at most."""

    items: list[AppliedReprice]
