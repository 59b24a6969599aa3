"""What is in the wheel, and what it asks for: nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_package_and_nothing_else(wheel) -> None:
    sources = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src").rglob("*")
        if path.suffix in (".py", ".typed")
    }
    assert "quotah/py.typed" in sources
    metadata = {f"quotah-0.1.0.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD")}
    assert set(wheel.namelist()) == sources | metadata


def test_it_depends_on_nothing(wheel) -> None:
    metadata = Parser().parsestr(wheel.read("quotah-0.1.0.dist-info/METADATA").decode())
    assert metadata.get_all("Requires-Dist") is None
    assert metadata["Requires-Python"] == ">=3.10"


def test_it_imports_the_standard_library_alone() -> None:
    foreign = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            foreign |= {name.split(".")[0] for name in names}
    assert foreign <= set(sys.stdlib_module_names) | {"quotah"}
