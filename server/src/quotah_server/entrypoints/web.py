"""The built dashboard, served by the API: hashed assets for ever, every other page is index.html."""

from __future__ import annotations

import gzip
import mimetypes
from functools import cached_property
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from starlette.responses import PlainTextResponse, Response

_IMMUTABLE = "public, max-age=31536000, immutable"
_FRESH = "no-cache"
_TEXT = (".js", ".css", ".html", ".svg", ".json", ".txt", ".webmanifest")
_DOCS = "api-docs/index.html"
_NOT_BUILT = "The dashboard is not built: run `make setup` in the project folder.\n"


def find_dist() -> Path | None:
    """The folder with the built dashboard: packaged, or web/dist of a checkout; None when not built."""
    package = Path(__file__).parents[1]
    for folder in (package / "web_dist", package.parents[2] / "web" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    return None


class _File:
    """One built file, held in memory: a build that replaces the folder must not break open pages."""

    def __init__(self, path: Path, *, immutable: bool) -> None:
        self.body = path.read_bytes()
        self.kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.caching = _IMMUTABLE if immutable else _FRESH
        self._is_text = path.suffix in _TEXT

    @cached_property
    def packed(self) -> bytes | None:
        """The body gzipped, where that pays."""
        return gzip.compress(self.body, 6) if self._is_text else None


def mount(app: FastAPI, dist: Path | None) -> None:
    """Serve the dashboard, as it is now, for every path that is neither the API's nor a probe's."""
    files = {} if dist is None else _files(dist)

    async def page(request: Request) -> Response:
        path = request.path_params["path"]
        if path == "api" or path.startswith(("api/", "internal/", "admin/")):
            raise HTTPException(404, "There is no such endpoint.")
        if "index.html" not in files:
            return PlainTextResponse(_NOT_BUILT, status_code=503)
        if path not in files and path.startswith("assets/"):
            return Response(status_code=404)
        return _answer(files.get(path, files["index.html"]), request)

    async def docs(request: Request) -> Response:
        if _DOCS not in files:
            return PlainTextResponse(_NOT_BUILT, status_code=503)
        return _answer(files[_DOCS], request)

    app.add_route("/api/docs", docs, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_route("/{path:path}", page, methods=["GET", "HEAD"], include_in_schema=False)


def _files(dist: Path) -> dict[str, _File]:
    names = {path.relative_to(dist): path for path in dist.rglob("*") if path.is_file()}
    return {
        name.as_posix(): _File(path, immutable=name.parts[0] == "assets")
        for name, path in names.items()
    }


def _answer(file: _File, request: Request) -> Response:
    body = file.body
    headers = {"cache-control": file.caching, "vary": "accept-encoding"}
    if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        body = file.packed
    if request.method == "HEAD":
        return Response(headers={**headers, "content-length": str(len(body))}, media_type=file.kind)
    return Response(body, headers=headers, media_type=file.kind)
