"""The data folder, its lock and the ports: refusals are one sentence with the way out."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from quotah_server.domain.errors import StartupError
from quotah_server.entrypoints import instance


def test_the_data_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = instance.open_folder(tmp_path / "new" / "data")

    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.gateway.stat().st_mode) == 0o700


def test_a_folder_that_is_a_file_is_refused_with_the_setting_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")

    with pytest.raises(StartupError) as refusal:
        instance.open_folder(tmp_path / "taken")

    assert "cannot be written" in refusal.value.message
    assert "QUOTAH_DATA_DIR" in refusal.value.message


UNWRITABLE = """
import os, sys
from pathlib import Path
from quotah_server.domain.errors import StartupError
from quotah_server.entrypoints import instance
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
try:
    instance.open_folder(Path(sys.argv[1]))
except StartupError as error:
    print(error.message)
"""


def test_an_unwritable_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o555)
    for part in (tmp_path, *tmp_path.parents):
        if part.owner() == tmp_path.owner() and part.is_relative_to("/tmp/pytest-of-root"):
            part.chmod(0o755)
    shut.chmod(0o555)

    said = subprocess.run(
        [sys.executable, "-c", UNWRITABLE, shut], capture_output=True, text=True, check=True
    ).stdout

    assert "cannot be written" in said
    assert said.count("\n") == 1


def test_a_second_instance_on_the_same_folder_is_refused_and_told_where_the_first_is(
    tmp_path: Path,
) -> None:
    folder = instance.open_folder(tmp_path)
    held = instance.lock(folder)
    folder.write_state({"pid": 4711, "dashboard_url": "http://127.0.0.1:8400"})

    with pytest.raises(StartupError) as refusal:
        instance.lock(folder)

    assert "already runs" in refusal.value.message
    assert "process 4711, http://127.0.0.1:8400" in refusal.value.message
    instance.unlock(held)


def test_the_lock_ends_with_its_holder(tmp_path: Path) -> None:
    folder = instance.open_folder(tmp_path)
    instance.unlock(instance.lock(folder))

    held = instance.lock(folder)

    instance.unlock(held)


def test_a_port_in_use_is_refused_with_the_setting_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(StartupError) as refusal:
            instance.check_port("127.0.0.1", port, "gateway", "QUOTAH_GATEWAY_PORT")

    assert f"Port {port} for the gateway is in use" in refusal.value.message
    assert "QUOTAH_GATEWAY_PORT" in refusal.value.message


def test_a_free_port_passes() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    instance.check_port("127.0.0.1", port, "gateway", "QUOTAH_GATEWAY_PORT")


def test_a_long_data_folder_still_gets_a_socket_the_kernel_takes(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)

    folder = instance.open_folder(deep)

    assert len(os.fsencode(folder.socket)) <= 107
    assert folder.socket.parent.is_dir()
    folder.socket.parent.rmdir()
