//! Whole payloads to bytes and back, without transport objects.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::codec;
use super::ffi;
use super::imports;
use super::protocol::{ReadStruct, TBinaryProtocolFactory, TCompactProtocolFactory, WriteStruct};
use super::settings::{Dialect, ProtocolSettings, Settings};
use super::transport::TMemoryBuffer;

/// The settings of a factory that is exactly one of ours.
fn native_settings(factory: &Bound<'_, PyAny>) -> PyResult<Option<Settings>> {
    if factory.is_exact_instance_of::<TBinaryProtocolFactory>()
        || factory.is_exact_instance_of::<TCompactProtocolFactory>()
    {
        return Ok(Some(
            factory.cast::<ProtocolSettings>()?.try_borrow()?.settings,
        ));
    }
    Ok(None)
}

/// Whether the object's class has the `read` or `write` of `TPayload`.
fn has_plain_method(object: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    let base = imports::payload(object.py())?;
    let plain = ffi::own_attribute(base, name);
    let found = ffi::lookup(&object.get_type(), name);
    Ok(match (plain, found) {
        (Some(plain), Some(found)) => plain.is(&found),
        _ => false,
    })
}

/// The bytes of a payload.
#[pyfunction]
pub fn serialize<'py>(
    thrift_object: &Bound<'py, PyAny>,
    proto_factory: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = thrift_object.py();
    if let Some(settings) = native_settings(proto_factory)?
        && has_plain_method(thrift_object, intern!(py, "write"))?
    {
        let mut bytes = Vec::new();
        codec::write_bytes(py, &settings, &mut bytes, WriteStruct(thrift_object))?;
        return Ok(PyBytes::new(py, &bytes).into_any());
    }
    let transport = Bound::new(py, TMemoryBuffer::default())?;
    let protocol = proto_factory.call_method1(intern!(py, "get_protocol"), (&transport,))?;
    thrift_object.call_method1(intern!(py, "write"), (&protocol,))?;
    protocol.call_method0(intern!(py, "write_message_end"))?;
    transport.call_method0(intern!(py, "getvalue"))
}

/// Fills a payload from bytes.
#[pyfunction]
pub fn deserialize<'py>(
    thrift_object: Bound<'py, PyAny>,
    buf: &Bound<'py, PyAny>,
    proto_factory: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = thrift_object.py();
    if let Some(settings) = native_settings(proto_factory)?
        && has_plain_method(&thrift_object, intern!(py, "read"))?
    {
        read_into(&settings, &thrift_object, buf)?;
        return Ok(thrift_object);
    }
    let transport = py.get_type::<TMemoryBuffer>().call1((buf,))?;
    let protocol = proto_factory.call_method1(intern!(py, "get_protocol"), (&transport,))?;
    thrift_object.call_method1(intern!(py, "read"), (&protocol,))?;
    Ok(thrift_object)
}

fn read_into<'py>(
    settings: &Settings,
    object: &Bound<'py, PyAny>,
    buffer: &Bound<'py, PyAny>,
) -> PyResult<()> {
    let py = object.py();
    let text = settings.text();
    let job = ReadStruct { object, text };
    if let Ok(bytes) = buffer.cast::<PyBytes>() {
        return codec::read_bytes(py, settings, bytes.as_bytes(), job);
    }
    // Other buffers may change while Python code runs: work on a copy.
    let bytes = super::transport::bytes_of(buffer)?;
    codec::read_bytes(py, settings, &bytes, job)
}

/// The settings meant by the `protocol` argument of `encode` and `decode`.
fn settings(protocol: Option<&Bound<'_, PyAny>>) -> PyResult<Settings> {
    let Some(protocol) = protocol else {
        return Ok(Settings::new(Dialect::Binary));
    };
    if let Ok(name) = protocol.cast::<PyString>() {
        let dialect = match name.to_str()? {
            "binary" => Dialect::Binary,
            "compact" => Dialect::Compact,
            other => {
                return Err(PyValueError::new_err(format!(
                    "unknown protocol {other:?}: use 'binary', 'compact' or a protocol factory"
                )));
            }
        };
        return Ok(Settings::new(dialect));
    }
    native_settings(protocol)?.ok_or_else(|| {
        PyTypeError::new_err(
            "protocol must be 'binary', 'compact', a TBinaryProtocolFactory or a \
             TCompactProtocolFactory; use fastthrift.utils.serialize for other factories",
        )
    })
}

/// The bytes of a struct.
///
/// `protocol` is 'binary' (the default), 'compact' or a native protocol
/// factory.
#[pyfunction]
#[pyo3(signature = (obj, protocol = None))]
pub fn encode<'py>(
    obj: &Bound<'py, PyAny>,
    protocol: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut bytes = Vec::new();
    codec::write_bytes(obj.py(), &settings(protocol)?, &mut bytes, WriteStruct(obj))?;
    Ok(PyBytes::new(obj.py(), &bytes))
}

/// A new struct of class `cls` from any bytes-like `buffer`.
///
/// `protocol` is 'binary' (the default), 'compact' or a native protocol
/// factory.
#[pyfunction]
#[pyo3(signature = (cls, buffer, protocol = None))]
pub fn decode<'py>(
    cls: &Bound<'py, PyAny>,
    buffer: &Bound<'py, PyAny>,
    protocol: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let object = cls.call0()?;
    read_into(&settings(protocol)?, &object, buffer)?;
    Ok(object)
}
