"""The documentation points at things that exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def dead_links(page: Path, text: str) -> list[str]:
    targets = (target.partition("#")[0] for target in LINK.findall(text))
    local = (target for target in targets if target and "://" not in target)
    return [target for target in local if not (page.parent / target).exists()]


def test_every_link_between_pages_leads_somewhere() -> None:
    dead = {
        str(page.relative_to(ROOT)): found
        for page in pages()
        if (found := dead_links(page, page.read_text()))
    }

    assert dead == {}


def test_every_decision_stands_in_the_list_of_decisions() -> None:
    folder = ROOT / "docs/adr"
    listed = (folder / "README.md").read_text()

    missing = [page.name for page in folder.glob("0*.md") if page.name not in listed]

    assert missing == []


def test_every_target_of_the_makefile_is_explained() -> None:
    targets = re.findall(r"^([a-z-]+):(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert [name for name, rest in targets if "##" not in rest] == []


@pytest.mark.parametrize(("text", "dead"), [("[x](README.md)", []), ("[x](gone.md)", ["gone.md"])])
def test_the_link_check_can_fail(text: str, dead: list[str]) -> None:
    assert dead_links(ROOT / "README.md", text) == dead
