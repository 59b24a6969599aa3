"""`quotah providers`: the providers' keys that the gateway uses."""

from __future__ import annotations

import typer

from quotah_server.entrypoints import operations
from quotah_server.entrypoints.commands.output import JSON_OPTION, secret_from_stdin, show
from quotah_server.entrypoints.settings import Settings

app = typer.Typer(help="Provider keys that the gateway uses.", no_args_is_help=True)


@app.command(epilog="Example: quotah providers add openai --api-key-stdin < key.txt")
def add(
    provider: str = typer.Argument(help="openai or anthropic."),
    api_key_stdin: bool = typer.Option(
        False, "--api-key-stdin", help="Read the key from standard input."
    ),
    base_url: str | None = typer.Option(None, help="Other origin than the provider's own."),
    workspace: str | None = typer.Option(None, help="Id of the workspace; default: the first."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Store a provider's key, encrypted; it is checked by a free call and never shown again."""
    key = secret_from_stdin("api_key", api_key_stdin)
    result = operations.call(
        Settings(),
        "providers_add",
        {"provider": provider, "api_key": key, "base_url": base_url, "workspace_id": workspace},
    )
    show(
        result,
        as_json,
        [f"Added {result['id']}: {result['provider']} …{result['hint']}, {result['status']}."],
    )


@app.command("add-mock", epilog="Example: quotah providers add-mock")
def add_mock(
    workspace: str | None = typer.Option(None, help="Id of the workspace; default: the first."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Let the built-in mock provider stand in for OpenAI and Anthropic: no key needed."""
    result = operations.call(Settings(), "providers_add_mock", {"workspace_id": workspace})
    show(result, as_json, [f"{item['provider']}: {item['base_url']}" for item in result["items"]])


@app.command("list", epilog="Example: quotah providers list --json")
def list_providers(
    workspace: str | None = typer.Option(None, help="Id of the workspace; default: the first."),
    as_json: bool = JSON_OPTION,
) -> None:
    """List the stored provider keys."""
    result = operations.call(Settings(), "providers_list", {"workspace_id": workspace})
    lines = [
        f"{item['id']}  {item['provider']:<10}  …{item['hint']}  {item['status']}  {item['base_url']}"
        for item in result["items"]
    ]
    show(result, as_json, lines or ["None yet: quotah providers add openai --api-key-stdin"])


@app.command("drop-unreadable", epilog="Example: quotah providers drop-unreadable")
def drop_unreadable(as_json: bool = JSON_OPTION) -> None:
    """Delete the stored provider keys that secret.key does not open, when the right one is lost."""
    result = operations.call(Settings(), "providers_drop_unreadable", {})
    show(
        result, as_json, [f"Deleted {result['dropped']}; add them again with quotah providers add."]
    )
