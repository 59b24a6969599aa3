"""POST /tokens/count."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from quotah_server.features.providers.service import Vault
from quotah_server.features.tokens import service
from quotah_server.features.tokens.schemas import CountIn, CountOut
from quotah_server.http.deps import MemberScoped, part
from quotah_server.http.problem import problems

router = APIRouter(prefix="/tokens", tags=["tokens"])
MAX_BODY = 10_000_000
"""Bytes of a request; more is answered 413."""
_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"schema": CountIn.model_json_schema()}},
}


@router.post(
    "/count",
    operation_id="tokens_count",
    openapi_extra={"requestBody": _BODY},
    responses=problems(401, 403, 404, 413),
)
async def count_tokens(
    request: Request, access: MemberScoped, vault: Annotated[Vault, Depends(part(Vault))]
) -> CountOut:
    """Count the input tokens of a request before it is sent; at most 10 MB.

    Exact for OpenAI's encodings, without a network. Anthropic's models are counted by Anthropic,
    for free, where the workspace has a key; any other count is an estimate and says so.
    """
    data = await request.body()
    # Ten megabytes of JSON take a tenth of a second: not on the event loop.
    asked = await run_in_threadpool(_read, data)
    return await service.counted(vault, access.scope, asked)


def _read(data: bytes) -> CountIn:
    try:
        return CountIn.model_validate_json(data)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        raise RequestValidationError(found) from error
