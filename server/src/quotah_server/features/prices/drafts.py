"""An override as somebody wrote it → as pricing takes it, with every fault named."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book
from quotah_server.catalog.overrides import ANY, check_override
from quotah_server.catalog.terms import Override
from quotah_server.domain.errors import InvalidIdError
from quotah_server.domain.ids import parse_id
from quotah_server.domain.money import usd_text
from quotah_server.features.prices.schemas import OverrideFields

_DECIMAL = re.compile(r"-?\d{1,20}(?:\.\d{1,40})?\Z", re.ASCII)
_AMOUNT = "must be a decimal number as text, such as 1.25"
_NO_PROJECT = "is no project of this workspace; leave it out for all of them"
Fault = tuple[str, str]
"""A field and what is wrong with it."""


def drafted(
    book: Book, fields: OverrideFields, override_id: str, projects: frozenset[str]
) -> tuple[Override, list[Fault]]:
    """Read an override; with faults, it must not be used.

    book: knows the units. projects: of the workspace, those that the caller may set prices for.
    """
    faults: list[Fault] = []
    project_id = None
    if fields.project_id is not None:
        try:
            project_id = parse_id(fields.project_id, "prj")
        except InvalidIdError:
            faults.append(("project_id", _NO_PROJECT))
        if project_id is not None and project_id not in projects:
            faults.append(("project_id", _NO_PROJECT))
    rates: dict[str, Decimal] | None = None
    if fields.rates is not None:
        rates = {}
        for unit, text in fields.rates.items():
            amount = _amount(text)
            if unit not in book.units:
                name = unit[:40].encode(errors="replace").decode()
                faults.append((f"rates.{name}", f"{name} is no unit of the book"))
            elif amount is None:
                faults.append((f"rates.{unit[:40]}", _AMOUNT))
            else:
                rates[unit] = amount
    factor = None if fields.factor is None else _amount(fields.factor)
    if fields.factor is not None and factor is None:
        faults.append(("factor", _AMOUNT))
    override = Override(
        override_id=override_id,
        provider=fields.provider.strip()
        if fields.provider.strip() == ANY
        else canonical(fields.provider),
        model=fields.model.strip(),
        deployment=(fields.deployment or "").strip() or None,
        project_id=project_id,
        from_=fields.from_,
        until=fields.until,
        rates=rates,
        factor=factor,
        note=fields.note.strip(),
    )
    if not faults:
        faults.extend(check_override(book, override))
    return override, [*_unprintable(override), *faults]


def _amount(text: str) -> Decimal | None:
    text = text.strip()
    return Decimal(usd_text(Decimal(text))) if _DECIMAL.match(text) else None


def _unprintable(override: Override) -> list[Fault]:
    """No database and no page takes control characters in a name."""
    names = {
        "provider": override.provider,
        "model": override.model,
        "deployment": override.deployment or "",
    }
    faults = [
        (field, "has characters that cannot be printed")
        for field, text in names.items()
        if not text.isprintable()
    ]
    if "\0" in override.note:
        faults.append(("note", "has characters that cannot be stored"))
    return faults


def told(override: Override) -> dict[str, Any]:
    """An override as the audit log and the export write it: JSON, without ids of its own."""
    return {
        "provider": override.provider,
        "model": override.model,
        "deployment": override.deployment,
        "project_id": override.project_id,
        "from": override.from_.isoformat() if override.from_ else None,
        "until": override.until.isoformat() if override.until else None,
        "rates": rate_texts(override),
        "factor": None if override.factor is None else usd_text(override.factor),
        "note": override.note,
    }


def rate_texts(override: Override) -> dict[str, str] | None:
    """The rates as decimal text."""
    rates = override.rates
    return None if rates is None else {unit: usd_text(rate) for unit, rate in rates.items()}
