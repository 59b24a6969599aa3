"""Read the arguments of commands; each fault is one sentence that names the argument."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import InvalidInputError, NotFoundError
from quotah_server.domain.ids import parse_id
from quotah_server.domain.scope import Scope
from quotah_server.features.workspaces import repository as workspaces
from quotah_server.http.fields import instant_of

Args = dict[str, Any]
Result = dict[str, Any]
_Value = TypeVar("_Value")
_Body = TypeVar("_Body", bound=BaseModel)


async def scope_of(session: AsyncSession, args: Args) -> Scope:
    """The workspace that a command names, or the first one of this instance."""
    named = args.get("workspace_id")
    wanted = parse_id(str(named), "ws") if named else None
    workspace_id = await workspaces.first_or(session, wanted)
    if workspace_id is None:
        raise NotFoundError(
            "There is no such workspace."
            if named
            else "There is no workspace yet: open the setup link, or run `quotah init`.",
            field="workspace",
        )
    return Scope(workspace_id)


def body(kind: type[_Body], fields: object) -> _Body:
    """Read what the API would take as a body."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = "there is no such field"
        elif first["type"] == "model_type":
            message = "is no object"
        raise InvalidInputError(f"{field or 'input'}: {message}.", field=field or None) from error


def instant(args: Args, field: str) -> datetime | None:
    """A day (from its begin, in UTC) or an RFC 3339 instant."""
    text = args.get(field)
    if not text:
        return None
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise InvalidInputError(f"{text!r} is no day or RFC 3339 instant.", field=field) from error
    if at.tzinfo is None and at.time() == time.min:
        at = at.replace(tzinfo=UTC)
    if at.tzinfo is None:
        raise InvalidInputError(f"{text!r} names no time zone: add Z or an offset.", field=field)
    try:
        return instant_of(at)
    except ValueError as error:
        raise InvalidInputError(f"{field} {error}.", field=field) from error


def required(value: _Value | None, field: str) -> _Value:
    """A value that must be there."""
    if value is None:
        raise InvalidInputError(f"{field} is missing.", field=field)
    return value


def text(args: Args, field: str) -> str:
    """A text that must be there."""
    value = args.get(field)
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError(f"{field} is missing.", field=field)
    return value
