#!/usr/bin/env bash
# Runs the Python tests under a debug build of CPython (DEBUG_PYTHON, Debian's
# python3-dbg), whose assertions look at every object and reference count, with
# the development build of the core, which has assertions of its own. The
# environment is .venvs/debug; arguments go to pytest.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export CARGO_BUILD_JOBS="${CARGO_BUILD_JOBS:-2}"
python=${DEBUG_PYTHON:-python3-dbg}
venv=$PWD/.venvs/debug

"$python" -c 'import sys; assert hasattr(sys, "gettotalrefcount"), "this is no debug build"'
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet)
"${pip[@]}" install --upgrade pip
"${pip[@]}" install 'maturin>=1.9,<2' --group test
VIRTUAL_ENV=$venv CARGO_TARGET_DIR=target/debug-python \
    "$venv/bin/maturin" develop --quiet --locked

# Their extensions are built for release, and crash a debug build. They have
# Python code to do without.
for package in AIOHTTP FROZENLIST MULTIDICT PROPCACHE YARL; do
    export "${package}_NO_EXTENSIONS=1"
done
exec "$venv/bin/python" -m pytest --timeout 1800 "$@"
