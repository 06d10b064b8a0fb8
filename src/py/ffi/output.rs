//! Writing straight into the `bytes` object that is returned.

use std::ffi::c_int;
use std::mem::MaybeUninit;

use bytes::BufMut;
use bytes::buf::UninitSlice;
use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

unsafe extern "C" {
    /// Changes the size of a `bytes` with one reference, which may move it;
    /// frees it and sets it to null on failure.
    fn _PyBytes_Resize(bytes: *mut *mut ffi::PyObject, size: ffi::Py_ssize_t) -> c_int;
}

/// What a message starts with; most fit.
const FIRST_CAPACITY: usize = 256;

/// A `bytes` under construction, seen by nobody else.
pub struct BytesOutput<'py> {
    py: Python<'py>,
    /// Owned; null only after growing has failed.
    object: *mut ffi::PyObject,
    length: usize,
    capacity: usize,
    failed: bool,
}

impl<'py> BytesOutput<'py> {
    /// An empty one.
    pub fn new(py: Python<'py>) -> PyResult<Self> {
        // SAFETY: the result is a new object or null with an exception set.
        let object = unsafe {
            ffi::PyBytes_FromStringAndSize(std::ptr::null(), FIRST_CAPACITY as ffi::Py_ssize_t)
        };
        if object.is_null() {
            return Err(PyErr::fetch(py));
        }
        Ok(Self {
            py,
            object,
            length: 0,
            capacity: FIRST_CAPACITY,
            failed: false,
        })
    }

    /// The `bytes` of what was written.
    pub fn finish(mut self) -> PyResult<Bound<'py, PyBytes>> {
        if !self.failed {
            self.resize(self.length);
        }
        if self.failed {
            return Err(PyMemoryError::new_err(
                "the message does not fit into memory",
            ));
        }
        let object = std::mem::replace(&mut self.object, std::ptr::null_mut());
        // SAFETY: the object is a bytes of the length that was written, and
        // its reference goes to the result.
        unsafe { Ok(Bound::from_owned_ptr(self.py, object).cast_into_unchecked()) }
    }

    #[inline]
    fn end(&mut self) -> *mut u8 {
        // SAFETY: the object is alive and has at least `length` bytes.
        unsafe {
            let start = (&raw mut (*self.object.cast::<ffi::PyBytesObject>()).ob_sval).cast::<u8>();
            start.add(self.length)
        }
    }

    #[cold]
    fn grow(&mut self, count: usize) {
        let needed = self.length.saturating_add(count);
        self.resize(needed.max(self.capacity.saturating_mul(2)));
    }

    fn resize(&mut self, capacity: usize) {
        if self.failed || capacity == self.capacity {
            return;
        }
        // SAFETY: this is the only reference to the object. On failure the
        // call frees it, sets it to null and raises, which is reported by
        // `finish`.
        unsafe {
            if _PyBytes_Resize(&raw mut self.object, capacity as ffi::Py_ssize_t) < 0 {
                ffi::PyErr_Clear();
                self.failed = true;
                self.length = 0;
                self.capacity = 0;
                self.object = std::ptr::null_mut();
                return;
            }
        }
        self.capacity = capacity;
    }

    /// Makes room, unless memory is out: then what is written is dropped.
    #[inline]
    fn reserve(&mut self, count: usize) -> bool {
        if self.capacity - self.length < count {
            self.grow(count);
        }
        !self.failed
    }
}

impl Drop for BytesOutput<'_> {
    fn drop(&mut self) {
        // SAFETY: the object is owned, or null.
        unsafe { ffi::Py_XDECREF(self.object) };
    }
}

// SAFETY: `chunk_mut` gives memory that is owned and not yet written, and
// `advance_mut` moves past what was written there; `remaining_mut` promises
// what `chunk_mut` can be made to give.
unsafe impl BufMut for BytesOutput<'_> {
    #[inline]
    fn remaining_mut(&self) -> usize {
        isize::MAX as usize - self.length
    }

    #[inline]
    unsafe fn advance_mut(&mut self, count: usize) {
        self.length += count;
    }

    fn chunk_mut(&mut self) -> &mut UninitSlice {
        if !self.reserve(64) {
            return UninitSlice::uninit(&mut []);
        }
        let room = self.capacity - self.length;
        // SAFETY: so many bytes of the object are left behind its end.
        unsafe {
            let end = self.end().cast::<MaybeUninit<u8>>();
            UninitSlice::uninit(std::slice::from_raw_parts_mut(end, room))
        }
    }

    #[inline]
    fn put_slice(&mut self, source: &[u8]) {
        if self.reserve(source.len()) {
            // SAFETY: the room was just made, and the source cannot lie in an
            // object that nobody else has seen.
            unsafe {
                std::ptr::copy_nonoverlapping(source.as_ptr(), self.end(), source.len());
            }
            self.length += source.len();
        }
    }

    #[inline]
    fn put_u8(&mut self, value: u8) {
        self.put_slice(&[value]);
    }

    #[inline]
    fn put_i8(&mut self, value: i8) {
        self.put_slice(&value.to_ne_bytes());
    }
}
