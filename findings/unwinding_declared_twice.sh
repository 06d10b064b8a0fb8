#!/bin/sh
# pyo3-ffi 0.30.1 and rustc: a function of CPython that a crate declares once more as "C-unwind",
# because it may unwind, does not unwind as soon as the declaration of pyo3-ffi, which is "C", is used
# in the same unit of code generation.
#
# CPython before 3.14 ends a daemon thread that wakes up while the interpreter ends by unwinding its
# stack. pyo3-ffi declares what it wraps as "C", which cannot unwind, but for the two functions that
# take the lock. A crate that declares another one as "C-unwind" has a landing pad behind its call,
# until somebody calls the same function in the ordinary way nearby: LLVM has one declaration of a
# name, the stricter one counts, and the guard is gone without a warning. Where units are many, as in
# development builds, that is chance; with fat link-time optimization all is one unit. A call by a
# pointer that the optimizer cannot see through keeps its landing pad. Needs cargo, python3 and
# objdump; nothing is run, only disassembled.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "twice"
version = "0.0.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]

[dependencies]
pyo3-ffi = { version = "=0.30.1", features = ["extension-module"] }

[features]
ordinary_call = []

[profile.release]
codegen-units = 1
TOML
cat > src/lib.rs <<'RUST'
use pyo3_ffi::PyObject;
use std::hint::black_box;

mod again {
    use pyo3_ffi::PyObject;
    unsafe extern "C-unwind" {
        pub fn PyObject_CallNoArgs(object: *mut PyObject) -> *mut PyObject;
    }
}

struct Guard;

#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn guard_was_dropped() {
    black_box(());
}

impl Drop for Guard {
    fn drop(&mut self) {
        guard_was_dropped();
    }
}

type Call = unsafe extern "C-unwind" fn(*mut PyObject) -> *mut PyObject;

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn by_name(object: *mut PyObject) -> *mut PyObject {
    let guard = Guard;
    let result = unsafe { again::PyObject_CallNoArgs(object) };
    std::mem::forget(guard);
    result
}

#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn by_pointer(object: *mut PyObject) -> *mut PyObject {
    let guard = Guard;
    let call: Call = black_box(again::PyObject_CallNoArgs);
    let result = unsafe { call(object) };
    std::mem::forget(guard);
    result
}

#[cfg(feature = "ordinary_call")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn as_pyo3_ffi_declares_it(object: *mut PyObject) -> *mut PyObject {
    unsafe { pyo3_ffi::PyObject_CallNoArgs(object) }
}
RUST

rustc --version
guarded() {
    # How many of a function's instructions jump to the guard: only a landing pad does.
    objdump -d --no-show-raw-insn "target/release/libtwice.so" |
        awk -v name="<$1>:" '$2 == name {on = 1; next} /^$/ {on = 0} on && /guard_was_dropped/' | wc -l
}
for features in '' ordinary_call; do
    cargo build --release --quiet --features "$features"
    echo "${features:-alone}: by_name has $(guarded by_name) landing pads, by_pointer $(guarded by_pointer)"
done | tee output
cat > expected <<'TEXT'
alone: by_name has 1 landing pads, by_pointer 1
ordinary_call: by_name has 0 landing pads, by_pointer 1
TEXT
cmp output expected
