"""A file system for SQLite that can be full, and that remembers what was not synced."""

from __future__ import annotations

from typing import Any

import apsw

from quotah_server.domain.ids import new_id


class LimitedVFS(apsw.VFS):
    def __init__(self) -> None:
        self.name = f"limited-{new_id()}"
        self.full = False
        self.unsynced_wal_writes = 0
        super().__init__(self.name, "")

    def xOpen(self, name: Any, flags: Any) -> apsw.VFSFile:  # noqa: N802
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, vfs: LimitedVFS, name: Any, flags: Any) -> None:
        self._vfs = vfs
        self._wal = bool(flags[0] & apsw.SQLITE_OPEN_WAL)
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if self._vfs.full:
            raise apsw.FullError
        super().xWrite(data, offset)
        if self._wal:
            self._vfs.unsynced_wal_writes += 1

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        if self._wal:
            self._vfs.unsynced_wal_writes = 0
