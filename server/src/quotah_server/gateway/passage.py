"""An answer on its way from the provider to the client: read, passed on, understood.

Bytes are passed on as they come; what accounting needs is read from a copy.
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from quotah_server.domain.call import Status
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.ids import prefixed
from quotah_server.domain.money import usd_text
from quotah_server.gateway import headers as header_rules
from quotah_server.gateway.amounts import exact_object
from quotah_server.gateway.attempts import PASSTHROUGH, Attempt, error_class_of
from quotah_server.gateway.dialects.base import UNREADABLE
from quotah_server.gateway.dialects.openai import USAGE_SUSPECT
from quotah_server.gateway.drains import Drain
from quotah_server.gateway.json_tee import JsonTee
from quotah_server.gateway.limits import Limits
from quotah_server.gateway.metrics import GatewayMetrics
from quotah_server.gateway.reply import HeaderList, Reply, StreamTransport
from quotah_server.gateway.stream import SseTee
from quotah_server.gateway.upstream import UpstreamResponse
from quotah_server.gateway.watch import Watch, begin_draining

_JSON_ANSWERS = frozenset(
    {
        "chat", "completions", "responses", "embeddings", "rerank", "moderations", "messages",
        "generate_content", "embed_content", "interactions", "cohere_chat", "cohere_embed",
    }
)  # fmt: skip
_JSON_LINES = ("application/x-ndjson", "application/stream+json", "application/jsonl")
_BULKY = {
    "embeddings": frozenset({"data"}),
    "embed_content": frozenset({"embedding", "embeddings"}),
    "cohere_embed": frozenset({"embeddings"}),
}
_SAYS_NOTHING = ("", "text/plain", "application/octet-stream")
"""Types of servers that do not care: what was asked for tells more."""
_NONE: frozenset[str] = frozenset()
_COUNTED = {"images": frozenset({"data"})}
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw] | None)
_plain_object = msgspec.json.Decoder(dict[str, Any])


class Outcome(msgspec.Struct, frozen=True):
    """How an attempt ended."""

    status: Status
    error_class: str | None = None


SUCCESS = Outcome("success")
GONE = Outcome("cancelled", "client_disconnected")


class Desk(msgspec.Struct, frozen=True):
    """What a passage needs of the gateway. estimate: counts what the provider did not, before
    ``finish``, which records an attempt, once."""

    watch: Watch
    metrics: GatewayMetrics
    limits: Limits
    estimate: Callable[[Attempt, Outcome], Awaitable[None]]
    finish: Callable[[Attempt, Outcome], PricedEvent]


def own_headers(attempt: Attempt) -> HeaderList:
    """The headers that every recorded answer carries."""
    head = [
        ("x-quotah-event-id", prefixed("evt", attempt.event_id)),
        ("x-quotah-request-id", attempt.call_id),
    ]
    if attempt.route.id:
        head.append(("x-quotah-route", prefixed("route", attempt.route.id)))
        if attempt.number > 1:
            head.append(("x-quotah-attempts", str(attempt.number)))
        if attempt.cache:
            head.append(("x-quotah-cache", attempt.cache))
    return head


class Passage:
    """The answer on its way through: read, passed on, understood."""

    def __init__(
        self,
        desk: Desk,
        attempt: Attempt,
        response: UpstreamResponse,
        reply: Reply,
        injected: bool,
    ) -> None:
        self._desk = desk
        self._limits = desk.limits
        self._attempt = attempt
        self._response = response
        self._reply = reply
        self._injected = injected
        held = dict(response.headers)
        self._type = held.get("content-type", "").lower()
        self._length = held.get("content-length")
        self._encoding = held.get("content-encoding", "identity")
        self._ok = 200 <= response.status < 300
        self._left_alone = False

    def run(self) -> Awaitable[Outcome | None]:
        """Pass the answer on; None when the attempt was recorded on the way."""
        head = header_rules.returned(self._response.headers)
        head += own_headers(self._attempt)
        if self._ok and (self._type.startswith("text/event-stream") or self._is_unnamed_stream()):
            self._attempt.is_sse = True
            return self._stream(head)
        if "json" in self._type:
            if self._ok and self._streams_json():
                return self._stream(head)
            return self._json(head)
        return self._other(head)

    def _is_unnamed_stream(self) -> bool:
        """Whether a stream was asked for, and what comes does not say what it is."""
        return self._attempt.streaming and self._type.partition(";")[0].strip() in _SAYS_NOTHING

    def _streams_json(self) -> bool:
        """Whether JSON comes piece by piece, as an array or as lines."""
        attempt = self._attempt
        if attempt.streaming and attempt.admitted.mount.dialect.streams_json:
            return True
        return self._type.startswith(_JSON_LINES)

    async def _stream(self, head: list[tuple[str, str]]) -> Outcome:
        tee, reply = self._tee(), self._reply
        plain = _decoder(self._encoding, self._limits.parsed_bytes)
        transport = reply.begin(self._response.status, head)
        take = self._taker(tee, plain, transport)
        keeper = self._attempt.keeper
        while not await self._response.pump(take):
            if self._left_alone:
                return GONE
            if self._attempt.draining is not None:
                await self._attempt.draining.turn()
            else:
                await reply.drained()
        rest = tee.finish()
        if keeper is not None and plain is None:
            keeper.add(rest)
        if reply.gone:
            return GONE
        if rest and plain is None and not await reply.send(rest):
            return GONE
        return self._judge_stream()

    def _taker(
        self,
        tee: SseTee | JsonTee,
        plain: Callable[[bytes], bytes] | None,
        transport: StreamTransport,
    ) -> Callable[[bytes], bool]:
        """What is done with each chunk; it says False where the provider is to be read no further
        for now, as the client takes no more, or at all (``_left_alone``).

        Every chunk of every stream goes through here: a call more is felt.
        """
        attempt, reply, limits = self._attempt, self._reply, self._limits
        passed, keep, feed = attempt.passed, limits.kept_text_bytes, tee.feed
        keeper, send = attempt.keeper, transport.send

        def take(chunk: bytes) -> bool:
            if plain is None:
                size = len(chunk)
                attempt.activity += 1
                attempt.passed_bytes += size
                kept = attempt.kept_bytes + size
                if kept <= keep:
                    attempt.kept.append(chunk)
                    attempt.kept_bytes = kept
                elif attempt.kept_bytes < keep:
                    attempt.keep(chunk, keep)
                data = feed(chunk)
            else:
                readable = plain(chunk)
                passed(readable, keep)
                feed(readable)
                data = chunk
            if keeper is not None:
                keeper.add(data)
            if attempt.draining is not None:
                return self._reads_on(attempt.draining, len(chunk))
            if data and not send(data):
                reply.gone = True
                drain = self._keep_reading()
                self._left_alone = drain is None
                return drain is not None and self._reads_on(drain, len(chunk))
            return not transport.full

        return take

    def _tee(self) -> SseTee | JsonTee:
        attempt, dialect = self._attempt, self._attempt.admitted.mount.dialect
        needles: tuple[bytes, ...] = ()
        if attempt.operation != PASSTHROUGH:
            needles = attempt.admitted.mount.provider.needles(attempt.operation)
        if dialect.done_marker is not None:
            needles += (dialect.done_marker,)
        if not attempt.is_sse:
            return JsonTee(needles, attempt.merge, max_object=self._limits.parsed_bytes)
        strip = self._injected and self._encoding == "identity"
        return SseTee(
            needles,
            attempt.merge,
            is_injected=dialect.is_injected if strip else None,
            suspect=USAGE_SUSPECT if strip else None,
            max_frame=self._limits.parsed_bytes,
        )

    def _keep_reading(self) -> Drain | None:
        """The client has gone: read on, so that the bill is exact, unless too many others do."""
        attempt, desk = self._attempt, self._desk
        drain = desk.watch.drains.begin() if attempt.route.disconnect == "drain" else None
        desk.metrics.disconnects["aborted" if drain is None else "drained"] += 1
        if drain is not None:
            begin_draining(attempt, drain)
        return drain

    def _reads_on(self, drain: Drain, size: int) -> bool:
        """Whether an answer that nobody reads is read on at once; else in its turn, or not at all."""
        reads_on = drain.took(size)
        self._left_alone = drain.over
        return reads_on

    def _judge_stream(self) -> Outcome:
        answer = self._attempt.answer
        if answer.error_class is not None:
            return Outcome("error", answer.error_class)
        if self._attempt.operation == PASSTHROUGH or answer.complete:
            return SUCCESS
        return Outcome("error", "stream_incomplete")

    async def _json(self, head: list[tuple[str, str]]) -> Outcome | None:
        limit = self._limits.cost_header_bytes
        if self._length is not None and int(self._length) <= limit:
            body = await self._response.rest()
        else:
            chunks: list[bytes] = []
            size = 0
            while (chunk := await self._response.chunk()) is not None:
                self._attempt.activity += 1
                chunks.append(chunk)
                size += len(chunk)
                if size > limit:
                    return await self._large(head, chunks, size)
            body = b"".join(chunks)
        if self._attempt.keeper is not None:
            self._attempt.keeper.add(body)
        self._read(body)
        outcome = self._judge_body()
        if self._attempt.lacks_usage(outcome.status):
            await self._desk.estimate(self._attempt, outcome)
        event = self._desk.finish(self._attempt, outcome)
        if event.cost_usd is not None:
            head.append(("x-quotah-cost", usd_text(event.cost_usd)))
        self._reply.whole(self._response.status, head, body)
        return None

    async def _large(self, head: list[tuple[str, str]], chunks: list[bytes], size: int) -> Outcome:
        """An answer too large to be held back: passed on while a bounded copy is read.

        It is not kept for the cache.
        """
        self._attempt.keeper = None
        self._begin_sized(head)
        for chunk in chunks:
            if not await self._passed_on(chunk):
                return GONE
        keep = True
        while (chunk := await self._response.chunk()) is not None:
            self._attempt.activity += 1
            size += len(chunk)
            keep = keep and size <= self._limits.parsed_bytes
            if keep:
                chunks.append(chunk)
            if not await self._passed_on(chunk):
                return GONE
        if keep:
            self._read(b"".join(chunks))
        return GONE if self._reply.gone else self._judge_body()

    async def _passed_on(self, chunk: bytes) -> bool:
        """Send a piece of a large answer, or read on without a client; False where neither may be."""
        drain = self._attempt.draining
        if drain is None:
            if await self._reply.send(chunk):
                return True
            drain = self._keep_reading()
            if drain is None:
                return False
        if not self._reads_on(drain, len(chunk)) and not drain.over:
            await drain.turn()
        return not drain.over

    async def _other(self, head: list[tuple[str, str]]) -> Outcome:
        """Sound, pictures, pages; or the JSON of a server that does not call it so."""
        attempt = self._attempt
        attempt.keeper = None
        self._begin_sized(head)
        wanted = self._ok and attempt.operation in _JSON_ANSWERS
        room = self._limits.parsed_bytes if wanted else 0
        copy: list[bytes] = []
        while (chunk := await self._response.chunk()) is not None:
            attempt.activity += 1
            room -= len(chunk)
            if room >= 0:
                copy.append(chunk)
            if not await self._reply.send(chunk):
                return GONE
        if wanted and room >= 0:
            self._read(b"".join(copy))
        return self._judge_body()

    def _begin_sized(self, head: list[tuple[str, str]]) -> None:
        if self._length is not None:
            head.append(("content-length", self._length))
        self._reply.begin(self._response.status, head)

    def _read(self, body: bytes) -> None:
        read_answer(self._attempt, body, self._encoding, self._limits)

    def _judge_body(self) -> Outcome:
        attempt, status = self._attempt, self._response.status
        if status >= 300:
            return Outcome("error", attempt.answer.error_class or error_class_of(status))
        if attempt.answer.error_class is not None:
            return Outcome("error", attempt.answer.error_class)
        if self._ok and not attempt.answer.complete and attempt.operation in _JSON_ANSWERS:
            return Outcome("error", "unreadable_answer")
        return SUCCESS


def read_answer(attempt: Attempt, body: bytes, encoding: str, limits: Limits) -> None:
    """Understand a whole JSON answer, as far as it is one."""
    plain = _decoder(encoding, limits.parsed_bytes)
    try:
        readable = body if plain is None else plain(body)
        exact = attempt.admitted.mount.provider.names_amounts
        parsed = _object(readable, attempt.operation, exact)
    except UNREADABLE:
        return
    if attempt.operation == PASSTHROUGH:
        attempt.answer.complete = True
    else:
        room = attempt.admitted.mount.provider
        attempt.answer = room.read_body(attempt.operation, parsed)
        if attempt.answer.usage is None and len(readable) <= limits.cost_header_bytes:
            attempt.passed(readable, limits.cost_header_bytes)


def _object(data: bytes, operation: str, exact: bool) -> dict[str, Any]:
    """A JSON object without what is bulky and means nothing to accounting: left out, or, where their
    number is billed, a list of undecoded items."""
    skipped, counted = _BULKY.get(operation, _NONE), _COUNTED.get(operation, _NONE)
    if not skipped and not counted:
        return exact_object.decode(data) if exact else _plain_object.decode(data)
    members = _members.decode(data)
    return {
        name: _items.decode(value) if name in counted else msgspec.json.decode(value)
        for name, value in members.items()
        if name not in skipped
    }


class _Inflater:
    """Undoes gzip and deflate for the copy that is read, up to ``room`` bytes: what inflates to more,
    or is not what its header says, passes on unread."""

    def __init__(self, room: int) -> None:
        self._engine = zlib.decompressobj(wbits=47)
        self._room = room

    def __call__(self, data: bytes) -> bytes:
        if self._room <= 0:
            return b""
        try:
            out = self._engine.decompress(data, self._room)
        except zlib.error:
            self._room = 0
            return b""
        self._room -= len(out)
        return out


def _decoder(encoding: str, room: int) -> Callable[[bytes], bytes] | None:
    """What makes the bytes readable; None when they are. An encoding unknown to us stays unread."""
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip" | "deflate":
            return _Inflater(room)
        case _:
            return lambda _: b""
