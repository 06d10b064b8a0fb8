//! Reads ahead, and keeps what is written until it is flushed.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::base::CyTransportBase;
use super::input::Fetch;

/// The least buffer that can be asked for, as in thriftpy2.
const SMALLEST_BUFFER: usize = 1024;

/// Buffers reading and writing of the transport below.
#[pyclass(extends = CyTransportBase, subclass, module = "fastthrift.transport.buffered")]
pub struct TBufferedTransport;

#[pymethods]
impl TBufferedTransport {
    #[classattr]
    const DEFAULT_BUFFER: usize = 4096;

    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(trans, buf_size=4096)")]
    fn new(
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyClassInitializer<Self> {
        Self::over(None, Self::DEFAULT_BUFFER)
    }

    /// `buf_size` is the least that is read at once, in bytes.
    #[pyo3(signature = (trans, buf_size = 4096))]
    fn __init__(this: &Bound<'_, Self>, trans: Py<PyAny>, buf_size: usize) -> PyResult<()> {
        if buf_size < SMALLEST_BUFFER {
            return Err(PyValueError::new_err(format!(
                "buffer too small: {buf_size} bytes, needs at least {SMALLEST_BUFFER}"
            )));
        }
        *this.as_super().try_borrow_mut()? =
            CyTransportBase::new(Some(trans), Fetch::Ahead(buf_size));
        Ok(())
    }
}

impl TBufferedTransport {
    fn over(trans: Option<Py<PyAny>>, buf_size: usize) -> PyClassInitializer<Self> {
        let base = CyTransportBase::new(trans, Fetch::Ahead(buf_size));
        PyClassInitializer::from(base).add_subclass(Self)
    }
}

/// Makes buffered transports.
#[pyclass(subclass, dict, module = "fastthrift.transport.buffered")]
pub struct TBufferedTransportFactory;

#[pymethods]
impl TBufferedTransportFactory {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "()")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self
    }

    fn __init__(&self) {}

    /// The attributes, for copy and pickle.
    fn __getstate__<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        this.getattr("__dict__")
    }

    /// A buffered transport over `trans`.
    fn get_transport(&self, py: Python<'_>, trans: Py<PyAny>) -> PyResult<Py<TBufferedTransport>> {
        Py::new(
            py,
            TBufferedTransport::over(Some(trans), TBufferedTransport::DEFAULT_BUFFER),
        )
    }
}
