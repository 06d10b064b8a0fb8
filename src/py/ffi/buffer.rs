//! Buffers of bytes.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ops::Range;

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyByteArray;

/// The bytes of an object that has a buffer, held until this is dropped.
///
/// `PyO3`'s own `PyBuffer` attaches when it is dropped, to the main
/// interpreter.
pub struct Buffer<'py> {
    /// On the heap: it may point into itself.
    view: Box<ffi::Py_buffer>,
    py: Python<'py>,
}

impl<'py> Buffer<'py> {
    /// Takes hold of the buffer of an object; an error when it has none, or
    /// one of other items than bytes.
    pub fn of(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        let mut view = Box::new(MaybeUninit::uninit());
        // SAFETY: fills the view, or fails and leaves nothing to be released.
        let buffer = unsafe {
            if ffi::PyObject_GetBuffer(object.as_ptr(), view.as_mut_ptr(), ffi::PyBUF_FULL_RO) < 0 {
                return Err(PyErr::fetch(py));
            }
            Self {
                view: view.assume_init(),
                py,
            }
        };
        if buffer.has_bytes() {
            Ok(buffer)
        } else {
            Err(PyBufferError::new_err(
                "the items of the buffer are no bytes",
            ))
        }
    }

    /// Whether the items are unsigned bytes, as the module `struct` writes it.
    fn has_bytes(&self) -> bool {
        // SAFETY: the format is null, which means unsigned bytes, or a text
        // that lives as long as the view.
        let format = unsafe {
            if self.view.format.is_null() {
                c"B"
            } else {
                CStr::from_ptr(self.view.format)
            }
        };
        let format = format.to_bytes();
        let item = match format.first() {
            Some(b'@' | b'=' | b'<' | b'>' | b'!') => &format[1..],
            _ => format,
        };
        self.view.itemsize == 1 && item == b"B"
    }

    /// How many bytes there are.
    pub fn len_bytes(&self) -> usize {
        self.view.len.cast_unsigned()
    }

    /// The bytes, in the order of C.
    pub fn to_vec(&self) -> PyResult<Vec<u8>> {
        let length = self.len_bytes();
        let mut bytes: Vec<u8> = Vec::with_capacity(length);
        // SAFETY: copies so many bytes to where there is room for them, and
        // reads the view only.
        unsafe {
            let view = std::ptr::from_ref(&*self.view).cast_mut();
            let to = bytes.as_mut_ptr().cast();
            if ffi::PyBuffer_ToContiguous(to, view, self.view.len, b'C' as std::ffi::c_char) < 0 {
                return Err(PyErr::fetch(self.py));
            }
            bytes.set_len(length);
        }
        Ok(bytes)
    }
}

/// A copy of some of the bytes of a `bytearray`, as many as there are.
pub fn piece_of(array: &Bound<'_, PyByteArray>, range: Range<usize>) -> Vec<u8> {
    // SAFETY: copied before any other code runs, which could resize it.
    let bytes = unsafe { array.as_bytes() };
    let end = range.end.min(bytes.len());
    bytes.get(range.start..end).unwrap_or_default().to_vec()
}

impl Drop for Buffer<'_> {
    fn drop(&mut self) {
        // SAFETY: attached, as `py` says, and released once.
        unsafe { ffi::PyBuffer_Release(&raw mut *self.view) };
    }
}
