"""Loads the golden data; amounts stay Decimals all the way."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def cost_cases() -> list[dict[str, Any]]:
    """All cost cases, ours after those collected first."""
    lines = [
        line
        for name in ("costs.jsonl", "own_costs.jsonl")
        for line in (HERE / name).read_text(encoding="utf-8").splitlines()
    ]
    return [json.loads(line, parse_float=Decimal) for line in lines]


def usage_samples() -> dict[str, dict[str, Any]]:
    """File name → sample."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        for path in sorted((HERE / "usage").glob("*.json"))
    }
