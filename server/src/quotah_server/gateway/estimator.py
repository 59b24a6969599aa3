"""What a call used when its provider did not say: by bytes at once, exactly counted where that is known.

Billed calls teach how far the count by bytes is off for a workspace and model; what was learnt is kept
in a small file. The vocabularies are loaded when the first call must be counted, not before.
"""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from pathlib import Path

import msgspec
import structlog

from quotah_server.catalog.aliases import canonical
from quotah_server.domain.event import PricedEvent
from quotah_server.gateway.attempts import Attempt
from quotah_server.gateway.estimate import BYTES_PER_TOKEN, delivered_text, tokens_of
from quotah_server.kit import files
from quotah_server.tokens.family import family_of
from quotah_server.tokens.learn import Learner
from quotah_server.tokens.models import encoding_of

_log = structlog.get_logger("quotah.gateway.estimator")
_KEEP_EVERY_S = 60.0
_SAMPLE_BYTES = 1024
"""Of a stream that is under way so much is read to tell how much of it is text."""
_SAMPLED = 16
"""Of models that are well known one call in so many is looked at: every call would pay for it."""
_COUNTED_BYTES = 1024 * 1024
"""A longer request is not counted but estimated by bytes."""
_COUNTS_WAITING = 32
"""When a provider breaks off a thousand streams at once, the rest is estimated by bytes."""
_COUNT_S = 10.0
"""Longest wait for a count, the loading of a vocabulary included."""

Units = dict[str, int]


class Estimator:
    """Belongs to the event loop's thread. path: where is kept what was learnt. hurried: the gateway is
    being stopped, so that nothing is worth a wait."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._learner = _restored(path)
        self._dirty = False
        self._seen = 0
        self._waiting = 0
        self.hurried = False
        self._counter = ThreadPoolExecutor(1, "count")
        self._keeping: asyncio.Task[None] | None = None

    def learn(self, attempt: Attempt, event: PricedEvent) -> None:
        """Take note of what a call was billed; stand-ins teach nothing."""
        usage, model = event.usage, attempt.model
        if model is None or usage.missing or usage.estimated:
            return
        key = (attempt.attribution.workspace_id, model)
        self._seen += 1
        if self._seen % _SAMPLED and self._learner.is_full(key):
            return
        billed = usage.input_tokens
        if billed and not attempt.admitted.credential.is_mock:
            self._learner.add(key, attempt.estimated_input, billed)
            self._dirty = True

    def input_of(self, workspace_id: str, provider: str, model: str | None, by_bytes: int) -> int:
        """Input tokens of a request: the count by bytes, corrected by what was learnt, or else by
        what is known of the model's family."""
        factor = self._learner.factor((workspace_id, model)) if model else None
        return ceil(by_bytes * (factor or _prior(provider, model)))

    def by_bytes(self, attempt: Attempt) -> Units | None:
        """Estimate what the provider did not report; free."""
        provider = attempt.admitted.mount.provider.name
        units: Units = {}
        if attempt.answer.usage is None and attempt.estimated_input:
            units["input"] = self.input_of(
                attempt.attribution.workspace_id, provider, attempt.model, attempt.estimated_input
            )
        text = _delivered(attempt)
        if text is not None:
            tokens = tokens_of(len(text.encode(errors="replace")))
            units["output"] = ceil(_scaled(attempt, tokens) * _prior(provider, attempt.model))
        return units or None

    def output_per_byte(self, attempt: Attempt) -> float:
        """Output tokens per byte of an answer that is still coming, by a sample of what was kept."""
        sample: list[bytes] = []
        size = 0
        for chunk in reversed(attempt.kept):
            sample.append(chunk)
            size += len(chunk)
            if size > _SAMPLE_BYTES:
                break
        if not size:
            return 0.0
        admitted = attempt.admitted
        text = delivered_text(admitted.mount.dialect, reversed(sample), is_sse=attempt.is_sse)
        tokens = len(text.encode(errors="replace")) / BYTES_PER_TOKEN
        return tokens * _prior(admitted.mount.provider.name, attempt.model) / size

    async def counted(self, attempt: Attempt) -> Units:
        """The same by the model's own encoding, in a thread; empty where that is not public, or not
        worth the wait."""
        busy = self.hurried or self._waiting >= _COUNTS_WAITING
        if busy or encoding_of(attempt.model or "") is None:
            return {}
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(_COUNT_S):
                return await loop.run_in_executor(self._counter, _counted, attempt)
        except TimeoutError:
            return {}
        except Exception as error:  # noqa: BLE001 -- a damaged installation must not lose the event
            _log.error("count_failed", reason=f"{type(error).__name__}: {error}")
            return {}
        finally:
            self._waiting -= 1

    def start(self) -> None:
        """Keep what was learnt from time to time."""
        self._keeping = asyncio.create_task(self._keep_on())

    async def close(self) -> None:
        """Keep what was learnt, and end."""
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        self._counter.shutdown(wait=False, cancel_futures=True)
        await self._keep()

    async def _keep_on(self) -> None:
        while True:
            await asyncio.sleep(_KEEP_EVERY_S)
            await self._keep()

    async def _keep(self) -> None:
        if not self._dirty:
            return
        self._dirty = False
        try:
            await asyncio.to_thread(files.replace, self._path, self._learner.state())
        except OSError as error:
            _log.error("learnt_not_kept", path=self._path.name, reason=str(error))


def _restored(path: Path) -> Learner:
    try:
        return Learner.restored(path.read_bytes())
    except FileNotFoundError:
        pass
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        _log.warning("learnt_unreadable", path=path.name, reason=str(error))
    return Learner()


def _prior(provider: str, model: str | None) -> float:
    """Tokens per four bytes, as far as the model's family tells."""
    if encoding_of(model or "") is not None:
        return 1.0
    return family_of(model or "", canonical(provider)).factor


def _delivered(attempt: Attempt) -> str | None:
    """The text that came, None where nothing is to be counted."""
    if not attempt.kept:
        return None
    dialect = attempt.admitted.mount.dialect
    text = delivered_text(dialect, attempt.kept, is_sse=attempt.is_sse)
    return text if text or attempt.is_sse else None


def _scaled(attempt: Attempt, tokens: int) -> int:
    """From the bytes that were kept to all that passed."""
    kept = sum(map(len, attempt.kept))
    if attempt.passed_bytes > kept > 0:
        return tokens * attempt.passed_bytes // kept
    return tokens


def _counted(attempt: Attempt) -> Units:
    """In the thread: the request and the text by the model's encoding."""
    from quotah_server.tokens.count import count, count_output

    model = attempt.model or ""
    units: Units = {}
    if attempt.answer.usage is None and attempt.estimated_input:
        body = _request(attempt.body)
        if body is not None:
            units["input"] = count(model, body).tokens
    text = _delivered(attempt)
    if text is not None:
        units["output"] = _scaled(attempt, count_output(model, text))
    return units


def _request(body: bytes) -> dict[str, object] | None:
    if len(body) > _COUNTED_BYTES:
        return None
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
