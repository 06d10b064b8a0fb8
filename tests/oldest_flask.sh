#!/usr/bin/env bash
# Runs the tests of the Flask extension with the oldest Flask that it supports:
# tests/oldest_flask.sh PYTHON ARGUMENT..., where PYTHON is that of the tests and
# the arguments go to pytest. .venvs/oldest-flask has what is older, and all else
# from the environment of PYTHON.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=$1
shift
venv=$PWD/.venvs/oldest-flask

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip --disable-pip-version-check --quiet install 'flask==2.3.0' 'werkzeug<3'
packages='import sysconfig; print(sysconfig.get_path("purelib"))'
printf 'import site; site.addsitedir("%s")\n' "$("$python" -c "$packages")" \
    >"$("$venv/bin/python" -c "$packages")/of_the_tests.pth"
exec "$venv/bin/python" -m pytest tests/python/frameworks/test_flask*.py "$@"
