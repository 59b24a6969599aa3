"""Turns a capture into the event that is sent. Runs on the background thread alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any, cast
from urllib.parse import urlsplit

from quotah.capture import Capture, event_id
from quotah.scope import Words
from quotah.wires import provider_of, wire_of
from quotah.wires.answer import Answer, Raw, Wire, text
from quotah.wires.asked import asked as asked_for

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ERROR_STATUS = 400
_WORDS = ("feature", "user", "session", "team", "prompt", "environment", "request_id")
_REQUEST_IDS = ("x-request-id", "request-id", "apim-request-id")
_CANCELLED = frozenset({"CancelledError", "KeyboardInterrupt", "GeneratorExit", "SystemExit"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LONGEST_WORD = 300
_LONGEST_TAG = 200
_MOST_TAGS = 50
_LONG_BODY = 16_384
_LONGEST_PROMPT = 262_144
_MEDIA = frozenset({"images", "speech", "transcription"})
_SEARCHED = re.compile(rb'"search_context_size"\s*:\s*"(\w{1,16})"')
_ERRORS = {
    400: "invalid_request",
    401: "authentication",
    403: "permission",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    413: "request_too_large",
    422: "invalid_request",
    429: "rate_limited",
    529: "overloaded",
}
_SERVER_ERROR = 500


def digest(capture: Capture) -> dict[str, Any] | None:
    """Build the event of a capture; None when the request is none that a provider bills."""
    url = urlsplit(str(capture.request.url))
    found = wire_of(url.path)
    if found is None or capture.request.method != "POST":
        return None
    wire, operation = found
    capture.path = url.path
    asked = _asked(capture.request, operation)
    event = _base(capture, asked)
    event["provider"] = capture.provider or provider_of(url.hostname or "", wire)
    event["operation"] = operation
    headers = getattr(capture.response, "headers", {})
    gateway_event = headers.get("x-quotah-event-id")
    if gateway_event:
        return _attribution_only(event, gateway_event, capture.words)
    answer = _read(capture, wire, headers)
    if operation in _MEDIA and _is_whole(capture, headers):
        answer.complete = True
    status, error_class = _status(capture, answer)
    extras = dict(answer.extras)
    if 0 < (event["http_status"] or 0) < _ERROR_STATUS:
        extras = {**asked_for(operation, asked, extras), **extras}
    if url.hostname not in _LOOPBACK:
        extras["base_url"] = f"{url.scheme}://{url.netloc}"
    event.update(
        model_response=answer.model,
        service_tier=answer.service_tier,
        status=status,
        error_class=error_class,
        finish_reason=answer.finish_reason,
        usage=answer.usage,
        extras=extras,
        provider_response_id=answer.response_id,
        provider_request_id=_first(headers, _REQUEST_IDS),
    )
    return {k: v for k, v in event.items() if v is not None or k == "usage"}


def words_of(words: Words) -> dict[str, Any]:
    """Read the attribution of an event: texts, within what the server takes.

    Words are cut at 300 characters, names of tags at 200; the first 50 tags are kept.
    """
    said: dict[str, Any] = {
        name: _word(words[name]) for name in _WORDS if words.get(name) is not None
    }
    tags = words.get("tags")
    if isinstance(tags, dict) and tags:
        pairs = cast("dict[object, object]", tags).items()
        named = ((_word(k, _LONGEST_TAG), _word(v)) for k, v in pairs)
        said["tags"] = dict(islice(((k, v) for k, v in named if k), _MOST_TAGS))
    return said


def _word(value: object, most: int = _LONGEST_WORD) -> str:
    text = str(value).replace("\0", "")[:most]
    return text.encode(errors="replace").decode()


def _base(capture: Capture, asked: Raw) -> dict[str, Any]:
    retry = _retry_count(capture)
    before = capture.previous
    if before is not None and before.attempt == retry and before.path == capture.path:
        capture.call_id = before.call_id
        if before.event is not None:
            before.event["final"] = False
    else:
        capture.call_id = event_id(capture.started_ns)
    capture.attempt = retry + 1
    return {
        "id": event_id(capture.started_ns),
        "call_id": capture.call_id,
        "attempt": capture.attempt,
        "final": not capture.superseded,
        "model": text(asked, "model"),
        "streaming": asked.get("stream") in (True, "true"),
        "http_status": getattr(capture.response, "status_code", None),
        "started_at": _time(capture.started_ns),
        "first_byte_at": None if capture.first_ns is None else _time(capture.first_ns),
        "ended_at": _time(capture.ended_ns),
        **words_of(capture.words),
    }


def _attribution_only(
    event: dict[str, Any], gateway_event: str, words: Words
) -> dict[str, Any] | None:
    """The gateway recorded the call; what it could not know are the caller's words."""
    if not words_of(words):
        return None
    status = "error" if (event["http_status"] or 0) >= _ERROR_STATUS else "success"
    event.update(gateway_event_id=gateway_event, status=status, usage=None)
    return {k: v for k, v in event.items() if v is not None or k == "usage"}


def _read(capture: Capture, wire: Wire, headers: Any) -> Answer:
    answer = Answer()
    if capture.response is None:
        return answer
    body = _body(capture, headers)
    if body is None:
        answer.complete = True
        return answer
    if "text/event-stream" in str(headers.get("content-type", "")):
        for event in _events(body, wire.needles):
            wire.read_event(answer, event)
        return answer
    parsed = _json_object(body)
    if parsed:
        wire.read_body(answer, parsed)
    return answer


def _status(capture: Capture, answer: Answer) -> tuple[str, str | None]:
    code = getattr(capture.response, "status_code", None)
    if code is not None and code >= _ERROR_STATUS:
        return "error", answer.error_class or _error_class(code)
    if answer.complete:
        return "success", None
    left = capture.closed_early and answer.error_class is None
    if left or capture.error in _CANCELLED:
        return "cancelled", "client_disconnected"
    if capture.error is not None:
        return "error", _connection_class(capture.error, begun=capture.response is not None)
    unfinished = "stream_incomplete" if capture.chunks else "unreadable_answer"
    return "error", answer.error_class or unfinished


def _error_class(code: int) -> str:
    return _ERRORS.get(code, "server_error" if code >= _SERVER_ERROR else f"http_{code}")


def _connection_class(name: str, *, begun: bool) -> str:
    if "Timeout" in name:
        return "timeout"
    return "connection_lost" if begun or "Connect" not in name else "connection_failed"


def _body(capture: Capture, headers: Any) -> bytes | None:
    """The answer's bytes; None when it was read where we could not listen."""
    if capture.chunks is None:
        return _content(capture.response)
    raw = b"".join(capture.chunks)
    if str(headers.get("content-encoding", "identity")) == "identity":
        return raw
    # The client's own class knows every encoding that it told the server it accepts.
    whole = type(capture.response)(200, headers=headers, content=raw)
    return bytes(whole.content)


def _content(message: Any) -> bytes | None:
    """The body of a request or response, if it is in memory."""
    try:
        return bytes(message.content)
    except Exception:  # noqa: BLE001 (httpx says so with an error of its own)
        return None


def _events(body: bytes, needles: tuple[bytes, ...]) -> Iterator[Raw]:
    for frame in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        if not any(needle in frame for needle in needles):
            continue
        data = b"\n".join(
            line[5:].lstrip(b" ") for line in frame.split(b"\n") if line.startswith(b"data:")
        )
        parsed = _json_object(data)
        if parsed:
            yield parsed


def _json_object(body: bytes) -> Raw:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return cast("Raw", parsed) if isinstance(parsed, dict) else {}


def _asked(request: Any, operation: str) -> Raw:
    """The parts of a request that matter; of a form, its texts."""
    body = _content(request)
    if body is None:
        return _fields(request)
    if operation in _MEDIA:
        return _json_object(body) if len(body) <= _LONGEST_PROMPT else {}
    return _searched(body)


def _searched(body: bytes) -> Raw:
    """The model, the stream flag and how much a request is to search.

    A long body is searched instead of parsed: parsing would hold the interpreter for the length of
    the prompt. Quotes inside of texts are escaped, so ``"model"`` can only be a key.
    """
    if len(body) < _LONG_BODY or body.count(b'"model"') != 1:
        return _json_object(body)
    _, _, rest = body.partition(b'"model"')
    quoted = rest[:_LONGEST_WORD].lstrip(b" :").split(b'"')
    model = quoted[1].decode(errors="replace") if len(quoted) > 1 else None
    found: dict[str, Any] = {"model": model}
    found["stream"] = b'"stream":true' in body or b'"stream": true' in body
    sizes = _SEARCHED.findall(body)
    if len(sizes) == 1:
        found["web_search_options"] = {"search_context_size": sizes[0].decode()}
    return found


def _fields(request: Any) -> Raw:
    """The short texts of a form that is sent from its parts: nobody has its bytes in one piece."""
    fields = getattr(getattr(request, "stream", None), "fields", ())
    found: dict[str, str] = {}
    for field in fields:
        value = getattr(field, "value", None)
        value = value.decode(errors="replace") if isinstance(value, bytes) else value
        if isinstance(value, str) and len(value) <= _LONGEST_WORD:
            found.setdefault(str(field.name), value)
    return found


def _is_whole(capture: Capture, headers: Any) -> bool:
    """Whether an answer that is no JSON came to its end: sound, or plain text."""
    code = getattr(capture.response, "status_code", _ERROR_STATUS)
    kind = str(headers.get("content-type", ""))
    plain = "json" not in kind and "text/event-stream" not in kind
    return plain and code < _ERROR_STATUS and capture.error is None and not capture.closed_early


def _retry_count(capture: Capture) -> int:
    told = str(capture.request.headers.get("x-stainless-retry-count", "0"))
    return int(told) if told.isdecimal() else 0


def _first(headers: Any, names: tuple[str, ...]) -> str | None:
    return next((str(headers[name]) for name in names if name in headers), None)


def _time(ns: int) -> str:
    return (_EPOCH + timedelta(microseconds=ns // 1000)).isoformat().replace("+00:00", "Z")
