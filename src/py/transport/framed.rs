//! Messages in frames: a length of four bytes, then so many bytes.

use pyo3::prelude::*;

use super::base::CyTransportBase;
use super::input::Fetch;
use crate::wire::Limits;

/// Sends each message as a frame, and reads frames.
#[pyclass(extends = CyTransportBase, subclass, module = "fastthrift.transport.framed")]
pub struct TFramedTransport;

#[pymethods]
impl TFramedTransport {
    /// `buf_size` is the least that is read at once, `max_frame_size` the
    /// longest frame that is accepted, both in bytes.
    #[new]
    #[pyo3(signature = (trans, buf_size = 4096, *, max_frame_size = Limits::DEFAULT_SIZE))]
    fn new(trans: Py<PyAny>, buf_size: usize, max_frame_size: usize) -> PyClassInitializer<Self> {
        let fetch = Fetch::Frames {
            ahead: buf_size,
            limit: max_frame_size,
        };
        PyClassInitializer::from(CyTransportBase::new(trans, fetch)).add_subclass(Self)
    }
}

/// Makes framed transports.
#[pyclass(subclass, dict, module = "fastthrift.transport.framed")]
pub struct TFramedTransportFactory {
    /// The longest frame that is accepted, in bytes.
    #[pyo3(get, set)]
    max_frame_size: usize,
}

#[pymethods]
impl TFramedTransportFactory {
    #[new]
    #[pyo3(signature = (*, max_frame_size = Limits::DEFAULT_SIZE))]
    fn new(max_frame_size: usize) -> Self {
        Self { max_frame_size }
    }

    /// A framed transport over `trans`.
    fn get_transport(&self, py: Python<'_>, trans: Py<PyAny>) -> PyResult<Py<TFramedTransport>> {
        let transport = TFramedTransport::new(trans, 4096, self.max_frame_size);
        Py::new(py, transport)
    }
}
