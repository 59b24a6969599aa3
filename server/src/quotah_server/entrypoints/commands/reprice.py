"""`quotah reprice`: stored calls priced again, after a look at what that would change."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import typer

from quotah_server.entrypoints import operations
from quotah_server.entrypoints.commands.output import JSON_OPTION, show
from quotah_server.entrypoints.settings import Settings

_HEAD = ("Provider", "Model", "Events", "Changed", "Old USD", "New USD", "Difference")
_NUMBERS = 2
"""From this column on, cells are numbers and stand to the right."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(
        epilog="Example: quotah reprice --from 2026-11-01 --to 2026-11-20 --model gpt-4o --dry-run"
    )(reprice)


def reprice(
    start: str = typer.Option(
        ..., "--from", help="First instant, inclusive: a day (UTC) or RFC 3339."
    ),
    end: str = typer.Option(..., "--to", help="Last instant, exclusive: a day (UTC) or RFC 3339."),
    provider: str | None = typer.Option(None, help="Calls of this provider alone."),
    model: str | None = typer.Option(
        None, help="Calls of this model alone: an id, or a prefix with * at its end."
    ),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Tell what would change; change nothing."
    ),
    workspace: str | None = typer.Option(None, help="Id of the workspace; default: the first."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Price stored calls by the prices of now; works while Quotah runs or not."""
    result = operations.call(
        Settings(),
        "reprice",
        {
            "from": start, "to": end, "provider": provider, "model": model, "dry_run": dry_run,
            "workspace_id": workspace,
        },
        timeout_s=86_400.0,
    )  # fmt: skip
    show(result, as_json, _lines(result))


def _lines(result: dict[str, Any]) -> list[str]:
    totals = result["totals"]
    rows = [_cells(row["provider"], row["model"] or "(none)", row) for row in result["rows"]]
    table = [_HEAD, *rows, _cells("Total", "", totals)] if rows else []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [_line(cells, widths) for cells in table]
    if lines:
        lines.insert(1, "  ".join("-" * width for width in widths))
        lines.insert(-1, lines[1])
    unpriced = totals["events"] - totals["priced_before"], totals["events"] - totals["priced_after"]
    if any(unpriced):
        lines.append(f"Without a price: {unpriced[0]:,} before, {unpriced[1]:,} after.")
    changed = f"{totals['changed']:,} of {totals['events']:,} events"
    if result["applied"]:
        lines.append(f"Changed {changed} ({result['reprice_id']}).")
    else:
        lines.append(f"Would change {changed}; without --dry-run it does.")
    return lines


def _cells(provider: str, model: str, row: dict[str, Any]) -> tuple[str, ...]:
    difference = Decimal(row["new_usd"]) - Decimal(row["old_usd"])
    return (
        provider, model, f"{row['events']:,}", f"{row['changed']:,}", _usd(row["old_usd"]),
        _usd(row["new_usd"]), f"{difference:+,.6f}",
    )  # fmt: skip


def _usd(amount: str) -> str:
    return f"{Decimal(amount):,.6f}"


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = (
        cell.rjust(width) if number >= _NUMBERS else cell.ljust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(padded).rstrip()
