"""The built dashboard, served by the API: hashed assets for ever, every other page is index.html."""

from __future__ import annotations

import gzip
import mimetypes
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse, Response

_IMMUTABLE = "public, max-age=31536000, immutable"
_FRESH = "no-cache"
_TEXT = (".js", ".css", ".html", ".svg", ".json", ".txt", ".webmanifest")
_NOT_BUILT = "The dashboard is not built: run `make setup` in the project folder.\n"


def find_dist() -> Path | None:
    """The folder with the built dashboard: packaged, or web/dist of a checkout; None when not built."""
    package = Path(__file__).parents[1]
    for folder in (package / "web_dist", package.parents[2] / "web" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    return None


def mount(app: FastAPI, dist: Path | None) -> None:
    """Serve the dashboard for every path that is neither the API's nor a probe's."""
    files = {} if dist is None else _files(dist)

    async def page(request: Request) -> Response:
        path = request.path_params["path"]
        if path == "api" or path.startswith(("api/", "internal/", "admin/")):
            return Response(status_code=404)
        if "index.html" not in files:
            return PlainTextResponse(_NOT_BUILT, status_code=503)
        if path not in files and path.startswith("assets/"):
            return Response(status_code=404)
        return _answer(files.get(path, files["index.html"]), request)

    app.add_route("/{path:path}", page, methods=["GET", "HEAD"], include_in_schema=False)


def _files(dist: Path) -> dict[str, Path]:
    return {str(path.relative_to(dist)): path for path in dist.rglob("*") if path.is_file()}


def _answer(path: Path, request: Request) -> Response:
    body, packed = _load(path, path.stat().st_mtime_ns)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {
        "cache-control": _IMMUTABLE if path.parent.name == "assets" else _FRESH,
        "vary": "accept-encoding",
    }
    if packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        body = packed
    if request.method == "HEAD":
        return Response(headers={**headers, "content-length": str(len(body))}, media_type=kind)
    return Response(body, headers=headers, media_type=kind)


@lru_cache(maxsize=256)
def _load(path: Path, _changed_ns: int) -> tuple[bytes, bytes | None]:
    body = path.read_bytes()
    return body, gzip.compress(body, 6) if path.suffix in _TEXT else None
