#!/usr/bin/env bash
# Clippy for the extension as the given versions of CPython need it, without any
# of them: PyO3 is told what it would ask the interpreter. A version that nobody
# has tested yet is compiled without knowledge of its layouts.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What does not depend on the version is compiled once.
target=$PWD/target/lint-versions
mkdir -p "$target"
for version in "$@"; do
    cat >"$target/cpython-$version.txt" <<CONFIG
implementation=CPython
version=$version
shared=true
abi3=false
pointer_width=64
suppress_build_script_link_lines=true
CONFIG
    echo "CPython $version"
    PYO3_CONFIG_FILE=$target/cpython-$version.txt \
        cargo clippy --quiet --locked --features python --target-dir "$target" -- -D warnings
done
