"""What a dialect offers the relay. Pure functions over bytes and mappings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from quotah_server.gateway.forms import is_form, read_fields

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises on bytes that are no JSON, or JSON nested deeper than we follow."""


class RefusalError(Exception):
    """A request that the gateway answers itself. ``code`` is stable; ``message`` is for people."""

    def __init__(
        self, status: int, code: str, message: str, *, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s


class Prepared(msgspec.Struct, frozen=True):
    """A request body as it is sent. injected: it asks for a usage chunk the client did not ask for."""

    body: bytes
    injected: bool = False


class Dialect(Protocol):
    """One vendor's way to speak HTTP."""

    name: str
    done_marker: bytes | None
    """Stream data that is no JSON and says that the stream is complete."""

    def upstream_path(self, path: str) -> str:
        """The path below a credential's base URL for a path below the route (both begin with /)."""
        ...

    def key_headers(self, secret: str) -> tuple[tuple[str, str], ...]:
        """The headers that carry a provider key."""
        ...

    def error_body(self, refusal: RefusalError, request_id: str) -> bytes:
        """A refusal in the vendor's own error shape, as JSON."""
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
