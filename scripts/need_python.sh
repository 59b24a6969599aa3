#!/usr/bin/env bash
# Say what to install when there is no suitable Python.
set -euo pipefail
if ! command -v python3 >/dev/null; then
  echo "Quotah needs Python 3.11 or newer: install it with 'apt-get install python3 python3-venv'." >&2; exit 1
fi
python3 - <<'PY'
import sys
if sys.version_info < (3, 11):
    sys.exit(f"Quotah needs Python 3.11 or newer; python3 is {sys.version.split()[0]}.")
try:
    import ensurepip, venv
except ImportError:
    sys.exit("Python's venv module is missing: install it with 'apt-get install python3-venv'.")
PY
