"""`quotah providers`: the providers' keys that the gateway uses."""

from __future__ import annotations

from typing import Any

import typer

from quotah_server.entrypoints import operations
from quotah_server.entrypoints.commands.output import JSON_OPTION, pairs, secret_from_stdin, show
from quotah_server.entrypoints.settings import Settings

app = typer.Typer(help="Provider keys that the gateway uses.", no_args_is_help=True)
_SETTINGS = typer.Option(
    [], "--set", help="What else the provider needs, as name=value; again for more."
)


@app.command(
    epilog="Example: quotah providers add azure --base-url https://acme.openai.azure.com "
    "--set api_version=2024-10-21 --api-key-stdin < key.txt"
)
def add(
    provider: str = typer.Argument(
        help="openai, anthropic, gemini, azure, …, or compatible: anything that speaks OpenAI's API."
    ),
    api_key_stdin: bool = typer.Option(
        False, "--api-key-stdin", help="Read the key from standard input."
    ),
    base_url: str | None = typer.Option(None, help="Other address than the provider's own."),
    name: str | None = typer.Option(None, help="What the key is called in lists."),
    mount: str | None = typer.Option(
        None, help="First segment of the gateway's paths that it serves; default: the provider."
    ),
    weight: int = typer.Option(1, help="Its share against the mount's other keys; 0: a spare."),
    setting: list[str] = _SETTINGS,
    allow_private: bool | None = typer.Option(
        None,
        "--allow-private/--no-allow-private",
        help="Whether the address may be in a private network; default: if it is given here.",
    ),
    workspace: str | None = typer.Option(None, help="Id of the workspace; default: the first."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Store a provider's key, encrypted; it is checked by a free call and never shown again."""
    wanted = {
        "provider": provider, "base_url": base_url, "name": name, "mount": mount,
        "weight": weight, "settings": pairs("set", setting), "allow_private": allow_private,
        "api_key": secret_from_stdin("api_key", wanted=True) if api_key_stdin else None,
        "workspace_id": workspace,
    }  # fmt: skip
    result = operations.call(Settings(), "providers_add", wanted)
    key = f" …{result['hint']}" if result["hint"] else ""
    line = f"Added {result['id']}: {result['provider']} at /{result['mount']}{key}, {result['status']}."
    show(result, as_json, [line, *([result["last_error"]] if result["last_error"] else [])])


@app.command("add-mock", epilog="Example: quotah providers add-mock")
def add_mock(
    workspace: str | None = typer.Option(None, help="Id of the workspace; default: the first."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Let the built-in mock provider stand in for OpenAI, Anthropic and others: no key needed."""
    result = operations.call(Settings(), "providers_add_mock", {"workspace_id": workspace})
    show(result, as_json, [f"{item['provider']}: {item['base_url']}" for item in result["items"]])


@app.command("list", epilog="Example: quotah providers list --json")
def list_providers(
    workspace: str | None = typer.Option(None, help="Id of the workspace; default: the first."),
    as_json: bool = JSON_OPTION,
) -> None:
    """List the stored provider keys."""
    result = operations.call(Settings(), "providers_list", {"workspace_id": workspace})
    widest = max((len(item["name"]) for item in result["items"]), default=0)
    lines = [
        f"{item['id']}  /{item['mount']:<10}  {item['provider']:<10}  {item['name']:<{widest}}  "
        f"{'…' + item['hint'] if item['hint'] else 'no key'}  weight {item['weight']}  "
        f"{_state(item)}  {item['base_url']}"
        for item in result["items"]
    ]
    show(result, as_json, lines or ["None yet: quotah providers add openai --api-key-stdin"])


def _state(item: dict[str, Any]) -> str:
    if not item["enabled"]:
        return "switched off"
    return "paused" if item["breaker"] == "open" else str(item["status"])


@app.command(epilog="Example: quotah providers remove cred_019a…")
def remove(
    credential_id: str = typer.Argument(help="Id of the provider key."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Delete a provider's key; the gateway stops using it within 5 seconds."""
    result = operations.call(Settings(), "providers_remove", {"id": credential_id})
    show(result, as_json, [f"Removed {credential_id}."])


@app.command("drop-unreadable", epilog="Example: quotah providers drop-unreadable")
def drop_unreadable(as_json: bool = JSON_OPTION) -> None:
    """Delete the stored provider keys that secret.key does not open, when the right one is lost."""
    result = operations.call(Settings(), "providers_drop_unreadable", {})
    show(
        result, as_json, [f"Deleted {result['dropped']}; add them again with quotah providers add."]
    )
