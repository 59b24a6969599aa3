"""Answers that a route lets be given again: looked up before the first attempt, kept after the last."""

from __future__ import annotations

import hashlib

import msgspec

from quotah_server.domain.ids import new_id, prefixed
from quotah_server.domain.money import usd_text
from quotah_server.gateway.cache import AnswerCache, Keeper, call_of_hit, directive, hit_headers
from quotah_server.gateway.errand import MOCK_ENVIRONMENT, Errand
from quotah_server.gateway.recorder import Recorder
from quotah_server.gateway.reply import Reply
from quotah_server.kit.clock import Clock


class Shelf:
    """Stands between the relay and the cache. Called for requests of routes that cache, only."""

    def __init__(self, cache: AnswerCache, recorder: Recorder, clock: Clock) -> None:
        self._cache, self._recorder, self._clock = cache, recorder, clock

    def answer(self, errand: Errand, reply: Reply) -> bool:
        """Give a kept answer and record it; False where there is none. Sets what the client is told of
        the cache, and under which key the coming answer is to be kept."""
        wish = directive(errand.wish)
        errand.cache = "bypass"
        key = self._key(errand) if wish != "bypass" else None
        if key is None:
            return False
        errand.cache = "miss"
        if wish != "no-store":
            errand.cache_key = key
        kept = self._cache.find(key) if wish != "refresh" else None
        if kept is None:
            return False
        who, now = errand.attribution, self._clock()
        if kept.call.attribution.environment == MOCK_ENVIRONMENT:
            who = msgspec.structs.replace(who, environment=MOCK_ENVIRONMENT)
        call = call_of_hit(
            kept,
            event_id=new_id(),
            call_id=errand.call_id,
            attribution=who,
            route_id=errand.route.id,
            started_at=now,
            ended_at=self._clock(),
            trace_id=errand.trace.trace_id if errand.trace else None,
            parent_span_id=errand.trace.span_id if errand.trace else None,
        )
        event = self._recorder.finish(call)
        head = [
            *kept.headers,
            ("x-quotah-event-id", prefixed("evt", call.event_id)),
            ("x-quotah-request-id", errand.call_id),
            ("x-quotah-route", prefixed("route", errand.route.id)),
            *hit_headers(kept, self._cache.now),
        ]
        if event.cost_usd is not None:
            head.append(("x-quotah-cost", usd_text(event.cost_usd)))
        reply.whole(kept.status, head, kept.body)
        return True

    def keeper(self, errand: Errand) -> Keeper | None:
        """What collects the answer of an attempt; None where it is not to be kept."""
        policy = errand.route.cache
        if errand.cache_key is None or policy is None:
            return None
        return self._cache.keeper(errand.cache_key, policy)

    def _key(self, errand: Errand) -> bytes | None:
        own = errand.own
        payer = ""
        if own is not None:
            payer = hashlib.sha256(repr(own.key_headers).encode()).hexdigest()
        path, query, dialect = errand.path, errand.query, errand.mount.dialect
        if dialect.key_query is not None:
            path, query = dialect.target(path, query, {})
        return self._cache.key(
            errand.route,
            workspace_id=errand.key.workspace_id,
            mount=errand.mount.name,
            payer=payer,
            may=(errand.key.models, errand.key.mounts),
            operation=errand.operation,
            method=errand.method,
            target=f"{path}?{query}",
            headers=errand.forward,
            body=errand.body,
        )
