"""The commands about what the gateway works with: keys, provider keys, routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.ids import parse_id
from quotah_server.domain.secrets import KeyKind
from quotah_server.entrypoints.arguments import Args, Result, body, scope_of, text
from quotah_server.entrypoints.parts import Parts
from quotah_server.features.keys import repository as key_rows
from quotah_server.features.keys import service as keys
from quotah_server.features.keys.schemas import KeyIn
from quotah_server.features.providers import repository as provider_rows
from quotah_server.features.providers import service as providers
from quotah_server.features.providers.forms import account_of
from quotah_server.features.providers.schemas import CredentialIn
from quotah_server.features.routes import convert, dryrun, scene
from quotah_server.features.routes import repository as route_rows
from quotah_server.features.routes import service as routes
from quotah_server.features.routes.applying import apply
from quotah_server.features.routes.schemas import DryRunIn, RouteIn
from quotah_server.http.deps import SYSTEM
from quotah_server.kit.clock import utc_now

KINDS: tuple[KeyKind, ...] = ("gateway", "ingest", "admin")
DROP_UNREADABLE = "providers_drop_unreadable"
_PAGE = 200
_KEY_FIELDS = (
    "project_id", "expires_at", "models", "mounts", "requests_per_minute", "tokens_per_minute",
    "byok", "environment", "defaults",
)  # fmt: skip
_PROVIDER_FIELDS = ("name", "base_url", "mount", "weight", "settings")


class GatewayAdmin:
    """Runs these commands on open parts; ``commands`` by name."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.commands: dict[str, Callable[[Args], Awaitable[Result]]] = {
            "keys_create": self._keys_create,
            "keys_list": self._keys_list,
            "keys_revoke": self._keys_revoke,
            "providers_add": self._providers_add,
            "providers_add_mock": self._providers_add_mock,
            "providers_list": self._providers_list,
            "providers_remove": self._providers_remove,
            DROP_UNREADABLE: self._providers_drop_unreadable,
            "routes_list": self._routes_list,
            "routes_apply": self._routes_apply,
            "routes_dry_run": self._routes_dry_run,
        }

    async def _keys_create(self, args: Args) -> Result:
        kind = text(args, "kind")
        if kind not in KINDS:
            raise InvalidInputError(
                f"{kind!r} is no kind of key: use {', '.join(KINDS)}.", field="kind"
            )
        given = {name: args[name] for name in _KEY_FIELDS if args.get(name) is not None}
        fields = body(KeyIn, {"kind": kind, "name": text(args, "name"), **given})
        project_id = parse_id(fields.project_id, "prj") if fields.project_id else None
        async with self._parts.database.transaction() as session:
            made = await keys.create(
                session, SYSTEM, await scope_of(session, args), kind=fields.kind, name=fields.name,
                project_id=project_id, expires_at=fields.expires_at,
                settings=keys.settings_in(fields),
            )  # fmt: skip
        return made.model_dump(mode="json")

    async def _keys_list(self, args: Args) -> Result:
        async with self._parts.database.transaction() as session:
            page = await keys.listed(session, await scope_of(session, args), None, _PAGE)
        return {"items": [key.model_dump(mode="json") for key in page.items if not key.revoked_at]}

    async def _keys_revoke(self, args: Args) -> Result:
        key_id = parse_id(text(args, "id"), "key")
        async with self._parts.database.transaction() as session:
            scope = await key_rows.scope_of(session, key_id)
            await keys.revoke(session, SYSTEM, scope, key_id)
        return {}

    async def _providers_add(self, args: Args) -> Result:
        async with self._parts.database.transaction() as session:
            scope = await scope_of(session, args)
        account = account_of(text(args, "provider"))
        if not args.get("api_key") and not account.keyless:
            raise InvalidInputError(
                f"{account.label} needs a key, which is read from standard input: "
                "add --api-key-stdin.",
                field="api_key",
            )
        given = {name: args[name] for name in _PROVIDER_FIELDS if args.get(name) is not None}
        named = {"provider": account.provider, "api_key": args.get("api_key") or None}
        fields = body(CredentialIn, {**named, **given})
        private = args.get("allow_private")
        if private is None:
            # Whoever runs this command runs the instance, and named the address on purpose.
            private = fields.base_url is not None or account.keyless
        added = await providers.add(
            self._parts.vault, SYSTEM, scope, provider=fields.provider, api_key=fields.api_key,
            base_url=fields.base_url, name=fields.name, allow_private=bool(private),
            mount=fields.mount, weight=fields.weight, settings=fields.settings,
        )  # fmt: skip
        return added.model_dump(mode="json")

    async def _providers_add_mock(self, args: Args) -> Result:
        parts = self._parts
        async with parts.database.transaction() as session:
            scope = await scope_of(session, args)
            items = await providers.add_mock(session, parts.ring, SYSTEM, scope, parts.mock)
        return {"items": [item.model_dump(mode="json") for item in items]}

    async def _providers_list(self, args: Args) -> Result:
        states = self._parts.gateways.credentials
        async with self._parts.database.transaction() as session:
            scope = await scope_of(session, args)
            page = await providers.listed(session, scope, None, _PAGE, states)
        return {"items": [item.model_dump(mode="json") for item in page.items]}

    async def _providers_remove(self, args: Args) -> Result:
        credential_id = parse_id(text(args, "id"), "cred")
        async with self._parts.database.transaction() as session:
            scope = await provider_rows.scope_of(session, credential_id)
            await providers.remove(session, SYSTEM, scope, credential_id)
        return {}

    async def _providers_drop_unreadable(self, _args: Args) -> Result:
        async with self._parts.database.transaction() as session:
            dropped = await providers.drop_unreadable(session, SYSTEM, self._parts.ring)
        return {"dropped": dropped}

    async def _routes_list(self, args: Args) -> Result:
        """The routes as the API shows them, and as a file holds them."""
        async with self._parts.database.transaction() as session:
            scope = await scope_of(session, args)
            rows = await route_rows.of_workspace(session, scope)
            listed = await routes.listed(session, scope)
        return {
            "items": listed.model_dump(mode="json")["items"],
            "file": {"routes": [convert.as_file(one) for one in route_rows.following(rows)]},
        }

    async def _routes_apply(self, args: Args) -> Result:
        listed = args.get("routes")
        if not isinstance(listed, list):
            raise InvalidInputError(
                "The file has no list `routes`; an empty one takes all routes away.", field="routes"
            )
        wanted = [_route_of(number, one) for number, one in enumerate(listed)]
        async with self._parts.database.transaction() as session:
            scope = await scope_of(session, args)
            dry_run = bool(args.get("dry_run"))
            done = await apply(session, SYSTEM, scope, wanted, dry_run=dry_run)
        return msgspec.to_builtins(done)

    async def _routes_dry_run(self, args: Args) -> Result:
        given = {name: args[name] for name in ("request", "route") if args.get(name) is not None}
        fields = body(DryRunIn, given)
        parts = self._parts
        async with parts.database.transaction() as session:
            scope = await scope_of(session, args)
            book = parts.prices.book_for(scope.workspace_id)
            found = await scene.look(session, scope, fields, parts.gateways, book, utc_now())
        return dryrun.told(found).model_dump(mode="json")


def _route_of(number: int, fields: object) -> RouteIn:
    name = fields.get("name") if isinstance(fields, dict) else None
    try:
        return body(RouteIn, fields)
    except InvalidInputError as error:
        where = f"Route {number + 1}" + (f" ({name})" if isinstance(name, str) else "")
        field = f"routes.{number}.{error.field or ''}".rstrip(".")
        raise InvalidInputError(f"{where}, {error.message}", field=field) from error
