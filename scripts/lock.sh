#!/usr/bin/env bash
# Resolve every Python dependency anew and write the hashed requirement files.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header "$@"; }
compile requirements/uv.in -o requirements/uv.txt
compile requirements/build.in -o requirements/build.txt
compile server/pyproject.toml --extra postgres -o requirements/server.txt
compile server/pyproject.toml --extra postgres requirements/dev.in requirements/build.in -c requirements/server.txt -o requirements/dev.txt
compile requirements/clients.in -o requirements/clients.txt
