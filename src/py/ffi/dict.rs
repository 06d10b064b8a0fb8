//! Iteration over dicts that other code may change meanwhile.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

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
}

impl<'py> Iterator for DictEntries<'_, 'py> {
    type Item = (Bound<'py, PyAny>, Bound<'py, PyAny>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.dict.len() != self.length {
            return None;
        }
        let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the position starts at 0 and is changed by this call only;
        // the call checks it against the dict as it is now. Key and value
        // are borrowed from the dict and get references of their own before
        // any other code runs.
        unsafe {
            let dict = self.dict.as_ptr();
            if ffi::PyDict_Next(dict, &raw mut self.position, &raw mut key, &raw mut value) == 0 {
                return None;
            }
            let py = self.dict.py();
            Some((
                Bound::from_borrowed_ptr(py, key),
                Bound::from_borrowed_ptr(py, value),
            ))
        }
    }
}
