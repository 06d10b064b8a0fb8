#!/usr/bin/env bash
# Runs the Python tests under each of some versions of CPython: PYTHONS names them,
# all that are supported unless it is set. An interpreter is looked for on the PATH
# and among pyenv's; 3.14 and 3.15 are taken from Debian's unstable suite where the
# machine has none. One that cannot be had is a failure. Arguments go to pytest.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

read -ra versions <<<"${PYTHONS:-3.10 3.11 3.12 3.13 3.14 3.15}"

# Whether this is a CPython of that version, with the interpreter's lock.
is_cpython() {
    "$1" -I - "$2" 2>/dev/null <<'PYTHON'
import sys, sysconfig
found = "%d.%d" % sys.version_info[:2]
free_threaded = sysconfig.get_config_var("Py_GIL_DISABLED")
sys.exit(found != sys.argv[1] or sys.implementation.name != "cpython" or bool(free_threaded))
PYTHON
}

# The interpreter of a version; nothing where there is none.
find_python() {
    local candidate
    for candidate in "python$1" python3 "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python3; do
        if is_cpython "$candidate" "$1"; then
            echo "$candidate"
            return
        fi
    done
}

run() {
    local version=$1 python
    shift
    python=$(find_python "$version")
    printf '\n== CPython %s: ' "$version"
    if [ -n "$python" ]; then
        echo "$python"
        tests/one_python.sh "$version" "$python" "$@"
    elif [[ $version == 3.1[45] ]]; then
        echo "of Debian's unstable suite"
        tests/debian_root.sh tests/one_python.sh "debian-$version" "python$version" "$@"
    else
        echo 'not found'
        echo "Install it, with 'pyenv install $version' for example, or choose others in PYTHONS." >&2
        return 1
    fi
}

declare -A outcomes
failures=0
for version in "${versions[@]}"; do
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
