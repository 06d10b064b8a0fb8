//! The server's side: from a call to the handler's arguments, from the value
//! that it returns to a reply.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::fields::{ReadFields, ValuesBySlot};
use super::json;
use super::message::WriteMessage;
use super::method::{Method, Signature};
use crate::py::codec;
use crate::py::ffi::Quiet;
use crate::py::protocol::{ReadMessage, message_name, original_reader};
use crate::py::transport::ToSend;
use crate::wire::{MessageHeader, message_type};

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
        return read_json_call(service, iprot, message);
    };
    let header = codec::read(&settings, &trans, ReadMessage)?;
    let name = message_name(py, &header);
    note_header(message, &name, &header)?;
    if !is_call(&header) {
        return Ok(None);
    }
    let Some(method) = Method::served(service, &name)? else {
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
    let (values, _) = codec::read(&settings, &trans, arguments)?;
    received(method.clone(), signature, values).map(Some)
}

/// Reads a call over thriftpy2's JSON protocol; all of it or nothing.
fn read_json_call<'py>(
    service: &Bound<'py, PyAny>,
    iprot: &Bound<'py, PyAny>,
    message: &Bound<'py, PyAny>,
) -> PyResult<Option<ReceivedCall<'py>>> {
    let py = iprot.py();
    let method_of = |header: &MessageHeader| {
        let name = is_call(header).then(|| message_name(py, header))?;
        // What is wrong with a service is said by the methods that read then.
        let method = Method::served(service, &name).ok()??;
        method.get().signature().is_some().then_some(method)
    };
    let read = json::read(iprot, method_of, Method::arguments)?;
    let Some((header, method, values)) = read else {
        return Ok(None);
    };
    note_header(message, &message_name(py, &header), &header)?;
    match method.get().signature() {
        Some(signature) => received(method.clone(), signature, values).map(Some),
        None => Ok(None),
    }
}

fn is_call(header: &MessageHeader) -> bool {
    matches!(
        header.message_type,
        message_type::CALL | message_type::ONEWAY
    )
}

fn note_header(
    message: &Bound<'_, PyAny>,
    name: &Bound<'_, PyAny>,
    header: &MessageHeader,
) -> PyResult<()> {
    message.setattr(
        intern!(message.py(), "header"),
        (name, header.message_type, header.sequence_id),
    )
}

/// A call with the arguments that came, and the defaults of those that did not.
fn received<'py>(
    method: Bound<'py, Method>,
    signature: &Signature,
    mut values: ValuesBySlot<'py>,
) -> PyResult<ReceivedCall<'py>> {
    let py = method.py();
    for (value, parameter) in values.iter_mut().zip(&signature.parameters) {
        if value.is_none() {
            *value = Some(parameter.default.get(&mut Quiet::new(py, false))?);
        }
    }
    let values = PyTuple::new(py, values)?;
    let name = method.get().name.bind(py).clone();
    Ok((method, name, signature.oneway, values))
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
