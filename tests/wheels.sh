#!/usr/bin/env bash
# Makes the wheels for Linux on x86-64 that are given to others, one for each
# CPython from 3.10 on, in dist/: tests/wheels.sh PYTHON VERSION..., where PYTHON
# has maturin, zig and auditwheel beside it. They are linked with zig against
# glibc 2.17 (manylinux2014), auditwheel has to agree, and each is installed into
# an empty environment of its version and tried there. All versions are needed:
# those that the machine lacks are taken from Debian's unstable suite, where it
# has them.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bin=$(cd "$(dirname "$1")" && pwd)
shift
versions=("$@")

# Runs the interpreter of a version.
python() {
    local version=$1 candidate
    shift
    for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python3; do
        if "$candidate" -c '' 2>/dev/null; then
            "$candidate" "$@"
            return
        fi
    done
    tests/debian_root.sh "python$version" "$@"
}

rm -rf dist
interpreters=()
for version in "${versions[@]}"; do
    interpreters+=(--interpreter "$version")
done
PATH=$bin:$PATH VIRTUAL_ENV=${bin%/bin} "$bin/maturin" build --locked --release --zig \
    --compatibility manylinux2014 --target x86_64-unknown-linux-gnu \
    "${interpreters[@]}" --out dist

# In the checkout, which every root shows at the same path.
work=$PWD/target/wheels
rm -rf "$work"
mkdir -p "$work"
cp tests/wheel_smoke.py "$work"
for version in "${versions[@]}"; do
    wheel=(dist/*-"cp${version/./}-cp${version/./}"-manylinux2014_x86_64*.whl)
    printf '\n== CPython %s: %s\n' "$version" "${wheel[0]}"
    tag=$("$bin/auditwheel" show --json "${wheel[0]}" | "$bin/python" -c \
        'import json, sys; print(json.load(sys.stdin)["overall_tag"])')
    if [ "$tag" != manylinux_2_17_x86_64 ]; then
        echo "auditwheel finds it to be $tag, not manylinux_2_17_x86_64." >&2
        exit 1
    fi
    python "$version" -m venv "$work/$version"
    # By the version's own name: a link in another root leads nowhere here.
    python "$version" -c "$(cat <<'PYTHON'
import subprocess, sys
venv, wheel, smoke = sys.argv[1:]
python = venv + "/bin/python"
subprocess.check_call([python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", wheel])
subprocess.check_call([python, "-I", "-W", "error", smoke], cwd=venv)
PYTHON
)" "$work/$version" "$PWD/${wheel[0]}" "$work/wheel_smoke.py"
done
