"""Every example runs as it stands against a whole Quotah, and what it did is seen there."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from entrypoints.stack import Stack, until

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, str]]:
    one = Stack(tmp_path_factory.mktemp("examples") / "data")
    token = one.init()["admin_token"]
    one.start()
    one.json("providers", "add-mock")
    mock = f"http://127.0.0.1:{one.mock_port}"
    one.env |= {
        "QUOTAH_GATEWAY_URL": one.gateway,
        "QUOTAH_GATEWAY_KEY": one.json("keys", "create", "--kind", "gateway", "--name", "e")["key"],
        "QUOTAH_URL": one.api,
        "QUOTAH_API_KEY": one.json("keys", "create", "--kind", "ingest", "--name", "e")["key"],
        # Where the SDK's example calls its provider directly.
        "OPENAI_BASE_URL": f"{mock}/openai/v1",
        "OPENAI_API_KEY": "any",
        "ANTHROPIC_BASE_URL": f"{mock}/anthropic",
        "ANTHROPIC_API_KEY": "any",
    }
    yield one, token
    one.stop(signal.SIGKILL)


def runs_of(stack: Stack, token: str) -> list[dict[str, object]]:
    return stack.ask("GET", "/runs?limit=200", token)["items"]


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.[ps][yh]")))
def test_the_example_runs_and_its_calls_are_priced(stack: tuple[Stack, str], name: str) -> None:
    one, token = stack
    before = {run["id"] for run in runs_of(one, token)}
    program = sys.executable if name.endswith(".py") else "bash"

    done = subprocess.run(
        [program, str(EXAMPLES / name)], env=one.env, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    fresh = until(lambda: [r for r in runs_of(one, token) if r["id"] not in before], seconds=5)
    assert all(run["status"] == "success" for run in fresh)
    assert all(run["cost_usd"] not in (None, "0") for run in fresh)
