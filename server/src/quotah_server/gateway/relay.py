"""One call through the gateway: to the provider, back to the client, and into the books.

Bytes are passed on, not understood; what accounting needs is read from a copy. Whatever happens,
an attempt that was begun ends in exactly one event.
"""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from quotah_server.domain.event import PricedEvent
from quotah_server.gateway import headers as header_rules
from quotah_server.gateway.attempts import (
    Attempt,
    Watch,
)
from quotah_server.gateway.dialects import RefusalError
from quotah_server.gateway.estimator import Estimator
from quotah_server.gateway.limits import Limits
from quotah_server.gateway.metrics import GatewayMetrics
from quotah_server.gateway.passage import GONE, Desk, Outcome, Passage, own_headers
from quotah_server.gateway.recorder import Recorder
from quotah_server.gateway.reply import Reply
from quotah_server.gateway.upstream import Headers, Upstream, UpstreamError, UpstreamResponse
from quotah_server.kit.clock import Clock
from quotah_server.pipeline.intents import IntentLog

_log = structlog.get_logger("quotah.gateway")


class Outgoing(msgspec.Struct, frozen=True):
    """A request as it goes to the provider. injected: see Dialect.prepare."""

    method: str
    url: str
    headers: Headers
    body: bytes
    injected: bool = False


class Relay:
    """Runs attempts. One per gateway."""

    def __init__(
        self,
        upstream: Upstream,
        recorder: Recorder,
        intents: IntentLog,
        watch: Watch,
        metrics: GatewayMetrics,
        limits: Limits,
        clock: Clock,
        estimator: Estimator,
    ) -> None:
        self._upstream = upstream
        self._recorder = recorder
        self._intents = intents
        self._watch = watch
        self._metrics = metrics
        self._clock = clock
        self._estimator = estimator
        self._desk = Desk(watch, metrics, limits, self.estimate, self.finish)

    async def run(self, attempt: Attempt, out: Outgoing, reply: Reply) -> None:
        """Send an attempt that is recorded, answer the client, record it."""
        held: list[UpstreamResponse] = []
        self._watch.add(attempt)
        try:
            outcome = await self._run(attempt, out, reply, held)
            if outcome is not None and not attempt.recorded:
                try:
                    await self.estimate(attempt, outcome)
                finally:
                    self.finish(attempt, outcome)
        finally:
            self._watch.remove(attempt)
            for response in held:
                await response.close()

    async def _run(
        self, attempt: Attempt, out: Outgoing, reply: Reply, held: list[UpstreamResponse]
    ) -> Outcome | None:
        try:
            self._intents.note(attempt.intent())
            response = await self._upstream.send(
                out.method, out.url, out.headers, out.body,
                way=attempt.admitted.credential.way,
            )  # fmt: skip
            held.append(response)
            attempt.answered(response.status, response.headers, self._clock())
            return await Passage(self._desk, attempt, response, reply, out.injected).run()
        except UpstreamError as error:
            return await self._broken(attempt, reply, error)
        except asyncio.CancelledError:
            return await self._aborted(attempt, reply)
        except Exception:  # noqa: BLE001 -- a fault of ours still ends in one event
            attempt.ending = True
            _log.exception("relay_failed", event_id=attempt.event_id)
            return await self._refuse(attempt, reply, 500, "gateway_error", "Quotah failed.")

    async def forward(self, attempt: Attempt, out: Outgoing, reply: Reply) -> None:
        """Pass on a request that costs nothing (a list of models, a stored answer): no event."""
        response: UpstreamResponse | None = None
        self._watch.add(attempt)
        try:
            response = await self._upstream.send(
                out.method, out.url, out.headers, out.body,
                way=attempt.admitted.credential.way,
            )  # fmt: skip
            attempt.answered(response.status, response.headers, self._clock())
            head = header_rules.returned(response.headers)
            head.append(("x-quotah-request-id", attempt.call_id))
            if out.method == "HEAD":
                length = [item for item in response.headers if item[0] == "content-length"]
                reply.head_only(response.status, head + length)
                return
            reply.begin(response.status, head)
            while (chunk := await response.chunk()) is not None:
                attempt.activity += 1
                if not await reply.send(chunk):
                    return
        except UpstreamError as error:
            await self._broken(attempt, reply, error)
        except asyncio.CancelledError:
            await self._aborted(attempt, reply)
        finally:
            self._watch.remove(attempt)
            if response is not None:
                await response.close()

    async def estimate(self, attempt: Attempt, outcome: Outcome) -> None:
        """Count what the provider did not, where that is to be done; before ``finish``."""
        if attempt.lacks_usage(outcome.status):
            attempt.ending = True
            attempt.estimated_units = units = self._estimator.by_bytes(attempt)
            if units is not None:
                units.update(await self._estimator.counted(attempt))

    def finish(self, attempt: Attempt, outcome: Outcome) -> PricedEvent:
        """Record an attempt that is over."""
        attempt.recorded = True
        now = self._clock()
        call = attempt.call(outcome.status, outcome.error_class, now)
        event = self._recorder.finish(call)
        if outcome.status == "success":
            self._estimator.learn(attempt, event)
        seconds = (now - attempt.started_at).total_seconds()
        self._metrics.attempt(call.provider, call.operation, outcome.status, seconds)
        if outcome.status != "success":
            _log.info(
                "call_failed",
                event_id=call.event_id,
                call_id=call.call_id,
                provider=call.provider,
                status=outcome.status,
                error_class=outcome.error_class,
                http_status=call.http_status,
            )
        return event

    async def _broken(self, attempt: Attempt, reply: Reply, error: UpstreamError) -> Outcome:
        attempt.ending = True
        self._metrics.upstream_errors[error.kind] += 1
        _log.warning("upstream_failed", call_id=attempt.call_id, kind=error.kind, reason=str(error))
        if reply.gone:
            return GONE
        if reply.started:
            reply.cut()
            return Outcome("error", error.kind)
        status = 504 if error.timed_out else 502
        if not error.sent:
            attempt.http_status = status
        text = f"The provider gave no usable answer: {error}."
        return await self._refuse(attempt, reply, status, error.kind, text)

    async def _aborted(self, attempt: Attempt, reply: Reply) -> Outcome:
        attempt.ending = True
        reason = attempt.abort_reason or "gateway_stopped"
        task = asyncio.current_task()
        while task is not None and task.cancelling():
            task.uncancel()
        if reason == "client_disconnected":
            return GONE
        if reason == "gateway_stopped":
            await self._refuse(attempt, reply, 503, reason, "Quotah is being stopped; try again.")
            return Outcome("interrupted", reason)
        self._metrics.upstream_errors[reason] += 1
        text = "The provider took too long to answer."
        return await self._refuse(attempt, reply, 504, reason, text)

    async def _refuse(
        self, attempt: Attempt, reply: Reply, status: int, code: str, text: str
    ) -> Outcome:
        if reply.started:
            reply.cut()
        else:
            refusal = RefusalError(status, code, text)
            body = attempt.admitted.mount.dialect.error_body(refusal, attempt.call_id)
            head = [("content-type", "application/json"), *own_headers(attempt)]
            reply.whole(status, head, body)
        return Outcome("error", code)
