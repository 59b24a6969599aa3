"""Where the SDK listens: the ``send`` of the HTTP client inside a vendor's client.

Why there. Every call of openai and anthropic (sync, async, streaming, raw responses, parse helpers,
``with_options`` copies, each retry) ends in ``client._client.send(request, stream=…)``. ``send`` is a
documented method, with one signature through httpx and httpx2, and what it returns is what the
vendor's code goes on with. Replacing methods such as ``chat.completions.create`` would have to follow
every new helper; event hooks see no failed connection; middleware exists in one vendor only. A copy
of the client would share its connections, and the vendor closes those when the original is collected.

How. An attribute named ``send`` is set on that one HTTP client object (no class and no module is
patched). It calls the original and hands back its very result or exception. The vendor's client stays
the same object, so type, signature and identity are untouched. Whoever shares the HTTP client
(``client.with_options(...)``) is recorded too. Neither a vendor package nor httpx is imported.

A stream is read through ``response.stream``, which is swapped for one that passes every chunk on
first and keeps a reference to it.
"""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from quotah.capture import Capture, last_capture
from quotah.scope import current_words

Keep = Callable[[Capture], None]
_ERROR_STATUS = 400
_MARK = "__quotah__"
_stream_types: dict[type, type] = {}


def install(client: Any, keep: Keep, provider: str | None) -> bool:
    """Listen on a client's HTTP client; True when it listens now or did before.

    False when there is nothing in ``client`` that sends requests the way httpx does.
    """
    http = client if callable(getattr(client, "send", None)) else getattr(client, "_client", None)
    send = getattr(http, "send", None)
    if not callable(send) or not callable(getattr(http, "build_request", None)):
        return False
    if hasattr(send, _MARK):
        return True
    listening = _async_send if inspect.iscoroutinefunction(send) else _sync_send
    wrapped = functools.wraps(send)(listening(send, keep, provider))
    setattr(wrapped, _MARK, True)
    try:
        http.send = wrapped  # type: ignore[union-attr]
    except (AttributeError, TypeError):
        return False
    return True


def _sync_send(send: Callable[..., Any], keep: Keep, provider: str | None) -> Callable[..., Any]:
    def listening(request: Any, *args: Any, **kwargs: Any) -> Any:
        capture = _begin(request, provider)
        try:
            response = send(request, *args, **kwargs)
        except BaseException as error:
            _fail(capture, error, keep)
            raise
        _answered(capture, response, keep)
        return response

    return listening


def _async_send(send: Callable[..., Any], keep: Keep, provider: str | None) -> Callable[..., Any]:
    async def listening(request: Any, *args: Any, **kwargs: Any) -> Any:
        capture = _begin(request, provider)
        try:
            response = await send(request, *args, **kwargs)
        except BaseException as error:
            _fail(capture, error, keep)
            raise
        _answered(capture, response, keep)
        return response

    return listening


def _begin(request: Any, provider: str | None) -> Capture | None:
    try:
        previous = last_capture.get()
        if previous is not None:
            if previous.failed and request.headers.get("x-stainless-retry-count", "0") != "0":
                previous.superseded = True
            else:
                previous = None
        capture = Capture(request, current_words(), provider, previous)
        last_capture.set(capture)
    except Exception:  # noqa: BLE001 (nothing of ours may reach the caller)
        return None
    return capture


def _fail(capture: Capture | None, error: BaseException, keep: Keep) -> None:
    if capture is None:
        return
    try:
        capture.ended_ns = time.time_ns()
        capture.error = type(error).__name__
        capture.failed = True
        keep(capture)
    except Exception:  # noqa: BLE001, S110 (as above; there is nobody to tell)
        pass


def _answered(capture: Capture | None, response: Any, keep: Keep) -> None:
    if capture is None:
        return
    try:
        capture.ended_ns = time.time_ns()
        capture.response = response
        capture.failed = response.status_code >= _ERROR_STATUS
        if not response.is_stream_consumed and _tee(capture, response, keep):
            return
        keep(capture)
    except Exception:  # noqa: BLE001, S110 (as above)
        pass


def _tee(capture: Capture, response: Any, keep: Keep) -> bool:
    """Swap the response's stream for one that listens; False where that is not possible."""
    kind = _listening_type(response.stream)
    if kind is None:
        return False
    capture.chunks = []
    response.stream = kind(response.stream, capture, keep)
    return True


class _Listener:
    """What the sync and the async stream share: the end is told once."""

    def __init__(self, inner: Any, capture: Capture, keep: Keep) -> None:
        self._inner = inner
        self._capture: Capture | None = capture
        self._keep = keep

    def _take(self, chunk: bytes) -> None:
        capture = self._capture
        if capture is not None and capture.chunks is not None:
            if capture.first_ns is None:
                capture.first_ns = time.time_ns()
            capture.chunks.append(chunk)

    def _end(self, error: BaseException | None = None, *, early: bool = False) -> None:
        capture, self._capture = self._capture, None
        if capture is None:
            return
        try:
            capture.ended_ns = time.time_ns()
            capture.closed_early = early
            if error is not None:
                capture.error = type(error).__name__
            self._keep(capture)
        except Exception:  # noqa: BLE001, S110 (nothing of ours may reach the caller)
            pass

    def __getattr__(self, name: str) -> Any:
        if name == "_inner":
            raise AttributeError(name)
        return getattr(self._inner, name)

    def __del__(self) -> None:
        self._end(early=True)


class _SyncListener(_Listener):
    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._inner:
                self._take(chunk)
                yield chunk
        except GeneratorExit:
            raise
        except BaseException as error:
            self._end(error)
            raise
        self._end()

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            self._end(early=True)


class _AsyncListener(_Listener):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._inner:
                self._take(chunk)
                yield chunk
        except GeneratorExit:
            raise
        except BaseException as error:
            self._end(error)
            raise
        self._end()

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            self._end(early=True)


def _listening_type(stream: Any) -> type | None:
    """A listener that is also what the HTTP library's own type check asks for."""
    kind = type(stream)
    if kind in _stream_types:
        return _stream_types[kind]
    for base in kind.__mro__:
        listener = {"SyncByteStream": _SyncListener, "AsyncByteStream": _AsyncListener}.get(
            base.__name__
        )
        if listener is not None:
            made = type("ListeningStream", (listener, base), {})
            _stream_types[kind] = made
            return made
    return None
