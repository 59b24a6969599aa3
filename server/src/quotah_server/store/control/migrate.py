"""Bring the control database to the schema of this version, in one transaction.

A process killed in the middle leaves the schema as it was. On PostgreSQL an advisory lock lets one
process migrate while others that start at the same time wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from quotah_server.domain.errors import StartupError
from quotah_server.store.control.session import begin_immediate, prepare_sqlite

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x51554F544148


def upgrade(url: URL, revision: str = "head") -> None:
    """Apply the migrations that are missing. Blocks; call it before an event loop runs, or in a thread.

    Raises StartupError when the database cannot be opened, or was written by a newer Quotah.
    """
    try:
        _run(url, lambda config: command.upgrade(config, revision))
    except DBAPIError as error:
        # The driver's own words, without statement and values; the URL's password is masked.
        reason = " ".join(str(error.orig).split())
        raise StartupError(
            f"the control database {url.render_as_string()} cannot be opened: {reason}"
        ) from error
    except CommandError as error:
        if "Can't locate revision" not in str(error):
            raise
        raise StartupError(
            "the control database was written by a newer Quotah: start that version, or restore a backup"
        ) from error


def downgrade(url: URL, revision: str) -> None:
    """Undo migrations back to a revision; ``base`` leaves an empty database."""
    _run(url, lambda config: command.downgrade(config, revision))


def head() -> str | None:
    """The newest revision that this version knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def _run(url: URL, work: Callable[[Config], None]) -> None:
    with _connection(url) as connection:
        config = _config()
        config.attributes["connection"] = connection
        work(config)


@contextmanager
def _connection(url: URL) -> Generator[Connection]:
    is_sqlite = url.get_backend_name() == "sqlite"
    engine = create_engine(url.set(drivername="sqlite") if is_sqlite else url)
    if is_sqlite:
        event.listen(engine, "connect", lambda raw, _record: prepare_sqlite(raw))
        event.listen(engine, "begin", begin_immediate)
    try:
        with engine.begin() as connection:
            if not is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield connection
    finally:
        engine.dispose()
