"""A PostgreSQL of one's own: started by the first test that asks, in a private folder, reached by a
unix socket alone, stopped at the end of the run."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import URL, make_url

from quotah_server.store.control import migrate

_DEADLINE_S = 30.0
_INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
_SETTINGS = ("-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60")


@dataclass(frozen=True)
class PostgresServer:
    """socket: the folder of its unix socket. template: a database that is migrated already."""

    socket: Path
    template: str = "quotah_template"

    def url(self, name: str) -> URL:
        return make_url(f"postgresql+psycopg://postgres@/{name}?host={self.socket}")

    def execute(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self.socket), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    assert on_path, "these tests need PostgreSQL's server programs (Debian: apt install postgresql)"
    return Path(on_path).parent


def _run_as() -> dict[str, object]:
    """PostgreSQL refuses to run as root; its own account runs it then."""
    if os.geteuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def _wait_until_ready(server: PostgresServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    while True:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server with an empty, migrated template database."""
    binaries, account = _binaries(), _run_as()
    folder = Path(tempfile.mkdtemp(prefix="quotah-pg-"))
    if account:
        shutil.chown(folder, "postgres", "postgres")
    data, log = folder / "data", folder / "log"
    subprocess.run(
        [binaries / "initdb", "-D", data, *_INITDB],
        check=True, capture_output=True, cwd=folder, **account,
    )  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, *_SETTINGS],
            stdout=output, stderr=output, cwd=folder, **account,
        )  # fmt: skip
    server = PostgresServer(folder)
    try:
        _wait_until_ready(server, process, log)
        server.execute(f"CREATE DATABASE {server.template}")
        migrate.upgrade(server.url(server.template))
        yield server
    finally:
        process.terminate()
        try:
            process.wait(_DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _database(server: PostgresServer, options: str) -> Iterator[URL]:
    name = f"t{uuid.uuid4().hex}"
    server.execute(f"CREATE DATABASE {name} {options}")
    try:
        yield server.url(name)
    finally:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[URL]:
    """A migrated database for one test."""
    yield from _database(postgres_server, f"TEMPLATE {postgres_server.template}")


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[URL]:
    """A database without tables for one test."""
    yield from _database(postgres_server, "")
