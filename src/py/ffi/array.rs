//! Arrays of numbers: `array.array` of the standard library.

use std::mem::MaybeUninit;

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::wire::Numeric;

/// A number that arrays hold.
pub trait ArrayItem: Numeric {
    /// An array that holds nothing but a zero.
    fn zero(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>>;
}

macro_rules! array_items {
    ($($type:ident $typecode:literal),*) => {$(
        impl ArrayItem for $type {
            fn zero(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
                static CELL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
                zero_of(py, &CELL, $typecode)
            }
        }
    )*};
}

array_items! { i8 "b", i16 "h", i32 "i", i64 "q", f64 "d" }

fn zero_of<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyAny>>,
    typecode: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    let make = || {
        let class = py.import("array")?.getattr("array")?;
        Ok::<_, PyErr>(class.call1((typecode, [0]))?.unbind())
    };
    Ok(cell.get_or_try_init(py, make)?.bind(py))
}

/// A new array of `count` numbers, which are zero until `fill` has set them; and
/// what that gives. Runs code, but none while it is filled.
pub fn new_array<N: ArrayItem, T>(
    py: Python<'_>,
    count: usize,
    fill: impl FnOnce(&mut [N]) -> T,
) -> PyResult<(Bound<'_, PyAny>, T)> {
    let zero = N::zero(py)?;
    // SAFETY: the result is a new reference, or null with an exception set.
    let array = unsafe {
        let array = ffi::PySequence_Repeat(zero.as_ptr(), count as ffi::Py_ssize_t);
        Bound::from_owned_ptr_or_err(py, array)?
    };
    if count == 0 {
        return Ok((array, fill(&mut [])));
    }
    let mut view = MaybeUninit::<ffi::Py_buffer>::uninit();
    // SAFETY: fills the view, or fails and leaves nothing to be released. The
    // memory is a new array's, which holds as many numbers of this size as the
    // view says, set to zero, and nobody else has seen it. It stays where it is
    // until the view is released.
    unsafe {
        if ffi::PyObject_GetBuffer(array.as_ptr(), view.as_mut_ptr(), ffi::PyBUF_WRITABLE) < 0 {
            return Err(PyErr::fetch(py));
        }
        let view = view.assume_init_mut();
        let numbers = view.buf.cast::<N>();
        let fits = view.len.cast_unsigned() == count * N::SIZE && numbers.is_aligned();
        let filled = fits.then(|| fill(std::slice::from_raw_parts_mut(numbers, count)));
        ffi::PyBuffer_Release(view);
        match filled {
            Some(filled) => Ok((array, filled)),
            None => Err(PyBufferError::new_err("an array has items of another size")),
        }
    }
}
