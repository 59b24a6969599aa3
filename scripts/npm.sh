#!/usr/bin/env bash
# npm in a folder: `npm.sh FOLDER run build`, `npm.sh FOLDER install-locked`.
#
# install-locked takes what the lock file says and leaves the lock file alone. It is not `npm ci`,
# because that refuses to run where a registry lacks an optional package for some other platform.
# npm 10 (the one that Node 20 brings) does not install Vite 8's optional packages dependably; npm 11
# does, so where an older one is found npm 11 is run through it.
set -euo pipefail
folder=$1; shift
cd "$(dirname "$0")/../$folder"
if [ "$1" = install-locked ]; then
  npm=(npm)
  if [ "$(npm --version | cut -d. -f1)" -lt 11 ]; then npm=(npx --yes npm@11); fi
  exec "${npm[@]}" install --no-save --ignore-scripts --no-progress --no-audit --no-fund --loglevel=error
fi
exec npm --loglevel=error "$@"
