//! The protocol objects and their factories.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyBytes, PyString};

mod apache_json;
mod bare_value;
mod jobs;
mod native;
mod scan;

use crate::py::codec::{self, Dialect, ProtocolSettings, Settings};
use crate::py::ffi;
use crate::py::structs::Plan;
use crate::wire::MessageHeader;

use bare_value::SkipValue;

pub use bare_value::{read_value, write_value};
pub use jobs::{ReadMessage, ReadStruct, WriteStruct};
pub use native::{
    TApacheJSONProtocol, TApacheJSONProtocolFactory, TBinaryProtocol, TBinaryProtocolFactory,
    TCompactProtocol, TCompactProtocolFactory,
};
pub use scan::ValueScan;

/// A protocol over a transport: what thriftpy2's protocol objects do, for
/// every dialect.
#[pyclass(extends = ProtocolSettings, subclass, module = "fastthrift._core")]
pub struct NativeProtocol {
    /// The transport, which may be swapped between two calls. An option, so
    /// that the collector may see the object before it is set.
    trans: Option<Py<PyAny>>,
}

/// The settings and the transport as they are now; nothing of the protocol
/// stays borrowed while the codec runs.
fn parts<'py>(this: &Bound<'py, NativeProtocol>) -> PyResult<(Settings, Bound<'py, PyAny>)> {
    let settings = this.as_super().get().get();
    let trans = this.try_borrow()?.trans(this.py()).into_bound(this.py());
    Ok((settings, trans))
}

/// What to read a message with in place of the methods of a protocol; none
/// unless it is one of ours, with its own methods.
pub fn original_reader<'py>(
    protocol: &Bound<'py, PyAny>,
) -> PyResult<Option<(Settings, Bound<'py, PyAny>)>> {
    let py = protocol.py();
    let found = original(
        protocol,
        [
            intern!(py, "read_message_begin"),
            intern!(py, "read_struct"),
            intern!(py, "read_message_end"),
        ],
    )?;
    match found {
        Some((settings, _)) if settings.dialect == Dialect::Json => {
            // What is left to read is for the methods of the protocol.
            let message = apache_json::next_message(protocol.cast()?)?;
            Ok(Some((settings, message.into_any())))
        }
        found => Ok(found),
    }
}

/// What to write a message with in place of the methods of a protocol; none
/// unless it is one of ours, with its own methods.
pub fn original_writer<'py>(
    protocol: &Bound<'py, PyAny>,
) -> PyResult<Option<(Settings, Bound<'py, PyAny>)>> {
    let py = protocol.py();
    original(
        protocol,
        [
            intern!(py, "write_message_begin"),
            intern!(py, "write_struct"),
            intern!(py, "write_message_end"),
        ],
    )
    .and_then(|found| match found {
        Some((settings, _))
            if settings.dialect == Dialect::Json && apache_json::has_header(protocol.cast()?)? =>
        {
            Ok(None)
        }
        found => Ok(found),
    })
}

fn original<'py>(
    protocol: &Bound<'py, PyAny>,
    methods: [&Bound<'py, PyString>; 3],
) -> PyResult<Option<(Settings, Bound<'py, PyAny>)>> {
    let ours = protocol.is_exact_instance_of::<TBinaryProtocol>()
        || protocol.is_exact_instance_of::<TCompactProtocol>()
        || protocol.is_exact_instance_of::<TApacheJSONProtocol>();
    if !ours || !ffi::has_original_methods(protocol, &methods)? {
        return Ok(None);
    }
    parts(protocol.cast()?).map(Some)
}

/// The name of a message. As in thriftpy2 one that is not UTF-8 stays bytes.
pub fn message_name<'py>(py: Python<'py>, header: &MessageHeader) -> Bound<'py, PyAny> {
    match PyString::from_bytes(py, &header.name) {
        Ok(name) => name.into_any(),
        Err(_) => PyBytes::new(py, &header.name).into_any(),
    }
}

/// The name of a message that is given as a `str` or as bytes.
fn name_bytes(name: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
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
