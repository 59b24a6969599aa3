"""A float never holds money: the modules that handle it do not so much as mention one."""

from __future__ import annotations

import ast
from pathlib import Path

import quotah_server

ROOT = Path(quotah_server.__file__).parent
PIPELINE = ("record", "split", "reprice", "line", "price_lines")
MONEY = [*sorted((ROOT / "catalog").glob("*.py")), ROOT / "domain/money.py",
         ROOT / "domain/event.py", *(ROOT / f"pipeline/{name}.py" for name in PIPELINE),
         ROOT / "store/events/repricing.py"]  # fmt: skip


def floats(source: str) -> list[int]:
    """Lines with a float literal, the name float, or a true division of plain numbers."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not paths(node))
    ]


def paths(division: ast.BinOp) -> bool:
    """Whether a division joins paths: its right side ends in a text."""
    right = division.right
    return isinstance(right, ast.Constant) and isinstance(right.value, str)


def test_money_modules_are_free_of_floats() -> None:
    found = {str(path): lines for path in MONEY if (lines := floats(path.read_text()))}

    assert len(MONEY) > 10
    assert found == {}


def test_a_float_would_be_noticed() -> None:
    assert floats("rate = 0.1") == floats("def f(x: float): ...") == floats("x = a / b") == [1]
