//! Errors that stay with the interpreter until somebody wants them.

use std::io;
use std::mem::ManuallyDrop;

use pyo3::exceptions::PyBaseException;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyCFunction;

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
        set(py, error);
        Self(py)
    }

    /// Whether it is a `RecursionError`.
    #[cold]
    pub fn is_recursion(&self) -> bool {
        // SAFETY: attached, and an exception is set.
        unsafe { ffi::PyErr_ExceptionMatches(ffi::PyExc_RecursionError) != 0 }
    }

    /// The exception that is set, if one is.
    #[cold]
    pub(super) fn if_set(py: Python<'py>) -> Option<Self> {
        // SAFETY: attached; the result is borrowed and only compared.
        let is_set = unsafe { !ffi::PyErr_Occurred().is_null() };
        is_set.then_some(Self(py))
    }

    /// Leaves the exception set, for whoever asks for it by [`Self::if_set`].
    pub(super) fn keep_set(self) -> Python<'py> {
        ManuallyDrop::new(self).0
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

    /// What a function of the API did that returns a status, or the exception
    /// that it set: the status is negative then.
    #[inline]
    pub(super) fn or_done(py: Python<'py>, status: std::ffi::c_int) -> Result<(), Self> {
        if status < 0 { Err(Self(py)) } else { Ok(()) }
    }
}

/// Sets an exception.
#[cold]
pub(super) fn set(py: Python<'_>, error: PyErr) {
    give_up_dropped(py);
    error.restore(py);
}

/// The exception object of an error.
///
/// A `PyErr` that was made in Rust has none yet. Asked about its class or
/// value it would make one, attached to the main interpreter, whichever this
/// one is.
#[cold]
pub fn exception_of(py: Python<'_>, error: PyErr) -> Bound<'_, PyBaseException> {
    error.restore(py);
    // SAFETY: an exception is set, and taken.
    unsafe { take_set(py).cast_into_unchecked() }
}

/// # Safety
/// An exception is set.
#[cfg(Py_3_12)]
unsafe fn take_set(py: Python<'_>) -> Bound<'_, PyAny> {
    // SAFETY: by the contract of this function it is not null.
    unsafe { Bound::from_owned_ptr(py, ffi::PyErr_GetRaisedException()) }
}

/// # Safety
/// An exception is set.
#[cfg(not(Py_3_12))]
unsafe fn take_set(py: Python<'_>) -> Bound<'_, PyAny> {
    let (mut class, mut value, mut traceback) = Default::default();
    // SAFETY: by the contract of this function class and value are not null
    // when they were normalized; the traceback may be.
    unsafe {
        ffi::PyErr_Fetch(&raw mut class, &raw mut value, &raw mut traceback);
        ffi::PyErr_NormalizeException(&raw mut class, &raw mut value, &raw mut traceback);
        drop(Bound::from_owned_ptr(py, class));
        if let Some(traceback) = Bound::from_owned_ptr_or_opt(py, traceback) {
            ffi::PyException_SetTraceback(value, traceback.as_ptr());
        }
        Bound::from_owned_ptr(py, value)
    }
}

/// The error, raised from another one.
#[cold]
pub fn raised_from(py: Python<'_>, error: PyErr, cause: Option<PyErr>) -> PyErr {
    let error = exception_of(py, error);
    if let Some(cause) = cause {
        // SAFETY: both are exceptions; the reference to the cause is given.
        unsafe {
            ffi::PyException_SetCause(error.as_ptr(), exception_of(py, cause).into_ptr());
        }
    }
    PyErr::from_value(error.into_any())
}

/// Gives up the references that were dropped while `PyO3` did not know that
/// the thread is attached: in functions that `CPython` calls directly. It does
/// so at the start of a function of its own, and where none is ever called
/// they would pile up.
fn give_up_dropped(py: Python<'_>) {
    #[pyfunction]
    fn nothing() {}

    static NOTHING: PyOnceLock<Py<PyCFunction>> = PyOnceLock::new();
    let nothing = NOTHING.get_or_try_init(py, || wrap_pyfunction!(nothing, py).map(Bound::unbind));
    // What cannot be given up now is given up later.
    let _ = nothing.map(|nothing| nothing.bind(py).call0());
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

/// What an `OSError` is made of: the number of what the system refused, and
/// its text.
pub fn system_error(error: &io::Error) -> (i32, String) {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    (error.raw_os_error().unwrap_or(0), text.to_owned())
}
