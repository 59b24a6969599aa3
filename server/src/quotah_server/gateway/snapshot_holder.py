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
from quotah_server.domain.secrets import credential_binding
from quotah_server.domain.snapshot import Credential, GatewayKey, Snapshot
from quotah_server.gateway.books import GatewayBooks
from quotah_server.gateway.dialects import DIALECTS, Dialect
from quotah_server.gateway.ways import Way
from quotah_server.kit import files
from quotah_server.kit.crypto import KeyRing, SealError
from quotah_server.providers.base import Provider

_log = structlog.get_logger("quotah.gateway.snapshot")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_WAIT_S, _BEHIND_S = 1.5, 0.5
"""Short, so that a control plane that hangs is noticed within 5 s (see control.SNAPSHOT_SLACK_S), and a
revoked key stops within 5 s of its coming back."""
_SHORT_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 1.0
_TOLD_AFTER_S = 3.0
"""Both planes start together: being away for less is nothing to tell, and asked about more often."""

Fetch = Callable[[int, float], bytes | None]
"""Asks for a snapshot newer than a version, waiting up to some seconds; None when there is none.
Raises OSError when the control plane does not answer."""


class OpenCredential(msgspec.Struct, frozen=True):
    """A provider key in the clear, with what the relay needs to use it. Lives in memory only."""

    id: str
    base_url: str
    key_headers: tuple[tuple[str, str], ...]
    is_mock: bool
    way: Way
    workspace_id: str = ""

    def __repr__(self) -> str:
        return f"OpenCredential(id={self.id!r}, base_url={self.base_url!r})"


class OpenMount(msgspec.Struct, frozen=True):
    """A mount of one workspace, resolved. ``credential`` is None when none of its keys opens."""

    name: str
    provider: Provider
    dialect: Dialect
    credential: OpenCredential | None


class View:
    """One version, immutable."""

    def __init__(
        self, version: int, keys: dict[str, GatewayKey], mounts: dict[str, dict[str, OpenMount]]
    ) -> None:
        self.version = version
        self._keys = keys
        self._mounts = mounts

    def key(self, key_hash: str) -> GatewayKey | None:
        """The gateway key with a hash."""
        return self._keys.get(key_hash)

    def mount(self, workspace_id: str, name: str) -> OpenMount | None:
        """A workspace's mount by the first segment of the path."""
        return self._mounts.get(workspace_id, {}).get(name)


class SnapshotHolder:
    """Holds the newest view. ``view`` is None until the first snapshot was ever seen.

    path: where the last snapshot is kept. providers: provider rooms by name. books: follow it.
    """

    def __init__(
        self,
        path: Path,
        fetch: Fetch,
        ring: KeyRing,
        providers: dict[str, Provider],
        books: GatewayBooks,
    ) -> None:
        self._path, self._fetch, self._ring, self._providers = path, fetch, ring, providers
        self._books = books
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
        mounts: dict[str, dict[str, OpenMount]] = {}
        for workspace_id, by_name in snapshot.mounts.items():
            opened: dict[str, OpenMount] = {}
            for name, mount in by_name.items():
                provider = self._providers.get(mount.provider)
                dialect = DIALECTS.get(mount.dialect)
                if provider is None or dialect is None:
                    _log.error("mount_unknown", mount=name, provider=mount.provider)
                    continue
                credential = self._first_that_opens(mount.credentials, dialect)
                opened[name] = OpenMount(name, provider, dialect, credential)
            mounts[workspace_id] = opened
        return View(snapshot.version, snapshot.keys, mounts)

    def _first_that_opens(
        self, credentials: tuple[Credential, ...], dialect: Dialect
    ) -> OpenCredential | None:
        for credential in credentials:
            binding = credential_binding(
                credential.workspace_id, credential.id, credential.base_url
            )
            try:
                secret = self._ring.open(credential.secret, binding)
            except SealError:
                _log.error("credential_does_not_open", credential=credential.id)
                continue
            return OpenCredential(
                id=credential.id,
                base_url=credential.base_url,
                key_headers=dialect.key_headers(secret),
                is_mock=credential.is_mock,
                way=Way(
                    direct=urlsplit(credential.base_url).hostname in _LOOPBACK,
                    allow_private=credential.allow_private,
                    is_mock=credential.is_mock,
                ),
                workspace_id=credential.workspace_id,
            )
        return None

    def _keep(self, data: bytes) -> None:
        """Write the disk copy whole or not at all; a disk that takes none costs only the next start."""
        try:
            files.replace(self._path, data)
        except OSError as error:
            _log.error("snapshot_not_kept", path=self._path.name, reason=str(error))
