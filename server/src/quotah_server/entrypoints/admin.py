"""The commands that touch data, by name; run in the API process or on an idle data folder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from quotah_server.domain.errors import NotFoundError
from quotah_server.domain.ids import prefixed
from quotah_server.entrypoints.admin_gateway import GatewayAdmin
from quotah_server.entrypoints.arguments import Args, Result, instant, required, scope_of, text
from quotah_server.entrypoints.parts import Parts
from quotah_server.features.repricing.schemas import RepriceIn
from quotah_server.features.samples.schemas import SamplesIn
from quotah_server.features.setup import service as setup
from quotah_server.http.deps import SYSTEM


class Admin:
    """Runs commands for whoever can reach the data folder: the operator."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._commands: dict[str, Callable[[Args], Awaitable[Result]]] = {
            "init": self._init,
            "setup_link": self._setup_link,
            "seed": self._seed,
            "reprice": self._reprice,
            **GatewayAdmin(parts).commands,
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
            email=text(args, "email"),
            password=text(args, "password"),
            workspace_name=text(args, "workspace_name"),
            rotate_token=bool(args.get("rotate_token")),
        )
        return msgspec.to_builtins(done)

    async def _setup_link(self, _args: Args) -> Result:
        url = await setup.setup_link(self._parts.database, self._parts.settings.dashboard_url)
        return {"url": url}

    async def _seed(self, args: Args) -> Result:
        scope = None
        if args.get("workspace_id"):
            async with self._parts.database.transaction() as session:
                scope = await scope_of(session, args)
        wanted = SamplesIn.model_construct(
            events=int(args["events"]), days=int(args["days"]), seed=int(args["seed"])
        )
        done = await self._parts.samples.fill(SYSTEM, scope, wanted, instant(args, "end"))
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
            from_=required(instant(args, "from"), "from"),
            to=required(instant(args, "to"), "to"),
            provider=args.get("provider") or None,
            model=args.get("model") or None,
        )
        if args.get("dry_run"):
            told = await self._parts.repricing.plan(scope, wanted)
        else:
            told = await self._parts.repricing.apply(SYSTEM, scope, wanted)
        return told.model_dump(mode="json")
