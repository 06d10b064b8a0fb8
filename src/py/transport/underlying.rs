//! The transport below: any Python object with `read`, `write` and `flush`.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString, PyType};

use crate::py::ffi::{self, Buffer};
use crate::py::imports;

/// A Python object used as a transport.
pub struct Underlying<'py>(pub Bound<'py, PyAny>);

impl Underlying<'_> {
    /// Asks for up to `count` bytes and appends what comes; how many came.
    pub fn read(&self, count: usize, into: &mut Vec<u8>) -> PyResult<usize> {
        let py = self.0.py();
        ffi::stop_at_exit();
        let data = self.0.call_method1(intern!(py, "read"), (count,))?;
        let before = into.len();
        if let Ok(bytes) = data.cast::<PyBytes>() {
            into.extend_from_slice(bytes.as_bytes());
        } else if let Ok(bytes) = data.cast::<PyByteArray>() {
            into.extend_from_slice(&bytes.to_vec());
        } else {
            into.extend_from_slice(&Buffer::of(&data)?.to_vec()?);
        }
        Ok(into.len() - before)
    }

    /// Whether its `read` waits for as many bytes as it is asked for, so that
    /// more than those needed would be waited for in vain: one of our transports,
    /// or any that leaves it to its base class.
    pub fn reads_exactly(&self) -> PyResult<bool> {
        let py = self.0.py();
        if ffi::is_kind_of(&self.0, imports::native_transport(py)?.cast()?) {
            return Ok(true);
        }
        let read = intern!(py, "read");
        let base = imports::transport_base(py)?.cast::<PyType>()?;
        let exact = ffi::own_attribute(base, read);
        let found = ffi::lookup(&self.0.get_type(), read);
        Ok(found
            .zip(exact)
            .is_some_and(|(found, exact)| found.is(&exact)))
    }

    /// Writes bytes.
    pub fn write(&self, data: &[u8]) -> PyResult<()> {
        self.write_bytes(&PyBytes::new(self.0.py(), data))
    }

    /// Writes a `bytes`.
    pub fn write_bytes(&self, data: &Bound<'_, PyBytes>) -> PyResult<()> {
        ffi::stop_at_exit();
        self.0
            .call_method1(intern!(self.0.py(), "write"), (data,))?;
        Ok(())
    }

    /// Flushes.
    pub fn flush(&self) -> PyResult<()> {
        ffi::stop_at_exit();
        self.0.call_method0(intern!(self.0.py(), "flush"))?;
        Ok(())
    }

    /// Calls a method without arguments, `open` for example.
    pub fn call(&self, method: &str) -> PyResult<Py<PyAny>> {
        let method = PyString::intern(self.0.py(), method);
        ffi::stop_at_exit();
        Ok(self.0.call_method0(&method)?.unbind())
    }

    /// The socket at the end of the chain, or None.
    pub fn socket(&self) -> PyResult<Py<PyAny>> {
        let py = self.0.py();
        Ok(self
            .0
            .getattr_opt(intern!(py, "sock"))?
            .map_or_else(|| py.None(), Bound::unbind))
    }
}
