#!/usr/bin/env bash
# Runs the tests of what the optimiser can break against the wheel in dist/, the
# one that is given to others, in an environment of its own (.venvs/release): how
# much stack a level of nesting takes, what the unsafe code reads and writes, what
# becomes of a thread that waits when the program ends, and
# what threads see of each other. Every other run is of the development build,
# where other functions are inlined. PYTHON is the interpreter that the wheel is
# for; arguments go to pytest.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=$PWD/.venvs/release
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet)
"${pip[@]}" install --upgrade pip
"${pip[@]}" install --group codec
"${pip[@]}" install --no-index --no-deps --force-reinstall dist/*.whl
# Nothing of the checkout: neither its package nor its build.
"$venv/bin/python" -c "import fastthrift._core as core; assert core.__file__.startswith('$venv/'), core.__file__"

tests=(
    tests/python/{bad_input,structs,protocol,interpreters}
    tests/python/codec/test_{native_values,sets}.py
    tests/python/{json/test_robust,calls/test_ways,calls/test_threads,calls/test_broken,transport/test_buffers}.py
)
# What the optimiser cannot break, and asks for aiohttp.
tests+=(--ignore tests/python/structs/test_exceptions.py)
exec "$venv/bin/python" -m pytest "${tests[@]}" "$@"
