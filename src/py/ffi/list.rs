//! Lists whose length is known before their items.

use std::mem::ManuallyDrop;

use pyo3::Borrowed;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyList};

use super::int::{exact_i32, exact_i64};
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
    /// An empty list with memory for `capacity` items.
    pub fn new(py: Python<'py>, capacity: usize) -> Result<Self, Raised<'py>> {
        // SAFETY: the result is a new list or null with an exception set. Its
        // items are null; a size of 0 leaves none, and keeps the memory.
        let list = unsafe {
            let list = ffi::PyList_New(capacity as ffi::Py_ssize_t);
            let list = Raised::or_owned(py, list)?;
            set_size(&list, 0);
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

    /// Adds up to `count` items that `make` creates, as far as there is memory
    /// in advance; how many are left to add.
    ///
    /// `make` must not run code that could find the list: its items are not
    /// counted until all of them are there.
    #[inline]
    pub fn fill<E>(
        &mut self,
        count: usize,
        mut make: impl FnMut(usize) -> Result<Bound<'py, PyAny>, E>,
    ) -> Result<usize, E> {
        let end = self.capacity.min(self.length + count);
        let added = end - self.length;
        let mut result = Ok(count - added);
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

/// Copies numbers out of a list from `start` on, as many as `numbers` holds,
/// up to the first item that `exact` has no number for; how many.
///
/// `exact` must not run code of objects, which could change the list.
#[inline]
fn copy_numbers<T>(
    list: &Bound<'_, PyList>,
    start: usize,
    numbers: &mut [T],
    exact: impl Fn(&Bound<'_, PyAny>) -> Option<T>,
) -> usize {
    let count = numbers.len().min(list.len().saturating_sub(start));
    // SAFETY: so many items lie from `start` on, and stay as long as no other
    // code runs; none is null. They are looked at where they lie, and keep
    // their references.
    let items = unsafe {
        let items = (*list.as_ptr().cast::<ffi::PyListObject>()).ob_item;
        std::slice::from_raw_parts(items.add(start).cast::<Borrowed<'_, '_, PyAny>>(), count)
    };
    for (index, (number, item)) in numbers.iter_mut().zip(items).enumerate() {
        match exact(item) {
            Some(value) => *number = value,
            None => return index,
        }
    }
    count
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
    let item = unsafe {
        let items = (*list.as_ptr().cast::<ffi::PyListObject>()).ob_item;
        ManuallyDrop::new(Bound::from_owned_ptr(list.py(), *items.add(index)))
    };
    Some(look(&item))
}

/// Copies ints of at most 32 bits out of a list, up to the first item that is
/// not exactly one; how many.
pub fn copy_i32s(list: &Bound<'_, PyList>, start: usize, numbers: &mut [i32]) -> usize {
    copy_numbers(list, start, numbers, exact_i32)
}

/// The same for 64 bits.
pub fn copy_i64s(list: &Bound<'_, PyList>, start: usize, numbers: &mut [i64]) -> usize {
    copy_numbers(list, start, numbers, exact_i64)
}

/// The same for floats.
pub fn copy_floats(list: &Bound<'_, PyList>, start: usize, numbers: &mut [f64]) -> usize {
    copy_numbers(list, start, numbers, |item| {
        Some(item.cast_exact::<PyFloat>().ok()?.value())
    })
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
