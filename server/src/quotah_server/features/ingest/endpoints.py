"""POST /events: what applications and SDKs send."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from quotah_server.domain.call import Call
from quotah_server.domain.ids import prefixed
from quotah_server.features.ingest import body as bodies
from quotah_server.features.ingest.schema import request_body
from quotah_server.features.ingest.schemas import IngestResult
from quotah_server.features.ingest.service import Outcome, Recorder
from quotah_server.features.ingest.wire import Sender, call_of, patch_of, read
from quotah_server.features.workspaces import repository as workspaces
from quotah_server.http.deps import Access, Control, Ingesting, part
from quotah_server.http.problem import problems
from quotah_server.store.control.session import Database
from quotah_server.store.events.base import AttributionPatch

router = APIRouter(prefix="/events", tags=["events"])
SDK_AGENT = "quotah-"
"""User-Agent of our own SDKs."""


class _Result(msgspec.Struct, frozen=True, omit_defaults=True):
    index: int
    id: str | None
    status: str
    reason: str | None = None


class _Answer(msgspec.Struct, frozen=True):
    accepted: int
    duplicates: int
    rejected: int
    results: list[_Result]


@router.post(
    "",
    operation_id="events_send",
    response_model=IngestResult,
    openapi_extra={"requestBody": request_body()},
    responses={
        207: {"model": IngestResult, "description": "Some events were not taken."},
        **problems(401, 403, 413, 415, 503),
    },
)
async def send_events(
    request: Request,
    access: Ingesting,
    control: Control,
    recorder: Annotated[Recorder, Depends(part(Recorder))],
) -> Response:
    """Record calls that did not pass through the gateway.

    A JSON array, or JSON lines; gzip or plain; at most 8 MB (32 MB inflated) and 5,000 events. What
    is accepted is on disk, and can be asked for within two seconds. Sending a batch again is safe.
    """
    encoding = request.headers.get("content-encoding", "")
    bodies.check_encoding(encoding)
    data = await bodies.collect(request.stream())
    kind = request.headers.get("content-type", "")
    parts = await run_in_threadpool(lambda: bodies.split(bodies.inflate(data, encoding), kind))
    sender = await _sender(request, access, control)
    answer = await run_in_threadpool(_take, parts, sender, recorder)
    taken = len(parts) == answer.accepted + answer.duplicates
    return Response(
        msgspec.json.encode(answer),
        status_code=200 if taken else 207,
        media_type="application/json",
    )


async def _sender(request: Request, access: Access, control: Database) -> Sender:
    project_id = access.project_id
    if project_id is None:
        async with control.transaction() as session:
            project_id = (await workspaces.first_project(session, access.scope)).id
    agent = request.headers.get("user-agent", "")
    return Sender(
        workspace_id=access.workspace_id,
        project_id=project_id,
        key_id=access.principal.key_id,
        door="sdk" if agent.startswith(SDK_AGENT) else "api",
    )


def _take(parts: list[bytes | msgspec.Raw], sender: Sender, recorder: Recorder) -> _Answer:
    now = recorder.now()
    results: dict[int, _Result] = {}
    calls: list[tuple[int, Call]] = []
    patches: list[tuple[int, AttributionPatch]] = []
    for index, one in enumerate(parts):
        try:
            event = read(one, now)
            if event.gateway_event_id is None:
                calls.append((index, call_of(event, sender)))
            else:
                patches.append((index, patch_of(event, sender)))
        except (ValueError, msgspec.DecodeError) as error:
            results[index] = _Result(index, None, "rejected", str(error))
    outcomes = recorder.submit([call for _, call in calls])
    recorder.attribute([patch for _, patch in patches])
    for (index, _), outcome in zip(calls, outcomes, strict=True):
        results[index] = _shown(index, outcome)
    for index, patch in patches:
        results[index] = _Result(index, prefixed("evt", patch.event_id), "accepted")
    ordered = [results[index] for index in range(len(parts))]
    counts = [result.status for result in ordered]
    return _Answer(
        accepted=counts.count("accepted"),
        duplicates=counts.count("duplicate"),
        rejected=counts.count("rejected") + counts.count("conflict"),
        results=ordered,
    )


def _shown(index: int, outcome: Outcome) -> _Result:
    return _Result(index, prefixed("evt", outcome.event_id), outcome.status, outcome.reason)
