//! Strings.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// A `str` of UTF-8 bytes; an error when they are not UTF-8.
#[inline]
pub fn new_str<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    // CPython shares the strings of one character and the empty one.
    if bytes.len() < 2 || !bytes.is_ascii() {
        return PyString::from_bytes(py, bytes);
    }
    // SAFETY: a new string of this length whose characters are at most 127
    // has one byte for each, directly behind its header; all of them are
    // written before anyone sees it, and all are ASCII.
    unsafe {
        let text = ffi::PyUnicode_New(bytes.len() as ffi::Py_ssize_t, 127);
        let text = Bound::from_owned_ptr_or_err(py, text)?;
        let data = ffi::PyUnicode_1BYTE_DATA(text.as_ptr());
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len());
        Ok(text.cast_into_unchecked())
    }
}
