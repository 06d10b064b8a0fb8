//! From `CPython`'s calls to safe code and back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::PySystemError;
use pyo3::ffi;
use pyo3::prelude::*;

use super::raised::{Raised, set};

/// Runs safe code for a function that `CPython` calls: an error or a panic
/// becomes the Python exception, and `failed` the result.
///
/// # Safety
/// Call it only where `CPython` calls: attached, with a live `object`.
#[inline]
pub(super) unsafe fn guard<'py, T, E: Raise>(
    object: *mut ffi::PyObject,
    failed: T,
    body: impl FnOnce(&Bound<'py, PyAny>) -> Result<T, E>,
) -> T {
    // SAFETY: by the contract of this function.
    let (py, object) = unsafe {
        let py = Python::assume_attached();
        (py, Bound::from_borrowed_ptr(py, object))
    };
    let run = || match body(&object) {
        Ok(value) => Some(value),
        Err(error) => {
            error.raise(py);
            None
        }
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Some(value)) => value,
        Ok(None) => failed,
        Err(_) => {
            PySystemError::new_err("fastthrift: internal panic").raise(py);
            failed
        }
    }
}

/// An error that becomes the exception that is set in the interpreter.
pub(super) trait Raise {
    /// Sets it.
    fn raise(self, py: Python<'_>);
}

impl Raise for PyErr {
    #[cold]
    fn raise(self, py: Python<'_>) {
        set(py, self);
    }
}

impl Raise for Raised<'_> {
    #[cold]
    fn raise(self, _: Python<'_>) {
        self.leave();
    }
}
