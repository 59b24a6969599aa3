"""All that a workspace sets, as one document: out, and in as a whole or not at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book
from quotah_server.catalog.terms import Override
from quotah_server.domain.errors import ForbiddenError
from quotah_server.domain.ids import new_id, prefixed
from quotah_server.domain.scope import Scope
from quotah_server.features.prices import repository
from quotah_server.features.prices.drafts import told
from quotah_server.features.prices.schemas import (
    ImportOut,
    OverrideFields,
    Transfer,
    TransferIn,
    Verdict,
)
from quotah_server.features.prices.service import OVERRIDES_MAX, OwnPrices, added, audit_trust
from quotah_server.features.terms import repository as terms_rows
from quotah_server.features.workspaces import repository as workspaces
from quotah_server.http.deps import Actor

_INFORMATION = frozenset(
    {"id", "created_at", "created_by", "effective", "matches_now", "affected_calls_30d"}
)
"""What a list of overrides says beside what can be set."""


async def exported(session: AsyncSession, scope: Scope) -> Transfer:
    """The document of a workspace, oldest override first."""
    rows = await repository.overrides(session, scope)
    found = [terms_rows.override_of(row) for row in reversed(rows)]
    return Transfer(
        overrides=[OverrideFields.model_validate(_written(override)) for override in found],
        trust=await repository.trust(session, scope),
    )


def _written(override: Override) -> dict[str, Any]:
    project = override.project_id
    return {**told(override), "project_id": prefixed("prj", project) if project else None}


class _Refused(Exception):  # noqa: N818 -- no error: what makes the transaction leave no trace
    """Nothing of the document is to be kept."""


async def imported(
    prices: OwnPrices,
    actor: Actor,
    scope: Scope,
    document: TransferIn,
    *,
    created_by: str | None,
    now: datetime,
    dry_run: bool,
) -> ImportOut:
    """Take a document in. Nothing is written when one entry is wrong, or with dry_run.

    An override that is set already, just so, is not set a second time.
    """
    if scope.project_id is not None and document.trust:
        raise ForbiddenError("A key that is bound to a project cannot speak for the workspace.")
    verdicts: list[Verdict] = []

    async def work(session: AsyncSession) -> None:
        await workspaces.get(session, scope, lock=True)
        fresh = await _judged(prices, session, scope, document, verdicts)
        trust = _judged_trust(prices.book(scope), document, verdicts)
        if await repository.count(session, scope) + len(fresh) > OVERRIDES_MAX:
            message = f"a workspace keeps {OVERRIDES_MAX} at most"
            verdicts.append(Verdict(index=None, ok=False, field="overrides", message=message))
        if dry_run or not all(verdict.ok for verdict in verdicts):
            raise _Refused
        for override in fresh:
            added(session, actor, scope, override, created_by, now)
        before = await repository.trust(session, scope)
        for provider, trusted in trust.items():
            await repository.set_trust(session, scope, provider, trusted=trusted)
        audit_trust(session, actor, scope, before, await repository.trust(session, scope))

    try:
        await prices.change_terms(scope, work)
    except _Refused:
        return ImportOut(applied=False, verdicts=verdicts)
    return ImportOut(applied=True, verdicts=verdicts)


async def _judged(
    prices: OwnPrices,
    session: AsyncSession,
    scope: Scope,
    document: TransferIn,
    verdicts: list[Verdict],
) -> list[Override]:
    """The overrides that are new; every entry gets its verdict."""
    rows = await repository.overrides(session, scope)
    present = [told(terms_rows.override_of(row)) for row in rows]
    projects = await workspaces.project_ids(session, scope)
    fresh: list[Override] = []
    for index, entry in enumerate(document.overrides):
        wanted = {key: value for key, value in entry.items() if key not in _INFORMATION}
        try:
            fields = OverrideFields.model_validate(wanted)
        except ValidationError as error:
            field, message = _first(error)
            verdicts.append(Verdict(index=index, ok=False, field=field, message=message))
            continue
        override, faults = prices.read_among(projects, scope, fields, new_id())
        if faults:
            field, message = faults[0]
            verdicts.append(Verdict(index=index, ok=False, field=field, message=message))
        elif told(override) in present:
            verdicts.append(Verdict(index=index, ok=True, message="is set already"))
        else:
            present.append(told(override))
            fresh.append(override)
            verdicts.append(Verdict(index=index, ok=True))
    return fresh


def _judged_trust(book: Book, document: TransferIn, verdicts: list[Verdict]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for name, trusted in document.trust.items():
        provider = canonical(name)
        if provider not in book.providers:
            message = "is no provider of the price book"
        elif not isinstance(trusted, bool):
            message = "must be true or false"
        else:
            found[provider] = trusted
            continue
        shown = name[:40].encode(errors="replace").decode()
        verdicts.append(Verdict(index=None, ok=False, field=f"trust.{shown}", message=message))
    return found


def _first(error: ValidationError) -> tuple[str, str]:
    """The first fault; the name of an unknown field is the caller's, and is not repeated."""
    found = error.errors()[0]
    parts = [str(part)[:80].encode(errors="replace").decode() for part in found["loc"]]
    if found["type"] == "extra_forbidden":
        parts[-1:] = ["?"]
    return ".".join(parts), str(found["msg"]).removeprefix("Value error, ")
