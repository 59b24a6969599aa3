"""Every program of the guide to clients runs as it stands, but for the address and the key."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from clients.stand import Stand
from clients.test_node import FOLDER, NODE
from clients.test_others import PYTHON

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "clients.md"
PROGRAMS = re.findall(r"^```(python|js)\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
ABSENT = {"litellm", "langchain_openai"}


def command(language: str, program: str) -> tuple[list[str], Path]:
    if language == "js":
        return [str(NODE), "--input-type=module", "--eval", program], FOLDER
    apart = any(name in program for name in ABSENT)
    return [str(PYTHON) if apart else sys.executable, "-c", program], GUIDE.parent


@pytest.mark.parametrize(
    ("language", "program"), PROGRAMS, ids=[re.findall(r"\w+", text)[1] for _, text in PROGRAMS]
)
def test_the_program_runs_and_its_calls_are_billed(
    stand: Stand, language: str, program: str
) -> None:
    ready = program.replace("http://127.0.0.1:8401", stand.url).replace("qk_gw_…", stand.key)
    assert ready != program
    arguments, folder = command(language, ready)
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        arguments, cwd=folder, text=True, capture_output=True, check=False, timeout=240,
        env={**kept, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4_000:]
    events = stand.reconcile()
    assert events
    assert all(event.cost_usd for event in events)


def test_the_guide_has_a_program_for_every_client() -> None:
    assert len(PROGRAMS) >= 10
