"""POST /query, GET /query/fields."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from quotah_server.analytics.ask import Asker
from quotah_server.analytics.dimensions import DIMENSIONS, FIELDS
from quotah_server.analytics.metrics import METRICS
from quotah_server.analytics.query import Query, check
from quotah_server.features.query.schemas import (
    DimensionOut,
    FieldsOut,
    MetricOut,
    QueryIn,
    TableOut,
)
from quotah_server.http.deps import Scoped, part
from quotah_server.http.problem import problems

router = APIRouter(prefix="/query", tags=["analytics"])
_encode = msgspec.json.Encoder().encode


@router.post(
    "", operation_id="query", response_model=TableOut, responses=problems(401, 403, 404, 503)
)
async def query(
    body: QueryIn, access: Scoped, asker: Annotated[Asker, Depends(part(Asker))]
) -> Response:
    """Answer a question about the workspace's calls."""
    asked = msgspec.convert(body.model_dump(by_alias=True), Query)
    check(asked)
    table = await run_in_threadpool(asker.ask, asked, access.scope)
    return Response(_encode(table), media_type="application/json")


@router.get("/fields", operation_id="query_fields", responses=problems(401, 403, 404))
async def fields(_access: Scoped) -> FieldsOut:
    """List what can be asked for."""
    return FieldsOut(
        metrics=[
            MetricOut(
                name=metric.name,
                label=metric.label,
                unit=metric.unit,
                description=metric.description,
                formula=metric.formula,
                better=metric.better,
            )
            for metric in METRICS.values()
        ],
        dimensions=[DimensionOut(name=one.name, label=one.label) for one in DIMENSIONS.values()],
        filters=list(FIELDS),
    )
