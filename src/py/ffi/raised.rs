//! Errors that stay with the interpreter until somebody wants them.

use std::mem::ManuallyDrop;

use pyo3::ffi;
use pyo3::prelude::*;

/// An exception that is set in the interpreter, as it is behind every null
/// that a function of its API returns.
///
/// It takes no memory, so that a result with it fits into a register. A
/// `PyErr` takes 56 bytes: results with one go through memory, which costs
/// more than what the fastest functions here do.
#[must_use = "an exception is set"]
pub struct Raised<'py>(Python<'py>);

impl<'py> Raised<'py> {
    /// Sets an exception.
    #[cold]
    pub fn new(py: Python<'py>, error: PyErr) -> Self {
        error.restore(py);
        Self(py)
    }

    /// Whether it is a `RecursionError`.
    #[cold]
    pub fn is_recursion(&self) -> bool {
        // SAFETY: attached, and an exception is set.
        unsafe { ffi::PyErr_ExceptionMatches(ffi::PyExc_RecursionError) != 0 }
    }

    /// Leaves the exception set, for whoever is told of it by a null.
    pub(super) fn leave(self) {
        std::mem::forget(self);
    }

    /// A new object that a function of the API returned, or the exception
    /// that it set.
    ///
    /// # Safety
    /// `object` is a new reference, or null with an exception set.
    #[inline]
    pub(super) unsafe fn or_owned(
        py: Python<'py>,
        object: *mut ffi::PyObject,
    ) -> Result<Bound<'py, PyAny>, Self> {
        // SAFETY: by the contract of this function.
        match unsafe { Bound::from_owned_ptr_or_opt(py, object) } {
            Some(object) => Ok(object),
            None => Err(Self(py)),
        }
    }

    /// The same for a function that returns a status: negative with an
    /// exception set.
    #[inline]
    pub(super) fn or_done(py: Python<'py>, status: std::ffi::c_int) -> Result<(), Self> {
        if status < 0 { Err(Self(py)) } else { Ok(()) }
    }
}

impl From<Raised<'_>> for PyErr {
    #[cold]
    fn from(raised: Raised<'_>) -> Self {
        Self::fetch(ManuallyDrop::new(raised).0)
    }
}

impl Drop for Raised<'_> {
    #[cold]
    fn drop(&mut self) {
        // SAFETY: attached. Nobody wants the exception.
        unsafe { ffi::PyErr_Clear() };
    }
}
