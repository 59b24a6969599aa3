"""The one object that users hold."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import weakref
from collections.abc import Mapping
from typing import Any, TypeVar

from quotah.hook import install
from quotah.post import BadUrlError, Poster
from quotah.scope import Scope
from quotah.sender import Sender
from quotah.stats import Stats

_log = logging.getLogger("quotah")
_DEFAULT_URL = "http://127.0.0.1:8400"
_EXIT_S = 2.0
_QUEUE_SIZE = 10_000
_YES = frozenset({"1", "true", "yes", "on"})
T = TypeVar("T")


class Quotah:
    """Records what your LLM calls used. Nothing it does can fail, change or delay a call of yours.

    url: where Quotah's API is (QUOTAH_URL; default http://127.0.0.1:8400).
    api_key: a key of kind ingest, ``qk_in_…`` (QUOTAH_API_KEY). Without one nothing is recorded.
    environment: a name such as ``production`` put on every event (QUOTAH_ENVIRONMENT).
    queue_size: events that may wait in memory while the server is away; then the oldest go.
    disabled: record nothing (QUOTAH_DISABLED=1).

    Settings that cannot work do not raise: they disable recording and are logged as a warning once;
    ``stats().reason`` names them.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        environment: str | None = None,
        queue_size: int = _QUEUE_SIZE,
        disabled: bool | None = None,
    ) -> None:
        env = os.environ
        url = str(url or env.get("QUOTAH_URL") or _DEFAULT_URL).strip()
        api_key = str(api_key or env.get("QUOTAH_API_KEY") or "").strip()
        environment = environment or env.get("QUOTAH_ENVIRONMENT")
        if disabled is None:
            disabled = env.get("QUOTAH_DISABLED", "").strip().lower() in _YES
        self._sender: Sender | None = None
        self._reason = "disabled" if disabled else ""
        if disabled:
            return
        if not api_key:
            self._refuse("no API key: pass api_key or set QUOTAH_API_KEY")
            return
        if not api_key.isascii() or not api_key.isprintable():
            self._refuse("the API key is none: it has characters that no key has")
            return
        try:
            poster = Poster(url, api_key)
        except (BadUrlError, ValueError) as error:
            self._refuse(f"QUOTAH_URL: {error}")
            return
        defaults = {"environment": environment} if environment else {}
        self._sender = Sender(poster, _size_of(queue_size), defaults)
        atexit.register(_flush_at_exit, weakref.ref(self._sender))

    def wrap(self, client: T, *, provider: str | None = None) -> T:
        """Record the calls of an OpenAI or Anthropic client, sync or async, and give it back.

        It is the same object. Wrapping it again changes nothing. Copies that it makes of itself
        (``with_options``) are recorded too. provider: name to record instead of the one that the
        base URL tells. A client that is not understood is given back untouched, with a warning.
        """
        sender = self._sender
        if sender is not None:
            try:
                known = install(client, sender.keep, provider)
            except Exception:  # noqa: BLE001 (a client that cannot be read is the user's, not ours)
                known = False
            if not known:
                _log.warning(
                    "quotah: calls of %s are not recorded: it has no HTTP client that is understood",
                    type(client).__qualname__,
                )
        return client

    def context(
        self,
        *,
        feature: str | None = None,
        user: str | None = None,
        session: str | None = None,
        team: str | None = None,
        prompt: str | None = None,
        tags: Mapping[str, object] | None = None,
        environment: str | None = None,
        request_id: str | None = None,
    ) -> Scope:
        """Say what the calls inside a ``with`` block are for. Blocks nest; the inner words win.

        prompt: ``id@version``. tags: further words; those of nested blocks are joined. Words are
        cut at 300 characters, tags at 50.
        """
        words: dict[str, Any] = {
            "feature": feature,
            "user": user,
            "session": session,
            "team": team,
            "prompt": prompt,
            "tags": dict(tags) if isinstance(tags, Mapping) else None,
            "environment": environment,
            "request_id": request_id,
        }
        return Scope({name: word for name, word in words.items() if word is not None})

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until every call so far has reached the server; False when ``timeout`` s were not
        enough. Use it where a process is frozen between calls (serverless)."""
        sender = self._sender
        try:
            return True if sender is None else sender.flush(timeout)
        except Exception:  # noqa: BLE001 (no thread can be started while the interpreter ends)
            return False

    def stats(self) -> Stats:
        """Tell what became of the events so far."""
        if self._sender is None:
            return Stats(enabled=False, reason=self._reason, queued=0, sent=0)
        return self._sender.stats()

    def _refuse(self, reason: str) -> None:
        self._reason = reason
        _log.warning("quotah: nothing is recorded: %s", reason)


def _size_of(wanted: object) -> int:
    """The queue's size, the default where what was given is no whole number."""
    return max(1, wanted) if isinstance(wanted, int) else _QUEUE_SIZE


def _flush_at_exit(sender: weakref.ref[Sender]) -> None:
    living = sender()
    if living is not None:
        with contextlib.suppress(Exception):
            living.flush(_EXIT_S)
