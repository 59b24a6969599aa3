"""The body of POST /events: inflated within bounds, cut into events, none of them read yet."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator

import msgspec

from quotah_server.domain.errors import InvalidInputError
from quotah_server.http.problem import PayloadTooLargeError, UnsupportedMediaError

MAX_BODY = 8 * 1024 * 1024
MAX_INFLATED = 32 * 1024 * 1024
MAX_EVENTS = 5000
_JSON = "application/json"
_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_GZIP = 31
_MAX_MEMBERS = 1000
"""Each member costs a copy of all that follows it."""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][\da-fA-F]{2})|\\.",
    re.DOTALL,
)
"""A pair, the half of one (group 1), or any other escape."""
_array = msgspec.json.Decoder(list[msgspec.Raw])


def check_encoding(encoding: str) -> None:
    """Raise UnsupportedMediaError for a Content-Encoding that is not taken."""
    if _plain(encoding) not in ("identity", "gzip"):
        raise UnsupportedMediaError(
            f"Content-Encoding {encoding[:40]!r} is not taken.", hint="gzip or identity"
        )


async def collect(chunks: AsyncIterator[bytes]) -> bytes:
    """Read a body; stops at the first byte over MAX_BODY with PayloadTooLargeError."""
    taken = bytearray()
    async for chunk in chunks:
        taken += chunk
        if len(taken) > MAX_BODY:
            raise _too_large(f"the body is larger than {MAX_BODY} bytes")
    return bytes(taken)


def inflate(data: bytes, encoding: str) -> bytes:
    """Undo the Content-Encoding; stops at the first byte over MAX_INFLATED.

    Raises PayloadTooLargeError, InvalidInputError. gzip may have several members.
    """
    if _plain(encoding) == "identity":
        return data
    out = bytearray()
    for _ in range(_MAX_MEMBERS):
        member = zlib.decompressobj(_GZIP)
        try:
            out += member.decompress(data, MAX_INFLATED + 1 - len(out))
        except zlib.error as error:
            raise InvalidInputError("the body is not gzip") from error
        if len(out) > MAX_INFLATED:
            raise _too_large(f"the body inflates to more than {MAX_INFLATED} bytes")
        if not member.eof:
            raise InvalidInputError("the gzip body ends too early")
        data = member.unused_data
        if not data:
            return bytes(out)
    raise InvalidInputError(f"the gzip body has more than {_MAX_MEMBERS} members")


def split(body: bytes, content_type: str) -> list[bytes | msgspec.Raw]:
    """Cut a JSON array or JSON lines into events, unread.

    Half of a surrogate pair, which JSON may escape and no UTF-8 text can hold, becomes U+FFFD: some
    languages cut texts there, and one such text must not cost its neighbours their place.
    Raises UnsupportedMediaError, InvalidInputError, PayloadTooLargeError.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if _SURROGATE.search(body):
        body = _ESCAPE.sub(_whole, body)
    if kind == _JSON:
        events: list[bytes | msgspec.Raw] = [*_read_array(body)]
    elif kind in _LINES:
        events = [line for line in body.splitlines() if line.strip()]
    else:
        raise UnsupportedMediaError(
            "The body is neither JSON nor JSON lines.",
            hint=f"Content-Type: {_JSON} for an array, {_LINES[0]} for lines",
        )
    if len(events) > MAX_EVENTS:
        raise _too_large(f"{len(events)} events are too many")
    return events


def _whole(escape: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if escape.group(1) else escape.group()


def _plain(encoding: str) -> str:
    return encoding.strip().lower() or "identity"


def _read_array(body: bytes) -> list[msgspec.Raw]:
    try:
        return _array.decode(body)
    except msgspec.ValidationError as error:
        raise InvalidInputError(
            "the body is not an array of events", hint="[{…}, {…}], or JSON lines"
        ) from error
    except RecursionError as error:
        raise InvalidInputError("the body is nested deeper than JSON of events is") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(f"the body is not JSON: {error}") from error


def _too_large(what: str) -> PayloadTooLargeError:
    bounds = f"{MAX_BODY} bytes, {MAX_INFLATED} inflated, {MAX_EVENTS} events"
    return PayloadTooLargeError(f"{what[0].upper()}{what[1:]}.", hint=f"at most {bounds}")
