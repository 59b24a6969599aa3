"""Write the reference pages that come from the code: settings, commands, metrics and dimensions.

Usage: reference.py [--check]: with --check nothing is written, and a page that is not up to date fails.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import typer.main

from quotah_server.analytics.dimensions import DIMENSIONS
from quotah_server.analytics.metrics import METRICS
from quotah_server.entrypoints.cli import app
from quotah_server.entrypoints.settings import Settings

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs/reference"
NOTE = "<!-- Written by `make gen` from the code; do not edit. -->\n"


def settings_page() -> str:
    lines = ["# Settings", NOTE, "Set as environment variables or in a `.env` file.", ""]
    lines += ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = (
            "" if field.default is None else f"`{field.default}`" if str(field.default) else ""
        )
        lines.append(f"| `QUOTAH_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def env_example() -> str:
    lines = [
        "# Every setting of Quotah with its default. Copy to .env and change what you need.",
        "",
    ]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else str(field.default)
        lines += [f"# {field.description}", f"# QUOTAH_{name.upper()}={default}", ""]
    return "\n".join(lines)


def _command_lines(command: click.Command, path: str) -> list[str]:
    lines = [f"## `{path}`", "", (command.help or "").strip(), ""]
    options = [param for param in command.params if getattr(param, "help", None)]
    for option in options:
        is_option = option.param_type_name == "option"
        name = ", ".join(option.opts) if is_option else (option.name or "").upper()
        lines.append(f"- `{name}`: {getattr(option, 'help', '')}")
    if options:
        lines.append("")
    if command.epilog:
        example = command.epilog.removeprefix("Example: ")
        lines += ["```", example, "```", ""]
    return lines


def commands_page() -> str:
    root = typer.main.get_command(app)
    lines = ["# Commands", NOTE]

    def walk(command: click.Command, path: str) -> None:
        children = getattr(command, "commands", None)
        if children is None:
            lines.extend(_command_lines(command, path))
            return
        for name in sorted(children):
            walk(children[name], f"{path} {name}")

    walk(root, "quotah")
    return "\n".join(lines)


def metrics_page() -> str:
    lines = ["# Metrics and dimensions", NOTE, "What `POST /api/v1/query` understands.", ""]
    lines += ["| metric | unit | meaning | formula |", "|---|---|---|---|"]
    lines += [
        f"| `{m.name}` | {m.unit} | {m.description} | {m.formula} |" for m in METRICS.values()
    ]
    lines += ["", "| dimension | meaning |", "|---|---|"]
    lines += [f"| `{d.name}` | {d.label} |" for d in DIMENSIONS.values()]
    return "\n".join(lines) + "\n"


def main() -> None:
    pages = {
        FOLDER / "settings.md": settings_page(),
        FOLDER / "commands.md": commands_page(),
        FOLDER / "metrics.md": metrics_page(),
        ROOT / ".env.example": env_example(),
    }
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not up to date: run `make gen`.\n")
        sys.exit(1 if stale else 0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(pages[path])


if __name__ == "__main__":
    main()
