"""The house rules that a machine can hold: sizes, names, words."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE_LINES = {".py": 500, ".ts": 250, ".tsx": 250}
FUNCTION_LINES = 70
BANNED_NAMES = {"utils", "helpers", "common", "manager", "util", "helper", "misc"}
GENERATED = re.compile(r"__generated__|/migrations/versions/|routeTree")


def tracked(*suffixes: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    return [
        ROOT / name
        for name in listed
        if name.endswith(suffixes) and not GENERATED.search(name) and (ROOT / name).is_file()
    ]


def too_long(paths: list[Path]) -> list[str]:
    counted = ((path, path.read_text().count("\n")) for path in paths)
    return [f"{path}: {n} lines" for path, n in counted if n > FILE_LINES[path.suffix]]


def long_functions(source: str) -> list[str]:
    functions = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in functions
        if node.end_lineno and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]


def test_no_source_file_is_over_its_size_budget() -> None:
    assert too_long(tracked(".py", ".ts", ".tsx")) == []


def test_no_function_is_over_its_size_budget() -> None:
    found = {
        str(path.relative_to(ROOT)): long
        for path in tracked(".py")
        if (long := long_functions(path.read_text()))
    }

    assert found == {}


def test_no_module_is_named_after_nothing() -> None:
    named = [
        str(path.relative_to(ROOT))
        for path in tracked(".py", ".ts", ".tsx")
        if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES
    ]

    assert named == []


def test_every_module_of_the_server_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked(".py")
        if "/src/" in str(path) and not ast.get_docstring(ast.parse(path.read_text()))
    ]

    assert silent == []


MONEY_ROOMS = ("domain/money.py", "domain/event.py", "catalog/", "pipeline/record.py")


def float_uses(source: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
    ]


def test_no_float_in_the_rooms_that_hold_money() -> None:
    package = ROOT / "server/src/quotah_server"
    found = {
        str(path.relative_to(package)): lines
        for path in tracked(".py")
        if path.is_relative_to(package)
        and str(path.relative_to(package)).startswith(MONEY_ROOMS)
        and (lines := float_uses(path.read_text()))
    }

    assert found == {}


def test_text_files_name_no_registry_host_and_no_machine_path() -> None:
    hosts = ("py" + "pi.org", "pythonho" + "sted", "registry.np" + "mjs", "deb.debi" + "an.org")
    words = re.compile("|".join(map(re.escape, (*hosts, "/wo" + "rk/", "/ro" + "ot/"))))
    suffixes = (
        ".py",
        ".ts",
        ".tsx",
        ".md",
        ".toml",
        ".txt",
        ".json",
        ".sh",
        ".yaml",
        ".yml",
        ".css",
    )
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked(*suffixes)
        if (match := words.search(path.read_text(errors="replace")))
    ]

    assert found == []


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("def f():\n" + "    x = 1\n" * 70, ["f: 71 lines"]),
        ("def f():\n" + "    x = 1\n" * 69, []),
    ],
)
def test_the_function_budget_can_fail(source: str, verdict: list[str]) -> None:
    assert long_functions(source) == verdict


def test_the_float_lint_can_fail() -> None:
    assert float_uses("rate = 0.1\ncost = float(x)") == [1, 2]
