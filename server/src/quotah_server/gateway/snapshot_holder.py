"""The gateway's view of the control plane: the newest snapshot, opened and ready to look up.

A thread waits at the control plane for the next version (long poll) and swaps it in whole, so a
revoked key stops at once. Every version is kept on disk too: with the control plane down the
gateway starts from there and serves the keys it knows.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import structlog

from quotah_server.domain import snapshot as wire
from quotah_server.domain.routing import Route
from quotah_server.domain.secrets import credential_binding
from quotah_server.domain.snapshot import Credential, GatewayKey, Mount, Snapshot
from quotah_server.gateway.books import GatewayBooks
from quotah_server.gateway.breaker import Circuit, Circuits
from quotah_server.gateway.dialects import DIALECTS, Dialect
from quotah_server.gateway.paces import Gait, Paces
from quotah_server.gateway.ways import Way
from quotah_server.kit import files
from quotah_server.kit.crypto import KeyRing, SealError
from quotah_server.providers.base import Provider
from quotah_server.providers.registry import room_of_mount

_log = structlog.get_logger("quotah.gateway.snapshot")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_WAIT_S, _BEHIND_S = 1.5, 0.5
"""Short, so that a control plane that hangs is noticed within 5 s (see control.SNAPSHOT_SLACK_S), and a
revoked key stops within 5 s of its coming back."""
_SHORT_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 1.0
_NO_MOUNTS: dict[str, OpenMount] = {}
_TOLD_AFTER_S = 3.0
"""Both planes start together: being away for less is nothing to tell, and asked about more often."""

Fetch = Callable[[int, float], bytes | None]
"""Asks for a snapshot newer than a version, waiting up to some seconds; None when there is none.
Raises OSError when the control plane does not answer."""


class OpenCredential(msgspec.Struct, frozen=True):
    """A provider key in the clear, with what the relay needs to use it. Lives in memory only.

    id: "" where the caller brought the key. circuit: how it does, the same object from one snapshot to
    the next.
    """

    id: str
    workspace_id: str
    base_url: str
    key_headers: tuple[tuple[str, str], ...]
    is_mock: bool
    way: Way
    circuit: Circuit
    weight: int = 1
    settings: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"OpenCredential(id={self.id!r}, base_url={self.base_url!r})"


class OpenMount(msgspec.Struct, frozen=True):
    """A mount of one workspace, resolved. credentials: those that open. base_url: where a key of the
    caller's own is sent, "" where that is not known. gaits: by model. stored: there is a key of the
    workspace's, whether or not it opens; else the mount is for those who bring one. operations: what
    was found for (method, client path) of late."""

    name: str
    provider: Provider
    dialect: Dialect
    credentials: tuple[OpenCredential, ...]
    base_url: str = ""
    gaits: dict[str, Gait] = {}
    stored: bool = True
    operations: dict[tuple[str, str], str] = {}

    def __repr__(self) -> str:
        return f"OpenMount(name={self.name!r}, credentials={self.credentials!r})"


class View:
    """One version, immutable. newest: tells the one that is held now."""

    def __init__(
        self,
        version: int,
        keys: dict[str, GatewayKey],
        mounts: dict[str, dict[str, OpenMount]],
        routes: dict[str, tuple[Route, ...]],
        newest: Callable[[], View | None],
    ) -> None:
        self.version = version
        self._keys = keys
        self._mounts = mounts
        self._routes = routes
        self.newest = newest

    def key(self, key_hash: str) -> GatewayKey | None:
        """The gateway key with a hash."""
        return self._keys.get(key_hash)

    def mount(self, workspace_id: str, name: str) -> OpenMount | None:
        """A workspace's mount by the first segment of the path."""
        return self._mounts.get(workspace_id, _NO_MOUNTS).get(name)

    def routes(self, workspace_id: str) -> tuple[Route, ...]:
        """A workspace's routes that are switched on, in their order."""
        return self._routes.get(workspace_id, ())


class SnapshotHolder:
    """Holds the newest view. ``view`` is None until the first snapshot was ever seen.

    path: where the last snapshot is kept. providers: provider rooms by name. books: follow it.
    circuits, paces: what is known of keys and mounts, handed on from one view to the next.
    """

    def __init__(
        self,
        path: Path,
        fetch: Fetch,
        ring: KeyRing,
        providers: dict[str, Provider],
        books: GatewayBooks,
        circuits: Circuits,
        paces: Paces,
    ) -> None:
        self._path, self._fetch, self._ring, self._providers = path, fetch, ring, providers
        self._books, self._circuits, self._paces = books, circuits, paces
        self._stop = threading.Event()
        self._news = threading.Condition()
        self._random = random.Random()  # noqa: S311 -- jitter
        self.view: View | None = None
        self.control_plane_up = False
        self._load()
        self._thread = threading.Thread(target=self._run, name="snapshot", daemon=True)

    def start(self) -> None:
        """Begin to follow the control plane."""
        self._thread.start()

    def wait_for(self, version: int, timeout_s: float) -> bool:
        """Block until a version at least this new is held."""
        with self._news:
            return self._news.wait_for(
                lambda: self.view is not None and self.view.version >= version, timeout_s
            )

    def close(self) -> None:
        """Stop following; a poll under way is left to end by itself."""
        self._stop.set()

    def _load(self) -> None:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            _log.error("snapshot_unreadable", path=self._path.name, reason=str(error))
            return
        try:
            self._adopt(wire.decode(data))
        except msgspec.DecodeError as error:
            _log.error("snapshot_damaged", path=self._path.name, reason=str(error))

    def _run(self) -> None:
        failures, since, told = 0, 0.0, False
        while not self._stop.is_set():
            version = self.view.version if self.view is not None and failures == 0 else -1
            try:
                data = self._fetch(version, _BEHIND_S if self._books.behind else _WAIT_S)
                if data is not None:
                    self._adopt(wire.decode(data))
                    self._keep(data)
                else:
                    self._books.catch_up()
                failures, told = 0, False
                self.control_plane_up = True
            except Exception as error:  # noqa: BLE001 -- who follows no more, serves revoked keys for ever
                since = time.monotonic() if failures == 0 else since
                failures += 1
                self.control_plane_up = False
                away_s = time.monotonic() - since
                if away_s > _TOLD_AFTER_S and not told and not self._stop.is_set():
                    told = True
                    _log.warning("control_plane_away", reason=f"{type(error).__name__}: {error}")
                pause = _SHORT_PAUSE_S if away_s < _TOLD_AFTER_S else _LONGEST_PAUSE_S
                self._stop.wait(self._random.uniform(pause / 2, pause))

    def _adopt(self, snapshot: Snapshot) -> None:
        view = self._open(snapshot)
        self._books.adopt(snapshot)
        with self._news:
            self.view = view
            self._news.notify_all()
        _log.info("snapshot", version=view.version, keys=len(snapshot.keys))

    def _open(self, snapshot: Snapshot) -> View:
        mounts = {
            workspace_id: self._mounts(workspace_id, by_name)
            for workspace_id, by_name in snapshot.mounts.items()
        }
        every = [
            one
            for by_name in mounts.values()
            for mount in by_name.values()
            for one in mount.credentials
        ]
        self._circuits.keep(one.circuit for one in every)
        self._paces.keep({(where, name) for where, by_name in mounts.items() for name in by_name})
        routes = {
            workspace_id: on
            for workspace_id, listed in snapshot.routes.items()
            if (on := tuple(route for route in listed if route.enabled))
        }
        return View(snapshot.version, snapshot.keys, mounts, routes, lambda: self.view)

    def _mounts(self, workspace_id: str, by_name: dict[str, Mount]) -> dict[str, OpenMount]:
        opened: dict[str, OpenMount] = {}
        for name, mount in by_name.items():
            provider = self._providers.get(mount.provider) or room_of_mount(mount.provider, name)
            dialect = DIALECTS.get(mount.dialect)
            if provider is None or dialect is None:
                _log.error("mount_unknown", mount=name, provider=mount.provider)
                continue
            if mount.credentials:
                dialect = dialect.with_settings(mount.credentials[0].settings)
            found = [self._opened(credential, dialect) for credential in mount.credentials]
            opened[name] = OpenMount(
                name,
                provider,
                dialect,
                tuple(one for one in found if one is not None),
                mount.base_url,
                self._paces.of(workspace_id, name),
                stored=bool(mount.credentials),
            )
        return opened

    def _opened(self, credential: Credential, dialect: Dialect) -> OpenCredential | None:
        binding = credential_binding(credential.workspace_id, credential.id, credential.base_url)
        try:
            secret = self._ring.open(credential.secret, binding)
        except SealError:
            _log.error("credential_does_not_open", credential=credential.id)
            return None
        return OpenCredential(
            id=credential.id,
            workspace_id=credential.workspace_id,
            base_url=credential.base_url,
            key_headers=dialect.key_headers(secret),
            is_mock=credential.is_mock,
            way=way_to(
                credential.base_url,
                allow_private=credential.allow_private,
                is_mock=credential.is_mock,
            ),
            circuit=self._circuits.of(credential.workspace_id, credential.id, credential.secret),
            weight=credential.weight,
            settings=credential.settings,
        )

    def _keep(self, data: bytes) -> None:
        """Write the disk copy whole or not at all; a disk that takes none costs only the next start."""
        try:
            files.replace(self._path, data)
        except OSError as error:
            _log.error("snapshot_not_kept", path=self._path.name, reason=str(error))


def way_to(base_url: str, *, allow_private: bool = False, is_mock: bool = False) -> Way:
    """How an address is reached: directly where it is on this machine."""
    return Way(
        direct=urlsplit(base_url).hostname in _LOOPBACK,
        allow_private=allow_private,
        is_mock=is_mock,
    )
