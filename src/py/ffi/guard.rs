//! From `CPython`'s calls to safe code and back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::PySystemError;
use pyo3::ffi;
use pyo3::prelude::*;

/// Runs safe code for a function that `CPython` calls: an error or a panic
/// becomes the Python exception, and `failed` the result.
///
/// # Safety
/// Call it only where `CPython` calls: attached, with a live `object`.
#[inline]
pub(super) unsafe fn guard<T>(
    object: *mut ffi::PyObject,
    failed: T,
    body: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>,
) -> T {
    // SAFETY: by the contract of this function.
    let (py, object) = unsafe {
        let py = Python::assume_attached();
        (py, Bound::from_borrowed_ptr(py, object))
    };
    let run = || match body(&object) {
        Ok(value) => Some(value),
        Err(error) => {
            raise(py, error);
            None
        }
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Some(value)) => value,
        Ok(None) => failed,
        Err(_) => {
            raise(py, PySystemError::new_err("fastthrift: internal panic"));
            failed
        }
    }
}

#[cold]
fn raise(py: Python<'_>, error: PyErr) {
    error.restore(py);
}
