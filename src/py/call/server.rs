//! The server's side: from a call to the handler's arguments, from the value
//! that it returns to a reply.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::message::{ReadFields, WriteMessage};
use super::method::Method;
use crate::py::codec;
use crate::py::ffi::Quiet;
use crate::py::protocol::{ReadMessage, message_name, original_reader};
use crate::py::transport::ToSend;
use crate::wire::message_type;

type ReceivedCall<'py> = (
    Bound<'py, Method>,
    Bound<'py, PyString>,
    bool,
    Bound<'py, PyTuple>,
);

/// Reads a call: its method, the method's name, whether nobody waits for an
/// answer, and the arguments for the handler.
///
/// Sets `message.header` as soon as it was read. None where it was not,
/// because the protocol has to be asked by its methods, and where the rest
/// of the message has to be read by them: it is no call, or not for us.
#[pyfunction]
pub fn read_call<'py>(
    service: &Bound<'py, PyAny>,
    iprot: &Bound<'py, PyAny>,
    message: &Bound<'py, PyAny>,
) -> PyResult<Option<ReceivedCall<'py>>> {
    let py = iprot.py();
    let Some((settings, trans)) = original_reader(iprot)? else {
        return Ok(None);
    };
    let header = codec::read(&settings, &trans, ReadMessage)?;
    let name = message_name(py, &header);
    message.setattr(
        intern!(py, "header"),
        (&name, header.message_type, header.sequence_id),
    )?;
    if !matches!(
        header.message_type,
        message_type::CALL | message_type::ONEWAY
    ) {
        return Ok(None);
    }
    let Some(method) = served(service, &name)? else {
        return Ok(None);
    };
    let prepared = method.get();
    let Some(signature) = prepared.signature() else {
        return Ok(None);
    };
    let arguments = ReadFields {
        plan: prepared.arguments(),
        strings: settings.strings(),
    };
    let (mut values, _) = codec::read(&settings, &trans, arguments)?;
    for (value, parameter) in values.iter_mut().zip(&signature.parameters) {
        if value.is_none() {
            *value = Some(parameter.default.get(&mut Quiet::new(py, false))?);
        }
    }
    let values = PyTuple::new(py, values)?;
    let name = prepared.name.bind(py).clone();
    let oneway = signature.oneway;
    Ok(Some((method, name, oneway, values)))
}

/// The method of this name, where the service has it.
fn served<'py>(
    service: &Bound<'py, PyAny>,
    name: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, Method>>> {
    let services = service.getattr(intern!(name.py(), "thrift_services"))?;
    match name.cast::<PyString>() {
        Ok(name) if services.contains(name)? => Method::find(service, name),
        _ => Ok(None),
    }
}

/// Writes the reply to the call `seqid`, for the caller to send. None, and
/// nothing was written, where the protocol has to be asked by its methods.
#[pyfunction]
pub fn write_result<'py>(
    method: &Bound<'py, Method>,
    oprot: &Bound<'py, PyAny>,
    seqid: i32,
    value: &Bound<'py, PyAny>,
) -> PyResult<Option<ToSend<'py>>> {
    let method = method.get();
    let Some(signature) = method.signature() else {
        return Ok(None);
    };
    WriteMessage {
        name: method.name.to_str(oprot.py())?,
        message_type: message_type::REPLY,
        sequence_id: seqid,
        plan: method.result(),
        value_of: |slot| (Some(slot) == signature.success).then(|| value.clone()),
    }
    .output(oprot)
}
