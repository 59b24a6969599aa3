"""GET /runs, GET /runs/{id}, PUT /runs/{id}/feedback."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool

from quotah_server.analytics.dimensions import TAG, is_tag
from quotah_server.analytics.query import Filter, Scalar, check_filter
from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.ids import parse_id
from quotah_server.features.runs.repository import credential_names
from quotah_server.features.runs.schemas import FeedbackIn, FeedbackOut, RunDetail, RunPage
from quotah_server.features.runs.service import RunService
from quotah_server.http.deps import Db, MemberScoped, Scoped, outer_id, part
from quotah_server.http.fields import Instant
from quotah_server.http.pagination import Cursor, Limit
from quotah_server.http.problem import problems

router = APIRouter(prefix="/runs", tags=["runs"])
Runs = Annotated[RunService, Depends(part(RunService))]
Values = Annotated[list[str] | None, Query(max_length=100, description="Any of these.")]


class RunFilters:
    """The filters of the list, each a query parameter that may be repeated."""

    def __init__(
        self,
        provider: Values = None,
        model: Values = None,
        operation: Values = None,
        status: Values = None,
        error_class: Values = None,
        feature: Values = None,
        user: Values = None,
        team: Values = None,
        session: Values = None,
        prompt: Values = None,
        prompt_version: Values = None,
        key: Values = None,
        credential: Values = None,
        route: Values = None,
        project: Values = None,
        environment: Values = None,
        door: Values = None,
        cost_status: Values = None,
        from_cache: Annotated[
            bool | None,
            Query(description="Those that the gateway's cache answered, or the others."),
        ] = None,
        tag: Annotated[
            list[str] | None, Query(max_length=20, description="name=value; all must hold.")
        ] = None,
    ) -> None:
        given = {
            name: value
            for name, value in locals().items()
            if name not in ("self", "tag", "from_cache")
        }
        self.filters = [_any_of(name, values) for name, values in given.items() if values]
        self.filters += [_tag(text) for text in tag or ()]
        if from_cache is not None:
            self.filters.append(Filter("from_cache", "eq", from_cache))


@router.get("", operation_id="runs_list", responses=problems(401, 403, 404, 503))
async def list_runs(
    access: Scoped,
    runs: Runs,
    filters: Annotated[RunFilters, Depends()],
    from_: Annotated[Instant | None, Query(alias="from", description="Inclusive.")] = None,
    to: Annotated[Instant | None, Query(description="Exclusive.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RunPage:
    """List the workspace's calls, newest first."""
    return await run_in_threadpool(
        runs.page, access.scope, filters.filters, start=from_, end=to, cursor=cursor, limit=limit
    )


@router.get("/{run_id}", operation_id="run_get", responses=problems(401, 403, 404, 503))
async def get_run(run_id: str, access: Scoped, runs: Runs, session: Db) -> RunDetail:
    """One call in full, by the id of the run (run_…) or of one of its events (evt_…)."""
    found = await run_in_threadpool(runs.detail, access.scope, _run_id(run_id))
    used = {one.credential_id for one in found.attempt_list if one.credential_id}
    if used:
        bare = {parse_id(one): one for one in used}
        names = await credential_names(session, access.scope, bare)
        found = runs.named(found, {bare[one]: name for one, name in names.items()})
    return found


@router.put("/{run_id}/feedback", operation_id="run_rate", responses=problems(401, 403, 404, 503))
async def rate_run(run_id: str, body: FeedbackIn, access: MemberScoped, runs: Runs) -> FeedbackOut:
    """Say what a call was worth; the word replaces an earlier one."""
    return await run_in_threadpool(runs.rate, access.scope, _run_id(run_id), body)


def _run_id(text: str) -> str:
    return outer_id(text, "evt" if text.startswith("evt_") else "run")


def _any_of(name: str, values: list[str]) -> Filter:
    items: list[Scalar] = [*values]
    found = Filter(name, "in", items)
    check_filter(found, name)
    return found


def _tag(text: str) -> Filter:
    name, sign, value = text.partition("=")
    if not sign or not is_tag(TAG + name):
        raise InvalidInputError("a tag is given as name=value", field="tag")
    found = Filter(TAG + name, "eq", value)
    check_filter(found, "tag")
    return found
