//! Whole payloads to bytes and back, without transport objects.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::codec::{self, Write};
use super::encode::Encoder;
use super::error::CodecError;
use super::plan::Plan;
use super::protocol::{
    ReadStruct, TBinaryProtocol, TBinaryProtocolFactory, TCompactProtocolFactory, WriteStruct,
};
use super::settings::{Dialect, Settings};
use super::transport::TMemoryBuffer;
use crate::wire::Writer;

/// The settings of a factory that is exactly one of ours.
#[inline]
fn native_settings(factory: &Bound<'_, PyAny>) -> PyResult<Option<Settings>> {
    let settings = if let Ok(factory) = factory.cast_exact::<TBinaryProtocolFactory>() {
        factory.as_super()
    } else if let Ok(factory) = factory.cast_exact::<TCompactProtocolFactory>() {
        factory.as_super()
    } else {
        return Ok(None);
    };
    Ok(Some(settings.try_borrow()?.settings))
}

/// The plan of a payload, none where its class has none.
#[inline]
fn plan_of<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, Plan>> {
    // An object without a plan goes the way of duck typing, which says what
    // is wrong with it.
    Plan::of_object(object).ok()
}

/// A struct, to be written by the plan that was found for it.
struct WriteByPlan<'a, 'py> {
    plan: &'a Plan,
    object: &'a Bound<'py, PyAny>,
}

impl<'py> Write<'py> for WriteByPlan<'_, 'py> {
    fn write<W: Writer>(self, py: Python<'py>, writer: &mut W) -> Result<(), CodecError> {
        Encoder::new(py, writer).structure_of(self.plan, self.object)
    }
}

/// The payload as bytes, without a message around it.
///
/// `proto_factory` is any protocol factory; the binary one by default.
#[pyfunction]
#[pyo3(signature = (thrift_object, proto_factory = None))]
pub fn serialize<'py>(
    thrift_object: &Bound<'py, PyAny>,
    proto_factory: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = thrift_object.py();
    if let Some(settings) = factory_settings(proto_factory)?
        && let Some(plan) = plan_of(thrift_object)
        && plan.get().has_plain_write()
    {
        let job = WriteByPlan {
            plan: plan.get(),
            object: thrift_object,
        };
        return Ok(codec::write_new(py, &settings, job)?.into_any());
    }
    let transport = py.get_type::<TMemoryBuffer>().call0()?;
    let protocol = protocol_of(proto_factory, &transport)?;
    thrift_object.call_method1(intern!(py, "write"), (&protocol,))?;
    protocol.call_method0(intern!(py, "write_message_end"))?;
    transport.call_method0(intern!(py, "getvalue"))
}

/// Fills `thrift_object` from bytes and returns it. Bytes after its end are
/// ignored.
///
/// `proto_factory` is any protocol factory; the binary one by default.
#[pyfunction]
#[pyo3(signature = (thrift_object, buf, proto_factory = None))]
pub fn deserialize<'py>(
    thrift_object: Bound<'py, PyAny>,
    buf: &Bound<'py, PyAny>,
    proto_factory: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = thrift_object.py();
    if let Some(settings) = factory_settings(proto_factory)?
        && let Some(plan) = plan_of(&thrift_object)
        && plan.get().has_plain_read()
    {
        read_into(&settings, plan.get(), &thrift_object, buf)?;
        return Ok(thrift_object);
    }
    let transport = py.get_type::<TMemoryBuffer>().call1((buf,))?;
    let protocol = protocol_of(proto_factory, &transport)?;
    thrift_object.call_method1(intern!(py, "read"), (&protocol,))?;
    Ok(thrift_object)
}

fn factory_settings(factory: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Settings>> {
    match factory {
        None => Ok(Some(Settings::new(Dialect::Binary))),
        Some(factory) => native_settings(factory),
    }
}

fn protocol_of<'py>(
    factory: Option<&Bound<'py, PyAny>>,
    transport: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = transport.py();
    match factory {
        None => py.get_type::<TBinaryProtocol>().call1((transport,)),
        Some(factory) => factory.call_method1(intern!(py, "get_protocol"), (transport,)),
    }
}

fn read_into<'py>(
    settings: &Settings,
    plan: &Plan,
    object: &Bound<'py, PyAny>,
    buffer: &Bound<'py, PyAny>,
) -> PyResult<()> {
    let py = object.py();
    let text = settings.text();
    let job = ReadStruct { plan, object, text };
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
    codec::write_new(obj.py(), &settings(protocol)?, WriteStruct(obj))
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
    let plan = Plan::of_object(&object)?;
    read_into(&settings(protocol)?, plan.get(), &object, buffer)?;
    Ok(object)
}
