#!/usr/bin/env bash
# Make sure the tests find a browser and a PostgreSQL: take what is there, else install Debian's, else say what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

apt_install() {
    local as_root=()
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    echo "Installing $1 for the tests..." >&2
    # The lists may be absent or stale on a bare machine.
    { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$1" ||
        { "${as_root[@]}" apt-get update &&
            "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$1"; }; } >&2
}

ensure() {
    local module=$1 package=$2
    .venv/bin/python -m "$module" >/dev/null 2>&1 || apt_install "$package" || true
    .venv/bin/python -m "$module"
}

case "${1:-all}" in
    browser) ensure tests.chromium chromium ;;
    database) ensure tests.postgres postgresql ;;
    all)
        ensure tests.chromium chromium
        ensure tests.postgres postgresql
        ;;
    *)
        echo "usage: $0 [browser|database|all]" >&2
        exit 2
        ;;
esac
