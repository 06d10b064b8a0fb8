//! Reads ahead, and keeps what is written until it is flushed.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::base::CyTransportBase;
use super::input::Fetch;

/// The least buffer that can be asked for, as in thriftpy2.
const SMALLEST_BUFFER: usize = 1024;

/// Buffers reading and writing of the transport below.
#[pyclass(extends = CyTransportBase, subclass, module = "fastthrift.transport.buffered")]
pub struct TBufferedTransport;

#[pymethods]
impl TBufferedTransport {
    /// `buf_size` is the least that is read at once, in bytes.
    #[new]
    #[pyo3(signature = (trans, buf_size = 4096))]
    fn new(trans: Py<PyAny>, buf_size: usize) -> PyResult<PyClassInitializer<Self>> {
        if buf_size < SMALLEST_BUFFER {
            return Err(PyValueError::new_err(format!(
                "buffer too small: {buf_size} bytes, needs at least {SMALLEST_BUFFER}"
            )));
        }
        let base = CyTransportBase::new(trans, Fetch::Ahead(buf_size));
        Ok(PyClassInitializer::from(base).add_subclass(Self))
    }

    #[classattr]
    const DEFAULT_BUFFER: usize = 4096;
}

/// Makes buffered transports.
#[pyclass(subclass, dict, module = "fastthrift.transport.buffered")]
pub struct TBufferedTransportFactory;

#[pymethods]
impl TBufferedTransportFactory {
    #[new]
    fn new() -> Self {
        Self
    }

    /// A buffered transport over `trans`.
    fn get_transport(&self, py: Python<'_>, trans: Py<PyAny>) -> PyResult<Py<TBufferedTransport>> {
        let transport = TBufferedTransport::new(trans, TBufferedTransport::DEFAULT_BUFFER)?;
        Py::new(py, transport)
    }
}
