"""Bring an event database to the present schema."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from importlib.resources import files

import msgspec

from quotah_server.domain.errors import StartupError

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql\Z")
_PACKAGE = "quotah_server.store.events.schema"
_COMMENT = re.compile(r"--[^\n]*")


class Migration(msgspec.Struct, frozen=True):
    """One schema file. ``checksum``: SHA-256 of its text, in hex."""

    version: int
    name: str
    text: str
    checksum: str

    @property
    def statements(self) -> list[str]:
        """The statements of the file, one by one (ClickHouse takes one at a time)."""
        bare = _COMMENT.sub("", self.text)
        return [part.strip() for part in bare.split(";") if part.strip()]


def migrations(dialect: str) -> list[Migration]:
    """The schema files of a dialect (``duckdb``, ``clickhouse``), in order."""
    found: list[Migration] = []
    for entry in files(_PACKAGE).joinpath(dialect).iterdir():
        shape = _NAME.match(entry.name)
        if shape is None:
            continue
        text = entry.read_text(encoding="utf-8")
        checksum = hashlib.sha256(text.encode()).hexdigest()
        found.append(Migration(int(shape.group(1)), entry.name, text, checksum))
    return sorted(found, key=lambda migration: migration.version)


def pending(known: list[Migration], applied: Mapping[int, str]) -> list[Migration]:
    """Tell which files a database still lacks that had ``applied`` (version → checksum).

    Raises StartupError when the database is newer than this Quotah, or a file changed afterwards.
    """
    newest = known[-1].version if known else 0
    ahead = [version for version in applied if version > newest]
    if ahead:
        raise StartupError(
            f"the event store has schema {max(ahead)}, this Quotah knows {newest}:"
            " start the version that wrote it, or a newer one"
        )
    for migration in known:
        checksum = applied.get(migration.version)
        if checksum is not None and checksum != migration.checksum:
            raise StartupError(
                f"the event store was made with another {migration.name} than this Quotah has"
            )
    return [migration for migration in known if migration.version not in applied]


def apply(
    dialect: str,
    applied: Mapping[int, str],
    execute: Callable[[str], object],
    remember: Callable[[Migration], object],
) -> list[Migration]:
    """Run what is pending, remembering each file after its last statement; tells what was run."""
    todo = pending(migrations(dialect), applied)
    for migration in todo:
        for statement in migration.statements:
            execute(statement)
        remember(migration)
    return todo
