"""LiteLLM's SDK and LangChain, pointed at the gateway in an environment of their own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from clients.stand import Stand

PROGRAMS = Path(__file__).parent / "programs"
PYTHON = Path(__file__).parents[3] / ".venv-clients" / "bin" / "python"
PERSON = {"name": "example", "age": 1}
DEADLINE_S = 240


def run(stand: Stand, name: str) -> dict[str, Any]:
    """Run a program; what it printed."""
    assert PYTHON.exists(), "make test installs the clients that live apart"
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(PYTHON), str(PROGRAMS / name)],
        text=True, capture_output=True, check=False, timeout=DEADLINE_S,
        env={**kept, "GATEWAY_URL": stand.url, "GATEWAY_KEY": stand.key},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-8_000:]
    return json.loads(done.stdout.splitlines()[-1])


def check(said: dict[str, Any]) -> None:
    """One model's answers: whole, streamed and asynchronous alike, and the call of a tool."""
    assert said["whole"]
    assert said["async"] == said["whole"]
    assert said["streamed"] in (said["whole"], None)
    assert said["tool"] == {"city": "example"}


def test_litellms_sdk_reaches_every_vendor(stand: Stand) -> None:
    said = run(stand, "litellm_calls.py")
    assert said.pop("embedding") == 1536
    assert said.pop("response")
    assert set(said) == {"openai", "azure", "anthropic", "gemini", "cohere", "mistral", "groq"}
    for answers in said.values():
        check(answers)
    assert [name for name, answers in said.items() if answers["streamed"] is None] == ["cohere"]
    events = stand.reconcile()
    assert {event.call.provider for event in events} == set(said)
    assert all(event.cost_usd for event in events)


def test_langchains_models_answer_stream_call_tools_and_fit_schemas(stand: Stand) -> None:
    said = run(stand, "langchain_calls.py")
    assert said.pop("embedding") == 1536
    assert set(said) == {"openai", "responses", "azure", "anthropic"}
    for answers in said.values():
        check(answers)
        assert answers["structured"] == PERSON
    assert all(event.cost_usd for event in stand.reconcile())
