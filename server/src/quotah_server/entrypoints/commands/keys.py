"""`quotah keys`: keys that applications and scripts use towards Quotah."""

from __future__ import annotations

import typer

from quotah_server.entrypoints import operations
from quotah_server.entrypoints.commands.output import JSON_OPTION, show
from quotah_server.entrypoints.settings import Settings

app = typer.Typer(help="Keys for applications and scripts.", no_args_is_help=True)


@app.command(epilog="Example: quotah keys create --kind gateway --name my-app --json")
def create(
    kind: str = typer.Option(
        ..., help="gateway (calls models), ingest (sends events), admin (uses the API)."
    ),
    name: str = typer.Option(..., help="What it is for."),
    workspace: str | None = typer.Option(None, help="Id of the workspace; default: the first."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Make a key; it is shown this once."""
    result = operations.call(
        Settings(), "keys_create", {"kind": kind, "name": name, "workspace_id": workspace}
    )
    show(result, as_json, [f"Id   {result['id']}", f"Key  {result['key']}  (shown this once)"])


@app.command("list", epilog="Example: quotah keys list --json")
def list_keys(
    workspace: str | None = typer.Option(None, help="Id of the workspace; default: the first."),
    as_json: bool = JSON_OPTION,
) -> None:
    """List the keys that are not revoked."""
    result = operations.call(Settings(), "keys_list", {"workspace_id": workspace})
    lines = [
        f"{key['id']}  {key['kind']:<8}  …{key['hint']}  {key['name']}" for key in result["items"]
    ]
    show(result, as_json, lines or ["No key yet: quotah keys create --kind gateway --name my-app"])


@app.command(epilog="Example: quotah keys revoke key_019a…")
def revoke(
    key_id: str = typer.Argument(help="Id of the key."),
    as_json: bool = JSON_OPTION,
) -> None:
    """End a key; the gateway refuses it within 5 seconds."""
    result = operations.call(Settings(), "keys_revoke", {"id": key_id})
    show(result, as_json, [f"Revoked {key_id}."])
