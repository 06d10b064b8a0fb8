#!/bin/sh
# pyo3 0.30.1: each `PySlice::new` leaks the ints that it makes.
#
# `PySlice_New` of CPython takes references of its own to what it is given, where most constructors
# of containers with "New" in their name are known to; pyo3 hands it three ints that it has just made,
# and drops none of them. Ints up to 256 are those that Python always has, so short slices show
# nothing; with bounds above, each slice leaves an int of 28 bytes behind for each of them. In a
# program that looks at positions in buffers that is a leak of a few bytes per message. The class
# called as any other, `py.get_type::<PySlice>().call1((start, stop))`, leaks nothing.
# Needs cargo and python3 (3.8 or later, 64 bits).
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "slices"
version = "0.0.0"
edition = "2021"

[lib]
crate-type = ["cdylib"]

[dependencies]
pyo3 = { version = "=0.30.1", features = ["extension-module"] }
TOML
cat > src/lib.rs <<'RUST'
use pyo3::prelude::*;
use pyo3::types::PySlice;

/// Makes slices, and keeps none.
#[pyfunction]
fn made_by_new(py: Python<'_>, count: usize, stop: isize) {
    for _ in 0..count {
        drop(PySlice::new(py, 0, stop, 1));
    }
}

#[pyfunction]
fn made_by_the_class(py: Python<'_>, count: usize, stop: isize) -> PyResult<()> {
    for _ in 0..count {
        drop(py.get_type::<PySlice>().call1((0, stop, 1))?);
    }
    Ok(())
}

#[pymodule]
fn slices(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(made_by_new, module)?)?;
    module.add_function(wrap_pyfunction!(made_by_the_class, module)?)
}
RUST
cargo build --quiet --release
cp target/release/libslices.so slices.so
cat > count.py <<'PY'
import sys
import slices

COUNT = 10_000
kept = {}
for make in (slices.made_by_new, slices.made_by_the_class):
    for stop in (256, 1000):
        make(10, stop)
        before = sys.getallocatedblocks()
        make(COUNT, stop)
        kept[make.__name__, stop] = sys.getallocatedblocks() - before
print("pyo3 0.30.1, CPython", sys.version.split()[0])
for (name, stop), blocks in kept.items():
    print(f"{COUNT} slices up to {stop}, {name}: {blocks} blocks of memory more")
expected = kept["made_by_new", 1000] >= COUNT
others = [blocks for case, blocks in kept.items() if case != ("made_by_new", 1000)]
sys.exit(0 if expected and max(others) < COUNT / 10 else "this is another behaviour")
PY
python3 count.py
