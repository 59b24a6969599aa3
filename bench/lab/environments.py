"""Throw-away environments for what Quotah is measured against: nothing of it is a dependency."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

UV = Path(sys.executable).parent / "uv"
LIBRARIES = {
    "genai-prices": ["genai-prices==0.2.3"],
    "litellm": ["litellm"],
    "litellm-proxy": ["litellm[proxy]"],
}
"""What is installed for a name. genai-prices: the version our book is made from. litellm: the newest."""
_ANY_CERTIFI = "certifi\n"
"""LiteLLM asks for certificates of yesterday, which not every index has; no price depends on them."""


def environment(folder: Path, library: str) -> Path:
    """Make an environment with a library in a folder; returns its Python."""
    place = folder / library
    overrides = folder / "overrides.txt"
    overrides.write_text(_ANY_CERTIFI)
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, place], check=True)
    subprocess.run(
        [UV, "pip", "install", "--quiet", "--override", overrides, *LIBRARIES[library]],
        env={**os.environ, "VIRTUAL_ENV": str(place)}, check=True,
    )  # fmt: skip
    return place / "bin" / "python"
