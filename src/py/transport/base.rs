//! What the buffered and the framed transport have in common: both own the
//! bytes on their way, and differ in how messages are cut.

use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::PyBytes;

use super::contents::{append, buffer_of, contents_of};
use super::input::Fetch;
use super::{ReadAhead, TransportInput, Underlying};
use crate::py::error;
use crate::py::stream::framed;
use crate::wire::{Limits, WireType};

/// A buffer that has grown larger is given back when it is empty, in bytes.
const LARGEST_KEPT: usize = 1 << 16;

/// The base of the native transports over another transport.
///
/// While the transport below is waited for, nothing of this object is
/// borrowed: other threads and greenlets may look at it.
#[pyclass(subclass, dict, weakref, module = "fastthrift.transport.cybase")]
pub struct CyTransportBase {
    /// An option, so that the collector may see the object before it is set.
    trans: Option<Py<PyAny>>,
    read_ahead: ReadAhead,
    written: Vec<u8>,
    fetch: Fetch,
    framed: bool,
    refused: bool,
    /// Where a user has set the position of `_wbuf`, unless that is its end.
    cursor: Option<usize>,
}

impl CyTransportBase {
    /// A transport that keeps what is written until `flush` sends it as it
    /// is, or as one frame.
    pub fn new(trans: Option<Py<PyAny>>, fetch: Fetch) -> Self {
        Self {
            trans,
            read_ahead: ReadAhead::default(),
            written: Vec::new(),
            fetch,
            framed: matches!(fetch, Fetch::Frames { .. }),
            refused: false,
            cursor: None,
        }
    }

    /// Takes the read side out, for reading natively.
    pub fn take_input<'py>(&mut self, py: Python<'py>, limit: usize) -> TransportInput<'py> {
        TransportInput::new(
            self.trans(py).into_bound(py),
            std::mem::take(&mut self.read_ahead),
            self.fetch,
            limit,
        )
    }

    /// Puts the read side back.
    pub fn put_input_back(&mut self, input: TransportInput<'_>) {
        self.read_ahead = input.into_read_ahead();
    }

    /// How many bytes of the frame that came last were not taken; none where
    /// there are no frames.
    pub fn rest_of_frame(&self) -> usize {
        if self.framed {
            self.read_ahead.end - self.read_ahead.position
        } else {
            0
        }
    }

    /// Drops what is left of the frame that came last, where that is one byte
    /// that ends a struct, and no message.
    pub fn pass_over_stop(&mut self) {
        let ahead = &mut self.read_ahead;
        if self.framed && ahead.bytes.get(ahead.position..ahead.end) == Some(&[WireType::STOP]) {
            ahead.position = ahead.end;
        }
    }

    /// What was read ahead and not taken, frames with their lengths.
    pub fn arrived(&self) -> &[u8] {
        &self.read_ahead.bytes[self.read_ahead.position..]
    }

    /// Whether nothing was written since the last flush.
    pub fn is_flushed(&self) -> bool {
        self.written.is_empty()
    }

    /// Takes out what was written and not flushed, to write to natively.
    pub fn take_written(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.written)
    }

    /// Puts it back, before whatever was written meanwhile.
    pub fn put_written_back(&mut self, mut written: Vec<u8>) {
        written.append(&mut self.written);
        self.written = written;
    }

    /// Takes what a flush sends, and the transport below that it goes to; none
    /// where there is no frame to send.
    pub fn take_output<'py>(
        this: &Bound<'py, Self>,
    ) -> PyResult<Option<(Bound<'py, PyBytes>, Bound<'py, PyAny>)>> {
        let py = this.py();
        let mut this = this.try_borrow_mut()?;
        let below = this.trans(py).into_bound(py);
        this.refused = false;
        let written = &this.written;
        let output = match (this.fetch, written.is_empty()) {
            (Fetch::Frames { .. }, true) => return Ok(None),
            (Fetch::Frames { limit, .. }, false) => framed(py, written, Some(limit), false),
            _ => Ok(PyBytes::new(py, written)),
        };
        this.written.clear();
        this.written.shrink_to(LARGEST_KEPT);
        this.cursor = None;
        this.refused = output.is_err();
        Ok(Some((output?, below)))
    }

    /// How many bytes were read ahead and not taken, where more come from,
    /// and how many to ask that for: as many as the last message took, within
    /// reason.
    pub fn source<'py>(&mut self, py: Python<'py>) -> PyResult<(usize, Bound<'py, PyAny>, usize)> {
        let pending = self.pending();
        if pending == 0 {
            self.read_ahead.clear();
            self.read_ahead.bytes.shrink_to(LARGEST_KEPT);
        }
        let below = self.below(py);
        let size = if below.reads_exactly()? {
            // The first byte shows that something has come.
            1
        } else {
            self.buf_size().max(self.read_ahead.bytes.capacity())
        };
        Ok((pending, below.0, size))
    }

    /// The transport below.
    pub fn below<'py>(&self, py: Python<'py>) -> Underlying<'py> {
        Underlying(self.trans(py).into_bound(py))
    }
}

#[pymethods]
impl CyTransportBase {
    /// The transport below.
    #[getter]
    fn trans(&self, py: Python<'_>) -> Py<PyAny> {
        match &self.trans {
            Some(trans) => trans.clone_ref(py),
            None => py.None(),
        }
    }

    #[setter]
    fn set_trans(&mut self, trans: Py<PyAny>) {
        self.trans = Some(trans);
    }

    /// The transport below, under the name of thriftpy2's Python classes.
    #[getter]
    fn _trans(&self, py: Python<'_>) -> Py<PyAny> {
        self.trans(py)
    }

    /// What was read ahead and not taken.
    fn _unread<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.read_ahead.bytes[self.read_ahead.position..])
    }

    /// What was read ahead, or the frame, as a `BytesIO`.
    #[getter]
    fn _rbuf<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        buffer_of(this, "_load_rbuf", "_store_rbuf", false)
    }

    #[setter(_rbuf)]
    fn set_rbuf(this: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let (contents, position) = contents_of(value)?;
        this.try_borrow_mut()?.store_rbuf(&contents, position);
        Ok(())
    }

    /// What was written and not flushed, as a `BytesIO`.
    #[getter]
    fn _wbuf<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        buffer_of(this, "_load_wbuf", "_store_wbuf", true)
    }

    #[setter(_wbuf)]
    fn set_wbuf(this: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let (contents, position) = contents_of(value)?;
        this.try_borrow_mut()?.store_wbuf(&contents, position);
        Ok(())
    }

    fn _load_rbuf<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>, usize) {
        let ahead = &self.read_ahead;
        let start = if self.framed {
            0
        } else {
            ahead.left.min(ahead.position)
        };
        let contents = PyBytes::new(py, &ahead.bytes[start..ahead.end]);
        (contents, ahead.position - start)
    }

    #[pyo3(name = "_store_rbuf")]
    fn store_rbuf(&mut self, contents: &[u8], position: usize) {
        let ahead = &mut self.read_ahead;
        // What follows a frame has been read too, and stays.
        let end = if self.framed {
            ahead.end
        } else {
            ahead.bytes.len()
        };
        ahead.bytes.splice(..end, contents.iter().copied());
        ahead.end = contents.len();
        ahead.position = position.min(contents.len());
        ahead.left = 0;
    }

    fn _load_wbuf<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>, usize) {
        let end = self.written.len();
        let position = self.cursor.map_or(end, |cursor| cursor.min(end));
        (PyBytes::new(py, &self.written), position)
    }

    #[pyo3(name = "_store_wbuf")]
    fn store_wbuf(&mut self, contents: &[u8], position: usize) {
        self.written = contents.to_vec();
        self.cursor = (position < contents.len()).then_some(position);
    }

    /// The socket below, or None.
    #[getter]
    fn sock(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.below(py).socket()
    }

    /// Whether the transport below is open.
    fn is_open(this: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let below = this.try_borrow()?.below(this.py());
        below.call("is_open")
    }

    /// Opens the transport below.
    fn open(this: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let below = this.try_borrow()?.below(this.py());
        below.call("open")
    }

    /// Closes the transport below.
    fn close(this: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let below = this.try_borrow()?.below(this.py());
        below.call("close")
    }

    /// Reads exactly `sz` bytes, whatever frames they come in.
    fn read<'py>(this: &Bound<'py, Self>, sz: usize) -> PyResult<Bound<'py, PyBytes>> {
        let py = this.py();
        let mut input = this.try_borrow_mut()?.take_input(py, Limits::DEFAULT_SIZE);
        let read = match input.take_across_frames(sz) {
            Ok(bytes) => Ok(PyBytes::new(py, bytes)),
            Err(error) => Err(error::from_wire(py, error, None, "")),
        };
        this.try_borrow_mut()?.put_input_back(input);
        read
    }

    /// Reads exactly `sz` bytes, under the name of thriftpy2's Python classes.
    fn _read<'py>(this: &Bound<'py, Self>, sz: usize) -> PyResult<Bound<'py, PyBytes>> {
        Self::read(this, sz)
    }

    /// Keeps bytes until `flush`.
    fn write(&mut self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        append(&mut self.written, data)
    }

    /// Sends what was written, in one piece.
    fn flush(this: &Bound<'_, Self>) -> PyResult<()> {
        // Taken before it is sent, so that a failure does not send it twice.
        let Some((output, below)) = Self::take_output(this)? else {
            return Ok(());
        };
        let below = Underlying(below);
        if !output.as_bytes().is_empty() {
            below.write_bytes(&output)?;
        }
        below.flush()
    }

    /// Forgets what was read ahead and what was not flushed.
    fn clean(&mut self) {
        self.read_ahead.clear();
        self.discard_output();
    }

    /// Forgets what was not flushed.
    fn discard_output(&mut self) {
        self.written.clear();
        self.cursor = None;
    }

    /// Whether the last flush was refused because of a limit, so that nothing
    /// was sent.
    #[getter]
    fn refused(&self) -> bool {
        self.refused
    }

    /// How many bytes were read ahead and not taken.
    fn pending(&self) -> usize {
        self.arrived().len()
    }

    /// Adds bytes that were read from the transport below.
    ///
    /// `fastthrift._calls.wait` reads in Python and hands the bytes over here.
    fn feed(&mut self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        append(&mut self.read_ahead.bytes, data)?;
        if !self.framed {
            self.read_ahead.end = self.read_ahead.bytes.len();
        }
        Ok(())
    }

    /// The least that is read from the transport below at once, in bytes.
    #[getter]
    fn buf_size(&self) -> usize {
        match self.fetch {
            Fetch::Exact => 0,
            Fetch::Ahead(size) | Fetch::Frames { ahead: size, .. } => size,
        }
    }

    /// The least that is read at once, under the name of thriftpy2's Python
    /// classes.
    #[getter]
    fn _buf_size(&self) -> usize {
        self.buf_size()
    }

    /// The contents of a transport in memory below.
    fn getvalue(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.below(py).call("getvalue")
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.trans)
    }
}
