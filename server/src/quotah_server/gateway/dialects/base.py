"""What a dialect offers the gateway. Pure functions over bytes and mappings.

Paths: a *client path* is what stands below the mount in the request (``/v1/chat/completions``), an
*upstream path* what stands below a credential's base URL; both begin with / and hold no query.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import unquote_plus

import msgspec

from quotah_server.domain.secrets import PREFIXES
from quotah_server.gateway.forms import is_form, read_fields

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises on bytes that are no JSON, or JSON nested deeper than we follow."""


class RefusalError(Exception):
    """A request that the gateway answers itself. ``code`` is stable; ``message`` is for people."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after_s: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s
        self.headers = headers
        """What else the answer's head says."""


class Prepared(msgspec.Struct, frozen=True):
    """A request body as it is sent. injected: it asks for a usage chunk the client did not ask for."""

    body: bytes
    injected: bool = False


class Dialect(Protocol):
    """One vendor's way to speak HTTP."""

    name: str
    shape: str
    """Dialects of one shape understand each other's client paths and bodies, so that a call to one may
    be sent to the other."""
    key_names: tuple[str, ...]
    """The headers in which clients put their key, in lower case, the usual one first. A value of
    ``authorization`` has ``Bearer`` in front."""
    key_query: str | None
    """The query parameter in which clients may put it; ``target`` takes it out."""
    done_marker: bytes | None
    """Stream data that is no JSON and says that the stream is complete."""
    streams_json: bool
    """Streams may come as one JSON array, element by element, instead of as events."""

    def with_settings(self, settings: Mapping[str, str]) -> Dialect:
        """The dialect as a credential's settings want it; mostly itself."""
        ...

    def upstream_path(self, path: str) -> str:
        """The upstream path for a client path."""
        ...

    def target(self, path: str, query: str, settings: Mapping[str, str]) -> tuple[str, str]:
        """An upstream path and the client's query as they are sent. The query stays percent-encoded
        and byte for byte as it was, but for keys and for what the credential's settings add."""
        ...

    def key_headers(self, secret: str) -> tuple[tuple[str, str], ...]:
        """The headers that carry a provider key."""
        ...

    def model_of(self, path: str, ask: Ask) -> str | None:
        """The model that a request asks for, by its client path or its body."""
        ...

    def with_model(self, path: str, body: bytes, model: str) -> tuple[str, bytes]:
        """Client path and body of the same request for another model; only the model's bytes change."""
        ...

    def streams(self, path: str, ask: Ask) -> bool:
        """Whether the answer is asked for as a stream."""
        ...

    def error_body(self, refusal: RefusalError, request_id: str) -> bytes:
        """A refusal in the vendor's own error shape, as JSON."""
        ...

    def error_code(self, body: bytes) -> str | None:
        """The vendor's most telling word in the body of an error (``insufficient_quota``)."""
        ...

    def prepare(self, operation: str, body: bytes, ask: Ask) -> Prepared:
        """The body to send for a body received."""
        ...

    def is_injected(self, data: bytes) -> bool:
        """Whether the data of a frame is the usage chunk that we asked for."""
        ...

    def delivered_text(self, event: Mapping[str, Any]) -> str:
        """The generated text in one stream event, or in a whole answer."""
        ...


class Ask(msgspec.Struct):
    """What the gateway reads of a JSON request; everything else is skipped, not decoded."""

    model: Any = None
    stream: Any = None
    stream_options: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    @property
    def model_name(self) -> str | None:
        """The model asked for, where it is a text of sane length."""
        return self.model if isinstance(self.model, str) and len(self.model) <= 256 else None


NO_ASK = Ask()
_OURS = tuple(PREFIXES.values())
_FORM = frozenset({"model", "stream"})
_ask_decoder = msgspec.json.Decoder(Ask)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_ask(body: bytes) -> Ask:
    """Read a JSON request or a form; a body that is none is passed on, and the provider judges it."""
    if is_form(body):
        fields = read_fields(body, _FORM)
        return Ask(fields.get("model"), stream=fields.get("stream") == "true")
    try:
        return _ask_decoder.decode(body)
    except UNREADABLE:
        return NO_ASK


def read_members(body: bytes, wanted: frozenset[str]) -> dict[str, Any]:
    """These top-level members of a JSON request or a form; the rest is skipped, not decoded."""
    if is_form(body):
        return {**read_fields(body, wanted)}
    try:
        members = _members.decode(body)
        return {name: msgspec.json.decode(members[name]) for name in wanted & members.keys()}
    except UNREADABLE:
        return {}


def error_of(body: bytes) -> Mapping[str, Any]:
    """The ``error`` object of a body, or the body itself where it names none; else nothing."""
    try:
        told = msgspec.json.decode(body)
    except UNREADABLE:
        return {}
    if isinstance(told, list) and told:
        told = told[0]
    if not isinstance(told, dict):
        return {}
    error = told.get("error")
    return error if isinstance(error, dict) else told


def without_ours(query: str) -> str:
    """The query without parameters that hold a key of Quotah's, which is no provider's business,
    however they are written."""
    if "qk_" not in query and "%" not in query:
        return query
    kept = [p for p in query.split("&") if not any(our in unquote_plus(p) for our in _OURS)]
    return "&".join(kept)


def has_parameter(query: str, name: str) -> bool:
    """Whether a percent-encoded query names a parameter."""
    return any(part.partition("=")[0] == name for part in query.split("&"))


def without_parameter(query: str, name: str) -> str:
    """The query without a parameter, whatever way its name is written; other bytes stay."""
    kept = [part for part in query.split("&") if unquote_plus(part.partition("=")[0]) != name]
    return "&".join(kept)


def word(value: object) -> str | None:
    """A text that is not empty."""
    return value if isinstance(value, str) and value else None


def texts(value: Any, keys: frozenset[str]) -> str:
    """Join every text that stands under one of some keys, anywhere inside a JSON value."""
    found: list[str] = []
    pending: list[Any] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            for key, inner in item.items():
                if isinstance(inner, str):
                    if key in keys:
                        found.append(inner)
                else:
                    pending.append(inner)
        elif isinstance(item, list):
            pending.extend(item)
    return "".join(found)
