"""The gateway's RSGI application: from a request to the relay, or to a clear refusal.

/healthz /readyz /metrics        about the gateway
/{route}/…                       to the provider that the workspace of the key calls {route}
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog

from quotah_server.domain.ids import new_id
from quotah_server.gateway import attribution, headers
from quotah_server.gateway.admission import Passed, admit, presented
from quotah_server.gateway.attempts import MEDIA, PASSTHROUGH
from quotah_server.gateway.dialects import RefusalError, guess
from quotah_server.gateway.dialects.base import NO_ASK, read_ask
from quotah_server.gateway.errand import Errand
from quotah_server.gateway.estimate import request_tokens
from quotah_server.gateway.headers import Scanned
from quotah_server.gateway.limits import Limits
from quotah_server.gateway.metrics import CONTENT_TYPE, GatewayMetrics
from quotah_server.gateway.named import check_models
from quotah_server.gateway.relay import Relay
from quotah_server.gateway.reply import HTTPProtocol, Reply
from quotah_server.gateway.snapshot_holder import OpenMount, SnapshotHolder
from quotah_server.kit.clock import Clock
from quotah_server.providers.base import MANAGEMENT

_log = structlog.get_logger("quotah.gateway")
_FREE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
_FREE_OPERATIONS = frozenset({MANAGEMENT, "count_tokens", "input_tokens"})
"""What no provider bills: passed on without an event."""
_NOT_READ = frozenset({PASSTHROUGH, MANAGEMENT})
"""Operations whose body names no model that is called: a batch's stand in its file, whatever else it says."""
_REMEMBERED, _REMEMBERED_LENGTH = 256, 200
_DOT_SEGMENT = re.compile(r"(?:^|[/\\]|%2f|%5c)\.{1,2}(?:[/\\]|%2f|%5c|$)", re.IGNORECASE)


class HeaderItems(Protocol):
    def items(self) -> list[tuple[str, str]]: ...


class Scope(Protocol):
    """The part of RSGI's scope that the gateway uses. Of ``path``, escapes that need
    not be are undone, and no others."""

    @property
    def proto(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query_string(self) -> str: ...
    @property
    def headers(self) -> HeaderItems: ...


class GatewayApp:
    """The application object; the server calls ``__rsgi__`` for every request.

    degraded: what does not work although calls are served, for people.
    """

    def __init__(
        self,
        holder: SnapshotHolder,
        relay: Relay,
        metrics: GatewayMetrics,
        limits: Limits,
        clock: Clock,
        degraded: Callable[[], list[str]],
    ) -> None:
        self._holder = holder
        self._relay = relay
        self._metrics = metrics
        self._limits = limits
        self._clock = clock
        self._degraded = degraded
        self._held = 0
        self.stopping = False

    async def __rsgi__(self, scope: Scope, proto: HTTPProtocol) -> None:
        """Serve one request."""
        _, _, rest = scope.path.partition("/")
        mount_name, slash, below = rest.partition("/")
        if not slash and self._about(mount_name, scope.method, proto):
            return
        call_id = new_id()
        reply = Reply(proto)
        dialect = guess(mount_name)
        found: Scanned | None = None
        try:
            found = headers.scan(scope.headers.items())
            passed = self._admit(scope, found, mount_name)
            dialect = passed.mount.dialect
            body = await self._body(found, proto)
            errand = self._errand(passed, found, scope, slash + below, body, call_id)
            if scope.method in _FREE_METHODS or errand.operation in _FREE_OPERATIONS:
                await self._relay.forward(errand, reply)
            else:
                await self._relay.run(errand, reply)
        except RefusalError as refusal:
            self._metrics.refusals[refusal.code] += 1
            head = [("content-type", "application/json"), ("x-quotah-request-id", call_id)]
            if refusal.retry_after_s is not None:
                head.append(("retry-after", str(refusal.retry_after_s)))
            head += refusal.headers
            reply.whole(refusal.status, head, dialect.error_body(refusal, call_id))
        except Exception:  # noqa: BLE001 -- a fault of ours is answered, not hung
            _log.exception("request_failed", call_id=call_id)
            if not reply.started:
                failure = RefusalError(
                    500, "gateway_error", "Quotah failed to handle this request."
                )
                head = [("content-type", "application/json"), ("x-quotah-request-id", call_id)]
                reply.whole(500, head, dialect.error_body(failure, call_id))
        finally:
            if found is not None and found.held:
                self._held -= found.held

    def _admit(self, scope: Scope, found: Scanned, mount_name: str) -> Passed:
        if self.stopping:
            raise RefusalError(503, "stopping", "Quotah is being stopped.", retry_after_s=2)
        held, keys = self._holder, presented(found, scope.query_string)
        return admit(held.view, held.control_plane_up, keys, mount_name, self._clock)

    def _about(self, name: str, method: str, proto: HTTPProtocol) -> bool:
        """Answer a question about the gateway itself; False when it was none."""
        if name == "healthz":
            body, status, kind = b'{"status":"ok"}', 200, "application/json"
        elif name == "readyz":
            status, body, kind = (*self._readiness(), "application/json")
        elif name == "metrics":
            body, status, kind = self._metrics.render(), 200, CONTENT_TYPE
        else:
            return False
        if method not in ("GET", "HEAD"):
            status, body = 405, b'{"error":"only GET is allowed here"}'
        proto.response_bytes(status, [("content-type", kind)], b"" if method == "HEAD" else body)
        return True

    def _readiness(self) -> tuple[int, bytes]:
        view = self._holder.view
        if self.stopping:
            return 503, b'{"status":"stopping"}'
        if view is None:
            return 503, b'{"status":"waiting for the control plane"}'
        state: dict[str, object] = {
            "status": "ready",
            "snapshot_version": view.version,
            "control_plane": "up" if self._holder.control_plane_up else "down",
        }
        if degraded := self._degraded():
            state["degraded"] = degraded
        return 200, msgspec.json.encode(state)

    async def _body(self, found: Scanned, proto: HTTPProtocol) -> bytes:
        limits = self._limits
        if found.size > limits.header_bytes:
            raise RefusalError(
                431, "headers_too_large", f"The headers exceed {limits.header_bytes} bytes."
            )
        length = found.content_length
        if length is not None:
            if length > limits.request_bytes:
                raise _too_large(limits.request_bytes)
            if length > limits.large_bytes:
                self._hold(found, length)
        elif not found.chunked:
            return b""
        try:
            return await (proto() if length is not None else self._chunks(found, proto))
        except RuntimeError as error:
            raise RefusalError(
                400, "incomplete_request", "The request body was cut short."
            ) from error

    async def _chunks(self, found: Scanned, proto: HTTPProtocol) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in proto:
            chunks.append(chunk)
            size += len(chunk)
            if size > self._limits.request_bytes:
                raise _too_large(self._limits.request_bytes)
            if size > self._limits.large_bytes:
                self._hold(found, size - found.held)
        return b"".join(chunks)

    def _hold(self, found: Scanned, size: int) -> None:
        """Count a large body, or more of it, against what all of them may take."""
        if self._held + size > self._limits.bodies_bytes:
            text = "Too many large requests are under way at this Quotah gateway; try again."
            raise RefusalError(503, "too_many_large_requests", text, retry_after_s=1)
        self._held += size
        found.held += size

    def _errand(
        self, passed: Passed, found: Scanned, scope: Scope, path: str, body: bytes, call_id: str
    ) -> Errand:
        """What the request wants, and for whom. Raises RefusalError for what its key may not do."""
        key, mount = passed.key, passed.mount
        operation = mount.operations.get((scope.method, path))
        if operation is None:
            operation = _operation_of(mount, scope.method, path)
        who, dropped = attribution.read(found.ours, key, key.environment)
        for name in dropped:
            self._metrics.dropped[name] += 1
        understood = bool(body) and operation not in _NOT_READ
        errand = Errand(
            passed.view, key, mount, passed.own,
            call_id=call_id, method=scope.method, path=path, query=scope.query_string,
            forward=found.forward, body=body, operation=operation,
            ask=read_ask(body) if understood else NO_ASK,
            attribution=who, trace=attribution.read_trace(found.traceparent),
            wish=found.ours.get("cache") if found.ours else None,
        )  # fmt: skip
        if key.models and scope.method not in _FREE_METHODS:
            check_models(key, errand.model, body, found.forward)
        if understood and operation not in MEDIA:
            errand.estimated_input = request_tokens(body)
        return errand


def _operation_of(mount: OpenMount, method: str, path: str) -> str:
    """The operation of a client path, remembered where it has no id in it. Raises RefusalError for a
    path that may go nowhere."""
    if _DOT_SEGMENT.search(path):
        raise RefusalError(400, "invalid_path", "The path may not contain '.' or '..' segments.")
    if headers.GATEWAY_KEY in path:
        raise RefusalError(
            400, "invalid_path", "A Quotah key has no place in the path: providers would see it."
        )
    operation = mount.provider.operation(method, mount.dialect.upstream_path(path)) or PASSTHROUGH
    if operation not in _NOT_READ and len(path) <= _REMEMBERED_LENGTH:
        if len(mount.operations) >= _REMEMBERED:
            mount.operations.clear()
        mount.operations[method, path] = operation
    return operation


def _too_large(limit: int) -> RefusalError:
    return RefusalError(413, "request_too_large", f"The request body exceeds {limit} bytes.")
