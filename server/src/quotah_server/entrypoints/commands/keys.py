"""`quotah keys`: keys that applications and scripts use towards Quotah."""

from __future__ import annotations

import typer

from quotah_server.entrypoints import operations
from quotah_server.entrypoints.commands.output import JSON_OPTION, pairs, show
from quotah_server.entrypoints.settings import Settings

app = typer.Typer(help="Keys for applications and scripts.", no_args_is_help=True)
_MODELS = typer.Option(
    [], help="A model that it may call, * standing for any text; again for more; default: all."
)
_PROVIDERS = typer.Option(
    [], help="A provider that it may call, by its mount; again for more; default: all."
)
_TAGS = typer.Option([], help="Tag, as name=value; again for more.")


@app.command(
    epilog="Example: quotah keys create --kind gateway --name my-app --model 'gpt-4o*' --rpm 60 "
    "--feature search --json"
)
def create(
    kind: str = typer.Option(
        ..., help="gateway (calls models), ingest (sends events), admin (uses the API)."
    ),
    name: str = typer.Option(..., help="What it is for."),
    model: list[str] = _MODELS,
    provider: list[str] = _PROVIDERS,
    rpm: int | None = typer.Option(None, help="Requests that it may make per minute."),
    tpm: int | None = typer.Option(None, help="Tokens that it may use per minute."),
    byok: bool = typer.Option(True, help="Whether callers may bring a provider key of their own."),
    environment: str | None = typer.Option(None, help="Environment that its calls are of."),
    feature: str | None = typer.Option(
        None, help="Feature of calls that name none; likewise the next five."
    ),
    team: str | None = typer.Option(None, help="Team."),
    user: str | None = typer.Option(None, help="User."),
    session: str | None = typer.Option(None, help="Session."),
    prompt: str | None = typer.Option(None, help="Prompt, as id@version."),
    tag: list[str] = _TAGS,
    project: str | None = typer.Option(None, help="Id of the project; default: the first."),
    expires: str | None = typer.Option(None, help="When it ends, RFC 3339; default: never."),
    workspace: str | None = typer.Option(None, help="Id of the workspace; default: the first."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Make a key; it is shown this once."""
    defaults = {
        "feature": feature, "team": team, "user": user, "session": session, "prompt": prompt,
        "tags": pairs("tag", tag),
    }  # fmt: skip
    wanted = {
        "kind": kind, "name": name, "models": model or None, "mounts": provider or None,
        "requests_per_minute": rpm, "tokens_per_minute": tpm, "byok": None if byok else False,
        "environment": environment, "project_id": project, "expires_at": expires,
        "defaults": {field: value for field, value in defaults.items() if value} or None,
        "workspace_id": workspace,
    }  # fmt: skip
    result = operations.call(Settings(), "keys_create", wanted)
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
