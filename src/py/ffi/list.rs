//! Lists whose length is known before their items.

use std::marker::PhantomData;

use pyo3::Borrowed;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::int::new_int;
use super::quiet::Quiet;
use super::raised::Raised;
use super::scalar::{ExactNumber, ReadScalar, ScalarKind, Unread, write_exact};
use crate::wire::{Input, Numeric, Reader, Writer};

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
    pub fn new(quiet: &Quiet<'py>, capacity: usize) -> Result<Self, Raised<'py>> {
        let py = quiet.py();
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
        // Past the capacity, or after other code changed the list: it may have as
        // many items as before, in memory for fewer.
        if self.length >= self.capacity
            || self.list.len() != self.length
            || allocated(&self.list) <= self.length
        {
            self.capacity = 0;
            let py = item.py();
            return self
                .list
                .append(item)
                .map_err(|error| Raised::new(py, error));
        }
        // SAFETY: the list has memory behind the items that it has. The item's
        // reference is given away, and the size grows when the item is there.
        unsafe {
            let items = (*self.list.as_ptr().cast::<ffi::PyListObject>()).ob_item;
            *items.add(self.length) = item.into_ptr();
            self.length += 1;
            set_size(&self.list, self.length);
        }
        Ok(())
    }

    /// Fills a new list, whose capacity is `count`, with scalars that are read;
    /// an error comes with the index of its item.
    ///
    /// The items are not counted until all of them are there. Nobody can find
    /// the list meanwhile: the input lies in memory, and neither objects for scalars
    /// nor what is made on the way to them are any that wake the garbage collector,
    /// so that no code runs.
    #[inline]
    pub fn fill<R: Reader>(
        &mut self,
        count: usize,
        reader: &mut R,
        scalar: impl ReadScalar,
    ) -> Result<(), (usize, Unread<'py>)> {
        let py = self.list.py();
        if !cfg!(known_layouts) || reader.input().in_memory().is_none() {
            for index in 0..count {
                let item = scalar.read(py, reader);
                item.and_then(|item| Ok(self.push(item)?))
                    .map_err(|error| (index, error))?;
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
                match scalar.read(py, reader) {
                    Ok(item) => *items.add(self.length) = item.into_ptr(),
                    Err(error) => {
                        result = Err((self.length, error));
                        break;
                    }
                }
                self.length += 1;
            }
            set_size(&self.list, self.length);
        }
        result
    }

    /// Adds ints.
    #[inline]
    pub fn add_ints<N: Numeric>(&mut self, values: &[N]) -> Result<(), Raised<'py>> {
        let py = self.list.py();
        let end = self.length + values.len();
        // Who has found the list may have changed it since.
        if self.capacity < end || self.list.len() != self.length || allocated(&self.list) < end {
            let mut left = values.iter();
            return left.try_for_each(|value| self.push(new_int(py, value.to_i64())?));
        }
        // SAFETY: the list has memory for so many items, of which those from its size
        // on are not in use, and nobody sees it meanwhile: an int is no object that
        // wakes the garbage collector. The reference of an item is given away; the
        // size says how many there are.
        unsafe {
            let items = (*self.list.as_ptr().cast::<ffi::PyListObject>()).ob_item;
            let mut result = Ok(());
            for value in values {
                match new_int(py, value.to_i64()) {
                    Ok(item) => *items.add(self.length) = item.into_ptr(),
                    Err(raised) => {
                        result = Err(raised);
                        break;
                    }
                }
                self.length += 1;
            }
            set_size(&self.list, self.length);
            result
        }
    }

    /// The list.
    pub fn finish(self) -> Bound<'py, PyAny> {
        self.list.into_any()
    }
}

/// The items of a list from some index on, as far as they are exactly of the
/// type that Python has for `T`.
pub struct ExactItems<'a, 'py, T> {
    list: &'a Bound<'py, PyList>,
    index: usize,
    number: PhantomData<T>,
}

impl<'a, 'py, T> ExactItems<'a, 'py, T> {
    /// Iterates from `index` on.
    pub fn new(list: &'a Bound<'py, PyList>, index: usize) -> Self {
        Self {
            list,
            index,
            number: PhantomData,
        }
    }

    /// The index of the first item that has not been given.
    pub fn index(&self) -> usize {
        self.index
    }
}

impl<T: ExactNumber> Iterator for ExactItems<'_, '_, T> {
    type Item = T;

    #[expect(clippy::inline_always, reason = "measured: the loops over numbers")]
    #[inline(always)]
    fn next(&mut self) -> Option<T> {
        // SAFETY: no code runs while the item is read.
        let item = unsafe { borrow_item(self.list, self.index)? };
        let value = T::exact(&item)?;
        self.index += 1;
        Some(value)
    }
}

/// Writes an item of a list that can be read without running any code; whether
/// that is so. Nothing of it is written otherwise.
#[expect(clippy::inline_always, reason = "measured: the loops over elements")]
#[inline(always)]
pub fn write_item<W: Writer>(
    list: &Bound<'_, PyList>,
    index: usize,
    kind: ScalarKind,
    writer: &mut W,
) -> bool {
    // SAFETY: no code runs while the item is read and written, or the item is
    // not looked at again.
    match unsafe { borrow_item(list, index) } {
        Some(item) => write_exact(kind, &item, writer),
        None => false,
    }
}

/// An item of a list.
pub(super) fn get_item<'py>(list: &Bound<'py, PyList>, index: usize) -> Option<Bound<'py, PyAny>> {
    // SAFETY: the item gets a reference of its own before any code runs.
    unsafe { borrow_item(list, index).map(Borrowed::to_owned) }
}

/// An item of a list that has no reference of its own.
///
/// # Safety
/// No code of objects runs, which could drop the item, or it is not looked at
/// after that.
#[expect(clippy::inline_always, reason = "measured: the loops over elements")]
#[inline(always)]
unsafe fn borrow_item<'a, 'py>(
    list: &'a Bound<'py, PyList>,
    index: usize,
) -> Option<Borrowed<'a, 'py, PyAny>> {
    if index >= list.len() {
        return None;
    }
    // SAFETY: the index is below the length, and the list keeps its items as
    // long as no other code runs.
    unsafe {
        if !cfg!(known_layouts) {
            let item = ffi::PyList_GetItem(list.as_ptr(), index as ffi::Py_ssize_t);
            return Some(Borrowed::from_ptr(list.py(), item));
        }
        let items = (*list.as_ptr().cast::<ffi::PyListObject>()).ob_item;
        Some(*items.add(index).cast::<Borrowed<'_, 'py, PyAny>>())
    }
}

/// How many items a list has memory for.
#[inline]
fn allocated(list: &Bound<'_, PyList>) -> usize {
    // SAFETY: a list is of this layout. It has none while it is sorted, which a
    // negative number says.
    let allocated = unsafe { (*list.as_ptr().cast::<ffi::PyListObject>()).allocated };
    usize::try_from(allocated).unwrap_or(0)
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
