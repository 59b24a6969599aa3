"""How commands print and read: one JSON line for programs, a short text for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import typer

from quotah_server.domain.errors import InvalidInputError

JSON_OPTION = typer.Option(False, "--json", help="Print one JSON object for programs.")


def show(result: dict[str, Any], as_json: bool, lines: Sequence[str]) -> None:
    """Print a result: as one JSON line, or as the given lines for people."""
    if as_json:
        typer.echo(json.dumps(result))
        return
    for line in lines:
        typer.echo(line)


def secret_from_stdin(field: str, wanted: bool) -> str:
    """Read a secret from standard input, so that it appears in no process list or history."""
    if not wanted:
        raise InvalidInputError(
            f"The {field} is read from standard input: add --{field.replace('_', '-')}-stdin.",
            field=field,
        )
    try:
        # Bytes: the terminal's locale must not decide what is text.
        value = sys.stdin.buffer.readline().decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"The {field} on standard input is not UTF-8 text.", field=field
        ) from error
    if not value:
        raise InvalidInputError(f"Nothing came on standard input for the {field}.", field=field)
    return value


def pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    """Read ``name=value`` of an option that may be given again."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InvalidInputError(f"--{option} takes name=value.", field=option)
        found[name] = value
    return found
