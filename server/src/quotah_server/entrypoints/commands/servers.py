"""Commands that serve: up, api, gateway, mock."""

from __future__ import annotations

import os
import sys

import typer

from quotah_server.entrypoints import operations
from quotah_server.entrypoints.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(epilog="Example: QUOTAH_API_PORT=9000 quotah up")(up)
    app.command(epilog="Example: quotah api")(api)
    app.command(epilog="Example: quotah gateway")(gateway)
    app.command(epilog="Example: quotah mock --port 8402 --log billed.jsonl")(mock)


def up() -> None:
    """Run Quotah: dashboard, API and gateway, until Ctrl-C."""
    from quotah_server.entrypoints.supervisor import Supervisor

    settings = Settings()
    supervisor = Supervisor(settings)

    def announce() -> None:
        link = operations.call(settings, "setup_link", {})["url"]
        sys.stdout.write(_banner(settings, link))
        sys.stdout.flush()

    raise typer.Exit(supervisor.run(announce))


def _banner(settings: Settings, setup_link: str | None) -> str:
    lines = ["", "  Quotah is ready.", "", f"  Dashboard  {settings.dashboard_url}"]
    if setup_link:
        lines.append(f"  Set up     {setup_link}  (works once)")
    lines += [f"  Gateway    {settings.gateway_base_url}", "", "  Ctrl-C stops it.", "", ""]
    return "\n".join(lines)


def api() -> None:
    """Run the API and dashboard alone; `quotah up` runs them together with the gateway."""
    os.execv(sys.executable, [sys.executable, "-m", "quotah_server.entrypoints.api"])  # noqa: S606 -- our own module


def gateway() -> None:
    """Run the gateway alone, beside `quotah api` on the same data folder."""
    os.execv(sys.executable, [sys.executable, "-m", "quotah_server.entrypoints.gateway"])  # noqa: S606 -- our own module


def mock(
    port: int = typer.Option(8402, min=0, max=65535, help="Port to listen on; 0 picks a free one."),
    host: str = typer.Option("127.0.0.1", help="Address to listen on."),
    log: str | None = typer.Option(
        None, help="File that gets a line for every request it would bill."
    ),
) -> None:
    """Run a stand-in for OpenAI, Anthropic, Google and others, to try things without a key."""
    from quotah_server.entrypoints.mock import serve

    serve(host, port, log)
