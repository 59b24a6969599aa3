"""The command `quotah`: parses, calls, prints. What the commands do stands in commands/ and operations."""

from __future__ import annotations

import os
import sys

import typer

from quotah_server import __version__
from quotah_server.domain.errors import QuotahError
from quotah_server.entrypoints.commands import (
    count,
    data,
    keys,
    price,
    providers,
    reprice,
    routes,
    servers,
    setup,
)

app = typer.Typer(
    name="quotah",
    help="What every LLM call costs, kept under budget: gateway, API and dashboard.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]  -- typer keeps it
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    del version


for part in (servers, setup, data, price, reprice, count):
    part.register(app)
app.add_typer(keys.app, name="keys")
app.add_typer(providers.app, name="providers")
app.add_typer(routes.app, name="routes")


def main() -> None:
    """Run the command line; an expected refusal is one sentence on stderr and exit status 1."""
    os.umask(0o077)
    try:
        app()
    except QuotahError as error:
        sys.stderr.write(f"{error.message}\n")
        if error.hint:
            sys.stderr.write(f"{error.hint}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
