"""Write the schemas that others build on: the API's OpenAPI document, the ingest event's JSON Schema.

Usage: schemas.py [--check]: with --check nothing is written, and a file that is not up to date fails.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from quotah_server.entrypoints.compose import schema_app
from quotah_server.features.ingest.schema import document as ingest_document

FOLDER = Path(__file__).parents[1] / "schemas"


def main() -> None:
    files = {
        FOLDER / "openapi.json": schema_app().openapi(),
        FOLDER / "ingest.v1.json": ingest_document(),
    }
    texts = {
        path: json.dumps(body, indent=2, ensure_ascii=False) + "\n" for path, body in files.items()
    }
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            sys.stderr.write(f"schemas/{path.name} is not up to date: run `make gen`.\n")
        sys.exit(1 if stale else 0)
    for path in stale:
        path.write_text(texts[path])


if __name__ == "__main__":
    main()
