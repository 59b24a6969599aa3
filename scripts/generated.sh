#!/usr/bin/env bash
# Write every generated file, or with --check compare what is committed with what the code makes.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-}
py=.venv/bin/python

# The price book, from genai-prices and our dated patches.
$py -m quotah_server.catalog.build $mode

# The API's and the event wire's schemas, the reference pages.
$py scripts/schemas.py $mode
$py scripts/reference.py $mode

# The web app's types, from the API's schema. The generator needs its own TypeScript.
if [ ! -f web/tools/openapi/node_modules/.installed ] || [ web/tools/openapi/package-lock.json -nt web/tools/openapi/node_modules/.installed ]; then
  scripts/npm.sh web/tools/openapi install-locked
  touch web/tools/openapi/node_modules/.installed
fi
target=web/src/api/__generated__/schema.d.ts
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
(cd web/tools/openapi && npx --no-install openapi-typescript ../../../schemas/openapi.json --default-non-nullable=false --output "$fresh" >/dev/null)
if [ "$mode" = --check ]; then
  cmp -s "$fresh" "$target" || { echo "$target is not up to date: run \`make gen\`." >&2; exit 1; }
else
  cp "$fresh" "$target"
fi
