"""`quotah price`: price answers of providers from standard input; needs no server and no data folder."""

from __future__ import annotations

import json
import sys

import typer


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(
        epilog='Example: echo \'{"id": "1", "provider": "openai", "date": "2026-11-12T12:00:00Z", '
        '"response": {"model": "gpt-4o-mini", "usage": {"prompt_tokens": 10, '
        '"completion_tokens": 1}}}\' | quotah price'
    )(price)


def price() -> None:
    """Price JSON lines {id, provider, model, date, response | events, …} from standard input."""
    from quotah_server.catalog.book import load_packaged
    from quotah_server.pipeline.price_lines import price_text

    book = load_packaged()
    failed = False
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        result = price_text(line, book)
        failed = failed or "error" in result
        typer.echo(json.dumps(result))
    raise typer.Exit(1 if failed else 0)
