"""The built dashboard as it is served."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from quotah_server.entrypoints import web

SCRIPT = b"export const page = 1;\n" * 40


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "page-a1.js").write_bytes(SCRIPT)
    (tmp_path / "index.html").write_bytes(b"<!doctype html><title>Quotah</title>")
    return tmp_path


def _client(dist: Path | None) -> TestClient:
    app = FastAPI()
    web.mount(app, dist)
    return TestClient(app)


def test_a_rebuilt_dashboard_does_not_break_the_pages_that_are_open(dist: Path) -> None:
    client = _client(dist)
    (dist / "assets" / "page-a1.js").unlink()
    (dist / "index.html").unlink()
    assert client.get("/assets/page-a1.js").content == SCRIPT
    assert "Quotah" in client.get("/runs").text


def test_hashed_assets_are_kept_for_ever_and_pages_are_asked_for_anew(dist: Path) -> None:
    client = _client(dist)
    assert "immutable" in client.get("/assets/page-a1.js").headers["cache-control"]
    assert client.get("/settings/keys").headers["cache-control"] == "no-cache"


def test_a_missing_asset_is_not_answered_with_a_page(dist: Path) -> None:
    assert _client(dist).get("/assets/gone.js").status_code == 404
    assert _client(dist).get("/api/v1/gone").status_code == 404


def test_text_travels_packed_to_those_who_take_it(dist: Path) -> None:
    client = _client(dist)
    with client.stream("GET", "/assets/page-a1.js", headers={"accept-encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert len(raw) < len(SCRIPT)
    assert gzip.decompress(raw) == SCRIPT
    plain = client.get("/assets/page-a1.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_a_dashboard_that_is_not_built_says_what_to_run() -> None:
    answer = _client(None).get("/")
    assert (answer.status_code, "make setup" in answer.text) == (503, True)
