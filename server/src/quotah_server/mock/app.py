"""The stand-in itself: routes a request to a vendor's code, breaks the answer if asked, logs it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs

import msgspec

from quotah_server.mock.anthropic.vendor import ANTHROPIC
from quotah_server.mock.azure.vendor import AZURE
from quotah_server.mock.cohere.vendor import COHERE
from quotah_server.mock.desk import BadRequestError, Desk, Visit, utc_now
from quotah_server.mock.exchange import Reply, Request, Step, Trouble, json_reply
from quotah_server.mock.faults import FaultCounter, Voice, apply
from quotah_server.mock.gemini.vendor import GEMINI
from quotah_server.mock.ledger import Entry, Ledger
from quotah_server.mock.mistral.vendor import MISTRAL
from quotah_server.mock.openai.vendor import OPENAI
from quotah_server.mock.plans import FaultPlan, Plans
from quotah_server.mock.script import ScriptError
from quotah_server.mock.vendor import Vendor

_VENDORS = {
    "/openai/deployments": AZURE,
    "/openai/v1": OPENAI,
    "/anthropic": ANTHROPIC,
    "/gemini": GEMINI,
    "/cohere": COHERE,
    "/mistral/v1": MISTRAL,
}
_ABOUT = {
    "name": "Quotah mock provider",
    "openai_base_url": "/openai/v1",
    "azure_base_url": "/openai",
    "anthropic_base_url": "/anthropic",
    "gemini_base_url": "/gemini",
    "cohere_base_url": "/cohere",
    "mistral_base_url": "/mistral/v1",
    "log": "/mock/log",
    "plan": "/mock/plan",
}


class MockProvider:
    """Answers requests; holds the log, the plans, the cache memory and the rate-limit windows.

    ``log_path``: file that every settled log line is appended to. ``log_capacity``: newest lines that
    are kept in memory. Serve it with ``wire.serve``.
    """

    def __init__(
        self,
        log_path: Path | None = None,
        clock: Callable[[], datetime] = utc_now,
        *,
        log_capacity: int = 100_000,
    ) -> None:
        self.ledger = Ledger(log_path, log_capacity)
        self.plans = Plans()
        self._desk = Desk(clock)
        self._faults = FaultCounter()

    def answer(self, request: Request) -> tuple[Reply, Entry | None]:
        """Decide the answer of a request and open its log entry when it is one that is billed."""
        path = request.path.rstrip("/")
        for prefix, vendor in _VENDORS.items():
            if path.startswith(prefix + "/"):
                return self._vendor(request, path[len(prefix) :], vendor)
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
        if path == "/mock/plan":
            return self._plan(request)
        if path in ("", "/healthz") and request.method in ("GET", "HEAD"):
            return json_reply(200, _ABOUT, [])
        return json_reply(404, {"error": f"no such page: {request.method} {request.path}"}, [])

    def _plan(self, request: Request) -> Reply:
        if request.method == "DELETE":
            self.plans.clear()
            return Reply(204, [], [Step(b"")])
        try:
            plan = msgspec.json.decode(request.body, type=FaultPlan)
            self.plans.add(plan)
        except (msgspec.DecodeError, ScriptError, UnicodeDecodeError) as error:
            return json_reply(400, {"error": str(error)}, [])
        return json_reply(201, plan, [])

    def _vendor(self, request: Request, path: str, vendor: Vendor) -> tuple[Reply, Entry | None]:
        request_id = self._desk.mint("req_")
        id_headers = [(vendor.id_header, request_id)] if vendor.id_header else []

        def error_body(trouble: Trouble) -> object:
            return vendor.error_body(trouble, request_id)

        def refuse(status: int, message: str, code: str | None = None) -> Reply:
            return json_reply(status, error_body(Trouble(status, message, code)), id_headers)

        found = vendor.route(request.method, path)
        if found is None:
            return refuse(404, f"Invalid URL ({request.method} {request.path})"), None
        key = vendor.key_of(request)
        if objection := vendor.objection(request, key):
            return refuse(*objection), None
        handler, params = found
        planned = self.plans.apply(request, key)
        try:
            answer = handler(Visit(planned, key, self._desk, request_id, params))
        except BadRequestError as error:
            return refuse(error.status, str(error)), None
        except ScriptError as error:
            return refuse(400, str(error), "mock_setting"), None
        strikes = self._faults.strikes(answer.script)
        voice = Voice(error_body, vendor.stream_error, vendor.retry_headers)
        reply = apply(answer.reply, answer.script, voice, strikes=strikes)
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
