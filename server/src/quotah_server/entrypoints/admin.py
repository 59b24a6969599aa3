"""The commands that touch data, by name; run in the API process or on an idle data folder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time
from typing import Any, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import InvalidInputError, NotFoundError
from quotah_server.domain.ids import parse_id, prefixed
from quotah_server.domain.scope import Scope
from quotah_server.domain.secrets import KeyKind
from quotah_server.entrypoints.parts import Parts
from quotah_server.features.keys import repository as key_rows
from quotah_server.features.keys import service as keys
from quotah_server.features.providers import service as providers
from quotah_server.features.repricing.schemas import RepriceIn
from quotah_server.features.samples.schemas import SamplesIn
from quotah_server.features.setup import service as setup
from quotah_server.features.workspaces import repository as workspaces
from quotah_server.http.deps import SYSTEM
from quotah_server.http.fields import instant_of

Args = dict[str, Any]
Result = dict[str, Any]
KINDS: tuple[KeyKind, ...] = ("gateway", "ingest", "admin")
DROP_UNREADABLE = "providers_drop_unreadable"
_PAGE = 200
_Value = TypeVar("_Value")


class Admin:
    """Runs commands for whoever can reach the data folder: the operator."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._commands: dict[str, Callable[[Args], Awaitable[Result]]] = {
            "init": self._init,
            "setup_link": self._setup_link,
            "keys_create": self._keys_create,
            "keys_list": self._keys_list,
            "keys_revoke": self._keys_revoke,
            "providers_add": self._providers_add,
            "providers_add_mock": self._providers_add_mock,
            "providers_list": self._providers_list,
            DROP_UNREADABLE: self._providers_drop_unreadable,
            "seed": self._seed,
            "reprice": self._reprice,
        }

    async def run(self, command: str, args: Args) -> Result:
        """Run one command; raises QuotahError when it is refused."""
        run = self._commands.get(command)
        if run is None:
            raise NotFoundError(f"There is no command {command!r}.")
        return await run(args)

    async def _init(self, args: Args) -> Result:
        done = await setup.init(
            self._parts.database,
            self._parts.passwords,
            email=_text(args, "email"),
            password=_text(args, "password"),
            workspace_name=_text(args, "workspace_name"),
            rotate_token=bool(args.get("rotate_token")),
        )
        return msgspec.to_builtins(done)

    async def _setup_link(self, _args: Args) -> Result:
        url = await setup.setup_link(self._parts.database, self._parts.settings.dashboard_url)
        return {"url": url}

    async def _keys_create(self, args: Args) -> Result:
        kind = _kind(_text(args, "kind"))
        name = _text(args, "name")
        async with self._parts.database.transaction() as session:
            scope = await scope_of(session, args)
            made = await keys.create(session, SYSTEM, scope, kind=kind, name=name)
        return made.model_dump(mode="json")

    async def _keys_list(self, args: Args) -> Result:
        async with self._parts.database.transaction() as session:
            page = await keys.listed(session, await scope_of(session, args), None, _PAGE)
        return {"items": [key.model_dump(mode="json") for key in page.items if not key.revoked_at]}

    async def _keys_revoke(self, args: Args) -> Result:
        key_id = parse_id(_text(args, "id"), "key")
        async with self._parts.database.transaction() as session:
            scope = await key_rows.scope_of(session, key_id)
            await keys.revoke(session, SYSTEM, scope, key_id)
        return {}

    async def _providers_add(self, args: Args) -> Result:
        async with self._parts.database.transaction() as session:
            scope = await scope_of(session, args)
        base_url = args.get("base_url")
        added = await providers.add(
            self._parts.vault,
            SYSTEM,
            scope,
            provider=_text(args, "provider"),
            api_key=_text(args, "api_key"),
            base_url=str(base_url) if base_url else None,
            allow_private=True,  # whoever runs this command runs the instance
        )
        return added.model_dump(mode="json")

    async def _providers_add_mock(self, args: Args) -> Result:
        parts = self._parts
        async with parts.database.transaction() as session:
            scope = await scope_of(session, args)
            items = await providers.add_mock(session, parts.ring, SYSTEM, scope, parts.mock)
        return {"items": [item.model_dump(mode="json") for item in items]}

    async def _providers_list(self, args: Args) -> Result:
        async with self._parts.database.transaction() as session:
            page = await providers.listed(session, await scope_of(session, args), None, _PAGE)
        return {"items": [item.model_dump(mode="json") for item in page.items]}

    async def _providers_drop_unreadable(self, _args: Args) -> Result:
        async with self._parts.database.transaction() as session:
            dropped = await providers.drop_unreadable(session, SYSTEM, self._parts.ring)
        return {"dropped": dropped}

    async def _seed(self, args: Args) -> Result:
        scope = None
        if args.get("workspace_id"):
            async with self._parts.database.transaction() as session:
                scope = await scope_of(session, args)
        wanted = SamplesIn.model_construct(
            events=int(args["events"]), days=int(args["days"]), seed=int(args["seed"])
        )
        done = await self._parts.samples.fill(SYSTEM, scope, wanted, _instant(args, "end"))
        return {
            "workspace_id": prefixed("ws", done.workspace_id),
            "events": done.events,
            "duplicates": done.duplicates,
            "seconds": done.seconds,
            "events_per_second": done.events_per_second,
        }

    async def _reprice(self, args: Args) -> Result:
        async with self._parts.database.transaction() as session:
            scope = await scope_of(session, args)
        wanted = RepriceIn.model_construct(
            from_=_required(_instant(args, "from"), "from"),
            to=_required(_instant(args, "to"), "to"),
            provider=args.get("provider") or None,
            model=args.get("model") or None,
        )
        if args.get("dry_run"):
            told = await self._parts.repricing.plan(scope, wanted)
        else:
            told = await self._parts.repricing.apply(SYSTEM, scope, wanted)
        return told.model_dump(mode="json")


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


def _kind(text: str) -> KeyKind:
    for kind in KINDS:
        if kind == text:
            return kind
    raise InvalidInputError(f"{text!r} is no kind of key: use {', '.join(KINDS)}.", field="kind")


def _instant(args: Args, field: str) -> datetime | None:
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


def _required(value: _Value | None, field: str) -> _Value:
    if value is None:
        raise InvalidInputError(f"{field} is missing.", field=field)
    return value


def _text(args: Args, field: str) -> str:
    value = args.get(field)
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError(f"{field} is missing.", field=field)
    return value
