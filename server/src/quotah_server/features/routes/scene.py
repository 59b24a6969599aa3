"""What a dry run looks at: the workspace as a gateway knows it now, and the request that is thought."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book
from quotah_server.catalog.price import price
from quotah_server.domain.errors import InvalidIdError, InvalidInputError, NotFoundError
from quotah_server.domain.gateway_state import Breaker, CredentialState
from quotah_server.domain.ids import parse_id
from quotah_server.domain.routing import Asked, Route, Standing, Target
from quotah_server.domain.scope import Scope
from quotah_server.domain.usage import Usage
from quotah_server.features.gateways.service import Gateways
from quotah_server.features.keys import repository as keys
from quotah_server.features.keys.settings import ANYTHING, KeySettings, KnownKey
from quotah_server.features.providers import repository as credentials
from quotah_server.features.providers.mounts import Mounted, UsedKey
from quotah_server.features.routes import convert, repository
from quotah_server.features.routes.checks import check
from quotah_server.features.routes.schemas import AskedIn, DraftIn, DryRunIn
from quotah_server.features.workspaces import repository as workspaces

DRAFT_ID = "draft"
"""The id of a draft that would be added."""


class Scene(msgspec.Struct, frozen=True):
    """mounts: by name, those of vendors that have no key here included. key: None where the request may
    come with any; may: what it may call. tokens: of the request and of the answer."""

    asked: Asked
    routes: tuple[Route, ...]
    mounts: dict[str, Mounted]
    states: dict[str, CredentialState]
    paces: dict[tuple[str, str], float]
    book: Book
    key: KnownKey | None
    may: KeySettings
    tokens: tuple[int, int]
    now: datetime

    def breaker(self, key: UsedKey) -> Breaker:
        """Whether gateways keep calls from a key now."""
        state = self.states.get(key.id)
        over = state is None or (state.open_until is not None and state.open_until <= self.now)
        return "closed" if over or state is None else state.breaker

    def standing(self, target: Target) -> Standing:
        """What is known of a filled-in target now."""
        mount = self.mounts.get(target.mount or "")
        cut_off = mount is None or all(self.breaker(key) == "open" for key in mount.keys)
        pace = self.paces.get((target.mount or "", target.model or ""))
        return Standing(open=cut_off, latency_s=pace, cost_usd=self._cost(mount, target.model))

    def _cost(self, mount: Mounted | None, model: str | None) -> Decimal | None:
        if mount is None or model is None:
            return None
        count_in, count_out = self.tokens
        found = price(
            self.book, provider=canonical(mount.provider), model=model, at=self.now,
            usage=Usage({"input": count_in, "output": count_out}),
            project_id=self.asked.project_id, deployment=model,
        )  # fmt: skip
        return found.cost_usd


async def look(
    session: AsyncSession,
    scope: Scope,
    body: DryRunIn,
    gateways: Gateways,
    book: Book,
    now: datetime,
) -> Scene:
    """Gather all that a dry run needs; raises InvalidInputError for a request or a draft that makes no
    sense."""
    routes = repository.following(await repository.of_workspace(session, scope))
    if body.route is not None:
        routes = await _with_draft(session, scope, routes, body.route)
    mounts = await credentials.mounts(session, scope)
    key = await _key(session, scope, body.request)
    return Scene(
        asked=await _asked(session, scope, body.request, key, mounts.get(body.request.mount)),
        routes=tuple(routes),
        mounts=mounts,
        states=dict(gateways.credentials(scope.workspace_id)),
        paces=gateways.reports.paces(scope.workspace_id),
        book=book,
        key=key,
        may=ANYTHING if key is None else key.may,
        tokens=(body.request.input_tokens, body.request.output_tokens),
        now=now,
    )


async def _with_draft(
    session: AsyncSession, scope: Scope, routes: list[Route], draft: DraftIn
) -> list[Route]:
    """The routes as they would be with the draft saved."""
    try:
        place = len(routes) if draft.id is None else _place(routes, draft.id)
        route = convert.read(draft, DRAFT_ID if draft.id is None else routes[place].id)
        await check(session, scope, route)
    except (InvalidInputError, NotFoundError) as error:
        error.field = f"route.{error.field}" if error.field else "route"
        raise
    return [*routes[:place], route, *routes[place + 1 :]]


def _place(routes: list[Route], text: str) -> int:
    for place, route in enumerate(routes):
        if route.id == parse_id(text, convert.NOUN):
            return place
    raise NotFoundError("There is no such route in this workspace.", field="id")


async def _key(session: AsyncSession, scope: Scope, asked: AskedIn) -> KnownKey | None:
    if asked.key_id is None:
        return None
    try:
        key = await keys.known(session, scope, parse_id(asked.key_id, "key"))
    except InvalidIdError:
        key = None
    if key is None:
        raise InvalidInputError(
            "There is no such gateway key in this workspace.", field="request.key_id"
        )
    return key


async def _asked(
    session: AsyncSession,
    scope: Scope,
    asked: AskedIn,
    key: KnownKey | None,
    mount: Mounted | None,
) -> Asked:
    may = ANYTHING if key is None else key.may
    return Asked(
        mount=asked.mount,
        model=asked.model,
        operation=asked.operation or (mount.operation if mount else "chat"),
        project_id=await _project(session, scope, asked, key),
        key_id=None if key is None else key.id,
        feature=asked.feature or may.defaults.feature,
        environment=asked.environment or may.environment,
        streaming=asked.streaming,
    )


async def _project(
    session: AsyncSession, scope: Scope, asked: AskedIn, key: KnownKey | None
) -> str:
    if asked.project_id is None:
        own = key.project_id if key is not None else None
        return own or scope.project_id or (await workspaces.first_project(session, scope)).id
    try:
        return (await workspaces.project(session, scope, parse_id(asked.project_id, "prj"))).id
    except (InvalidIdError, NotFoundError) as error:
        raise InvalidInputError(
            "There is no such project in this workspace.", field="request.project_id"
        ) from error
