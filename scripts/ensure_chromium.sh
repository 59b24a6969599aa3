#!/bin/sh
# Makes sure that a Chromium for the end-to-end tests is there, and prints its path.
# Order: $QUOTAH_CHROMIUM, a browser on PATH, then Debian's package (needs root or passwordless sudo).
set -eu

say() { printf '%s\n' "ensure_chromium: $*" >&2; }

works() { [ -x "$1" ] && "$1" --version >/dev/null 2>&1; }

if [ -n "${QUOTAH_CHROMIUM:-}" ]; then
    works "$QUOTAH_CHROMIUM" && { printf '%s\n' "$QUOTAH_CHROMIUM"; exit 0; }
    say "QUOTAH_CHROMIUM is set to $QUOTAH_CHROMIUM, which is not a browser that starts."
    exit 1
fi

find_browser() {
    for name in chromium chromium-browser google-chrome; do
        path=$(command -v "$name" 2>/dev/null) && works "$path" && { printf '%s\n' "$path"; return 0; }
    done
    return 1
}

find_browser && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    say "no Chromium found and this system has no apt-get."
    say "Install Chromium yourself, then set QUOTAH_CHROMIUM=/path/to/chromium."
    exit 1
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    say "no Chromium found, and installing it needs root."
    say "Run: sudo apt-get install -y --no-install-recommends chromium"
    exit 1
fi

say "installing Debian's chromium (about 300 MB, once)…"
export DEBIAN_FRONTEND=noninteractive
# A failed index refresh is no reason to stop: the package may already be in the lists. A lock
# held by another installation is waited for.
$as_root apt-get update -qq >&2 || say "apt-get update failed; trying with the lists that are here."
if ! $as_root apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends chromium >&2; then
    say "apt-get could not install chromium (see above)."
    say "Install Chromium by other means, then set QUOTAH_CHROMIUM=/path/to/chromium."
    exit 1
fi

find_browser || { say "chromium was installed but does not start; run 'chromium --version' to see why."; exit 1; }
