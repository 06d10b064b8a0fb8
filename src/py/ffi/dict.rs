//! Iteration over dicts that other code may change meanwhile.

use std::mem::ManuallyDrop;

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
    #[inline]
    pub fn write_next<W: Writer>(
        &mut self,
        key_kind: ScalarKind,
        value_kind: ScalarKind,
        writer: &mut W,
    ) -> Option<Left<'py>> {
        let position = self.position;
        // SAFETY: no code runs while key and value are read and written, or
        // neither is looked at again.
        let (key, value) = unsafe {
            self.look_at_next(|key, value| {
                let key = write_exact(key_kind, key, writer);
                (key, key && write_exact(value_kind, value, writer))
            })?
        };
        if value {
            return Some(Left::Nothing);
        }
        // The entry once more, for code may have run in between.
        self.position = position;
        let entry = self.next()?;
        Some(if key {
            Left::Value(entry.0, entry.1)
        } else {
            Left::Both(entry.0, entry.1)
        })
    }

    /// Shows `look` the next key and value, which have no references of their
    /// own.
    ///
    /// # Safety
    /// `look` runs no code of objects, which could drop them, or does not look
    /// at them after it has done so.
    #[inline]
    unsafe fn look_at_next<T>(
        &mut self,
        look: impl FnOnce(&Bound<'py, PyAny>, &Bound<'py, PyAny>) -> T,
    ) -> Option<T> {
        if self.dict.len() != self.length {
            return None;
        }
        let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the position starts at 0 and is changed by this call only, or
        // is one that it had before; the call checks it against the dict as it
        // is now. Key and value are borrowed from the dict, which keeps them as
        // long as no other code runs; their references are not given up.
        unsafe {
            let dict = self.dict.as_ptr();
            if ffi::PyDict_Next(dict, &raw mut self.position, &raw mut key, &raw mut value) == 0 {
                return None;
            }
            let py = self.dict.py();
            let key = ManuallyDrop::new(Bound::from_owned_ptr(py, key));
            let value = ManuallyDrop::new(Bound::from_owned_ptr(py, value));
            Some(look(&key, &value))
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

impl<'py> Iterator for DictEntries<'_, 'py> {
    type Item = (Bound<'py, PyAny>, Bound<'py, PyAny>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // SAFETY: both get references before any code runs.
        unsafe { self.look_at_next(|key, value| (key.clone(), value.clone())) }
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
