//! Lists whose length is known before their items.

use pyo3::Borrowed;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::raised::Raised;

/// A list under construction, allocated once.
///
/// Its size is that of the items so far, so whoever finds it, through the
/// garbage collector for example, sees an ordinary list.
pub struct ListBuilder<'py> {
    list: Bound<'py, PyList>,
    capacity: usize,
    length: usize,
}

impl<'py> ListBuilder<'py> {
    /// An empty list with memory for `capacity` items, where that can be known.
    pub fn new(py: Python<'py>, capacity: usize) -> Result<Self, Raised<'py>> {
        let capacity = if cfg!(known_layouts) { capacity } else { 0 };
        // SAFETY: the result is a new list or null with an exception set. Its
        // items are null; a size of 0 leaves none, and keeps the memory.
        let list = unsafe {
            let list = ffi::PyList_New(capacity as ffi::Py_ssize_t);
            let list = Raised::or_owned(py, list)?;
            if capacity > 0 {
                set_size(&list, 0);
            }
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
    pub fn push(&mut self, item: Bound<'py, PyAny>) -> Result<(), Raised<'py>> {
        // Past the capacity, or after other code changed the list.
        if self.length >= self.capacity || self.list.len() != self.length {
            self.capacity = 0;
            let py = item.py();
            return self
                .list
                .append(item)
                .map_err(|error| Raised::new(py, error));
        }
        // SAFETY: the list has the size that this code gave it, so it has its
        // memory too; the index is below what that holds. The item's
        // reference is given away, and the size grows when the item is there.
        unsafe {
            let items = (*self.list.as_ptr().cast::<ffi::PyListObject>()).ob_item;
            *items.add(self.length) = item.into_ptr();
            self.length += 1;
            set_size(&self.list, self.length);
        }
        Ok(())
    }

    /// Fills a new list, whose capacity is `count`, with the items that `make`
    /// creates.
    ///
    /// `make` must not run code that could find the list: its items are not
    /// counted until all of them are there.
    #[inline]
    pub fn fill<E: From<Raised<'py>>>(
        &mut self,
        count: usize,
        mut make: impl FnMut(usize) -> Result<Bound<'py, PyAny>, E>,
    ) -> Result<(), E> {
        if !cfg!(known_layouts) {
            for index in 0..count {
                self.push(make(index)?)?;
            }
            return Ok(());
        }
        let end = self.capacity.min(count);
        let mut result = Ok(());
        // SAFETY: the list has memory for `capacity` items, of which those
        // from its size on are not in use. The reference of an item is given
        // away; the size says how many there are.
        unsafe {
            let items = (*self.list.as_ptr().cast::<ffi::PyListObject>()).ob_item;
            while self.length < end {
                match make(self.length) {
                    Ok(item) => *items.add(self.length) = item.into_ptr(),
                    Err(error) => {
                        result = Err(error);
                        break;
                    }
                }
                self.length += 1;
            }
            set_size(&self.list, self.length);
        }
        result
    }

    /// The list.
    pub fn finish(self) -> Bound<'py, PyAny> {
        self.list.into_any()
    }
}

/// The items of a list from some index on, as far as `exact` has a value for
/// them, which must not run code of objects: it sees them without a reference
/// of their own.
pub struct ExactItems<'a, 'py, F> {
    list: &'a Bound<'py, PyList>,
    index: usize,
    exact: F,
}

impl<'a, 'py, F> ExactItems<'a, 'py, F> {
    /// Iterates from `index` on.
    pub fn new(list: &'a Bound<'py, PyList>, index: usize, exact: F) -> Self {
        Self { list, index, exact }
    }

    /// The index of the first item that has not been given.
    pub fn index(&self) -> usize {
        self.index
    }
}

impl<'py, T, F> Iterator for ExactItems<'_, 'py, F>
where
    F: Fn(&Bound<'py, PyAny>) -> Option<T>,
{
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let value = peek_item(self.list, self.index, &self.exact)??;
        self.index += 1;
        Some(value)
    }
}

/// Shows `look` an item of a list without giving it a reference of its own:
/// `look` must not run code of objects, which could drop the item.
#[inline]
pub fn peek_item<'py, T>(
    list: &Bound<'py, PyList>,
    index: usize,
    look: impl FnOnce(&Bound<'py, PyAny>) -> T,
) -> Option<T> {
    if index >= list.len() {
        return None;
    }
    // SAFETY: the index is below the length, and the list keeps its items as
    // long as no other code runs. The reference is not given up.
    unsafe {
        if !cfg!(known_layouts) {
            let item = ffi::PyList_GetItem(list.as_ptr(), index as ffi::Py_ssize_t);
            return Some(look(&Borrowed::from_ptr(list.py(), item)));
        }
        let items = (*list.as_ptr().cast::<ffi::PyListObject>()).ob_item;
        Some(look(&*items.add(index).cast::<Borrowed<'_, 'py, PyAny>>()))
    }
}

/// Sets the size of a list.
///
/// # Safety
/// So many items are set.
#[inline]
unsafe fn set_size<T>(list: &Bound<'_, T>, size: usize) {
    // SAFETY: by the contract of this function; a list starts with a size.
    unsafe {
        (*list.as_ptr().cast::<ffi::PyVarObject>()).ob_size = size as ffi::Py_ssize_t;
    }
}
