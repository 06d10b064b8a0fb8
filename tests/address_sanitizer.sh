#!/usr/bin/env bash
# Runs the tests of the codec and of the struct classes with the extension under
# AddressSanitizer: whoever reads or writes memory that is freed, or another's,
# ends the run with a report. Python's own allocator steps aside, so that every
# object is watched. The first argument is the interpreter of an environment
# with the tests' dependencies; others go to pytest.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=$PWD/$1
shift

# The instrumented extension, in a copy of the package that goes before it.
build=target/address-sanitizer
host=$(rustc -vV | sed -n 's/^host: //p')
# The stable compiler has the sanitizer, but does not admit to it.
RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address PYO3_PYTHON=$python \
    cargo build --quiet --locked --lib --features python --target "$host" --target-dir "$build"
extension=$("$python" -c 'import sysconfig; print("_core" + sysconfig.get_config_var("EXT_SUFFIX"))')
rm -rf "$build/python"
mkdir -p "$build/python"
cp -r python/fastthrift "$build/python"
cp "$build/$host/debug/libfastthrift.so" "$build/python/fastthrift/$extension"
grep -q __asan_report "$build/python/fastthrift/$extension"

# The runtime has to be there before anything else, so Python is started with it.
runtime=$("${CC:-cc}" -print-file-name=libasan.so)
[ -f "$runtime" ] || { echo 'The C compiler has no libasan.so.' >&2; exit 1; }
export LD_PRELOAD=$runtime
# CPython keeps what it has until its end, which is no leak of ours.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
export PYTHONMALLOC=malloc
export PYTHONPATH=$PWD/$build/python
"$python" -c "import fastthrift._core as core; assert '/$build/' in core.__file__, core.__file__"

tests=(tests/python/{bad_input,structs,protocol} tests/python/codec/test_{arrays,proxies,sets}.py
    tests/python/{load/test_load,calls/test_threads,transport/test_buffers}.py)
exec "$python" -m pytest -p no:cacheprovider -m 'not uninstrumented' --timeout 1800 \
    "${tests[@]}" "$@"
