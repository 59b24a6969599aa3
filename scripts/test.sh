#!/usr/bin/env bash
# Run the tests: everything, or one part (python, web, e2e). The closing lines of each runner are printed.
set -euo pipefail
cd "$(dirname "$0")/.."
part=${1:-all}

python_tests() {
  scripts/ensure_debian.sh postgresql
  rm -f .coverage .coverage.*
  .venv/bin/coverage run -m pytest -n 2
  .venv/bin/coverage combine --quiet
  .venv/bin/coverage report --skip-covered --fail-under=80 | tail -n 40
  # The rooms of money and durability are held to more, by their own tests alone and in one process.
  rm -f .coverage .coverage.*
  .venv/bin/coverage run -m pytest server/tests/catalog server/tests/pipeline server/tests/golden server/tests/providers
  .venv/bin/coverage combine --quiet
  .venv/bin/coverage report --include='*/catalog/*,*/pipeline/*' --fail-under=90
}
web_tests() { scripts/npm.sh web test; }
e2e_tests() {
  scripts/ensure_chromium.sh >/dev/null
  scripts/npm.sh web run e2e
}

case $part in
  python) python_tests ;;
  web) web_tests ;;
  e2e) e2e_tests ;;
  all) python_tests; web_tests; e2e_tests ;;
  *) echo "test.sh: python, web, e2e or nothing" >&2; exit 2 ;;
esac
