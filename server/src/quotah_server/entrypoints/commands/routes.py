"""`quotah routes`: where calls go, kept in a file that a team can review."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import typer

from quotah_server.domain.errors import InvalidInputError
from quotah_server.entrypoints import operations
from quotah_server.entrypoints.commands.output import JSON_OPTION, show
from quotah_server.entrypoints.settings import Settings

app = typer.Typer(help="Routes: where the gateway sends calls.", no_args_is_help=True)
_FILE_MAX = 1_000_000


@app.command("list", epilog="Example: quotah routes list --yaml > routes.yaml")
def list_routes(
    as_yaml: bool = typer.Option(
        False, "--yaml", help="Print them as the file that `quotah routes apply` takes."
    ),
    workspace: str | None = typer.Option(None, help="Id of the workspace; default: the first."),
    as_json: bool = JSON_OPTION,
) -> None:
    """List the routes: the first enabled one that matches a call is followed."""
    result = operations.call(Settings(), "routes_list", {"workspace_id": workspace})
    if as_yaml:
        typer.echo(msgspec.yaml.encode(result["file"]).decode(), nl=False)
        return
    lines = [
        f"{route['position'] + 1:>3}  {route['id']}  {'on ' if route['enabled'] else 'off'}  "
        f"{route['name']}"
        for route in result["items"]
    ]
    show(
        {"items": result["items"]},
        as_json,
        lines or ["No route: every call goes once to what it asks for."],
    )


@app.command(epilog="Example: quotah routes apply routes.yaml --dry-run")
def apply(
    file: str = typer.Argument(help="YAML or JSON with a list `routes`; - is standard input."),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Tell what would change; change nothing."
    ),
    workspace: str | None = typer.Option(None, help="Id of the workspace; default: the first."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Make the workspace's routes what the file says, in its order: all of it, or nothing. A name tells
    which is which; routes that are not in the file are deleted."""
    held = _read(file)
    if unknown := sorted(held.keys() - {"routes"}):
        raise InvalidInputError(f"The file holds {', '.join(unknown)} beside `routes`.")
    wanted = {"routes": held.get("routes"), "dry_run": dry_run, "workspace_id": workspace}
    result = operations.call(Settings(), "routes_apply", wanted)
    show(result, as_json, _changes(result))


@app.command(
    "dry-run",
    epilog="Example: quotah routes dry-run --mount openai --model gpt-4o --feature search",
)
def dry_run(
    mount: str = typer.Option(..., help="First segment of the path that the call would have."),
    model: str | None = typer.Option(None, help="Model that it would ask for."),
    operation: str | None = typer.Option(None, help="chat, embeddings, …; default: the usual one."),
    key: str | None = typer.Option(None, help="Id of the gateway key that it would come with."),
    project: str | None = typer.Option(None, help="Id of the project; default: the key's."),
    feature: str | None = typer.Option(None, help="Feature that it would name."),
    environment: str | None = typer.Option(None, help="Environment that it would be of."),
    streaming: bool = typer.Option(False, "--streaming", help="It would ask for a stream."),
    draft: str | None = typer.Option(
        None, help="YAML or JSON with one route that is not saved; - is standard input."
    ),
    workspace: str | None = typer.Option(None, help="Id of the workspace; default: the first."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Tell what the gateway would do with a call. Nothing is sent."""
    request = {
        "mount": mount, "model": model, "operation": operation, "key_id": key,
        "project_id": project, "feature": feature, "environment": environment,
        "streaming": streaming,
    }  # fmt: skip
    wanted = {
        "request": {field: value for field, value in request.items() if value is not None},
        "route": _read(draft) if draft else None,
        "workspace_id": workspace,
    }
    result = operations.call(Settings(), "routes_dry_run", wanted)
    show(result, as_json, [result["sentence"], *_targets(result["targets"])])


def _read(file: str) -> dict[str, Any]:
    try:
        data = sys.stdin.buffer.read(_FILE_MAX + 1) if file == "-" else _bytes(Path(file))
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise InvalidInputError(f"The file {file} cannot be read: {reason}.") from error
    if len(data) > _FILE_MAX:
        raise InvalidInputError(f"The file {file} is larger than {_FILE_MAX} bytes.")
    try:
        return msgspec.yaml.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InvalidInputError(f"The file {file} is no YAML or JSON object: {reason}.") from error


def _bytes(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(_FILE_MAX + 1)


def _changes(result: dict[str, Any]) -> list[str]:
    lines = [f"+ {name}" for name in result["created"]]
    lines += [f"~ {name} ({', '.join(fields)})" for name, fields in result["changed"].items()]
    lines += [f"- {name}" for name in result["deleted"]]
    if result["ordered"]:
        lines.append("↕ the order")
    if not lines:
        return ["Nothing changes." if result["dry_run"] else "Nothing changed."]
    return [*lines, "Without --dry-run this is done."] if result["dry_run"] else lines


def _targets(targets: list[dict[str, Any]]) -> list[str]:
    lines: list[str] = []
    for target in targets:
        facts = [f"{target['share']:.0%} first"]
        if target["latency_ms"] is not None:
            facts.append(f"{target['latency_ms']:.0f} ms")
        if target["cost_usd"] is not None:
            facts.append(f"${target['cost_usd']}")
        if target["open"]:
            facts.append("paused")
        if target["problem"]:
            facts.append(target["problem"])
        name = f"{target['mount']}  {target['model'] or ''}".rstrip()
        lines.append(f"  {name}  ({', '.join(facts)})")
    return lines
