//! The interpreter while nothing but native code runs.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyList};

use super::collector::CollectorPause;
use super::ending::stop_at_exit;
use super::int::new_int;
use super::link::Link;
use super::raised::Raised;
use super::scalar::{ReadScalar, ReadStr, Unread, new_small_int};
use super::text::{NoStr, new_str, str_of_codes, str_of_text};
use crate::wire::Reader;
use crate::wire::json::text::Utf8;

/// The interpreter while nothing but native code runs, which makes objects: none
/// of them can be garbage, so the garbage collector need not start.
///
/// Plain objects are made by it. Whoever wants to call into Python, or do
/// anything that may run code of the program, has to ask for the interpreter
/// itself by [`calls`](Self::calls): the collector is as it was before, and the
/// thread stops where it is when the interpreter ends it.
pub struct Quiet<'py> {
    py: Python<'py>,
    pause: Option<CollectorPause<'py>>,
    /// Whether nobody has asked for the interpreter yet.
    unasked: bool,
}

impl<'py> Quiet<'py> {
    /// A while in which many objects are made, or few: the collector would
    /// start for many only.
    #[inline]
    pub fn new(py: Python<'py>, many: bool) -> Self {
        Self {
            py,
            pause: many.then(|| CollectorPause::of_native_code(py)).flatten(),
            unasked: true,
        }
    }

    /// The interpreter, to call into Python: it is quiet no longer.
    #[inline]
    pub fn calls(&mut self) -> Python<'py> {
        if self.unasked {
            self.end();
        }
        self.py
    }

    #[cold]
    fn end(&mut self) {
        self.unasked = false;
        self.pause = None;
        stop_at_exit();
    }

    /// The object of a scalar that is read.
    #[inline]
    pub fn read<R: Reader>(
        &self,
        scalar: impl ReadScalar,
        reader: &mut R,
    ) -> Result<Bound<'py, PyAny>, Unread<'py>> {
        scalar.read(self.py, reader)
    }

    /// The object of a string that a reader of this type has given.
    #[inline]
    pub fn text<R: Reader>(
        &self,
        string: ReadStr,
        bytes: &[u8],
    ) -> Result<Bound<'py, PyAny>, Unread<'py>> {
        string.text(self.py, bytes, R::IS_TEXT)
    }

    /// None.
    #[inline]
    pub fn none(&self) -> Bound<'py, PyAny> {
        self.py.None().into_bound(self.py)
    }

    /// A `bool`.
    #[inline]
    pub fn bool(&self, value: bool) -> Bound<'py, PyAny> {
        PyBool::new(self.py, value).to_owned().into_any()
    }

    /// An `int` that is probably small.
    #[inline]
    pub fn int(&self, value: i64) -> Bound<'py, PyAny> {
        new_small_int(self.py, value)
    }

    /// An `int` that is probably large.
    #[inline]
    pub fn large_int(&self, value: i64) -> Result<Bound<'py, PyAny>, Raised<'py>> {
        new_int(self.py, value)
    }

    /// A `float`.
    #[inline]
    pub fn float(&self, value: f64) -> Bound<'py, PyAny> {
        PyFloat::new(self.py, value).into_any()
    }

    /// A `bytes`.
    #[inline]
    pub fn bytes(&self, value: &[u8]) -> Bound<'py, PyAny> {
        PyBytes::new(self.py, value).into_any()
    }

    /// A `bytes` of a size, where `fill` says that it is filled.
    #[inline]
    pub fn bytes_if(
        &self,
        size: usize,
        fill: impl FnOnce(&mut [u8]) -> bool,
    ) -> Option<Bound<'py, PyAny>> {
        let mut is_filled = false;
        let bytes = PyBytes::new_with(self.py, size, |bytes| {
            is_filled = fill(bytes);
            Ok(())
        });
        Some(bytes.ok()?.into_any()).filter(|_| is_filled)
    }

    /// A `str` of UTF-8.
    #[inline]
    pub fn str(&self, value: &[u8]) -> Result<Bound<'py, PyAny>, NoStr<'py>> {
        new_str(self.py, value)
    }

    /// A `str` of text.
    #[inline]
    pub fn str_of_text(&self, text: Utf8<'_>) -> Result<Bound<'py, PyAny>, NoStr<'py>> {
        str_of_text(self.py, text)
    }

    /// A `str` of code points; none where one is half of a surrogate pair.
    #[inline]
    pub fn str_of_codes(&self, codes: &[u32]) -> Result<Bound<'py, PyAny>, NoStr<'py>> {
        str_of_codes(self.py, codes)
    }

    /// An empty dict.
    #[inline]
    pub fn dict(&self) -> Bound<'py, PyDict> {
        PyDict::new(self.py)
    }

    /// An empty list.
    #[inline]
    pub fn list(&self) -> Bound<'py, PyList> {
        PyList::empty(self.py)
    }

    /// An object that is there.
    #[inline]
    pub fn look_at<'a, T>(&self, object: &'a Py<T>) -> &'a Bound<'py, T> {
        object.bind(self.py)
    }

    /// What a link refers to.
    #[inline]
    pub fn follow<'a, T>(&self, link: &'a Link<T>) -> Option<&'a Py<T>> {
        link.get(self.py)
    }

    /// An object that is there, with a reference of its own.
    #[inline]
    pub fn share<T>(&self, object: &Py<T>) -> Bound<'py, T> {
        self.look_at(object).clone()
    }

    /// An object that is there, by a reference that is given away.
    #[inline]
    pub fn take<T>(&self, object: Py<T>) -> Bound<'py, T> {
        object.into_bound(self.py)
    }

    /// The interpreter, for the functions of this room that make objects.
    pub(super) fn py(&self) -> Python<'py> {
        self.py
    }
}
