//! Writing straight into the `bytes` object that is returned.

use std::cell::Cell;
use std::ffi::c_int;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr;

use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::copy::copy_bytes;
use super::raised::Raised;
use crate::wire::Output;

unsafe extern "C" {
    /// Changes the size of a `bytes` with one reference, which may move it;
    /// frees it and sets it to null on failure.
    fn _PyBytes_Resize(bytes: *mut *mut ffi::PyObject, size: ffi::Py_ssize_t) -> c_int;
}

/// Where a message starts. One that fits needs no memory but the `bytes` of
/// its length.
pub type Scratch = [MaybeUninit<u8>; 512];

/// The room that `put_short` and `put_long` ask for: that of a whole word,
/// whatever its length.
const WORD: usize = size_of::<u128>();

/// A `bytes` under construction, seen by nobody else.
pub struct BytesOutput<'a, 'py> {
    py: Python<'py>,
    scratch: PhantomData<&'a mut Scratch>,
    /// Owned; null while the scratch has room, and after growing has failed.
    object: *mut ffi::PyObject,
    /// The bytes from `start` to `next` are written, those up to `end` are
    /// room: of the scratch or of the object.
    start: *mut u8,
    next: *mut u8,
    end: *mut u8,
    /// What to make room for when the scratch is full.
    expected: usize,
    failed: bool,
}

impl<'a, 'py> BytesOutput<'a, 'py> {
    /// An empty one, of which so many bytes are expected: a guess.
    pub fn new(py: Python<'py>, scratch: &'a mut Scratch, expected: usize) -> Self {
        let std::ops::Range { start, end } = scratch.as_mut_ptr_range();
        Self {
            py,
            scratch: PhantomData,
            object: ptr::null_mut(),
            start: start.cast(),
            next: start.cast(),
            end: end.cast(),
            expected,
            failed: false,
        }
    }

    /// The `bytes` of what was written, which is empty then.
    ///
    /// By reference: to move the output would be to load its pointers while
    /// they are still being stored, which stalls.
    #[inline]
    pub fn finish(&mut self) -> Result<Bound<'py, PyBytes>, Raised<'py>> {
        let length = self.length();
        if self.object.is_null() && !self.failed {
            // SAFETY: so many bytes of the scratch are written; the result is
            // a new object, or null with an exception set.
            unsafe {
                let bytes = ffi::PyBytes_FromStringAndSize(
                    self.start.cast_const().cast(),
                    length as ffi::Py_ssize_t,
                );
                self.next = self.start;
                return Ok(Raised::or_owned(self.py, bytes)?.cast_into_unchecked());
            }
        }
        self.finish_object()
    }

    #[inline(never)]
    fn finish_object(&mut self) -> Result<Bound<'py, PyBytes>, Raised<'py>> {
        if self.failed || !self.resize(self.length()) {
            let error = PyMemoryError::new_err("the message does not fit into memory");
            return Err(Raised::new(self.py, error));
        }
        let object = std::mem::replace(&mut self.object, ptr::null_mut());
        self.start = ptr::null_mut();
        self.next = ptr::null_mut();
        self.end = ptr::null_mut();
        // SAFETY: the object is a bytes of the length that was written, and
        // its reference goes to the result.
        unsafe { Ok(Bound::from_owned_ptr(self.py, object).cast_into_unchecked()) }
    }

    /// Replaces bytes that were written, from a position on; nothing where there
    /// are not so many.
    pub fn replace(&mut self, position: usize, bytes: &[u8]) {
        let end = position.checked_add(bytes.len());
        if !self.start.is_null() && end.is_some_and(|end| end <= self.length()) {
            // SAFETY: so many bytes are written behind that position, in memory
            // that nobody else has seen.
            unsafe { copy_bytes(bytes.as_ptr(), self.start.add(position), bytes.len()) };
        }
    }

    /// Writes the first `length` bytes of a word.
    #[inline]
    fn put_word<const N: usize>(&mut self, word: [u8; N], length: usize) {
        const { assert!(N <= WORD) };
        debug_assert!(length <= N);
        if self.room() >= WORD || self.grow(WORD) {
            // SAFETY: there is room for the whole word.
            unsafe {
                self.next.cast::<[u8; N]>().write(word);
                self.next = self.next.add(length);
            }
        }
    }

    #[inline]
    fn room(&self) -> usize {
        self.end as usize - self.next as usize
    }

    /// Makes room for `count` bytes, unless memory is out: then what comes is
    /// dropped.
    #[cold]
    fn grow(&mut self, count: usize) -> bool {
        let capacity = self.end as usize - self.start as usize;
        // A long string is nearly always the last of its message.
        let needed = self.length().saturating_add(count).saturating_add(WORD);
        let enough = needed.max(capacity.saturating_mul(2));
        !self.failed && self.resize(enough.max(self.expected))
    }

    /// Gives the object this size; what was written stays.
    fn resize(&mut self, capacity: usize) -> bool {
        let length = self.length();
        // SAFETY: the new object, or the one that this is the only reference
        // to, has at least the bytes that were written. On failure there is
        // no object and no room, which is reported by `finish`.
        unsafe {
            let in_scratch = self.object.is_null();
            if in_scratch {
                let size = capacity as ffi::Py_ssize_t;
                self.object = ffi::PyBytes_FromStringAndSize(ptr::null(), size);
            } else {
                _PyBytes_Resize(&raw mut self.object, capacity as ffi::Py_ssize_t);
            }
            if self.object.is_null() {
                ffi::PyErr_Clear();
                self.failed = true;
                self.start = ptr::null_mut();
                self.next = ptr::null_mut();
                self.end = ptr::null_mut();
                return false;
            }
            let data = ffi::PyBytes_AsString(self.object).cast::<u8>();
            if in_scratch {
                ptr::copy_nonoverlapping(self.start, data, length);
            }
            self.start = data;
            self.next = data.add(length);
            self.end = data.add(capacity);
        }
        true
    }
}

impl Drop for BytesOutput<'_, '_> {
    fn drop(&mut self) {
        // SAFETY: the object is owned, or null.
        unsafe { ffi::Py_XDECREF(self.object) };
    }
}

impl Output for BytesOutput<'_, '_> {
    #[inline]
    fn length(&self) -> usize {
        self.next as usize - self.start as usize
    }

    fn since(&self, position: usize) -> &[u8] {
        let Some(count) = self.length().checked_sub(position) else {
            return &[];
        };
        // SAFETY: so many bytes are written behind that position, and they
        // stay as they are while the output is borrowed. Without memory there
        // are none, and no pointer either.
        unsafe {
            if self.start.is_null() {
                return &[];
            }
            std::slice::from_raw_parts(self.start.add(position), count)
        }
    }

    fn truncate(&mut self, position: usize) {
        if position < self.length() {
            // SAFETY: it lies between the start and what was written.
            self.next = unsafe { self.start.add(position) };
        }
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if self.room() >= bytes.len() || self.grow(bytes.len()) {
            // SAFETY: there is room for them, and they cannot lie in memory
            // that nobody else has seen.
            unsafe {
                copy_bytes(bytes.as_ptr(), self.next, bytes.len());
                self.next = self.next.add(bytes.len());
            }
        }
    }

    #[expect(clippy::inline_always, reason = "compiled for more than one processor")]
    #[inline(always)]
    fn put_items<T: Copy, const N: usize>(
        &mut self,
        items: &[Cell<T>],
        bytes: impl Fn(T) -> [u8; N],
    ) {
        let length = items.len().saturating_mul(N);
        if self.room() >= length || self.grow(length) {
            let places = self.next.cast::<[u8; N]>();
            for (index, item) in items.iter().enumerate() {
                // SAFETY: there is room for so many arrays, which stand at any
                // address.
                unsafe { places.add(index).write(bytes(item.get())) };
            }
            // SAFETY: there was room for them.
            self.next = unsafe { self.next.add(length) };
        }
    }

    #[inline]
    fn put_short(&mut self, word: u64, length: usize) {
        self.put_word(word.to_le_bytes(), length);
    }

    #[inline]
    fn put_long(&mut self, word: u128, length: usize) {
        self.put_word(word.to_le_bytes(), length);
    }

    #[inline]
    fn put_headed(&mut self, word: u64, length: usize, bytes: &[u8]) {
        debug_assert!(length <= size_of::<u64>());
        // A slice has at most `isize::MAX` bytes: no overflow.
        let room = bytes.len() + WORD;
        if self.room() >= room || self.grow(room) {
            // SAFETY: there is room for the whole word, or for as much of it
            // and the bytes; they cannot lie in memory that nobody else has
            // seen.
            unsafe {
                let head = word.to_le_bytes();
                self.next.cast::<[u8; size_of::<u64>()]>().write(head);
                let next = self.next.add(length);
                copy_bytes(bytes.as_ptr(), next, bytes.len());
                self.next = next.add(bytes.len());
            }
        }
    }
}
