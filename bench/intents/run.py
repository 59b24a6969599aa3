"""What it costs to make an attempt survive the death of the process, before it is sent.

    .venv/bin/python bench/intents/run.py [--calls 2000] [--rounds 5]

Three ways to hold an intent, measured in turns in one run: the note that the gateway writes
(`os.write`, no fsync), a SQLite row committed without sync, and a SQLite row committed with sync as
the journal does. Wall time and CPU time per call, on the caller's thread; medians of the rounds.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec

from quotah_server.domain.call import Attribution
from quotah_server.domain.ids import new_id
from quotah_server.kit.clock import utc_now
from quotah_server.pipeline.intents import Intent, IntentLog


def make_intent() -> Intent:
    return Intent(
        event_id=new_id(),
        call_id=new_id(),
        attribution=Attribution(
            workspace_id=new_id(), project_id=new_id(), environment="production", key_id=new_id(),
            user="user-17", feature="search", session="session-9", tags={"plan": "pro"},
        ),
        provider="openai",
        operation="chat",
        model="gpt-4o-mini",
        streaming=True,
        estimated_input=812,
        started_at=utc_now(),
    )  # fmt: skip


def notes(folder: Path, intents: list[Intent]) -> Callable[[], None]:
    log = IntentLog(folder / "notes")

    def run() -> None:
        for intent in intents:
            log.note(intent)

    return run


def rows(folder: Path, intents: list[Intent], synchronous: str) -> Callable[[], None]:
    db = apsw.Connection(str(folder / f"{synchronous}.db"))
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(f"PRAGMA synchronous={synchronous}")
    db.execute("CREATE TABLE intents (event_id TEXT PRIMARY KEY, body BLOB) WITHOUT ROWID")
    encode = msgspec.msgpack.encode

    def run() -> None:
        for intent in intents:
            db.execute("INSERT INTO intents VALUES (?, ?)", (intent.event_id, encode(intent)))

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    ways: dict[str, list[tuple[float, float]]] = {
        "note (os.write)": [],
        "SQLite row, synchronous=OFF": [],
        "SQLite row, synchronous=FULL": [],
    }
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="quotah-bench-", dir=Path.cwd()) as name:
            folder = Path(name)
            for way, spent in ways.items():
                intents = [make_intent() for _ in range(options.calls)]
                if way.startswith("note"):
                    run = notes(folder, intents)
                else:
                    run = rows(folder, intents, way.rpartition("=")[2])
                wall, cpu = time.perf_counter(), time.thread_time()
                run()
                spent.append((time.perf_counter() - wall, time.thread_time() - cpu))
    print(f"{options.calls} intents, {options.rounds} rounds, {platform.processor() or 'cpu'}")
    for way, spent in ways.items():
        wall_us, cpu_us = (
            statistics.median(part) / options.calls * 1e6 for part in zip(*spent, strict=True)
        )
        print(f"{way:30} {wall_us:8.1f} µs wall {cpu_us:8.1f} µs CPU per call")


if __name__ == "__main__":
    main()
