//! Iteration over dicts that other code may change meanwhile.

use pyo3::Borrowed;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::raised::Raised;
use super::scalar::{ScalarKind, write_exact};
use crate::wire::Writer;

/// The entries of a dict, each with references of its own.
///
/// Ends early when the dict changes size; whoever needs all entries counts
/// them.
pub struct DictEntries<'a, 'py> {
    dict: &'a Bound<'py, PyDict>,
    position: ffi::Py_ssize_t,
    length: usize,
}

impl<'a, 'py> DictEntries<'a, 'py> {
    /// Iterates over `dict`.
    pub fn new(dict: &'a Bound<'py, PyDict>) -> Self {
        Self {
            dict,
            position: 0,
            length: dict.len(),
        }
    }

    /// Writes as much of the next entry as can be read without running any code;
    /// none at the end.
    #[expect(clippy::inline_always, reason = "measured: the loop over entries")]
    #[inline(always)]
    pub fn write_next<W: Writer>(
        &mut self,
        key_kind: ScalarKind,
        value_kind: ScalarKind,
        writer: &mut W,
    ) -> Option<Left<'py>> {
        if value_kind == ScalarKind::Other {
            let (key, value) = self.next()?;
            let written = write_exact(key_kind, &key, writer);
            return Some(Left::of(written, key, value));
        }
        let position = self.position;
        // SAFETY: no code runs while key and value are read and written, or
        // neither is looked at again.
        let (key, value) = unsafe { self.borrow_next()? };
        let key_is_written = write_exact(key_kind, &key, writer);
        if key_is_written && write_exact(value_kind, &value, writer) {
            return Some(Left::Nothing);
        }
        self.left_at(position, key_is_written)
    }

    /// The entry at a position once more, for code may have run since it was
    /// looked at.
    #[cold]
    fn left_at(&mut self, position: ffi::Py_ssize_t, key_is_written: bool) -> Option<Left<'py>> {
        self.position = position;
        let (key, value) = self.next()?;
        Some(Left::of(key_is_written, key, value))
    }

    /// The next key and value, which have no references of their own.
    ///
    /// # Safety
    /// No code of objects runs, which could drop them, or they are not looked
    /// at after that.
    #[expect(clippy::inline_always, reason = "measured: the loop over entries")]
    #[inline(always)]
    unsafe fn borrow_next(
        &mut self,
    ) -> Option<(Borrowed<'a, 'py, PyAny>, Borrowed<'a, 'py, PyAny>)> {
        if self.dict.len() != self.length {
            return None;
        }
        let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the position starts at 0 and is changed by this call only, or
        // is one that it had before; the call checks it against the dict as it
        // is now. Key and value are borrowed from the dict, which keeps them as
        // long as no other code runs.
        unsafe {
            let dict = self.dict.as_ptr();
            if ffi::PyDict_Next(dict, &raw mut self.position, &raw mut key, &raw mut value) == 0 {
                return None;
            }
            let py = self.dict.py();
            Some((Borrowed::from_ptr(py, key), Borrowed::from_ptr(py, value)))
        }
    }
}

/// What is left to write of an entry.
pub enum Left<'py> {
    /// It is written.
    Nothing,
    /// The value; the key comes first.
    Value(Bound<'py, PyAny>, Bound<'py, PyAny>),
    /// Key and value.
    Both(Bound<'py, PyAny>, Bound<'py, PyAny>),
}

impl<'py> Left<'py> {
    #[inline]
    fn of(key_is_written: bool, key: Bound<'py, PyAny>, value: Bound<'py, PyAny>) -> Self {
        if key_is_written {
            Self::Value(key, value)
        } else {
            Self::Both(key, value)
        }
    }
}

impl<'py> Iterator for DictEntries<'_, 'py> {
    type Item = (Bound<'py, PyAny>, Bound<'py, PyAny>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // SAFETY: both get references before any code runs.
        unsafe {
            let (key, value) = self.borrow_next()?;
            Some((key.to_owned(), value.to_owned()))
        }
    }
}

/// Sets an entry of a dict.
#[inline]
pub fn set_item<'py>(
    dict: &Bound<'py, PyDict>,
    key: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
) -> Result<(), Raised<'py>> {
    // SAFETY: all three are alive; the dict takes references of its own.
    let status = unsafe { ffi::PyDict_SetItem(dict.as_ptr(), key.as_ptr(), value.as_ptr()) };
    Raised::or_done(dict.py(), status)
}
