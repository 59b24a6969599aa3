"""/prices: the book, a workspace's own prices, whose word counts, what has no price, updates.

The list book is the instance's: its updates are the operator's business.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool

from quotah_server.domain.errors import ForbiddenError, InvalidInputError, NotFoundError
from quotah_server.domain.ids import new_id
from quotah_server.features.prices import transfer
from quotah_server.features.prices.disagreements import Disagreements
from quotah_server.features.prices.preview import previewed
from quotah_server.features.prices.schemas import (
    BookModelPage,
    BookOut,
    DisagreementList,
    ImportOut,
    ModelOut,
    OverrideFields,
    OverrideList,
    OverrideOut,
    OverrideSaved,
    PreviewIn,
    PreviewOut,
    Transfer,
    TransferIn,
    TrustList,
    TrustListIn,
    UnpricedList,
    UpdateOut,
    UpdatesIn,
    UpdatesOut,
)
from quotah_server.features.prices.service import OwnPrices
from quotah_server.features.prices.updates import PriceUpdates
from quotah_server.http.deps import Access, Acting, AdminScoped, Control, Db, Scoped, outer_id, part
from quotah_server.http.fields import Instant
from quotah_server.http.pagination import Cursor, Limit
from quotah_server.http.problem import problems
from quotah_server.kit.clock import utc_now

router = APIRouter(prefix="/prices", tags=["prices"])

Own = Annotated[OwnPrices, Depends(part(OwnPrices))]
Updates = Annotated[PriceUpdates, Depends(part(PriceUpdates))]
READ = problems(401, 403, 404)
STORE = problems(401, 403, 404, 503)
DECIDE = problems(401, 403, 404, 409)


# --- the book -------------------------------------------------------------------------------------


@router.get("/book", operation_id="prices_book", responses=READ)
async def get_book(access: Scoped, own: Own) -> BookOut:
    """The price book that this workspace's calls are priced by."""
    return own.about(access.scope)


@router.get("/models", operation_id="prices_models", responses=READ)
async def list_models(
    access: Scoped,
    own: Own,
    search: Annotated[
        str, Query(max_length=200, description="Words that the name or one of the ids must hold.")
    ] = "",
    provider: Annotated[str | None, Query(max_length=120)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> BookModelPage:
    """List the models of the book, by provider and name, with the rates that hold now."""
    return await run_in_threadpool(own.models, access.scope, search, provider, cursor, limit)


@router.get("/models/{provider}/{model:path}", operation_id="prices_model", responses=READ)
async def get_model(provider: str, model: str, access: Scoped, own: Own) -> ModelOut:
    """All that is known of a model's prices: past and present, with sources."""
    return await own.model(access.scope, provider, model)


@router.get("/disagreements", operation_id="prices_disagreements", responses=STORE)
async def list_disagreements(
    _access: Scoped, found: Annotated[Disagreements, Depends(part(Disagreements))]
) -> DisagreementList:
    """List where the book contradicts the base book that it is made of, current ones first."""
    return DisagreementList(items=await found.listed())


@router.get("/unpriced", operation_id="prices_unpriced", responses=STORE)
async def list_unpriced(
    access: Scoped,
    own: Own,
    from_: Annotated[Instant, Query(alias="from", description="Inclusive.")],
    to: Annotated[Instant | None, Query(description="Exclusive.")] = None,
) -> UnpricedList:
    """List the models whose calls have no price, the most frequent first, 200 at most."""
    return UnpricedList(items=await run_in_threadpool(own.unpriced, access.scope, from_, to))


@router.post("/preview", operation_id="prices_preview", responses=READ)
async def preview(body: PreviewIn, access: Scoped, own: Own, database: Control) -> PreviewOut:
    """What a call would cost; ``override`` is a price to try that is not saved."""
    scope, draft = access.scope, None
    project_id = outer_id(body.project_id, "prj") if body.project_id else scope.project_id
    if scope.project_id not in (None, project_id):
        raise NotFoundError("There is no such project, or your key is not bound to it.")
    if body.override is not None:
        async with database.transaction() as session:
            draft, faults = await own.read(session, scope, body.override, new_id())
        if faults:
            field, message = faults[0]
            raise InvalidInputError(f"override.{field}: {message}.", field=f"override.{field}")
    at = body.at or utc_now()
    return await run_in_threadpool(previewed, own.book(scope), body, draft, project_id or "", at)


# --- overrides ------------------------------------------------------------------------------------


@router.get("/overrides", operation_id="price_overrides_list", responses=READ)
async def list_overrides(access: Scoped, own: Own) -> OverrideList:
    """List the workspace's own prices, newest first."""
    return OverrideList(items=await own.listed(access.scope))


@router.post("/overrides", operation_id="price_override_create", status_code=201, responses=DECIDE)
async def create_override(
    body: OverrideFields, access: AdminScoped, actor: Acting, own: Own
) -> OverrideSaved:
    """Set a price; calls are priced by it from now on. Past ones keep theirs until they are re-priced."""
    return await own.create(actor, access.scope, body, access.principal.member_id)


@router.get("/overrides/export", operation_id="price_overrides_export", responses=READ)
async def export_overrides(access: Scoped, session: Db) -> Transfer:
    """All that the workspace sets, as a document for the import."""
    return await transfer.exported(session, access.scope)


@router.post("/overrides/import", operation_id="price_overrides_import", responses=READ)
async def import_overrides(
    body: TransferIn,
    access: AdminScoped,
    actor: Acting,
    own: Own,
    dry_run: Annotated[bool, Query(description="Only say what would be done.")] = False,
) -> ImportOut:
    """Take a document in, beside what is set: as a whole, or nothing where one entry is wrong."""
    return await transfer.imported(
        own, actor, access.scope, body, created_by=access.principal.member_id, now=utc_now(),
        dry_run=dry_run,
    )  # fmt: skip


@router.get("/overrides/{override_id}", operation_id="price_override_get", responses=READ)
async def get_override(override_id: str, access: Scoped, own: Own) -> OverrideOut:
    """One of the workspace's own prices."""
    return await own.get(access.scope, outer_id(override_id, "ovr"))


@router.put("/overrides/{override_id}", operation_id="price_override_replace", responses=READ)
async def replace_override(
    override_id: str, body: OverrideFields, access: AdminScoped, actor: Acting, own: Own
) -> OverrideSaved:
    """Put another price in the place of one."""
    return await own.change(actor, access.scope, outer_id(override_id, "ovr"), body)


@router.delete(
    "/overrides/{override_id}",
    operation_id="price_override_delete",
    status_code=204,
    responses=READ,
)
async def delete_override(override_id: str, access: AdminScoped, actor: Acting, own: Own) -> None:
    """Take a price back; from now on the list counts again."""
    await own.remove(actor, access.scope, outer_id(override_id, "ovr"))


# --- trust ----------------------------------------------------------------------------------------


@router.get("/trust", operation_id="price_trust_get", responses=READ)
async def get_trust(access: Scoped, own: Own) -> TrustList:
    """Whose own word on a call's cost counts, provider by provider."""
    return TrustList(providers=await own.trust(access.scope))


@router.put("/trust", operation_id="price_trust_set", responses=READ)
async def set_trust(body: TrustListIn, access: AdminScoped, actor: Acting, own: Own) -> TrustList:
    """Say whose word counts; providers that are not named stay as they are."""
    await own.set_trust(actor, access.scope, body.providers)
    return TrustList(providers=await own.trust(access.scope))


# --- updates --------------------------------------------------------------------------------------


@router.get("/updates", operation_id="price_updates_get", responses=READ)
async def get_updates(access: Scoped, updates: Updates) -> UpdatesOut:
    """Whether newer list prices are looked for, and what was found."""
    return await updates.status(may_change=_operates(access))


@router.put("/updates", operation_id="price_updates_set", responses=READ)
async def set_updates(
    body: UpdatesIn, access: AdminScoped, actor: Acting, updates: Updates
) -> UpdatesOut:
    """Turn the daily look for newer list prices on or off."""
    _operator(access)
    await updates.enable(actor, enabled=body.enabled)
    return await updates.status(may_change=True)


@router.post("/updates/check", operation_id="price_updates_check", responses=READ)
async def check_updates(access: AdminScoped, actor: Acting, updates: Updates) -> UpdatesOut:
    """Look for newer list prices now; what came of it, a failure too, is in the answer."""
    _operator(access)
    await updates.check(actor)
    return await updates.status(may_change=True)


@router.post("/updates/{update_id}/accept", operation_id="price_update_accept", responses=DECIDE)
async def accept_update(
    update_id: str, access: AdminScoped, actor: Acting, updates: Updates
) -> UpdateOut:
    """Put an update that is held in force."""
    _operator(access)
    return await updates.accept(actor, outer_id(update_id, "upd"))


@router.post("/updates/{update_id}/reject", operation_id="price_update_reject", responses=DECIDE)
async def reject_update(
    update_id: str, access: AdminScoped, actor: Acting, updates: Updates
) -> UpdateOut:
    """Leave an update that is held alone for good."""
    _operator(access)
    return await updates.reject(actor, outer_id(update_id, "upd"))


def _operates(access: Access) -> bool:
    return access.principal.is_operator and access.at_least("admin")


def _operator(access: Access) -> None:
    """List prices count for every workspace, so that an admin of one may not change them."""
    if not access.principal.is_operator:
        raise ForbiddenError("Only the operator of this instance may change the list of prices.")
