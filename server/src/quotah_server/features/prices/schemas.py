"""Prices as the API shows and takes them. Money, rates and factors are decimal texts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from quotah_server.catalog.aliases import canonical
from quotah_server.domain.usage import MAX_COUNT
from quotah_server.http.fields import Body, Instant, encodable

MODEL_MAX = 200
NOTE_MAX = 500
UNITS_MAX = 50
UNIT_MAX = 80
EXTRA_MAX = 2000
IMPORT_MAX = 1000


class BookUnit(BaseModel):
    """Something that is counted. per: the count that a rate is for. token: counted in tokens."""

    unit: str
    name: str
    per: int
    token: bool


class BookOut(BaseModel):
    """The book in force. version: under this workspace's terms; list_version: without them. sources:
    where the list comes from → which version or day."""

    version: str
    list_version: str
    sources: dict[str, str]
    models: int
    providers: list[str]
    units: list[BookUnit]


class Step(BaseModel):
    """Beyond so many input tokens the whole request has this rate."""

    tokens: int
    rate_usd: str


class RateOut(BaseModel):
    """Dollars for ``per`` of a unit. source: where this rate comes from."""

    unit: str
    name: str
    rate_usd: str
    per: int
    above: list[Step]
    source: str


class BookModel(BaseModel):
    """A model with the rates that hold now. since: when they began; None: as far as is known, always.
    overridden: prices of this workspace stand before some of its calls."""

    provider: str
    model: str
    since: datetime | None
    source: str
    overridden: bool
    rates: list[RateOut]


class BookModelPage(BaseModel):
    items: list[BookModel]
    next_cursor: str | None


class PeriodOut(BaseModel):
    """Rates for a time. schedule: the hours and days they are limited to, in words."""

    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    from_: Annotated[datetime | None, Field(alias="from")]
    until: datetime | None
    schedule: str | None
    source: str
    rates: list[RateOut]


class VariantOut(BaseModel):
    """Other rates for calls made in another way (``{"service_tier": "flex"}``)."""

    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    when: dict[str, str]
    from_: Annotated[datetime | None, Field(alias="from")]
    until: datetime | None
    source: str
    rates: list[RateOut]


class UpliftOut(BaseModel):
    """A factor on token rates. when: what of a call → the values that ask for it."""

    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    name: str
    when: dict[str, list[str]]
    factor: str
    source: str
    from_: Annotated[datetime | None, Field(alias="from")]
    until: datetime | None


class MinimumOut(BaseModel):
    """The least quantity of a unit that is billed for a request."""

    unit: str
    name: str
    quantity: int


class OverrideFields(Body):
    """A price that a workspace sets by itself; exactly one of rates and factor is given.

    provider: our name, or ``*``. model: an id as asked for or answered, a prefix with ``*`` at its end, or
    ``*``. deployment, project_id: what it is limited to. from, until: when it holds, until exclusive.
    rates: unit → dollars for the unit's ``per``. factor: on every amount of the list (0.85: 15 % off).
    """

    model_config = ConfigDict(
        extra="forbid", hide_input_in_errors=True, serialize_by_alias=True, populate_by_name=True
    )

    provider: Annotated[str, Field(max_length=120), AfterValidator(encodable)]
    model: Annotated[str, Field(max_length=MODEL_MAX), AfterValidator(encodable)]
    deployment: Annotated[str | None, Field(max_length=MODEL_MAX)] = None
    project_id: Annotated[str | None, Field(max_length=64)] = None
    from_: Annotated[Instant | None, Field(alias="from")] = None
    until: Instant | None = None
    rates: Annotated[dict[str, str] | None, Field(max_length=UNITS_MAX)] = None
    factor: Annotated[str | None, Field(max_length=64)] = None
    note: Annotated[str, Field(max_length=NOTE_MAX), AfterValidator(encodable)] = ""


class OverrideOut(BaseModel):
    """A price of the workspace. effective: it is what counts now for the calls it names, unless a
    narrower one does; of two for the same calls, the one begun last counts."""

    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    id: str
    provider: str
    model: str
    deployment: str | None
    project_id: str | None
    from_: Annotated[datetime | None, Field(alias="from")]
    until: datetime | None
    rates: dict[str, str] | None
    factor: str | None
    note: str
    effective: bool
    created_at: datetime
    created_by: str | None


class OverrideList(BaseModel):
    items: list[OverrideOut]


class OverrideSaved(OverrideOut):
    """matches_now: models of the book it touches. affected_calls_30d: calls of the last 30 days that it
    names, whenever it holds; None: the event store cannot be asked now."""

    matches_now: int
    affected_calls_30d: int | None


class ModelOut(BaseModel):
    """All that is known of a model's prices. matches: the ids that mean it, in words."""

    provider: str
    model: str
    matches: list[str]
    periods: list[PeriodOut]
    variants: list[VariantOut]
    uplifts: list[UpliftOut]
    minimums: list[MinimumOut]
    overrides: list[OverrideOut]


class Transfer(BaseModel):
    """All that a workspace sets, as a document to keep or to carry elsewhere."""

    quotah_price_overrides: Literal[1] = 1
    overrides: list[OverrideFields]
    trust: dict[str, bool] = {}


class TransferIn(Body):
    """The document that the export gives. What is added there (ids, dates of creation) is ignored."""

    quotah_price_overrides: Literal[1]
    overrides: Annotated[list[dict[str, Any]], Field(max_length=IMPORT_MAX)]
    trust: Annotated[dict[str, Any], Field(max_length=IMPORT_MAX, default_factory=dict)]


class Verdict(BaseModel):
    """What is to be said of one entry. index: its place among the document's overrides; None: another
    part of the document. field, message: what is wrong and the way out."""

    index: int | None
    ok: bool
    field: str | None = None
    message: str | None = None


class ImportOut(BaseModel):
    """applied: everything was written; nothing is, when one entry is wrong or it was a dry run."""

    applied: bool
    verdicts: list[Verdict]


class TrustOut(BaseModel):
    """Whether the cost that a provider names counts. default: what the book says."""

    provider: str
    trusted: bool
    default: bool


class TrustList(BaseModel):
    providers: list[TrustOut]


class TrustIn(Body):
    """trusted None: as the book says."""

    provider: Annotated[str, Field(max_length=120), AfterValidator(canonical)]
    trusted: bool | None


class TrustListIn(Body):
    """What to change; providers that are not named stay as they are."""

    providers: Annotated[list[TrustIn], Field(max_length=IMPORT_MAX)]


class UnpricedOut(BaseModel):
    """Calls of a model without a price. reason, run_id: of the newest of them."""

    provider: str
    model: str | None
    calls: int
    first_seen: datetime
    last_seen: datetime
    reason: str
    run_id: str


class UnpricedList(BaseModel):
    items: list[UnpricedOut]


class DisagreementOut(BaseModel):
    """A rate of ours that differs from that of the base book, since when, and until when (None: still).
    when: the way of calling or the time of the week it is limited to."""

    provider: str
    model: str
    unit: str
    ours_usd: str
    theirs_usd: str
    source_ours: str
    source_theirs: str
    per: int
    since: datetime | None
    until: datetime | None
    when: str


class DisagreementList(BaseModel):
    items: list[DisagreementOut]


class ChangeOut(BaseModel):
    """A rate that an update changes. ratio: new ÷ old; None where one of them is none or zero."""

    provider: str
    model: str
    unit: str
    old_usd: str | None
    new_usd: str | None
    ratio: str | None
    when: str


class UpdateOut(BaseModel):
    """A newer list of prices. changes: the first 200. reasons: why it is held, or has failed."""

    id: str
    state: Literal["held", "applied", "rejected", "failed"]
    version: str | None
    found_at: datetime
    decided_at: datetime | None
    reasons: list[str]
    changes: list[ChangeOut]
    changed: int
    added: int
    removed: int


class UpdatesOut(BaseModel):
    """Renewal of the list of prices, newest first. may_change: you run this instance."""

    enabled: bool
    url: str
    last_checked_at: datetime | None
    last_error: str | None
    may_change: bool
    items: list[UpdateOut]


class UpdatesIn(Body):
    enabled: bool


def _brief(extras: dict[str, str | int | bool | None]) -> dict[str, str | int | bool | None]:
    for word in (*extras, *(value for value in extras.values() if isinstance(value, str))):
        if len(word) > EXTRA_MAX:
            raise ValueError(f"may hold words of {EXTRA_MAX} characters at most")
        encodable(word)
    return extras


def _words(usage: dict[str, int]) -> dict[str, int]:
    for unit in usage:
        if len(unit) > UNIT_MAX:
            raise ValueError(f"may name units of {UNIT_MAX} characters at most")
        encodable(unit)
    return usage


class PreviewIn(Body):
    """A call to price. usage: unit → count, disjoint. override: a price to try, as if it were saved."""

    provider: Annotated[str, Field(min_length=1, max_length=120), AfterValidator(canonical)]
    model: Annotated[str, Field(min_length=1, max_length=MODEL_MAX)]
    usage: Annotated[
        dict[str, Annotated[int, Field(ge=0, le=MAX_COUNT)]],
        Field(max_length=200),
        AfterValidator(_words),
    ]
    at: Instant | None = None
    service_tier: Annotated[str | None, Field(max_length=64)] = None
    region: Annotated[str | None, Field(max_length=64)] = None
    deployment: Annotated[str | None, Field(max_length=MODEL_MAX)] = None
    project_id: Annotated[str | None, Field(max_length=64)] = None
    extras: Annotated[
        dict[str, str | int | bool | None],
        Field(max_length=50, default_factory=dict),
        AfterValidator(_brief),
    ]
    override: OverrideFields | None = None


class PreviewItem(BaseModel):
    """One product of the sum: quantity × rate_usd ÷ per = amount_usd."""

    unit: str
    quantity: int
    rate_usd: str
    per: int
    amount_usd: str
    rule: str
    text: str


class PreviewOut(BaseModel):
    """What ``quotah price`` prints of such a call."""

    model_config = ConfigDict(extra="allow")

    provider: str
    model: str
    status: str
    cost_usd: str | None
    usage: dict[str, Any]
    line_items: list[PreviewItem]
    price_version: str
    reason: str
