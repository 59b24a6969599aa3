"""Answers kept for requests that come again exactly as they were.

What makes a request the same: workspace, route (and what the route says), mount, whose key pays
(the workspace's, or the caller's own by its fingerprint), which models and providers its key may call
(another may have been led to one that this key may not), operation, method, path with its query, every
header that is passed on but those that name the client's program or trace it, and the bytes of the body
as the client sent them. Any of them different is another request.

Never kept: answers that were not a 2xx or did not end well; those of requests whose meaning depends on
what the provider keeps (an earlier response, a conversation, a container, files of a vector store) or
that make it keep or do something (``store``, background, remote tools). The Responses API stores unless
told not to, so its answers are kept for ``"store": false`` only.

What is kept is what the client got: an injected usage chunk is taken out before, and the call's usage
stands beside the bytes. Answers live in this process's memory, oldest use first out.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

import msgspec

from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.routing import CachePolicy, Route
from quotah_server.gateway.dialects.base import UNREADABLE

DEFAULT_MAX_BYTES = 64 * 1024 * 1024
Directive = Literal["", "no-store", "refresh", "bypass"]
"""What a request's ``x-quotah-cache`` wishes. no-store: an answer may be taken from the cache, a new one
is not kept. refresh: the provider is asked, its answer kept. bypass: neither."""
Headers = list[tuple[str, str]]

_CACHED_OPERATIONS = frozenset(
    {
        "chat", "completions", "responses", "embeddings", "moderations", "messages", "count_tokens",
        "generate_content", "embed_content", "cohere_chat", "cohere_embed", "rerank",
    }
)  # fmt: skip
_STATE = (
    "previous_response_id", "conversation", "background", "container", "mcp_servers",
    "previous_interaction_id", "cachedContent", "cached_content",
)  # fmt: skip
"""Members of a request by which the provider's own memory, or the world, takes part in the answer."""
_DOING = (
    b'"mcp"',
    b'"code_interpreter',
    b'"code_execution',
    b'"codeExecution"',
    b'"vector_store_ids"',
)
_NO = (b"null", b"false", b"[]", b"{}", b'""')
_TRACING = frozenset(
    {
        "user-agent", "traceparent", "tracestate", "baggage", "sentry-trace", "x-request-id",
        "x-correlation-id", "x-client-request-id", "idempotency-key", "x-goog-api-client",
        "x-fern-language", "x-fern-sdk-name", "x-fern-sdk-version", "x-client-name", "date",
        "accept-language", "cookie", "origin", "referer", "priority", "cache-control", "pragma",
        "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip", "forwarded", "via",
    }
)  # fmt: skip
"""Headers that name a client, or one request among others, and change no answer."""
_TRACING_PREFIXES = ("x-stainless-", "x-b3-", "sec-", "x-datadog-", "x-amzn-trace")
_KEPT_HEADERS = frozenset({"content-type", "content-encoding", "content-language"})
_OVERHEAD = 2_048
"""Bytes counted for an answer besides its body and headers."""
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def directive(value: str | None) -> Directive:
    """What a header asks for; a word we do not know is answered with the cautious ``bypass``."""
    if not value:
        return ""
    match value.strip().lower():
        case "no-store":
            return "no-store"
        case "refresh":
            return "refresh"
        case _:
            return "bypass"


class Kept(msgspec.Struct, frozen=True):
    """An answer: what the client is sent, and the call that it was first given to."""

    status: int
    headers: Headers
    body: bytes
    call: Call
    stored_at: float
    expires_at: float

    @property
    def size(self) -> int:
        """Bytes of memory, about."""
        return len(self.body) + sum(len(n) + len(v) for n, v in self.headers) + _OVERHEAD


def hit_headers(kept: Kept, now: float) -> Headers:
    """The headers that tell of a hit; ``age`` in seconds, as HTTP has it."""
    return [("x-quotah-cache", "hit"), ("age", str(max(0, int(now - kept.stored_at))))]


def call_of_hit(
    kept: Kept,
    *,
    event_id: str,
    call_id: str,
    attribution: Attribution,
    route_id: str | None,
    started_at: datetime,
    ended_at: datetime,
    trace_id: str | None = None,
    parent_span_id: str | None = None,
) -> Call:
    """The call of a request that was answered from the cache: whose it is is new, what it used is not."""
    return msgspec.structs.replace(
        kept.call,
        event_id=event_id,
        call_id=call_id,
        attribution=attribution,
        attempt=1,
        final=True,
        started_at=started_at,
        first_byte_at=ended_at,
        ended_at=ended_at,
        trace_id=trace_id,
        span_id=None,
        parent_span_id=parent_span_id,
        provider_response_id=None,
        provider_request_id=None,
        credential_id=None,
        route_id=route_id,
        from_cache=True,
    )


class Keeper:
    """Collects one answer while it passes; gives up where it grows beyond its bound."""

    __slots__ = ("_cache", "_key", "_most", "_parts", "_size", "_ttl_s")

    def __init__(self, cache: AnswerCache, key: bytes, policy: CachePolicy, most: int) -> None:
        self._cache, self._key, self._ttl_s = cache, key, policy.ttl_s
        self._most = most
        self._parts: list[bytes] | None = [] if most >= 0 else None
        self._size = 0

    def add(self, data: bytes) -> None:
        """Bytes as the client gets them."""
        if self._parts is None or not data:
            return
        self._size += len(data)
        if self._size > self._most:
            self._parts = None
        else:
            self._parts.append(data)

    def done(self, status: int, headers: Iterable[tuple[str, str]], call: Call) -> bool:
        """The answer has ended, and its call is known: keep it if it is one to keep, once.

        headers: of the answer, in lower case. Tells whether it was kept.
        """
        parts, self._parts = self._parts, None
        if parts is None or not 200 <= status < 300 or call.status != "success":
            return False
        head = [item for item in headers if item[0] in _KEPT_HEADERS]
        self._cache.put(self._key, status, head, b"".join(parts), call, self._ttl_s)
        return True


class AnswerCache:
    """Answers by request. Belongs to the event loop's thread. clock: seconds, never backwards."""

    def __init__(
        self, max_bytes: int = DEFAULT_MAX_BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_bytes = max_bytes
        self._clock = clock
        self._answers: OrderedDict[bytes, Kept] = OrderedDict()
        self.size = 0
        self.hits = 0
        self.misses = 0
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def now(self) -> float:
        """The cache's clock, for ``hit_headers``."""
        return self._clock()

    def key(
        self,
        route: Route,
        *,
        workspace_id: str,
        mount: str,
        payer: str,
        may: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
        operation: str,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        body: bytes,
    ) -> bytes | None:
        """What names a request among all; None for one whose answer is never kept.

        payer: "" for the workspace's stored keys, else a fingerprint of the caller's own. may: models and
        mounts to which the gateway key is held. target: path
        and query as received. headers: those passed on, without keys and without ours. body: as the
        client sent it.
        """
        if (
            method != "POST"
            or operation not in _CACHED_OPERATIONS
            or not is_repeatable(operation, body)
        ):
            return None
        said = sorted(
            f"{name}:{value}"
            for name, value in headers
            if name not in _TRACING and not name.startswith(_TRACING_PREFIXES)
        )
        named = msgspec.msgpack.encode(
            (route, workspace_id, mount, payer, may, operation, method, target, said)
        )
        digest = hashlib.blake2b(len(named).to_bytes(8), digest_size=32)
        digest.update(named)
        digest.update(body)
        return digest.digest()

    def find(self, key: bytes) -> Kept | None:
        """The answer kept for a request, if it is not too old."""
        kept = self._answers.get(key)
        if kept is not None and kept.expires_at <= self._clock():
            self._drop(key)
            kept = None
        if kept is None:
            self.misses += 1
            return None
        self._answers.move_to_end(key)
        self.hits += 1
        return kept

    def keeper(self, key: bytes, policy: CachePolicy) -> Keeper:
        """What collects the answer of a request that the cache did not have."""
        return Keeper(self, key, policy, min(policy.max_bytes, self._max_bytes - _OVERHEAD))

    def put(
        self, key: bytes, status: int, headers: Headers, body: bytes, call: Call, ttl_s: float
    ) -> None:
        """Keep an answer, in place of the one that was there; the longest unused ones make room."""
        now = self._clock()
        kept = Kept(status, headers, body, call, now, now + ttl_s)
        if key in self._answers:
            self._drop(key)
        self._answers[key] = kept
        self.size += kept.size
        while self.size > self._max_bytes and self._answers:
            self._drop(next(iter(self._answers)))
            self.evicted += 1

    def _drop(self, key: bytes) -> None:
        self.size -= self._answers.pop(key).size


def is_repeatable(operation: str, body: bytes) -> bool:
    """Whether the answer to a request depends on the request alone, as far as a request can tell."""
    try:
        members = _members.decode(body)
    except UNREADABLE:
        return False
    store = bytes(members.get("store", b"null"))
    if store not in _NO or (operation == "responses" and store != b"false"):
        return False
    if any(bytes(members[name]) not in _NO for name in _STATE if name in members):
        return False
    tools = bytes(members.get("tools", b""))
    return not any(mark in tools for mark in _DOING)
