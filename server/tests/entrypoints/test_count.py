"""`quotah count`: offline, without a server or a data folder."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from entrypoints.stack import QUOTAH

MESSAGES = '[{"role": "user", "content": "Hello"}]'


def run(stdin: str | bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    data = stdin if isinstance(stdin, bytes) else stdin.encode()
    # No home, no locale, no settings: nothing but the package is needed.
    env = {"PATH": "/usr/bin", "QUOTAH_DATA_DIR": "/proc/nothing", "LC_ALL": "C"}
    return subprocess.run(
        [QUOTAH, "count", *arguments], input=data, env=env, capture_output=True, check=False
    )


@pytest.mark.parametrize(
    ("stdin", "arguments", "expected"),
    [
        (
            "hello world",
            ["--model", "gpt-5.5"],
            {"model": "gpt-5.5", "tokens": 2, "exact": True, "method": "tiktoken:o200k_base"},
        ),
        (
            "hello world",
            ["--model", "claude-sonnet-4-5"],
            {
                "model": "claude-sonnet-4-5", "tokens": 3, "exact": False,
                "method": "estimate:claude", "factor": 1.35,
            },
        ),
        (
            "hello world",
            ["--model", "next", "--provider", "google"],
            {
                "model": "next", "tokens": 3, "exact": False, "method": "estimate:gemini",
                "factor": 1.1,
            },
        ),
        (
            MESSAGES,
            ["--model", "gpt-4o", "--messages-json"],
            {"model": "gpt-4o", "tokens": 8, "exact": True, "method": "tiktoken:o200k_base"},
        ),
        (
            f'{{"model": "other", "messages": {MESSAGES}}}',
            ["--model", "gpt-4", "--messages-json"],
            {"model": "gpt-4", "tokens": 8, "exact": True, "method": "tiktoken:cl100k_base"},
        ),
    ],
)  # fmt: skip
def test_the_count_is_printed_for_programs(
    stdin: str, arguments: list[str], expected: dict[str, Any]
) -> None:
    done = run(stdin, *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == expected


def test_the_count_is_printed_for_people() -> None:
    assert run("hello world", "--model", "gpt-4o").stdout == (
        b"2 tokens, exact (tiktoken:o200k_base)\n"
    )


def test_a_file_is_read(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("お誕生日おめでとう", encoding="utf-8")
    done = run("", "--model", "gpt-4o", "--file", str(text), "--json")
    assert json.loads(done.stdout)["tokens"] == 8


@pytest.mark.parametrize(
    ("stdin", "arguments", "told"),
    [
        ("x", [], "--model"),
        ("x", ["--model", " "], "model"),
        ("x", ["--model", "gpt-4o", "--file", "/nowhere/at/all"], "/nowhere/at/all"),
        (b"\xff", ["--model", "gpt-4o"], "UTF-8"),
        ("{", ["--model", "gpt-4o", "--messages-json"], "messages"),
        ("5", ["--model", "gpt-4o", "--messages-json"], "messages"),
        ("[5]", ["--model", "gpt-4o", "--messages-json"], "messages"),
        ('{"messages": 5}', ["--model", "gpt-4o", "--messages-json"], "messages"),
        ("[" * 100_000, ["--model", "gpt-4o", "--messages-json"], "messages"),
    ],
)
def test_what_is_wrong_is_one_sentence_that_names_it(
    stdin: str | bytes, arguments: list[str], told: str
) -> None:
    refused = run(stdin, *arguments)
    assert refused.returncode in (1, 2)
    assert told in refused.stderr.decode()
    assert b"Traceback" not in refused.stderr


def test_the_example_of_the_help_runs() -> None:
    example = run("", "--help").stdout.decode().partition("Example:")[2].strip()
    command = example.replace("\n", " ").replace("quotah count", f"{QUOTAH} count")
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True)
    assert json.loads(done.stdout) == {
        "model": "gpt-5.5", "tokens": 2, "exact": True, "method": "tiktoken:o200k_base",
    }  # fmt: skip
