#!/usr/bin/env bash
# Runs the Python tests under one CPython: tests/one_python.sh NAME PYTHON
# ARGUMENT..., where the arguments go to pytest. The environment is .venvs/NAME,
# the build is in target/cpython-NAME.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name=$1 python=$2
shift 2
venv=$PWD/.venvs/$name

case " $* " in
    *' @tests/native_tests.txt '*) ;; # They need nothing of Debian.
    *' @tests/django_tests.txt '*) tests/debian_packages.sh postgresql ;;
    *) make --silent debian ;;
esac

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet)
"${pip[@]}" install --upgrade pip
"${pip[@]}" install 'maturin>=1.9,<2' --group test
VIRTUAL_ENV=$venv CARGO_TARGET_DIR=target/cpython-$name CARGO_BUILD_JOBS=${CARGO_BUILD_JOBS:-2} \
    "$venv/bin/maturin" develop --quiet --locked
exec "$venv/bin/python" -m pytest "$@"
