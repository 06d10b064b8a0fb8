//! Strings.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::copy::copy_bytes;

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
        let data = text.as_ptr().cast::<ffi::PyASCIIObject>().add(1);
        copy_bytes(bytes.as_ptr(), data.cast(), bytes.len());
        Ok(text.cast_into_unchecked())
    }
}

/// The UTF-8 of an object that is exactly a `str`, none when it has none.
/// Anything else gives none and runs no code.
#[inline]
pub fn exact_utf8<'a>(object: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    // SAFETY: the memory is read as a str only after the type was found to be
    // exactly that. ASCII that is compact lies directly behind the header,
    // and a str never changes.
    unsafe {
        let text = object.as_ptr();
        if ffi::PyUnicode_CheckExact(text) == 0 {
            return None;
        }
        if ffi::PyUnicode_IS_COMPACT_ASCII(text) == 0 {
            return other_utf8(object);
        }
        let header = text.cast::<ffi::PyASCIIObject>();
        Some(std::slice::from_raw_parts(
            header.add(1).cast(),
            (*header).length as usize,
        ))
    }
}

/// The UTF-8 of a `str` of other characters, which the `str` keeps.
#[cold]
fn other_utf8<'a>(text: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    // A lone surrogate has none.
    text.cast::<PyString>()
        .ok()?
        .to_str()
        .ok()
        .map(str::as_bytes)
}
