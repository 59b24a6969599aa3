"""`quotah up` as a newcomer meets it: start, refusals, commands beside it, ends of every kind."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from entrypoints.stack import QUOTAH, Stack, fetch, until


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    one = Stack(tmp_path / "data")
    yield one
    one.stop(signal.SIGKILL)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]


def test_it_starts_says_where_and_ends_cleanly_on_ctrl_c(stack: Stack) -> None:
    stack.start()

    assert stack.api in stack.output
    assert stack.gateway in stack.output
    assert re.search(r"/setup\?token=[\w-]{20,}  \(works once\)", stack.output)
    children = stack.children()
    assert set(children) == {"api", "gateway"}
    assert stack.stop(signal.SIGINT) == 0
    assert not any(is_alive(pid) for pid in children.values())
    assert "Traceback" not in stack.output


def test_what_it_keeps_can_be_read_by_its_owner_alone(stack: Stack) -> None:
    stack.start()

    open_to_others = [
        path for path in stack.folder.rglob("*") if stat.S_IMODE(path.lstat().st_mode) & 0o077
    ]

    assert open_to_others == []


def test_a_second_instance_on_the_same_folder_is_told_so_in_one_sentence(stack: Stack) -> None:
    stack.start()

    second = stack.run("up")

    assert second.returncode == 1
    assert "already runs on the data folder" in second.stderr
    assert stack.api in second.stderr
    assert second.stderr.count("\n") == 1


@pytest.mark.parametrize(("which", "setting"), [("api", "API"), ("gateway", "GATEWAY")])
def test_a_port_in_use_is_one_sentence_naming_the_setting(
    stack: Stack, which: str, setting: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", stack.api_port if which == "api" else stack.gateway_port))
        taken.listen()

        refused = stack.run("up")

    assert refused.returncode == 1
    assert f"QUOTAH_{setting}_PORT" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_wrong_key_ring_refuses_to_start_and_says_what_is_wrong(stack: Stack) -> None:
    stack.env["QUOTAH_SECRET_KEY"] = "k1:tooshort"

    refused = stack.run("up")

    assert refused.returncode == 1
    assert "QUOTAH_SECRET_KEY is not a key ring" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_when_the_supervisor_is_killed_both_planes_end(stack: Stack) -> None:
    stack.start()
    children = stack.children()

    stack.stop(signal.SIGKILL)

    until(lambda: not any(is_alive(pid) for pid in children.values()))


def test_a_plane_that_dies_is_started_again_and_the_other_goes_on(stack: Stack) -> None:
    stack.start()
    before = stack.children()

    os.kill(before["gateway"], signal.SIGKILL)

    until(lambda: stack.children().get("gateway", before["gateway"]) != before["gateway"])
    until(lambda: _answers(stack.gateway))
    assert stack.children()["api"] == before["api"]


def _answers(origin: str) -> bool:
    try:
        return fetch(f"{origin}/readyz", "GET", {})[0] == 200
    except OSError:
        return False


def test_the_setup_link_works_once(stack: Stack) -> None:
    stack.start()
    token = re.search(r"token=([\w-]+)", stack.output)
    assert token is not None
    body = {
        "token": token.group(1), "email": "o@example.com", "name": "O",
        "password": "correct horse battery staple", "workspace_name": "Acme",
    }  # fmt: skip

    first, _ = fetch(f"{stack.api}/api/v1/setup", "POST", {}, body)
    second, problem = fetch(f"{stack.api}/api/v1/setup", "POST", {}, body)

    assert first == 201
    assert second in (401, 409), problem


def test_init_is_idempotent_and_gives_the_token_once(stack: Stack) -> None:
    first = stack.init()
    second = stack.init()

    assert first["admin_token"].startswith("qk_ad_")
    assert second == {**first, "admin_token": None}


def test_commands_do_the_same_whether_it_runs_or_not(stack: Stack) -> None:
    offline = stack.init()
    made = stack.json("keys", "create", "--kind", "gateway", "--name", "before")
    stack.start()

    live = stack.json("keys", "create", "--kind", "gateway", "--name", "while")

    assert [k["name"] for k in stack.json("keys", "list")["items"]][:2] == ["while", "before"]
    assert stack.init() == {**offline, "admin_token": None}
    assert made["key"] != live["key"]


def test_a_refused_command_is_one_sentence_and_exit_status_1(stack: Stack) -> None:
    refused = stack.run("keys", "create", "--kind", "wrong", "--name", "x")

    assert refused.returncode == 1
    assert refused.stderr.startswith("'wrong' is no kind of key")
    assert "Traceback" not in refused.stderr


def test_a_call_shows_in_query_and_runs_within_two_seconds_with_its_attribution(
    stack: Stack,
) -> None:
    token = stack.init()["admin_token"]
    stack.start()
    stack.json("providers", "add-mock")
    key = stack.json("keys", "create", "--kind", "gateway", "--name", "app")["key"]
    headers = {
        "authorization": f"Bearer {key}", "x-quotah-feature": "search", "x-quotah-user": "u-1",
        "x-quotah-team": "core", "x-quotah-session": "s-1", "x-quotah-prompt": "greet@3",
        "x-quotah-tags": "tier=gold,lang=de",
    }  # fmt: skip
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}

    def called() -> bool:
        url = f"{stack.gateway}/openai/v1/chat/completions"
        return fetch(url, "POST", headers, body)[0] == 200

    until(called, seconds=5)

    def rows(*dimensions: str) -> list[list[object]]:
        question = {
            "metrics": ["cost", "requests"],
            "period": {"last": "24h"},
            "dimensions": list(dimensions),
        }
        return stack.ask("POST", "/query", token, question)["rows"]

    cost = until(lambda: rows("feature", "user", "team"), seconds=2)[0][-2]
    assert rows("feature", "user", "team") == [["search", "u-1", "core", cost, 1]]
    assert rows("session", "prompt", "prompt_version") == [["s-1", "greet", "3", cost, 1]]
    assert rows("tag:tier", "tag:lang") == [["gold", "de", cost, 1]]
    run = stack.ask("GET", "/runs", token)["items"][0]
    assert run["cost_usd"] == cost
    assert run["attribution"]["tags"] == {"tier": "gold", "lang": "de"}


def test_seed_fills_a_sample_workspace_while_it_runs_and_repeats_exactly_when_it_does_not(
    stack: Stack,
) -> None:
    stack.init()
    stack.start()
    arguments = (
        "seed",
        "--events",
        "2000",
        "--days",
        "7",
        "--seed",
        "3",
        "--end",
        "2026-11-01T00:00:00Z",
    )

    while_running = stack.json(*arguments)
    stack.stop()
    again = stack.json(*arguments)

    assert while_running["events"] == 2000
    assert again["workspace_id"] == while_running["workspace_id"]
    assert (again["events"], again["duplicates"]) == (0, 2000)


def test_price_needs_no_server_and_no_data_folder(tmp_path: Path) -> None:
    line = (
        '{"id":"1","provider":"openai","model":"gpt-4o-mini","date":"2026-11-12T12:00:00Z",'
        '"response":{"model":"gpt-4o-mini-2024-07-18","usage":{"prompt_tokens":1000,"completion_tokens":10}}}'
    )

    done = subprocess.run(
        [QUOTAH, "price"], input=f"{line}\nnot json\n", text=True, capture_output=True,
        cwd=tmp_path, check=False,
    )  # fmt: skip

    assert '"cost_usd": "0.000156"' in done.stdout
    assert '"error"' in done.stdout
    assert done.returncode == 1
    assert list(tmp_path.iterdir()) == []
