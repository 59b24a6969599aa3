"""What surrounds every endpoint: headers, problems, bounds, logs, probes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, Body, Depends
from fastapi.responses import StreamingResponse
from plane import PASSWORD, Plane, bearer
from structlog.testing import capture_logs

from quotah_server.domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    QuotahError,
    TooManyAttemptsError,
    UnauthenticatedError,
    UnavailableError,
)
from quotah_server.domain.secrets import mint_key
from quotah_server.features.auth.service import ControlAuthenticator
from quotah_server.http.app import AppOptions, build_app
from quotah_server.http.deps import Db, Toolbox, open_to_all
from quotah_server.http.frame import parse_networks
from quotah_server.http.problem import PayloadTooLargeError, UnsupportedMediaError
from quotah_server.store.control import migrate
from quotah_server.store.control.models import SetupTokenRow
from quotah_server.store.control.session import Database, control_url

REFUSALS: dict[str, tuple[QuotahError, int]] = {
    "invalid": (InvalidInputError("m", field="f", hint="h"), 422),
    "missing": (NotFoundError("m"), 404),
    "forbidden": (ForbiddenError("m"), 403),
    "conflict": (ConflictError("m"), 409),
    "anonymous": (UnauthenticatedError("m"), 401),
    "slow": (TooManyAttemptsError("m", retry_after_s=7), 429),
    "away": (UnavailableError("m", retry_after_s=9), 503),
    "large": (PayloadTooLargeError("m"), 413),
    "media": (UnsupportedMediaError("m"), 415),
    "other": (QuotahError("m"), 400),
}


def odd_router() -> APIRouter:
    router = APIRouter(dependencies=[Depends(open_to_all)])

    @router.get("/refuse/{name}", operation_id="refusal_get")
    async def refuse(name: str) -> None:
        raise REFUSALS[name][0]

    @router.get("/break", operation_id="break_get")
    async def broken() -> None:
        raise RuntimeError("canary-in-an-exception")

    @router.post("/echo", operation_id="echo_create")
    async def echo(body: Annotated[dict[str, int], Body()]) -> int:
        return len(body)

    @router.get("/stream", operation_id="stream_get")
    async def stream() -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"one"
            yield b"two"

        return StreamingResponse(chunks())

    @router.post("/half", operation_id="half_create")
    async def half(session: Db) -> None:
        from datetime import UTC, datetime

        at = datetime.now(UTC)
        session.add(
            SetupTokenRow(id="0" * 32, token_hash="x", created_at=at, expires_at=at, used_at=None)
        )
        await session.flush()
        raise ConflictError("after writing")

    return router


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = control_url(None, tmp_path / "control.sqlite")
    migrate.upgrade(url)
    database = Database(url)
    yield database
    await database.close()


@pytest.fixture
async def client(database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    options = AppOptions(
        "0.0.0",
        trusted=parse_networks("10.0.0.0/8"),
        body_limit=1000,
        body_limits={"/api/v1/echo": 50},
    )
    app = build_app(options, Toolbox(database, ControlAuthenticator(database)), [odd_router()])
    transport = httpx2.ASGITransport(app, client=("10.0.0.1", 5))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8400") as found:
        yield found


@pytest.mark.parametrize("name", REFUSALS)
async def test_every_refusal_is_a_problem_with_its_status(
    client: httpx2.AsyncClient, name: str
) -> None:
    error, status = REFUSALS[name]
    response = await client.get(f"/api/v1/refuse/{name}")
    body = response.json()
    assert response.status_code == body["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert body["code"] == error.code
    assert body["type"] == f"urn:quotah:problem:{error.code}"
    assert (body.get("field"), body.get("hint")) == (error.field, error.hint)
    assert body["request_id"] == response.headers["x-request-id"]


async def test_who_should_wait_is_told_how_long(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/api/v1/refuse/slow")).headers["retry-after"] == "7"
    assert (await client.get("/api/v1/refuse/away")).headers["retry-after"] == "9"
    assert (await client.get("/api/v1/refuse/anonymous")).headers["www-authenticate"] == "Bearer"


async def test_what_breaks_is_a_problem_that_tells_nothing_and_a_log_that_quotes_nothing(
    client: httpx2.AsyncClient,
) -> None:
    with capture_logs() as logs:
        response = await client.get("/api/v1/break")
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    told = json.dumps(logs) + response.text
    assert "canary-in-an-exception" not in told
    entry = next(found for found in logs if found["event"] == "request_broke")
    assert entry["error"] == "RuntimeError"
    assert any("broken" in frame for frame in entry["at"])


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/nothing", "/api/v1//refuse", "/api/v1/%2e%2e/x"]
)
async def test_nothing_at_an_address_is_a_problem(client: httpx2.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_the_wrong_method_is_a_problem_that_names_the_right_ones(
    client: httpx2.AsyncClient,
) -> None:
    response = await client.delete("/api/v1/echo")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[" * 2000, b'{"a": ' + b"9" * 5000 + b"}", b"\xff\xfe", b"null", b'"x"', b"NaN"],
)
async def test_a_broken_body_is_a_problem_and_never_a_crash(
    database: Database, content: bytes
) -> None:
    app = build_app(
        AppOptions("0"), Toolbox(database, ControlAuthenticator(database)), [odd_router()]
    )
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        response = await client.post(
            "/api/v1/echo", content=content, headers={"content-type": "application/json"}
        )
    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"


async def test_an_invalid_value_is_named_and_not_repeated(client: httpx2.AsyncClient) -> None:
    response = await client.post("/api/v1/echo", json={"a": "canary-value"})
    assert response.status_code == 422
    assert response.json()["field"] == "a"
    assert "canary-value" not in response.text


async def test_a_body_over_its_bound_is_refused_by_its_stated_length(
    client: httpx2.AsyncClient,
) -> None:
    response = await client.post("/api/v1/echo", content=b"x" * 51)
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


async def test_a_body_over_its_bound_is_refused_while_it_comes_in(
    client: httpx2.AsyncClient,
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 10

    response = await client.post(
        "/api/v1/echo", content=chunks(), headers={"content-type": "application/json"}
    )
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


async def test_a_body_within_its_bound_passes(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/api/v1/echo", json={"a": 1})).json() == 1


async def test_every_answer_tells_browsers_to_be_strict(client: httpx2.AsyncClient) -> None:
    for path in ("/api/v1/refuse/missing", "/healthz", "/nothing"):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers


async def test_answers_of_the_api_are_kept_by_nobody(client: httpx2.AsyncClient) -> None:
    for path in ("/api/v1/stream", "/api/v1/refuse/missing", "/api/v1/break"):
        assert (await client.get(path)).headers["cache-control"] == "no-store"


async def test_https_alone_asks_for_https_forever(client: httpx2.AsyncClient) -> None:
    plain = await client.get("/healthz")
    secured = await client.get("/healthz", headers={"x-forwarded-proto": "https"})
    assert "strict-transport-security" not in plain.headers
    assert secured.headers["strict-transport-security"].startswith("max-age=31536000")


async def test_a_refusal_after_writing_leaves_no_trace(
    client: httpx2.AsyncClient, database: Database
) -> None:
    assert (await client.post("/api/v1/half")).status_code == 409
    async with database.transaction() as session:
        assert await session.get(SetupTokenRow, "0" * 32) is None


async def test_a_control_database_that_is_away_is_no_fault_of_the_caller(tmp_path: Path) -> None:
    plane = Plane(Database(control_url(None, tmp_path / "missing" / "control.sqlite")))
    for path in ("/api/v1/instance", "/readyz"):
        response = await plane.client().get(path)
        assert (response.status_code, response.json()["code"]) == (503, "unavailable")
        assert response.headers["retry-after"] == "2"
        assert "missing" not in response.text
    signed = await plane.client().get("/api/v1/keys", headers=bearer(mint_key("admin")))
    assert signed.status_code == 503, "a key that cannot be looked up is not a wrong key"
    assert (await plane.client().get("/healthz")).status_code == 200
    await plane.close()


async def test_the_probes_tell_alive_from_ready(database: Database) -> None:
    async def broken() -> None:
        raise OSError("canary")

    toolbox = Toolbox(database, ControlAuthenticator(database))
    app = build_app(AppOptions("0", checks={"events": broken}), toolbox, [])
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        assert (await client.get("/healthz")).status_code == 200
        response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["detail"] == "Not ready: events."
    assert "canary" not in response.text


async def test_requests_are_counted_by_operation_not_by_path(client: httpx2.AsyncClient) -> None:
    await client.get("/api/v1/refuse/missing")
    await client.get("/api/v1/nothing/canary-path")
    text = (await client.get("/metrics")).text
    assert 'quotah_http_requests_total{method="GET",route="refusal_get",status="404"} 1.0' in text
    assert "canary-path" not in text


async def test_the_access_log_names_the_operation_and_neither_path_nor_query(
    client: httpx2.AsyncClient,
) -> None:
    with capture_logs() as logs:
        await client.get("/api/v1/refuse/missing?key=canary-query")
        await client.get("/api/v1/canary-path", headers={"authorization": "Bearer canary-header"})
    assert [entry["route"] for entry in logs] == ["refusal_get", "(none)"]
    assert "canary" not in json.dumps(logs)


async def test_a_signed_in_answer_carries_no_store(plane: Plane) -> None:
    browser = await plane.owner()
    response = await browser.call("GET", "/me")
    assert response.headers["cache-control"] == "no-store"
    assert PASSWORD not in response.text
