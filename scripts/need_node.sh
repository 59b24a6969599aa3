#!/usr/bin/env bash
# Say what to install when there is no suitable Node.
set -euo pipefail
for program in node npm; do
  command -v $program >/dev/null || { echo "Quotah needs Node 20.19 or newer with npm to build the dashboard; '$program' was not found." >&2; exit 1; }
done
node -e 'const [a, b] = process.versions.node.split(".").map(Number); if (a < 20 || (a === 20 && b < 19)) { console.error(`Quotah needs Node 20.19 or newer to build the dashboard; this is ${process.version}.`); process.exit(1); }'
