#!/usr/bin/env bash
# Runs the tests of a framework's extension with the oldest release that it
# supports: tests/oldest_framework.sh FRAMEWORK PYTHON ARGUMENT..., where FRAMEWORK
# is flask or django, PYTHON is that of the tests, and the arguments go to pytest;
# @FILE among them names the tests in place of all.
# .venvs/oldest-FRAMEWORK has what is older, and all else from the environment of
# PYTHON.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

framework=$1
python=$2
shift 2
case $framework in
    flask) oldest=('flask==2.3.0' 'werkzeug<3') ;;
    django) oldest=('django==4.2') ;;
    *)
        echo "flask or django, not $framework" >&2
        exit 2
        ;;
esac
venv=$PWD/.venvs/oldest-$framework

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip --disable-pip-version-check --quiet install "${oldest[@]}"
packages='import sysconfig; print(sysconfig.get_path("purelib"))'
printf 'import site; site.addsitedir("%s")\n' "$("$python" -c "$packages")" \
    >"$("$venv/bin/python" -c "$packages")/of_the_tests.pth"
tests=("tests/python/frameworks/test_$framework"*.py)
[[ " $* " != *' @'* ]] || tests=()
exec "$venv/bin/python" -m pytest "${tests[@]}" "$@"
