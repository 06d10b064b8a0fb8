#!/usr/bin/env bash
# Runs the Python tests under every CPython from 3.10 on that is found: on the
# PATH as python3.x, and among pyenv's versions. One environment for each in
# .venvs/, one build for each in target/. Arguments go to pytest.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export CARGO_BUILD_JOBS="${CARGO_BUILD_JOBS:-2}"

# The version of a CPython that is supported; nothing for any other program.
version_of() {
    "$1" -I - 2>/dev/null <<'PYTHON' || true
import sys, sysconfig
supported = sys.implementation.name == "cpython" and sys.version_info >= (3, 10)
if supported and not sysconfig.get_config_var("Py_GIL_DISABLED"):
    print("%d.%d" % sys.version_info[:2])
PYTHON
}

declare -A interpreters
shopt -s nullglob
candidates=("${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3)
for minor in {10..19}; do
    path=$(command -v "python3.$minor" || true)
    [ -z "$path" ] || candidates+=("$path")
done
for candidate in "${candidates[@]}"; do
    version=$(version_of "$candidate")
    [ -z "$version" ] || : "${interpreters[$version]:=$candidate}"
done
if [ "${#interpreters[@]}" = 0 ]; then
    echo 'No CPython from 3.10 on was found.' >&2
    exit 1
fi
mapfile -t versions < <(printf '%s\n' "${!interpreters[@]}" | sort -V)

run() {
    local version=$1 venv=$PWD/.venvs/$1
    shift
    [ -x "$venv/bin/python" ] || "${interpreters[$version]}" -m venv "$venv" || return
    local pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet)
    "${pip[@]}" install --upgrade pip || return
    "${pip[@]}" install 'maturin>=1.9,<2' --group test || return
    VIRTUAL_ENV=$venv CARGO_TARGET_DIR=target/cpython-$version \
        "$venv/bin/maturin" develop --quiet --locked || return
    "$venv/bin/python" -m pytest "$@"
}

declare -A outcomes
failures=0
for version in "${versions[@]}"; do
    printf '\n== CPython %s (%s)\n' "$version" "${interpreters[$version]}"
    if run "$version" "$@"; then
        outcomes[$version]=passed
    else
        outcomes[$version]=FAILED
        failures=$((failures + 1))
    fi
done

printf '\n%-10s %s\n' CPython tests
for version in "${versions[@]}"; do
    printf '%-10s %s\n' "$version" "${outcomes[$version]}"
done
[ "$failures" = 0 ]
