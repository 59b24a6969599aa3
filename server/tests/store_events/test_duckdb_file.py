"""What only a file can show: durability, migrations, a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from store_events.build import event_id, priced
from store_events.conftest import FREE

from quotah_server.domain.errors import StartupError
from quotah_server.domain.event import PricedEvent
from quotah_server.store.events.base import StoreUnavailableError
from quotah_server.store.events.duckdb import DuckDBEventStore
from quotah_server.store.events.schema.migrate import migrations

_WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from store_events.build import priced
from quotah_server.store.events.duckdb import DuckDBEventStore
store = DuckDBEventStore(sys.argv[1])
for batch in range(10_000):
    store.append([priced(batch * 50 + number) for number in range(50)])
    print(batch, flush=True)
"""


def test_events_and_generations_of_schema_survive_a_restart(tmp_path: Path) -> None:
    first = DuckDBEventStore(tmp_path / "e.db")
    first.append([priced(1)])
    first.close()
    second = DuckDBEventStore(tmp_path / "e.db")
    assert second.append([priced(1)]).duplicates == (event_id(1),)
    applied = second.query("SELECT version, name, checksum FROM schema_migrations").rows
    assert applied == [(m.version, m.name, m.checksum) for m in migrations("duckdb")]
    second.close()


def test_what_was_acknowledged_before_a_kill_is_there_afterwards(tmp_path: Path) -> None:
    tests = str(Path(__file__).parent.parent)
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path / "e.db"), tests],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    acknowledged = 0
    for line in writer.stdout:
        acknowledged = int(line) + 1
        if acknowledged == 8:
            os.kill(writer.pid, signal.SIGKILL)
            break
    acknowledged += len(writer.stdout.read().split())
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL
    store = DuckDBEventStore(tmp_path / "e.db")
    count = store.count()
    assert count >= acknowledged * 50
    assert count % 50 == 0
    store.close()


def test_a_store_written_by_a_newer_version_is_not_opened(tmp_path: Path) -> None:
    DuckDBEventStore(tmp_path / "e.db").close()
    raw = duckdb.connect(str(tmp_path / "e.db"))
    raw.execute("INSERT INTO schema_migrations VALUES (9999, '9999_later.sql', 'x', now())")
    raw.close()
    with pytest.raises(StartupError, match="schema 9999"):
        DuckDBEventStore(tmp_path / "e.db")


def test_a_store_made_from_another_schema_file_is_not_opened(tmp_path: Path) -> None:
    DuckDBEventStore(tmp_path / "e.db").close()
    raw = duckdb.connect(str(tmp_path / "e.db"))
    raw.execute("UPDATE schema_migrations SET checksum = 'x'")
    raw.close()
    with pytest.raises(StartupError, match="0001_events"):
        DuckDBEventStore(tmp_path / "e.db")


def test_a_file_that_is_no_database_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "e.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(StartupError, match=r"cannot be opened"):
        DuckDBEventStore(tmp_path / "e.db")


def test_a_second_process_is_told_that_the_store_is_open(tmp_path: Path) -> None:
    store = DuckDBEventStore(tmp_path / "e.db")
    code = (
        "import sys\nfrom quotah_server.store.events.duckdb import DuckDBEventStore\n"
        "try:\n    DuckDBEventStore(sys.argv[1])\nexcept Exception as error:\n    print(error)"
    )
    second = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "e.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "open in another process" in second.stdout
    store.close()


@pytest.mark.parametrize("full", ["log", "file"])
def test_a_full_disk_refuses_the_batch_and_the_store_goes_on_once_there_is_room(
    tmp_path: Path, limit_files: Callable[[int], None], full: str
) -> None:
    store = DuckDBEventStore(tmp_path / "e.db")
    if full == "file":
        # Failing to write the file itself, DuckDB invalidates the instance; failing in its log not.
        store.query("SET GLOBAL checkpoint_threshold = '500KB'")
    stored = 0

    def batch(start: int) -> list[PricedEvent]:
        return [priced(start + n, feature=os.urandom(200).hex()) for n in range(500)]

    limit_files(3_000_000)
    refusal = None
    while refusal is None and stored < 500_000:
        try:
            store.append(batch(stored))
            stored += 500
        except StoreUnavailableError as error:
            refusal = error.message
    assert refusal is not None
    assert ("FATAL" in refusal) == (full == "file")
    assert stored > 0
    limit_files(FREE)
    again = store.append(batch(stored))
    assert len(again.accepted) + len(again.duplicates) == 500
    assert store.query("SELECT count(*), sum(cost) FROM events").rows == [
        (stored + 500, Decimal("0.0045") * (stored + 500))
    ]
    store.close()


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = DuckDBEventStore(tmp_path / "e.db")
    store.close()
    store.close()
    with pytest.raises(StoreUnavailableError, match="closed"):
        store.append([priced(1)])


def test_extensions_are_neither_fetched_nor_loaded(tmp_path: Path) -> None:
    store = DuckDBEventStore(tmp_path / "e.db")
    settings = store.query(
        "SELECT value FROM duckdb_settings() WHERE name IN"
        " ('autoinstall_known_extensions', 'autoload_known_extensions')"
    ).rows
    assert settings == [("false",), ("false",)]
    store.close()
