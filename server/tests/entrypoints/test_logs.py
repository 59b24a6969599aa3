"""What the logs show when something fails, and what they never show."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import structlog
from quotah_server.entrypoints import logs
from quotah_server.entrypoints.settings import Settings

logs.configure(Settings(), "gateway")

def send(secret):
    raise ValueError("no answer")

try:
    send("sk-" + "the-key")
except ValueError:
    structlog.get_logger("quotah").exception("call_failed", call_id="c1")
"""


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_logged_failure_shows_where_it_happened_and_no_local_variable(log_format: str) -> None:
    environment = {**os.environ, "QUOTAH_LOG_FORMAT": log_format}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert "ValueError: no answer" in done.stderr
    assert "in send" in done.stderr
    assert "call_failed" in done.stderr
    assert "sk-the-key" not in done.stdout + done.stderr
