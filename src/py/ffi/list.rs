//! Lists whose length is known before their items.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyList;

/// A list under construction, allocated once.
pub struct ListBuilder<'py> {
    list: Bound<'py, PyList>,
    capacity: usize,
    length: usize,
}

impl<'py> ListBuilder<'py> {
    /// A list of `capacity` items that are still to come.
    pub fn new(py: Python<'py>, capacity: usize) -> PyResult<Self> {
        // SAFETY: the result is a new list or null with an exception set.
        // Its items are null until set, which a list's own code allows for;
        // other code must not find it, so the collector forgets it.
        let list = unsafe {
            let list = ffi::PyList_New(capacity as ffi::Py_ssize_t);
            let list = Bound::from_owned_ptr_or_err(py, list)?;
            ffi::PyObject_GC_UnTrack(list.as_ptr().cast());
            list.cast_into_unchecked()
        };
        Ok(Self {
            list,
            capacity,
            length: 0,
        })
    }

    /// Adds the next item.
    #[inline]
    pub fn push(&mut self, item: Bound<'py, PyAny>) -> PyResult<()> {
        if self.length == self.capacity {
            return self.list.append(item);
        }
        // SAFETY: the index is below the length that the list was made with,
        // the list was seen by nobody, and the item's reference is given
        // away.
        unsafe {
            ffi::PyList_SET_ITEM(
                self.list.as_ptr(),
                self.length as ffi::Py_ssize_t,
                item.into_ptr(),
            );
        }
        self.length += 1;
        Ok(())
    }

    /// The list, once every announced item was pushed.
    pub fn finish(self) -> PyResult<Bound<'py, PyAny>> {
        if self.length < self.capacity {
            self.list.del_slice(self.length, self.capacity)?;
        }
        // SAFETY: the list was untracked by `new`, and all its items are set.
        unsafe { ffi::PyObject_GC_Track(self.list.as_ptr().cast()) };
        Ok(self.list.into_any())
    }
}
