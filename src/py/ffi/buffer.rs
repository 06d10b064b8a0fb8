//! Buffers of bytes.

use std::cell::Cell;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ops::Range;

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyByteArray;

/// A number, which any bytes of its size are one of.
pub(super) trait Plain: Copy {}

macro_rules! plain {
    ($($type:ident),*) => {$(
        impl Plain for $type {}
    )*};
}

plain! { i8, i16, i32, i64, u8, u16, u32, u64, f64 }

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
        let buffer = Self::of_items(object)?;
        if buffer.has_items(b"B") {
            Ok(buffer)
        } else {
            Err(no_bytes())
        }
    }

    /// Takes hold of the buffer of an object, whatever its items are; an error when
    /// it has none.
    pub(super) fn of_items(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        let mut view = Box::new(MaybeUninit::uninit());
        // SAFETY: fills the view, or fails and leaves nothing to be released.
        unsafe {
            if ffi::PyObject_GetBuffer(object.as_ptr(), view.as_mut_ptr(), ffi::PyBUF_FULL_RO) < 0 {
                return Err(PyErr::fetch(py));
            }
            Ok(Self {
                view: view.assume_init(),
                py,
            })
        }
    }

    /// Takes hold of the buffer of an object that stands for bytes: signed ones and
    /// characters, too; an error for others, and for a single number.
    pub fn like_bytes(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let buffer = Self::of_items(object)?;
        if buffer.has_items(b"Bbc") && buffer.view.ndim > 0 {
            Ok(buffer)
        } else {
            Err(no_bytes())
        }
    }

    /// The format of the items of an object that has a buffer, as the module
    /// `struct` writes it.
    pub fn format_of(object: &Bound<'py, PyAny>) -> Option<String> {
        let buffer = Self::of_items(object).ok()?;
        Some(String::from_utf8_lossy(buffer.format()).into_owned())
    }

    /// Whether the items are a byte each, of one of these formats, as the module
    /// `struct` writes it.
    fn has_items(&self, formats: &[u8]) -> bool {
        let format = self.format();
        let item = match format.first() {
            Some(b'@' | b'=' | b'<' | b'>' | b'!') => &format[1..],
            _ => format,
        };
        self.view.itemsize == 1 && matches!(item, [item] if formats.contains(item))
    }

    /// The format of the items, as the module `struct` writes it.
    pub(super) fn format(&self) -> &[u8] {
        // SAFETY: the format is null, which means unsigned bytes, or a text
        // that lives as long as the view.
        let format = unsafe {
            if self.view.format.is_null() {
                c"B"
            } else {
                CStr::from_ptr(self.view.format)
            }
        };
        format.to_bytes()
    }

    /// Whether it has one dimension, and its items lie at equal distances.
    pub(super) fn is_line(&self) -> bool {
        // SAFETY: with one dimension these are null or have one element.
        unsafe {
            self.view.ndim == 1
                && self.view.itemsize > 0
                && !self.view.shape.is_null()
                && !self.view.strides.is_null()
                && (*self.view.shape).checked_mul(self.view.itemsize) == Some(self.view.len)
                && (self.view.suboffsets.is_null() || *self.view.suboffsets < 0)
        }
    }

    /// How many bytes an item takes.
    pub(super) fn item_size(&self) -> usize {
        self.view.itemsize.cast_unsigned()
    }

    /// Copies items of one dimension, from an index on, to `block`, as `convert`
    /// makes them; nothing where there are not so many, or of another size.
    ///
    /// Each is copied before it is looked at: other threads may change them, in
    /// native code that does not hold the interpreter's lock.
    #[expect(clippy::inline_always, reason = "compiled for more than one processor")]
    #[inline(always)]
    pub(super) fn items<S: Plain, T>(
        &self,
        from: usize,
        block: &mut [T],
        convert: impl Fn(S) -> T,
    ) {
        let count = self.len_bytes() / size_of::<S>();
        let is_there = from
            .checked_add(block.len())
            .is_some_and(|end| end <= count);
        if !self.is_line() || self.item_size() != size_of::<S>() || !is_there {
            return;
        }
        // SAFETY: there is one stride, and items at so many strides from the start
        // as there are numbers, of the size that was asked for; what they are is any
        // bytes, at any address.
        unsafe {
            let stride = *self.view.strides;
            let first = self.view.buf.cast::<u8>().offset(from as isize * stride);
            if stride == size_of::<S>() as isize {
                for (index, place) in block.iter_mut().enumerate() {
                    *place = convert(first.cast::<S>().add(index).read_unaligned());
                }
            } else {
                for (index, place) in block.iter_mut().enumerate() {
                    let item = first.offset(index as isize * stride);
                    *place = convert(item.cast::<S>().read_unaligned());
                }
            }
        }
    }

    /// The items of one dimension, where they lie side by side and at addresses that
    /// numbers of this type have. Other threads may change them.
    pub(super) fn cells<T: Plain>(&self) -> Option<&[Cell<T>]> {
        if !self.is_line() || self.item_size() != size_of::<T>() {
            return None;
        }
        let first = self.view.buf.cast::<Cell<T>>();
        // SAFETY: there is one stride.
        let stride = unsafe { *self.view.strides };
        if stride != size_of::<T>() as isize || first.is_null() || !first.is_aligned() {
            return None;
        }
        // SAFETY: so many items lie there as long as the buffer is held, of which any
        // bytes are one; they are only read.
        Some(unsafe { std::slice::from_raw_parts(first, self.len_bytes() / size_of::<T>()) })
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

#[cold]
fn no_bytes() -> PyErr {
    PyBufferError::new_err("the items of the buffer are no bytes")
}

impl Drop for Buffer<'_> {
    fn drop(&mut self) {
        // SAFETY: attached, as `py` says, and released once.
        unsafe { ffi::PyBuffer_Release(&raw mut *self.view) };
    }
}
