"""What is wrong is one sentence that names the way out: settings, databases, keys, arguments."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from entrypoints.stack import QUOTAH, Stack, until

from quotah_server.domain.errors import StartupError, UnavailableError
from quotah_server.entrypoints import instance, operations
from quotah_server.entrypoints.ring import await_ring
from quotah_server.entrypoints.settings import Settings
from quotah_server.kit.crypto import create_ring, load_ring

INIT = ("init", "--email", "owner@example.com", "--password-stdin", "--workspace", "Acme")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    one = Stack(tmp_path / "data")
    yield one
    one.stop(signal.SIGKILL)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QUOTAH_API_PORT", "many"),
        ("QUOTAH_GATEWAY_PORT", "0"),
        ("QUOTAH_SESSION_DAYS", "1000"),
        ("QUOTAH_DATABASE_URL", "postgresql://u:hidden@127.0.0.1:1/x"),
        ("QUOTAH_DATABASE_URL", "sqlite:////proc/nothing/control.db"),
    ],
)
def test_a_wrong_setting_is_one_sentence(stack: Stack, name: str, value: str) -> None:
    stack.env[name] = value

    refused = stack.run("keys", "list")

    assert refused.returncode == 1
    assert name in refused.stderr or "control database" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert "hidden" not in refused.stderr


def test_a_damaged_control_database_is_one_sentence(stack: Stack) -> None:
    stack.folder.mkdir()
    (stack.folder / "control.db").write_bytes(b"this is no database" * 100)

    refused = stack.run("keys", "list")

    assert refused.returncode == 1
    assert "control.db cannot be opened" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_two_servers_on_one_port_are_refused_before_they_share_it(stack: Stack) -> None:
    stack.env["QUOTAH_GATEWAY_PORT"] = stack.env["QUOTAH_API_PORT"]

    refused = stack.run("up")

    assert refused.returncode == 1
    assert "QUOTAH_API_PORT and QUOTAH_GATEWAY_PORT are both" in refused.stderr


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUOTAH_DATABASE_URL", "")
    monkeypatch.setenv("QUOTAH_DATA_DIR", "")

    settings = Settings(_env_file=None)

    assert settings.database_url is None
    assert settings.data_dir == Path("quotah-data")


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize(
    ("end", "days"),
    [
        ("0001-01-01T00:00:00+01:00", "1"),
        ("9999-12-31T23:59:59-01:00", "1"),
        ("2000-06-01T00:00:00Z", "400"),
    ],
)
def test_a_history_outside_of_time_is_refused_by_name(
    seeded: dict[bool, Stack], running: bool, end: str, days: str
) -> None:
    refused = seeded[running].run("seed", "--events", "10", "--days", days, "--end", end)

    assert refused.returncode == 1
    assert "end" in refused.stderr or "begin" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "does not answer" not in refused.stderr


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, Stack]]:
    """Two instances with an owner: an idle one and a running one."""
    idle = Stack(tmp_path_factory.mktemp("idle") / "data")
    running = Stack(tmp_path_factory.mktemp("running") / "data")
    idle.init()
    running.init()
    running.start()
    yield {False: idle, True: running}
    running.stop(signal.SIGKILL)


def test_a_password_that_is_no_text_is_refused_by_name(stack: Stack) -> None:
    refused = subprocess.run(
        [QUOTAH, *INIT], env=stack.env, input=b"correct \xff horse battery\n",
        capture_output=True, check=False,
    )  # fmt: skip

    assert refused.returncode == 1
    assert refused.stderr == b"The password on standard input is not UTF-8 text.\n"


def test_a_line_to_price_that_is_no_text_costs_the_other_lines_nothing() -> None:
    good = (
        b'{"id":"g","provider":"openai",'
        b'"response":{"model":"gpt-4o-mini","usage":{"prompt_tokens":10,"completion_tokens":0}}}\n'
    )
    env = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}

    done = subprocess.run(
        [QUOTAH, "price"], env=env, input=b"\xff\xfe\n" + good, capture_output=True, check=False
    )

    first, second = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert first["error"]["code"] == "invalid_input"
    assert (second["id"], second["cost_usd"]) == ("g", "0.0000015")


def test_a_lost_key_ring_is_told_and_nothing_is_sealed_with_another(stack: Stack) -> None:
    stack.init()
    stack.json("providers", "add-mock")
    ring = stack.folder / "secret.key"
    kept = ring.read_text()
    ring.unlink()

    refused = stack.run("up")

    assert refused.returncode == 1
    assert "secret.key is missing: 4 stored provider keys" in refused.stderr
    assert not ring.exists()
    ring.write_text(kept)
    assert stack.run("providers", "list").returncode == 0


def test_a_foreign_key_ring_is_told_and_the_keys_can_be_given_up(stack: Stack) -> None:
    stack.init()
    stack.json("providers", "add-mock")
    ring = stack.folder / "secret.key"
    ring.unlink()
    create_ring(ring)

    refused = stack.run("keys", "list")

    assert "is not the key ring of this data: 4 stored provider keys" in refused.stderr
    assert stack.json("providers", "drop-unreadable") == {"dropped": 4}
    assert stack.json("providers", "list") == {"items": []}
    assert stack.json("providers", "drop-unreadable") == {"dropped": 0}


def test_a_key_ring_appears_whole_and_once_though_many_make_it(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"

    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: create_ring(path), range(32)))

    sealed = rings[0].seal("text", b"place")
    assert {ring.open(sealed, b"place") for ring in rings} == {"text"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret.key"]


async def test_the_gateway_waits_for_the_key_ring_that_the_control_plane_makes(
    tmp_path: Path,
) -> None:
    folder = instance.open_folder(tmp_path)
    settings = Settings(data_dir=tmp_path, _env_file=None)
    stop = asyncio.Event()
    waiting = asyncio.create_task(await_ring(settings, folder, stop))
    await asyncio.sleep(0)
    assert not waiting.done()
    assert load_ring(folder.secret) is None

    create_ring(folder.secret)
    assert await waiting is not None

    folder.secret.unlink()
    stop.set()
    assert await await_ring(settings, folder, stop) is None


def test_a_key_ring_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    folder = instance.open_folder(tmp_path)
    folder.secret.write_bytes(b"\xff\xfe")

    with pytest.raises(StartupError, match="is not a key ring"):
        asyncio.run(
            await_ring(Settings(data_dir=tmp_path, _env_file=None), folder, asyncio.Event())
        )


def test_commands_at_the_same_time_wait_for_each_other(stack: Stack) -> None:
    stack.init()

    with ThreadPoolExecutor(4) as pool:
        seeds = [
            pool.submit(
                stack.json, "seed", "--events", "2000", "--days", "3", "--seed", str(number)
            )
            for number in range(2)
        ]
        keys = [
            pool.submit(stack.json, "keys", "create", "--kind", "ingest", "--name", str(number))
            for number in range(2)
        ]

    assert [seed.result()["events"] for seed in seeds] == [2000, 2000]
    assert len({key.result()["id"] for key in keys}) == 2


def test_a_command_that_comes_while_quotah_starts_waits_for_it(stack: Stack) -> None:
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(stack.start)
        until((stack.folder / "run" / "lock").exists)
        made = stack.init()
        starting.result()

    assert made["admin_token"].startswith("qk_ad_")
    assert stack.ask("GET", "/keys", made["admin_token"])["items"]


def test_a_folder_that_stays_taken_is_told_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_BUSY_S", 0.1)
    held = instance.lock(instance.open_folder(tmp_path))

    with pytest.raises(UnavailableError, match="Another command has had the data folder"):
        operations.call(Settings(data_dir=tmp_path, _env_file=None), "keys_list", {})

    instance.unlock(held)
