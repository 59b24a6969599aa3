"""Puts a gateway together from plain values. The one place that knows all of its parts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from quotah_server.catalog.book import Book
from quotah_server.domain.gateway_state import GatewayState
from quotah_server.gateway.app import GatewayApp, Scope
from quotah_server.gateway.books import GatewayBooks
from quotah_server.gateway.breaker import Circuits
from quotah_server.gateway.cache import DEFAULT_MAX_BYTES, AnswerCache
from quotah_server.gateway.clients import Clients
from quotah_server.gateway.control import ControlPlane
from quotah_server.gateway.estimator import Estimator
from quotah_server.gateway.keylimits import KeyLimits
from quotah_server.gateway.limits import Limits
from quotah_server.gateway.metrics import GatewayMetrics
from quotah_server.gateway.paces import Paces
from quotah_server.gateway.progress import Progress
from quotah_server.gateway.publisher import Publisher, gateway_id
from quotah_server.gateway.ratelimits import RateLimits
from quotah_server.gateway.recorder import Recorder
from quotah_server.gateway.relay import Relay
from quotah_server.gateway.reply import HTTPProtocol
from quotah_server.gateway.routing import Router
from quotah_server.gateway.shelf import Shelf
from quotah_server.gateway.snapshot_holder import SnapshotHolder
from quotah_server.gateway.upstream import Upstream
from quotah_server.gateway.watch import Watch
from quotah_server.gateway.ways import Outward
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.kit.crypto import KeyRing
from quotah_server.pipeline.drain import Drainer, as_bytes
from quotah_server.pipeline.intents import IntentLog
from quotah_server.pipeline.journal import Journal
from quotah_server.providers.registry import PROVIDERS

_log = structlog.get_logger("quotah.gateway")
_STOP_FLUSH_S = 10.0
_JOURNAL_WINDOW_S = 0.05
"""No caller waits for the commit (the intent note outlives a kill), so commits may be few."""


class Gateway:
    """A whole gateway. Build it and start it inside the event loop that serves it."""

    def __init__(
        self,
        folder: Path,
        socket_path: Path,
        ring: KeyRing,
        book: Book,
        *,
        limits: Limits,
        clock: Clock,
        outward: Outward,
        cache_bytes: int,
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        control = ControlPlane(socket_path)
        self.journal = Journal(folder / "journal.db", window_s=_JOURNAL_WINDOW_S)
        self.intents = IntentLog(folder / "intents")
        books = self._books = GatewayBooks(book, folder / "books", control.book)
        self.prices = books.prices
        self.circuits, self.paces = Circuits(clock), Paces()
        self.holder = SnapshotHolder(
            folder / "snapshot.bin", control.snapshot, ring, PROVIDERS, books,
            self.circuits, self.paces,
        )  # fmt: skip
        self.drainer = Drainer(self.journal, control.deliver, decode=as_bytes)
        self.metrics = GatewayMetrics(self._gauges)
        self._estimator = Estimator(folder / "learnt.json")
        self._recorder = Recorder(
            self.journal, self.intents, books.prices.book_for, self._estimator.input_of,
            capacity=limits.waiting_events,
        )  # fmt: skip
        self._rate_limits, self._cache = RateLimits(clock), AnswerCache(cache_bytes)
        self._recovered = 0
        self._upstream = Upstream(connect_s=limits.connect_s, outward=outward)
        self._watch = Watch(limits)
        self.clients = Clients()
        self._progress = Progress(
            self.intents, self._watch.running, self._estimator.output_per_byte
        )
        router = Router(
            books.prices.book_for, self._estimator.input_of, clock, self.metrics.skipped
        )
        relay = Relay(
            self._upstream, self._recorder, self.intents, self._watch, self.metrics, limits, clock,
            self._estimator, router, Shelf(self._cache, self._recorder, clock), KeyLimits(),
            self._rate_limits,
        )  # fmt: skip
        self._app = GatewayApp(self.holder, relay, self.metrics, limits, clock, self._degraded)
        self._clock, self._started_at, self._id = clock, clock(), gateway_id(folder)
        self._publisher = Publisher(control.report, self.state)

    @property
    def __rsgi__(self) -> Callable[[Scope, HTTPProtocol], Awaitable[None]]:
        """Serves one request."""
        return self._app.__rsgi__

    async def start(self) -> None:
        """Record what an earlier run left open, then follow the control plane and drain."""
        self._recovered = self._recorder.recover()
        await self._recorder.settled(_STOP_FLUSH_S)
        self.holder.start()
        self.drainer.start()
        self._estimator.start()
        self._progress.start()
        self._publisher.start()

    async def shutdown(self, grace_s: float = 30.0) -> None:
        """Refuse new calls, let running ones end, then flush the journal and hand on what it has.

        Calls that run longer than the grace are aborted and recorded as interrupted.
        """
        self._app.stopping = self._estimator.hurried = True
        aborted = await self._watch.finish(grace_s)
        self._progress.close()
        kept = await self._recorder.settled(_STOP_FLUSH_S)
        self.holder.close()
        await self._estimator.close()
        await asyncio.to_thread(self.drainer.close)
        await asyncio.to_thread(self._publisher.close)
        self.intents.close()
        await asyncio.to_thread(self.journal.close)
        await self._upstream.close()
        _log.info("stopped", aborted=aborted, journaled=kept)

    def state(self) -> GatewayState:
        """What the control plane is told of this gateway; any thread may ask."""
        view, recorder = self.holder.view, self._recorder
        return GatewayState(
            gateway_id=self._id,
            at=self._clock(),
            started_at=self._started_at,
            snapshot_version=view.version if view is not None else 0,
            in_flight=len(self._watch),
            journal_depth=self.journal.depth(),
            journal_failing=recorder.failing,
            events_waiting=recorder.waiting,
            losses={
                name: count
                for name, count in (
                    ("events", recorder.lost),
                    ("intents", self.intents.lost),
                    ("prices", recorder.unpriceable),
                )
                if count
            },
            rate_limits=self._rate_limits.snapshot(),
            credentials=self.circuits.states(),
            paces=self.paces.paces(),
        )

    def _degraded(self) -> list[str]:
        """What does not work although calls are served."""
        found: list[str] = []
        if self._recorder.failing:
            found.append("the journal takes no events, which wait in memory: is its disk full?")
        if self._books.behind:
            found.append("a price book is missing")
        return found

    def _gauges(self) -> dict[str, tuple[str, float]]:
        view, journal, drain = self.holder.view, self.journal.stats, self.drainer.stats
        return {
            "in_flight": ("Attempts under way.", len(self._watch)),
            "clients": ("Clients that are connected.", len(self.clients.open)),
            "clients_turned_out_total": ("Idle clients that gave way to others.", self.clients.turned_out),
            "clients_refused_total": ("Clients refused as all others were busy.", self.clients.refused),
            "draining": ("Attempts read on for clients that went away.", self._watch.draining),
            "drains_given_up_total": ("Of these, ended as all were too much.", self._watch.drains.given_up),
            "snapshot_version": ("Version of the snapshot in use.", view.version if view else 0),
            "control_plane_up": ("Whether the last poll succeeded.", self.holder.control_plane_up),
            "journal_depth": ("Events in the journal that are not delivered yet.", self.journal.depth()),
            "journal_quarantined": ("Journal rows set aside.", journal.quarantined),
            "journal_failed_total": ("Journal rows refused by the disk at first.", journal.failed),
            "journal_corrupt_files_total": ("Damaged journal files set aside.", journal.corrupt_files),
            "events_waiting": ("Events that are not in the journal yet.", self._recorder.waiting),
            "events_lost_total": ("Events that neither journal nor memory could take.", self._recorder.lost),
            "events_delivered_total": ("Events handed to the control plane.", drain.delivered),
            "delivery_failures_total": ("Deliveries that failed and are tried again.", drain.failures),
            "cache_answers": ("Answers kept for requests that come again.", len(self._cache)),
            "cache_bytes": ("Memory that they take.", self._cache.size),
            "cache_hits_total": ("Requests answered from the cache.", self._cache.hits),
            "cache_misses_total": ("Requests that the cache had no answer to.", self._cache.misses),
            "cache_evicted_total": ("Answers that made room for newer ones.", self._cache.evicted),
            "pricing_failures_total": ("Events unpriced by a fault.", self._recorder.unpriceable),
            "interrupted_recovered_total": ("Interrupted calls recorded.", self._recovered),
            "intents_open": ("Intent notes that are not closed.", self.intents.open_count()),
            "intents_lost_total": ("Intent notes that could not be written.", self.intents.lost),
        }  # fmt: skip


def build(
    data_dir: Path,
    socket_path: Path,
    ring: KeyRing,
    book: Book,
    *,
    limits: Limits | None = None,
    clock: Clock = utc_now,
    outward: Outward = Outward(),  # noqa: B008 -- immutable
    cache_bytes: int = DEFAULT_MAX_BYTES,
) -> Gateway:
    """Build a gateway that keeps its files in ``<data_dir>/gateway``; call from a running event loop.

    Raises StartupError when another gateway owns that folder.
    """
    return Gateway(
        data_dir / "gateway", socket_path, ring, book, limits=limits or Limits(), clock=clock,
        outward=outward, cache_bytes=cache_bytes,
    )  # fmt: skip
