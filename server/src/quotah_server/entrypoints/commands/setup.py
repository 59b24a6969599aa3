"""`quotah init`: what onboarding does, without a browser."""

from __future__ import annotations

import typer

from quotah_server.entrypoints import operations
from quotah_server.entrypoints.commands.output import JSON_OPTION, secret_from_stdin, show
from quotah_server.entrypoints.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(
        epilog="Example: echo 'a long passphrase' | "
        "quotah init --email you@example.com --password-stdin --workspace Acme --json"
    )(init)
    app.command("setup-link", epilog="Example: quotah setup-link")(setup_link)


def init(
    email: str = typer.Option(..., help="E-mail address of the owner."),
    workspace: str = typer.Option(..., help="Name of the workspace."),
    password_stdin: bool = typer.Option(
        False, "--password-stdin", help="Read the password from standard input."
    ),
    rotate_token: bool = typer.Option(
        False, "--rotate-token", help="Make a new admin token; the one made by init before ends."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Create the owner, a workspace and an admin token; doing it again changes nothing."""
    password = secret_from_stdin("password", password_stdin)
    result = operations.call(
        Settings(),
        "init",
        {
            "email": email,
            "password": password,
            "workspace_name": workspace,
            "rotate_token": rotate_token,
        },
    )
    token = result["admin_token"] or "(made earlier; --rotate-token makes a new one)"
    show(
        result,
        as_json,
        [
            f"Workspace    {result['workspace_id']}",
            f"Project      {result['project_id']}",
            f"Owner        {result['member_id']}",
            f"Admin token  {token}",
        ],
    )


def setup_link(as_json: bool = JSON_OPTION) -> None:
    """Print a fresh one-time link for the first account."""
    result = operations.call(Settings(), "setup_link", {})
    show(result, as_json, [result["url"] or "Quotah has an owner already: sign in instead."])
