"""Commands that fill the event store: seed."""

from __future__ import annotations

import typer

from quotah_server.entrypoints import operations
from quotah_server.entrypoints.commands.output import JSON_OPTION, show
from quotah_server.entrypoints.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(epilog="Example: quotah seed --events 1000000 --days 90 --seed 7")(seed)


def seed(
    events: int = typer.Option(100_000, min=1, max=100_000_000, help="How many events."),
    days: int = typer.Option(90, min=1, max=1_000, help="Over how many days, ending now."),
    seed: int = typer.Option(7, help="The same seed gives the same history."),
    end: str | None = typer.Option(
        None, help="Last instant of the history, RFC 3339; default: now."
    ),
    workspace: str | None = typer.Option(
        None, help="Id of the workspace to fill; default: a sample workspace of its own."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Write a believable history, to see the dashboard full; works while Quotah runs or not."""
    result = operations.call(
        Settings(),
        "seed",
        {"events": events, "days": days, "seed": seed, "end": end, "workspace_id": workspace},
        timeout_s=3600.0,
    )
    show(
        result,
        as_json,
        [
            f"{result['events']:,} events over {days} days, workspace {result['workspace_id']}",
            f"{result['seconds']:.1f} s, {result['events_per_second']:,.0f} events/s",
        ],
    )
