//! The protocol objects of every dialect.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyBytes, PyString};

use super::jobs::{ReadMessage, ReadStruct, ReadValue, SkipValue, WriteStruct, WriteValue};
use crate::py::codec::{self, ProtocolSettings, Settings};
use crate::py::structs::{Kind, Numbers, Plan};
use crate::wire::MessageHeader;

/// A protocol over a transport: what thriftpy2's protocol objects do, for
/// every dialect.
#[pyclass(extends = ProtocolSettings, subclass, module = "fastthrift._core")]
pub struct NativeProtocol {
    /// The transport, which may be swapped between two calls. An option, so
    /// that the collector may see the object before it is set.
    pub(super) trans: Option<Py<PyAny>>,
}

/// The settings and the transport as they are now; nothing of the protocol
/// stays borrowed while the codec runs.
pub fn parts<'py>(this: &Bound<'py, NativeProtocol>) -> PyResult<(Settings, Bound<'py, PyAny>)> {
    let settings = this.as_super().get().get();
    let trans = this.try_borrow()?.trans(this.py()).into_bound(this.py());
    Ok((settings, trans))
}

/// The name of a message. As in thriftpy2 one that is not UTF-8 stays bytes.
pub fn message_name<'py>(py: Python<'py>, header: &MessageHeader) -> Bound<'py, PyAny> {
    match PyString::from_bytes(py, &header.name) {
        Ok(name) => name.into_any(),
        Err(_) => PyBytes::new(py, &header.name).into_any(),
    }
}

/// The name of a message that is given as a `str` or as bytes.
pub fn name_bytes(name: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    match name.cast::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes().to_vec()),
        Err(_) => Ok(name.cast::<PyString>()?.to_str()?.as_bytes().to_vec()),
    }
}

#[pymethods]
impl NativeProtocol {
    /// The transport.
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

    /// Passes over a value of a `TType`.
    fn skip(this: &Bound<'_, Self>, ttype: u8) -> PyResult<()> {
        let (settings, trans) = parts(this)?;
        codec::read(&settings, &trans, SkipValue(ttype))
    }

    /// Reads the header of a message: name, message type, sequence id.
    fn read_message_begin<'py>(this: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, u8, i32)> {
        let py = this.py();
        let (settings, trans) = parts(this)?;
        let header = codec::read(&settings, &trans, ReadMessage)?;
        let name = message_name(py, &header);
        Ok((name, header.message_type, header.sequence_id))
    }

    /// Ends a message; nothing is left to read.
    fn read_message_end(&self) {}

    /// Writes the header of a message.
    fn write_message_begin(
        this: &Bound<'_, Self>,
        name: &Bound<'_, PyAny>,
        ttype: u8,
        seqid: i32,
    ) -> PyResult<()> {
        let (settings, trans) = parts(this)?;
        let header = MessageHeader {
            name: name_bytes(name)?,
            message_type: ttype,
            sequence_id: seqid,
        };
        codec::write(&settings, &trans, header)
    }

    /// Ends a message; nothing is left to write.
    fn write_message_end(&self) {}

    /// Reads the fields of a struct into `obj` and returns it.
    fn read_struct<'py>(
        this: &Bound<'py, Self>,
        obj: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (settings, trans) = parts(this)?;
        let strings = settings.strings();
        let plan = Plan::of_object(&obj)?;
        let job = ReadStruct {
            plan: plan.get(),
            object: &obj,
            strings,
        };
        codec::read(&settings, &trans, job)?;
        Ok(obj)
    }

    /// Writes the fields of a struct.
    fn write_struct(this: &Bound<'_, Self>, obj: &Bound<'_, PyAny>) -> PyResult<()> {
        let (settings, trans) = parts(this)?;
        codec::write(&settings, &trans, WriteStruct(obj))
    }

    fn __getstate__(this: &Bound<'_, Self>) -> PyResult<()> {
        Err(PyTypeError::new_err(format!(
            "cannot pickle a {}: it belongs to a connection; pickle its factory",
            this.get_type().name()?
        )))
    }

    /// Reads a bare value of a type as `thrift_spec` writes it.
    #[pyo3(signature = (ttype, spec = None))]
    fn _read_val<'py>(
        this: &Bound<'py, Self>,
        ttype: &Bound<'py, PyAny>,
        spec: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        read_value(this, ttype, spec)
    }

    /// Writes a bare value of a type as `thrift_spec` writes it.
    #[pyo3(signature = (ttype, val, spec = None))]
    fn _write_val<'py>(
        this: &Bound<'py, Self>,
        ttype: &Bound<'py, PyAny>,
        val: &Bound<'py, PyAny>,
        spec: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        write_value(this, ttype, val, spec)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
        visit.call(&self.trans)
    }
}

/// Reads a bare value of a type as `thrift_spec` writes it.
#[pyfunction]
#[pyo3(signature = (protocol, ttype, spec = None))]
pub fn read_value<'py>(
    protocol: &Bound<'py, NativeProtocol>,
    ttype: &Bound<'py, PyAny>,
    spec: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (settings, trans) = parts(protocol)?;
    let kind = kind(ttype, spec)?;
    let strings = settings.strings();
    codec::read(&settings, &trans, ReadValue { kind, strings })
}

/// Writes a bare value of a type as `thrift_spec` writes it.
#[pyfunction]
#[pyo3(signature = (protocol, ttype, value, spec = None))]
pub fn write_value<'py>(
    protocol: &Bound<'py, NativeProtocol>,
    ttype: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
    spec: Option<&Bound<'py, PyAny>>,
) -> PyResult<()> {
    let (settings, trans) = parts(protocol)?;
    let kind = kind(ttype, spec)?;
    codec::write(&settings, &trans, WriteValue { kind, value })
}

fn kind(ttype: &Bound<'_, PyAny>, spec: Option<&Bound<'_, PyAny>>) -> PyResult<Kind> {
    let none = ttype.py().None().into_bound(ttype.py());
    Kind::compile(ttype, spec.unwrap_or(&none), Numbers::Lists)
}
