//! A transport in memory.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use super::contents::{append, buffer_of, bytes_of, contents_of};

/// Bytes in memory: written at the end, read from the start.
///
/// Its `getvalue()` gives what has not been read,
/// and `read()` gives fewer bytes than asked for at the end.
#[pyclass(subclass, dict, weakref, module = "fastthrift.transport.memory")]
#[derive(Default)]
pub struct TMemoryBuffer {
    bytes: Vec<u8>,
    position: usize,
    /// The position of `_buffer`, unless that is its end.
    cursor: Option<usize>,
}

impl TMemoryBuffer {
    /// Takes the contents out, for reading or writing natively.
    pub fn take(&mut self) -> (Vec<u8>, usize) {
        (
            std::mem::take(&mut self.bytes),
            std::mem::take(&mut self.position),
        )
    }

    /// Puts the contents back, before whatever was written meanwhile.
    pub fn put_back(&mut self, mut bytes: Vec<u8>, position: usize) {
        if !self.bytes.is_empty() {
            bytes.extend_from_slice(&self.bytes[self.position..]);
        }
        self.bytes = bytes;
        self.position = position;
    }

    /// One that holds these bytes.
    pub fn of(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            position: 0,
            cursor: Some(0),
        }
    }

    /// Has these bytes and nothing else.
    pub fn refill(&mut self, bytes: Vec<u8>) {
        *self = Self::of(bytes);
    }

    /// All it holds, read or not.
    pub fn contents(&self) -> &[u8] {
        &self.bytes
    }

    /// What was not read yet.
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.position..]
    }

    /// Whether it holds something of which nothing was read.
    pub fn is_whole(&self) -> bool {
        self.position == 0 && !self.bytes.is_empty()
    }
}

#[pymethods]
impl TMemoryBuffer {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(value=None, buf_size=4096)")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self::default()
    }

    /// `value` is the initial contents; `buf_size` is accepted and not used.
    #[pyo3(signature = (value = None, buf_size = 4096))]
    fn __init__(
        this: &Bound<'_, Self>,
        value: Option<&Bound<'_, PyAny>>,
        buf_size: usize,
    ) -> PyResult<()> {
        let _ = buf_size;
        let bytes = value.map_or_else(|| Ok(Vec::new()), bytes_of)?;
        *this.try_borrow_mut()? = Self {
            bytes,
            position: 0,
            cursor: value.and(Some(0)),
        };
        Ok(())
    }

    #[getter]
    fn trans(&self) -> Option<Py<PyAny>> {
        None
    }

    #[getter]
    fn sock(&self) -> Option<Py<PyAny>> {
        None
    }

    /// What was written, read or not, as a `BytesIO`. Its position is its
    /// own, as in thriftpy2: `read` reads from `_pos`.
    #[getter]
    fn _buffer<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        buffer_of(this, "_load_buffer", "_store_buffer", true)
    }

    #[setter(_buffer)]
    fn set_buffer(this: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let (contents, position) = contents_of(value)?;
        this.try_borrow_mut()?.store_buffer(&contents, position);
        Ok(())
    }

    fn _load_buffer<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>, usize) {
        let end = self.bytes.len();
        let position = self.cursor.map_or(end, |cursor| cursor.min(end));
        (PyBytes::new(py, &self.bytes), position)
    }

    #[pyo3(name = "_store_buffer")]
    fn store_buffer(&mut self, contents: &[u8], position: usize) {
        self.bytes = contents.to_vec();
        self.position = self.position.min(contents.len());
        self.cursor = (position < contents.len()).then_some(position);
    }

    /// How many bytes were read.
    #[getter]
    fn _pos(&self) -> usize {
        self.position
    }

    #[setter(_pos)]
    fn set_pos(&mut self, position: usize) {
        self.position = position.min(self.bytes.len());
    }

    /// Always true.
    fn is_open(&self) -> bool {
        true
    }

    /// Does nothing.
    fn open(&self) {}

    /// Does nothing.
    fn close(&self) {}

    /// Does nothing.
    fn flush(&self) {}

    /// Reads up to `sz` bytes; fewer at the end.
    fn read<'py>(&mut self, py: Python<'py>, sz: usize) -> Bound<'py, PyBytes> {
        let count = sz.min(self.bytes.len() - self.position);
        let start = self.position;
        self.position += count;
        PyBytes::new(py, &self.bytes[start..start + count])
    }

    /// Reads up to `sz` bytes, under the name of thriftpy2's Python class.
    fn _read<'py>(&mut self, py: Python<'py>, sz: usize) -> Bound<'py, PyBytes> {
        self.read(py, sz)
    }

    /// Adds bytes at the end.
    fn write(&mut self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        append(&mut self.bytes, data)
    }

    /// Forgets everything.
    fn clean(&mut self) {
        self.bytes.clear();
        self.position = 0;
        self.cursor = None;
    }

    /// What has not been read.
    fn getvalue<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.unread())
    }

    /// Replaces the contents.
    fn setvalue(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.refill(bytes_of(value)?);
        Ok(())
    }
}
