#!/usr/bin/env bash
# Make .venv hold exactly requirements.lock, and this checkout. Needs python3 (3.11 or newer) and a package index.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "$1" >&2; exit 1; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed: install python3 (apt-get install python3 python3-venv)."
}

# pip reads its own configuration, uv does not: hand over the index and the certificates that pip was told of.
follow_pip_configuration() {
    local settings
    settings=$(.venv/bin/python -m pip config list 2>/dev/null || true)
    setting() { sed -n "s/^[^=]*\.$1='\(.*\)'\$/\1/p" <<<"$settings" | head -n 1; }
    local index certificates
    index=$(setting index-url)
    certificates=$(setting cert)
    if [ -n "$index" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        export UV_DEFAULT_INDEX="$index"
    fi
    if [ -n "$certificates" ] && [ -z "${SSL_CERT_FILE:-}" ]; then
        export SSL_CERT_FILE="$certificates"
    fi
}

locked() { awk -v name="$1==" 'index($0, name) == 1 { on = 1 } on { print } on && !/\\$/ { exit }' requirements.lock; }

if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    python=$(find_python)
    rm -rf .venv
    "$python" -m venv .venv || fail "A virtual environment could not be made: install python3-venv (apt-get install python3-venv)."
fi

uv_version=$(locked uv | sed -n 's/^uv==\([^ ;]*\).*/\1/p')
if ! .venv/bin/uv --version 2>/dev/null | grep -q "^uv $uv_version\b"; then
    locked uv > .venv/uv.lock
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.lock
fi

follow_pip_configuration
export UV_LINK_MODE="${UV_LINK_MODE:-copy}" UV_PYTHON_DOWNLOADS=never
if ! .venv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock; then
    echo "uv could not install from requirements.lock; trying pip, which knows this machine's own settings." >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
fi
# No build isolation: the build backend is in the lock, so nothing unlocked is fetched to install the checkout.
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable . --offline
touch .venv/.installed
