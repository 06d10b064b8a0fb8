//! Messages in frames: a length of four bytes, then so many bytes.
#![expect(
    clippy::doc_markdown,
    reason = "docstrings begin with signatures, of which the defaults are made here"
)]

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::base::CyTransportBase;
use super::input::Fetch;
use crate::py::error;
use crate::wire::{Limits, default_size};

#[doc = concat!(
    "TFramedTransport(trans, buf_size=4096, *, max_frame_size=", default_size!(), ")\n--\n"
)]
/// Sends each message as a frame, and reads frames.
#[pyclass(extends = CyTransportBase, subclass, module = "fastthrift.transport.framed")]
pub struct TFramedTransport;

#[pymethods]
impl TFramedTransport {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = None)]
    fn new(
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyClassInitializer<Self> {
        Self::over(None, DEFAULT_BUFFER, Limits::DEFAULT_SIZE)
    }

    /// `buf_size` is the least that is read at once, `max_frame_size` the
    /// longest frame that is sent and accepted, both in bytes.
    #[pyo3(signature = (trans, buf_size = DEFAULT_BUFFER, *, max_frame_size = Limits::DEFAULT_SIZE))]
    fn __init__(
        this: &Bound<'_, Self>,
        trans: Py<PyAny>,
        buf_size: usize,
        max_frame_size: usize,
    ) -> PyResult<()> {
        *this.as_super().try_borrow_mut()? =
            CyTransportBase::new(Some(trans), frames(buf_size, max_frame_size));
        Ok(())
    }

    /// Reads the next frame into `_rbuf`; `read` does when it has come to the
    /// end of one.
    fn read_frame(this: &Bound<'_, Self>) -> PyResult<()> {
        let py = this.py();
        let base = this.as_super();
        let mut input = base.try_borrow_mut()?.take_input(py, Limits::DEFAULT_SIZE);
        let read = input.skip_to_next_frame();
        base.try_borrow_mut()?.put_input_back(input);
        read.map_err(|error| error::from_wire(py, error, None, ""))
    }
}

const DEFAULT_BUFFER: usize = 4096;

fn frames(buf_size: usize, max_frame_size: usize) -> Fetch {
    Fetch::Frames {
        ahead: buf_size,
        limit: max_frame_size,
    }
}

impl TFramedTransport {
    fn over(
        trans: Option<Py<PyAny>>,
        buf_size: usize,
        max_frame_size: usize,
    ) -> PyClassInitializer<Self> {
        let base = CyTransportBase::new(trans, frames(buf_size, max_frame_size));
        PyClassInitializer::from(base).add_subclass(Self)
    }
}

#[doc = concat!("TFramedTransportFactory(*, max_frame_size=", default_size!(), ")\n--\n")]
/// Makes framed transports.
#[pyclass(subclass, dict, module = "fastthrift.transport.framed")]
pub struct TFramedTransportFactory {
    /// The longest frame that is sent and accepted, in bytes.
    #[pyo3(get, set)]
    max_frame_size: usize,
}

#[pymethods]
impl TFramedTransportFactory {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = None)]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            max_frame_size: Limits::DEFAULT_SIZE,
        }
    }

    #[pyo3(signature = (*, max_frame_size = Limits::DEFAULT_SIZE))]
    fn __init__(&mut self, max_frame_size: usize) {
        self.max_frame_size = max_frame_size;
    }

    /// The attributes, for copy and pickle.
    fn __getstate__<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let state = this.getattr("__dict__")?.call_method0("copy")?;
        state.set_item("max_frame_size", this.try_borrow()?.max_frame_size)?;
        Ok(state)
    }

    fn __setstate__(this: &Bound<'_, Self>, state: &Bound<'_, PyDict>) -> PyResult<()> {
        for (name, value) in state {
            this.setattr(name.cast::<PyString>()?, value)?;
        }
        Ok(())
    }

    /// A framed transport over `trans`.
    fn get_transport(&self, py: Python<'_>, trans: Py<PyAny>) -> PyResult<Py<TFramedTransport>> {
        Py::new(
            py,
            TFramedTransport::over(Some(trans), DEFAULT_BUFFER, self.max_frame_size),
        )
    }
}
