"""One request through the gateway: to a provider, or to several; back to the client; into the books.

Bytes are passed on, not understood; what accounting needs is read from a copy. Whatever happens,
an attempt that was begun ends in exactly one event, and the last one of a request is marked as final.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from datetime import datetime
from functools import partial

import msgspec
import structlog
from msgspec import structs

from quotah_server.domain.event import PricedEvent
from quotah_server.domain.ids import new_id
from quotah_server.domain.routing import DEFAULT_ROUTE
from quotah_server.gateway import headers as header_rules
from quotah_server.gateway import retrying
from quotah_server.gateway.attempts import Attempt, error_class_of
from quotah_server.gateway.dialects import RefusalError
from quotah_server.gateway.errand import Errand
from quotah_server.gateway.estimator import Estimator
from quotah_server.gateway.health import Health
from quotah_server.gateway.held import HeldAnswer
from quotah_server.gateway.keylimits import KeyLimits, output_bound
from quotah_server.gateway.limits import Limits
from quotah_server.gateway.metrics import GatewayMetrics
from quotah_server.gateway.passage import (
    GONE,
    Desk,
    Outcome,
    Passage,
    own_headers,
    read_answer,
)
from quotah_server.gateway.ratelimits import RateLimits
from quotah_server.gateway.recorder import Recorder
from quotah_server.gateway.reply import Reply
from quotah_server.gateway.retrying import Setback
from quotah_server.gateway.routing import Move, Router
from quotah_server.gateway.shelf import Shelf
from quotah_server.gateway.upstream import Upstream, UpstreamError, UpstreamResponse
from quotah_server.gateway.watch import Watch, abort
from quotah_server.gateway.ways import Way
from quotah_server.kit.clock import Clock
from quotah_server.pipeline.intents import IntentLog

_log = structlog.get_logger("quotah.gateway")
_FIRST_ERROR, _TOO_MANY_REQUESTS = 400, 429
_NOT_THE_PROVIDERS = frozenset({"bad_request_target", "address_refused"})


class Again(msgspec.Struct, frozen=True):
    """An attempt failed in a way after which another one is made."""

    outcome: Outcome
    move: Move


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
        router: Router,
        shelf: Shelf,
        key_limits: KeyLimits,
        rate_limits: RateLimits,
    ) -> None:
        self._upstream = upstream
        self._recorder = recorder
        self._intents = intents
        self._watch = watch
        self._metrics = metrics
        self._limits = limits
        self._clock = clock
        self._estimator = estimator
        self._router = router
        self._shelf = shelf
        self._key_limits = key_limits
        self._rate_limits = rate_limits
        self._health = Health(clock)
        self._desk = Desk(watch, metrics, limits, self.estimate, self.finish)

    def run(self, errand: Errand, reply: Reply) -> Awaitable[None]:
        """Send a request that is recorded, answer the client, record every attempt.

        Raises RefusalError where the request may go nowhere.
        """
        move = self._router.begin(errand)
        key = errand.key
        if key.requests_per_minute is None and key.tokens_per_minute is None:
            return self._run_all(errand, move, reply)
        return self._run_limited(errand, move, reply)

    async def _run_limited(self, errand: Errand, move: Move, reply: Reply) -> None:
        key = errand.key
        output = output_bound(errand.most_output()) if key.tokens_per_minute is not None else 0
        tokens = self._estimator.input_of(
            key.workspace_id, errand.mount.provider.name, errand.model, errand.estimated_input
        )
        lease = self._key_limits.take(key, tokens, output)
        try:
            await self._run_all(errand, move, reply)
        finally:
            if lease is not None:
                lease.settle(errand.tokens)

    async def _run_all(self, errand: Errand, move: Move, reply: Reply) -> None:
        if errand.route.cache is not None and self._shelf.answer(errand, reply):
            return
        attempt, leaves = self._attempt(errand, move), errand.route.disconnect == "abort"
        while True:
            held: list[UpstreamResponse] = []
            following: tuple[Attempt, Move] | None = None
            try:
                self._watch.add(attempt)
                if leaves:
                    reply.on_gone(partial(abort, attempt, "client_disconnected"))
                outcome = await self._run(errand, attempt, move, reply, held)
                if isinstance(outcome, Again):
                    following = await self._between(errand, attempt, outcome, reply)
                elif outcome is not None and not attempt.recorded:
                    try:
                        await self.estimate(attempt, outcome)
                    finally:
                        self.finish(attempt, outcome)
            finally:
                if leaves:
                    reply.on_gone(None)
                errand.tokens += attempt.tokens
                self._watch.remove(attempt)
                for response in held:
                    await response.close()
            if following is None:
                return
            attempt, move = following

    def _attempt(self, errand: Errand, move: Move) -> Attempt:
        at, began = self._clock(), time.monotonic()
        move.credential.circuit.began(at, began)
        attempt = errand.attempt(move.leg, move.credential, new_id(), at, began)
        if errand.route.cache is not None:
            attempt.cache, attempt.keeper = errand.cache, self._shelf.keeper(errand)
        return attempt

    async def _run(
        self,
        errand: Errand,
        attempt: Attempt,
        move: Move,
        reply: Reply,
        held: list[UpstreamResponse],
    ) -> Outcome | Again | None:
        try:
            out = errand.outgoing(move.leg, move.credential)
            if attempt.number == 1:
                self._intents.note(attempt.intent())
            response = await self._upstream.send(
                out.method, out.url, out.headers, out.body, way=_way(attempt)
            )
            held.append(response)
            status = response.status
            now = self._clock()
            attempt.answered(status, response.headers, now)
            if move.credential.id and status != _TOO_MANY_REQUESTS:
                self._rate_limits.heard(
                    move.credential,
                    move.leg.mount,
                    attempt.model,
                    status,
                    response.headers,
                    at=now,
                )
            if status >= _FIRST_ERROR:
                judged = await self._judged(errand, attempt, response)
                if isinstance(judged, Again):
                    return judged
                response = judged
            else:
                self._health.head(attempt)
            return await Passage(self._desk, attempt, response, reply, move.leg.injected).run()
        except UpstreamError as error:
            return await self._broken(errand, attempt, reply, error)
        except asyncio.CancelledError:
            return await self._aborted(errand, attempt, reply)
        except Exception:  # noqa: BLE001 -- a fault of ours still ends in one event
            attempt.ending = True
            _log.exception("relay_failed", event_id=attempt.event_id)
            return await self._refuse(attempt, reply, 500, "gateway_error", "Quotah failed.")

    async def _judged(
        self, errand: Errand, attempt: Attempt, response: UpstreamResponse
    ) -> UpstreamResponse | Again:
        """An answer that reports a failure: to be passed on, or to be followed by another attempt."""
        now, status, headers = self._clock(), response.status, response.headers
        retry, advice = errand.route.retry, retrying.advice_of(headers)
        wait_s = retrying.wait_of(headers, now)
        may = self._router.may_go_on(errand) and (advice is True or status in retry.statuses)
        if not may and status != _TOO_MANY_REQUESTS:
            self._health.status(attempt, status, wait_s)
            return response
        answer = HeldAnswer(response)
        await answer.look()
        body = answer.body
        admitted = attempt.admitted
        if status == _TOO_MANY_REQUESTS and admitted.credential.id:
            self._rate_limits.heard(
                admitted.credential, admitted.mount, attempt.model, status, headers, body
            )
        code = admitted.mount.dialect.error_code(body) if answer.whole else None
        if wait_s is None:
            wait_s = retrying.wait_of(headers, now, body)
        self._health.status(attempt, status, wait_s, code)
        setback = retrying.setback_of(retry, status, advice, wait_s, code) if may else None
        move = self._router.next(errand, setback) if setback is not None else None
        if move is None:
            return answer
        self._metrics.retries[f"http_{status}"] += 1
        read_answer(attempt, body, "", self._limits)
        return Again(Outcome("error", attempt.answer.error_class or error_class_of(status)), move)

    async def _between(
        self, errand: Errand, attempt: Attempt, again: Again, reply: Reply
    ) -> tuple[Attempt, Move] | None:
        """After a failed attempt: its pause, its event, and the note of the next one.

        A client that leaves meanwhile, or a gateway that stops, makes the failed attempt the last.
        """
        outcome, move = again.outcome, again.move
        ended_at = self._clock()
        following: Attempt | None = None
        ready = time.monotonic() + move.pause_s
        try:
            await self.estimate(attempt, outcome)
            attempt.pausing, attempt.ending, attempt.abort_reason = True, False, ""
            reply.on_gone(lambda: abort(attempt, "client_disconnected"))
            await asyncio.sleep(max(0.0, ready - time.monotonic()))
            if not errand.may_still_call(self._clock()):
                text = "This Quotah gateway key was revoked, or has expired, meanwhile."
                await self._refuse(attempt, reply, 401, "invalid_api_key", text)
                return None
            following = self._attempt(errand, move)
            self._intents.note(following.intent())
            self._watch.add(following)
            attempt.final = False
        except asyncio.CancelledError:
            _uncancel()
            if attempt.abort_reason != "client_disconnected":
                text = "Quotah is being stopped; try again."
                await self._refuse(attempt, reply, 503, "gateway_stopped", text)
        finally:
            attempt.ending = True
            reply.on_gone(None)
            self.finish(attempt, outcome, ended_at)
        return None if following is None else (following, move)

    async def forward(self, errand: Errand, reply: Reply) -> None:
        """Pass on a request that costs nothing (a list of models, a stored answer): no event."""
        move = self._router.straight(errand)
        attempt, out = self._attempt(errand, move), errand.outgoing(move.leg, move.credential)
        attempt.event_id = ""
        response: UpstreamResponse | None = None
        self._watch.add(attempt)
        reply.on_gone(lambda: abort(attempt, "client_disconnected"))
        try:
            response = await self._upstream.send(
                out.method, out.url, out.headers, out.body, way=_way(attempt)
            )
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
            await self._broken(errand, attempt, reply, error)
        except asyncio.CancelledError:
            await self._aborted(errand, attempt, reply)
        finally:
            attempt.ending = True
            reply.on_gone(None)
            move.credential.circuit.left(attempt.began)
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

    def finish(
        self, attempt: Attempt, outcome: Outcome, ended_at: datetime | None = None
    ) -> PricedEvent:
        """Record an attempt that is over, since ``ended_at`` or now."""
        attempt.recorded = True
        now = ended_at or self._clock()
        call = attempt.call(outcome.status, outcome.error_class, now)
        event = self._recorder.finish(call)
        key = attempt.admitted.key
        if key.tokens_per_minute is not None or key.requests_per_minute is not None:
            attempt.tokens = (event.usage.input_tokens or 0) + (event.usage.output_tokens or 0)
        if attempt.keeper is not None and call.http_status is not None:
            attempt.keeper.done(call.http_status, attempt.head, event.call)
        if not attempt.judged:
            self._health.end(attempt, outcome.status, outcome.error_class)
        if outcome.status == "success":
            self._estimator.learn(attempt, event)
            if attempt.route is not DEFAULT_ROUTE:
                self._router.learn(attempt, event)
        seconds = (now - attempt.started_at).total_seconds()
        self._metrics.attempt(call.provider, call.operation, outcome.status, seconds)
        if outcome.status != "success":
            _log.info(
                "call_failed",
                event_id=call.event_id,
                call_id=call.call_id,
                provider=call.provider,
                status=outcome.status,
                error_class=call.error_class,
                http_status=call.http_status,
            )
        return event

    async def _broken(
        self, errand: Errand, attempt: Attempt, reply: Reply, error: UpstreamError
    ) -> Outcome | Again:
        attempt.ending = True
        self._metrics.upstream_errors[error.kind] += 1
        mount = attempt.admitted.mount.name
        _log.warning(
            "upstream_failed",
            call_id=attempt.call_id,
            mount=mount,
            kind=error.kind,
            reason=str(error),
        )
        if error.kind not in _NOT_THE_PROVIDERS:
            self._health.no_answer(attempt, error.kind)
        if reply.gone:
            return GONE
        if reply.started:
            reply.cut()
            return Outcome("error", error.kind)
        status = 504 if error.timed_out else 502
        if not error.sent:
            attempt.http_status = status
        again = self._after(errand, error.kind, sent=error.sent)
        if again is not None:
            return again
        text = f"The provider {mount!r} gave no usable answer: {error}."
        return await self._refuse(attempt, reply, status, error.kind, text)

    async def _aborted(self, errand: Errand, attempt: Attempt, reply: Reply) -> Outcome | Again:
        attempt.ending = True
        reason = attempt.abort_reason or "gateway_stopped"
        _uncancel()
        if reason == "client_disconnected":
            if attempt.draining is None:
                self._metrics.disconnects["aborted"] += 1
            return GONE
        if reason == "gateway_stopped":
            await self._refuse(attempt, reply, 503, reason, "Quotah is being stopped; try again.")
            return Outcome("interrupted", reason)
        self._metrics.upstream_errors[reason] += 1
        self._health.no_answer(attempt, reason)
        again = None if reply.started else self._after(errand, reason, sent=True)
        if again is not None:
            return again
        text = "The provider took too long to answer."
        return await self._refuse(attempt, reply, 504, reason, text)

    def _after(self, errand: Errand, kind: str, *, sent: bool) -> Again | None:
        """Another attempt after one that got no answer."""
        retry = errand.route.retry
        if not (retry.lost if sent else retry.connection):
            return None
        move = self._router.next(errand, Setback(same_key=kind not in _NOT_THE_PROVIDERS))
        if move is None:
            return None
        self._metrics.retries[kind] += 1
        return Again(Outcome("error", kind), move)

    async def _refuse(
        self, attempt: Attempt, reply: Reply, status: int, code: str, text: str
    ) -> Outcome:
        if reply.started:
            reply.cut()
        else:
            refusal = RefusalError(status, code, text)
            body = attempt.admitted.mount.dialect.error_body(refusal, attempt.call_id)
            own = own_headers(attempt)
            # What costs nothing has no event.
            head = [("content-type", "application/json"), *(own if attempt.event_id else own[1:])]
            reply.whole(status, head, body)
        return Outcome("error", code)


def _way(attempt: Attempt) -> Way:
    way, connect_ms = attempt.admitted.credential.way, attempt.route.timeouts.connect_ms
    return way if connect_ms is None else structs.replace(way, connect_s=connect_ms / 1000)


def _uncancel() -> None:
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()
