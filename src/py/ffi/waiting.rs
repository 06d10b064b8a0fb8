//! Calls of code that may wait for the world outside: a connection, a lock.
//!
//! A daemon thread that waits when the interpreter ends never comes back:
//! `CPython` before 3.14 ends it with `pthread_exit` as soon as it asks for the
//! interpreter's lock, and glibc then unwinds its stack. Calls that are declared
//! as unable to unwind, as those of `PyO3` are, abort the process instead.
//! Here the thread stops, as it does by itself since 3.14 and in `PyO3`'s own
//! calls that take the lock; the process ends around it.

use std::hint;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

mod raw {
    use super::ffi::PyObject;

    // What `PyO3` declares too, but for the unwinding.
    unsafe extern "C-unwind" {
        pub fn PyObject_VectorcallMethod(
            name: *mut PyObject,
            args: *const *mut PyObject,
            count: usize,
            names: *mut PyObject,
        ) -> *mut PyObject;
    }
}

type Call = unsafe extern "C-unwind" fn(
    *mut ffi::PyObject,
    *const *mut ffi::PyObject,
    usize,
    *mut ffi::PyObject,
) -> *mut ffi::PyObject;

/// Stops the thread when its stack is unwound.
struct StopThread;

impl Drop for StopThread {
    fn drop(&mut self) {
        loop {
            std::thread::park();
        }
    }
}

/// Calls a method that may wait, with one argument or none.
pub fn call_waiting<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    argument: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let arguments = [
        object.as_ptr(),
        argument.map_or(std::ptr::null_mut(), Bound::as_ptr),
    ];
    let count = 1 + usize::from(argument.is_some());
    let stop = StopThread;
    // LLVM has one declaration of a name in what it compiles at once, and PyO3's
    // counts, which cannot unwind: so not by the name.
    let call: Call = hint::black_box(raw::PyObject_VectorcallMethod);
    // SAFETY: attached. As many arguments as are counted are objects, which
    // live until the call has returned; those named are none.
    let result = unsafe {
        call(
            name.as_ptr(),
            arguments.as_ptr(),
            count,
            std::ptr::null_mut(),
        )
    };
    std::mem::forget(stop);
    // SAFETY: the call gives a reference of its own, or null with an exception.
    unsafe { Bound::from_owned_ptr_or_err(object.py(), result) }
}
