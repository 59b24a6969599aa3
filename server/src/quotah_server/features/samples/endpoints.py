"""GET, POST and DELETE /samples."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from quotah_server.features.samples.schemas import SamplesIn, SamplesOut
from quotah_server.features.samples.service import Samples
from quotah_server.http.deps import Acting, Signed, part
from quotah_server.http.problem import problems

router = APIRouter(prefix="/samples", tags=["samples"])
Loader = Annotated[Samples, Depends(part(Samples))]


@router.get("", operation_id="samples_get", responses=problems(401, 403))
async def get_samples(principal: Signed, samples: Loader) -> SamplesOut:
    """Tell whether sample data is loaded, and how far a load is."""
    return await samples.status(principal.grants)


@router.post("", operation_id="samples_load", status_code=202, responses=problems(401, 403, 409))
async def load_samples(
    body: SamplesIn, principal: Signed, actor: Acting, samples: Loader
) -> SamplesOut:
    """Begin to load sample data into a workspace of its own."""
    return await samples.load(actor, principal.require_member, principal.grants, body)


@router.delete("", operation_id="samples_remove", status_code=204, responses=problems(401, 403))
async def remove_samples(principal: Signed, actor: Acting, samples: Loader) -> None:
    """Remove the sample workspace and everything in it."""
    await samples.remove(actor, principal.grants)
