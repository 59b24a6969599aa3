"""The stand-in itself: routes a request to a vendor's code, breaks the answer if asked, logs it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs

from quotah_server.mock.anthropic import errors as anthropic_errors
from quotah_server.mock.anthropic.listing import list_models as list_anthropic_models
from quotah_server.mock.anthropic.messages import answer_count, answer_messages
from quotah_server.mock.desk import Answer, BadRequestError, Desk, Visit, utc_now
from quotah_server.mock.exchange import Reply, Request, Step, json_reply
from quotah_server.mock.faults import FaultCounter, apply
from quotah_server.mock.ledger import Entry, Ledger
from quotah_server.mock.openai import errors as openai_errors
from quotah_server.mock.openai.chat import answer_chat
from quotah_server.mock.openai.embeddings import answer_embeddings
from quotah_server.mock.openai.listing import list_models as list_openai_models
from quotah_server.mock.openai.media import answer_images, answer_speech
from quotah_server.mock.openai.responses import answer_responses
from quotah_server.mock.script import ScriptError

Handler = Callable[[Visit], Answer]

_ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", "/openai/v1/chat/completions"): answer_chat,
    ("POST", "/openai/v1/responses"): answer_responses,
    ("POST", "/openai/v1/embeddings"): answer_embeddings,
    ("POST", "/openai/v1/audio/speech"): answer_speech,
    ("POST", "/openai/v1/images/generations"): answer_images,
    ("GET", "/openai/v1/models"): list_openai_models,
    ("POST", "/anthropic/v1/messages"): answer_messages,
    ("POST", "/anthropic/v1/messages/count_tokens"): answer_count,
    ("GET", "/anthropic/v1/models"): list_anthropic_models,
}
_ABOUT = {
    "name": "Quotah mock provider",
    "openai_base_url": "/openai/v1",
    "anthropic_base_url": "/anthropic",
    "log": "/mock/log",
}


class MockProvider:
    """Answers requests; holds the log, the cache memory and the rate-limit windows.

    ``log_path``: file that every settled log line is appended to. Serve it with ``wire.serve``.
    """

    def __init__(
        self, log_path: Path | None = None, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.ledger = Ledger(log_path)
        self._desk = Desk(clock)
        self._faults = FaultCounter()

    def answer(self, request: Request) -> tuple[Reply, Entry | None]:
        """Decide the answer of a request and open its log entry when it is one that is billed."""
        path = request.path.rstrip("/")
        if path.startswith("/anthropic/"):
            return self._vendor(request, path, anthropic=True)
        if path.startswith("/openai/"):
            return self._vendor(request, path, anthropic=False)
        return self._own(request, path), None

    def _own(self, request: Request, path: str) -> Reply:
        if path == "/mock/log" and request.method == "GET":
            after = parse_qs(request.query).get("after", ["0"])[0]
            if not after.isdecimal():
                return json_reply(400, {"error": "after must be the number of a log line"}, [])
            lines = self.ledger.lines(int(after))
            return Reply(200, [("content-type", "application/x-ndjson")], [Step(lines)])
        if path == "/mock/log" and request.method == "DELETE":
            self.ledger.clear()
            return Reply(204, [], [Step(b"")])
        if path in ("", "/healthz") and request.method in ("GET", "HEAD"):
            return json_reply(200, _ABOUT, [])
        return json_reply(404, {"error": f"no such page: {request.method} {request.path}"}, [])

    def _vendor(
        self, request: Request, path: str, *, anthropic: bool
    ) -> tuple[Reply, Entry | None]:
        request_id = self._desk.mint("req_")
        id_header = ("request-id" if anthropic else "x-request-id", request_id)

        def error_body(status: int, message: str | None = None, code: str | None = None) -> object:
            if anthropic:
                return anthropic_errors.error_body(status, message, code, request_id)
            return openai_errors.error_body(status, message, code)

        def refuse(status: int, message: str, code: str | None = None) -> Reply:
            return json_reply(status, error_body(status, message, code), [id_header])

        handler = _ROUTES.get((request.method, path))
        if handler is None:
            return refuse(404, f"Invalid URL ({request.method} {request.path})"), None
        key = _key_of(request)
        if not key:
            return refuse(401, "No API key: any key that is not empty will do."), None
        if anthropic and "anthropic-version" not in request.headers:
            return refuse(400, "anthropic-version: header is required"), None
        try:
            answer = handler(Visit(request, key, self._desk, request_id))
        except BadRequestError as error:
            return refuse(error.status, str(error)), None
        except ScriptError as error:
            return refuse(400, str(error), "mock_setting"), None
        strikes = self._faults.strikes(answer.script)
        reply = apply(answer.reply, answer.script, error_body, strikes=strikes)
        return reply, self._open_entry(reply, request, request_id, key)

    def _open_entry(
        self, reply: Reply, request: Request, request_id: str, key: str
    ) -> Entry | None:
        if reply.bill is None:
            return None
        return self.ledger.open(
            reply.bill,
            request,
            request_id=request_id,
            fingerprint=hashlib.sha256(key.encode()).hexdigest()[:16],
            digest=hashlib.sha256(request.body).hexdigest(),
            at=self._desk.clock().isoformat().replace("+00:00", "Z"),
        )


def _key_of(request: Request) -> str:
    own = request.headers.get("x-api-key", "").strip()
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return own or (token.strip() if scheme.lower() == "bearer" else "")
