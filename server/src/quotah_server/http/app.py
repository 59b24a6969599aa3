"""Put the API together: routers and parts in, a FastAPI application out. Composition is the caller's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.responses import JSONResponse, Response

from quotah_server.http import problem
from quotah_server.http.deps import Toolbox, open_to_all
from quotah_server.http.frame import Network
from quotah_server.http.metrics import HttpMetrics
from quotah_server.http.middleware import (
    BodyLimitMiddleware,
    BrowserHeadersMiddleware,
    FrameMiddleware,
)
from quotah_server.http.openapi import describe

_log = structlog.get_logger(__name__)
PREFIX = "/api/v1"
Check = Callable[[], Awaitable[None]]


class AppOptions(msgspec.Struct, frozen=True):
    """trusted: proxies whose forwarded headers are believed. body_limit and body_limits: bytes, by
    default and by path prefix. checks: name → raises while that part is not ready."""

    version: str
    trusted: tuple[Network, ...] = ()
    body_limit: int = 1_000_000
    body_limits: Mapping[str, int] = {}
    checks: Mapping[str, Check] = {}


def build_app(
    options: AppOptions,
    toolbox: Toolbox,
    routers: Sequence[APIRouter],
    metrics: HttpMetrics | None = None,
) -> FastAPI:
    """Build the API: routers under /api/v1, and /healthz, /readyz, /metrics beside them."""
    metrics = metrics or HttpMetrics()
    app = FastAPI(
        title="Quotah", version=options.version, openapi_url="/api/openapi.json",
        docs_url=None, redoc_url=None, generate_unique_id_function=lambda route: route.name,
    )  # fmt: skip
    app.state.toolbox = toolbox
    problem.install(app)
    for router in routers:
        app.include_router(router, prefix=PREFIX)
    app.include_router(_probes(options, toolbox, metrics))
    describe(app)
    app.add_middleware(
        BodyLimitMiddleware, default=options.body_limit, limits=dict(options.body_limits)
    )
    app.add_middleware(FrameMiddleware, trusted=options.trusted, metrics=metrics)
    app.add_middleware(BrowserHeadersMiddleware)
    return app


def _probes(options: AppOptions, toolbox: Toolbox, metrics: HttpMetrics) -> APIRouter:
    router = APIRouter(include_in_schema=False, dependencies=[Depends(open_to_all)])
    checks: dict[str, Check] = {"database": toolbox.database.ping, **options.checks}

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz(request: Request) -> Response:
        missing = [name for name, check in checks.items() if not await _holds(name, check)]
        if not missing:
            return JSONResponse({"status": "ready"})
        detail = f"Not ready: {', '.join(missing)}."
        response = problem.render(request, 503, "unavailable", detail)
        response.headers["retry-after"] = "2"
        return response

    @router.get("/metrics")
    async def show_metrics() -> Response:
        return metrics.render()

    return router


async def _holds(name: str, check: Check) -> bool:
    try:
        await check()
    except Exception as error:  # noqa: BLE001 -- whatever it is, the part is not ready
        _log.warning("not_ready", part=name, error=type(error).__name__)
        return False
    return True
