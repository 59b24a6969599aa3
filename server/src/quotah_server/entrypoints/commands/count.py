"""`quotah count`: count the tokens of a text or of messages; needs no server, no data folder, no network."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

import typer

from quotah_server.domain.errors import InvalidInputError
from quotah_server.entrypoints.commands.output import JSON_OPTION, show


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(epilog='Example: echo -n "hello world" | quotah count --model gpt-5.5 --json')(
        count
    )


def count(
    model: str = typer.Option(..., help="Id of the model, as it is asked for."),
    provider: str | None = typer.Option(None, help="Provider, where the id does not say it."),
    file: str | None = typer.Option(None, help="File to read instead of standard input."),
    messages_json: bool = typer.Option(
        False,
        "--messages-json",
        help="The input is JSON: a list of messages, or a whole request with messages or input.",
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Count input tokens: exact for OpenAI's encodings, elsewhere an estimate that says so."""
    if not model.strip():
        raise InvalidInputError("The model must be named.", field="model")
    text = _read(file)
    body = _messages(text) if messages_json else {"text": text}
    from quotah_server.catalog.aliases import canonical
    from quotah_server.tokens.count import count as count_request

    found = count_request(model, body, canonical(provider) if provider else None)
    result: dict[str, Any] = {
        "model": model,
        "tokens": found.tokens,
        "exact": found.exact,
        "method": found.method,
    }
    if found.factor is not None:
        result["factor"] = found.factor
    how = "exact" if found.exact else "estimate"
    show(result, as_json, [f"{found.tokens:,} tokens, {how} ({found.method})"])


def _read(file: str | None) -> str:
    name = "standard input" if file is None else file
    field = "text" if file is None else "file"
    try:
        # Bytes: the terminal's locale must not decide what is text.
        data = sys.stdin.buffer.read() if file is None else Path(file).read_bytes()
        return data.decode()
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise InvalidInputError(f"{name}: {reason}.", field=field) from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{name} is not UTF-8 text.", field=field) from error


def _messages(text: str) -> dict[str, Any]:
    hint = '[{"role": "user", "content": "Hello"}]'
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(
            "messages: the input is not JSON.", field="messages", hint=hint
        ) from error
    body = {"messages": value} if isinstance(value, list) else value
    if not isinstance(body, dict) or not ("messages" in body or "input" in body):
        raise InvalidInputError(
            "messages: the input is neither a list of messages nor a request.",
            field="messages",
            hint=hint,
        )
    messages: object = body.get("messages", [])
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        raise InvalidInputError("messages must be a list of objects.", field="messages", hint=hint)
    return cast("dict[str, Any]", body)
