"""The import contracts hold, and they can fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")


def lint(root: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINTER, "--no-cache", "--config", str(root / "pyproject.toml")],
        cwd=root, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": ":".join(map(str, paths)), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def test_every_import_points_down() -> None:
    result = lint(ROOT)

    assert result.returncode == 0, result.stdout[-3000:]


PLANTED = {
    "the gateway reaches the control database": (
        "gateway/planted.py",
        "import quotah_server.store.control.session\n",
    ),
    "the domain reaches a store": ("domain/planted.py", "import quotah_server.store.events.base\n"),
    "the catalogue does network I/O": ("catalog/planted.py", "import httpx2\n"),
    "a room nobody placed": ("planted/__init__.py", ""),
    "a feature goes out on its own": ("features/keys/planted.py", "import httpx2\n"),
}


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_violation_is_caught(case: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "server/src", tmp_path / "server")
    shutil.copytree(ROOT / "sdk/src", tmp_path / "sdk")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    name, source = PLANTED[case]
    planted = tmp_path / "server/quotah_server" / name
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(source)

    result = lint(tmp_path, tmp_path / "server", tmp_path / "sdk")

    assert result.returncode != 0, case
    assert "planted" in result.stdout
