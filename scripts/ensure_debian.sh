#!/usr/bin/env bash
# Install Debian packages that the tests need and this machine lacks: ensure_debian.sh postgresql nginx …
set -euo pipefail
missing=()
for name in "$@"; do
  case $name in
    postgresql) compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql) ;;
    nginx) command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light) ;;
    wrk) command -v wrk >/dev/null || missing+=(wrk) ;;
    *) echo "ensure_debian.sh does not know '$name'" >&2; exit 2 ;;
  esac
done
[ ${#missing[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
  echo "The tests need ${missing[*]} and this machine has no apt-get: install them by hand." >&2; exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "The tests need Debian's ${missing[*]}: run 'sudo apt-get install ${missing[*]}' once." >&2; exit 1
  fi
  as_root=(sudo -n)
fi
export DEBIAN_FRONTEND=noninteractive
echo "Installing Debian's ${missing[*]} for the tests"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
