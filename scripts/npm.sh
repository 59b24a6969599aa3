#!/usr/bin/env bash
# npm in a folder. npm 10 (the one that Node 20 brings) does not install Vite 8's optional packages
# dependably; npm 11 does, so where an older one is found npm 11 is run through it.
set -euo pipefail
folder=$1; shift
cd "$(dirname "$0")/../$folder"
major=$(npm --version | cut -d. -f1)
if [ "$1" = ci ] || [ "$1" = install ]; then
  if [ "$major" -lt 11 ]; then exec npx --yes npm@11 "$@"; fi
fi
exec npm --silent "$@"
