//! The client's side: from arguments to a call, from a reply to what it says.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::fields::{ReadFields, ValuesBySlot};
use super::json;
use super::message::WriteMessage;
use super::method::{Method, Signature};
use super::original_methods::OriginalMethods;
use crate::py::codec;
use crate::py::ffi::Quiet;
use crate::py::imports;
use crate::py::protocol::{ReadMessage, message_name, original_reader};
use crate::py::transport::{ToSend, rest_of_frame};
use crate::wire::{MessageHeader, message_type};

/// A method, whether nobody waits for its answer, and the arguments.
type BoundCall<'py> = (Bound<'py, Method>, bool, Bound<'py, PyTuple>);

/// A call by its method and its arguments by position, with None for what is
/// not sent. None where the client has its own way of `sending`, and
/// where the arguments do not fit the method, which is for others to explain.
///
/// A positional None means "not given", and then the default is taken.
#[pyfunction]
pub fn bind<'py>(
    client: &Bound<'py, PyAny>,
    sending: &Bound<'py, OriginalMethods>,
    name: &Bound<'py, PyString>,
    args: Bound<'py, PyTuple>,
    kwargs: &Bound<'py, PyDict>,
) -> PyResult<Option<BoundCall<'py>>> {
    if !sending.get().are_kept_by(client)? {
        return Ok(None);
    }
    let service = client.getattr(intern!(client.py(), "_service"))?;
    let Some(method) = Method::find(&service, name)? else {
        return Ok(None);
    };
    let Some(signature) = method.get().signature() else {
        return Ok(None);
    };
    let all_by_position = args.len() == signature.parameters.len() && kwargs.is_empty();
    let values = if all_by_position && args.iter_borrowed().all(|value| !value.is_none()) {
        Some(args)
    } else {
        bind_by_name(signature, &args, kwargs)?
    };
    let oneway = signature.oneway;
    Ok(values.map(|values| (method.clone(), oneway, values)))
}

fn bind_by_name<'py>(
    signature: &Signature,
    args: &Bound<'py, PyTuple>,
    kwargs: &Bound<'py, PyDict>,
) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let py = args.py();
    if args.len() > signature.parameters.len() {
        return Ok(None);
    }
    let mut named = 0;
    let mut values = Vec::with_capacity(signature.parameters.len());
    for (position, parameter) in signature.parameters.iter().enumerate() {
        let positional = args
            .get_item(position)
            .ok()
            .filter(|value| !value.is_none());
        let value = match (positional, kwargs.get_item(&parameter.name)?) {
            (Some(_), Some(_)) => return Ok(None),
            (Some(value), None) => value,
            (None, Some(value)) => {
                named += 1;
                value
            }
            (None, None) if parameter.required => return Ok(None),
            (None, None) => parameter.default.get(&mut Quiet::new(py, false))?,
        };
        values.push(value);
    }
    if named < kwargs.len() {
        return Ok(None);
    }
    PyTuple::new(py, values).map(Some)
}

/// Writes a call with the arguments that [`bind`] gave, for the caller to
/// send. None, and nothing was written, where the protocol has to be asked by
/// its methods.
#[pyfunction]
pub fn write_call<'py>(
    method: &Bound<'py, Method>,
    oprot: &Bound<'py, PyAny>,
    seqid: i32,
    values: &Bound<'py, PyTuple>,
) -> PyResult<Option<ToSend<'py>>> {
    let method = method.get();
    let Some(signature) = method.signature() else {
        return Ok(None);
    };
    WriteMessage {
        name: method.name.to_str(oprot.py())?,
        message_type: if signature.oneway {
            message_type::ONEWAY
        } else {
            message_type::CALL
        },
        sequence_id: seqid,
        plan: method.arguments(),
        value_of: |slot| values.get_item(slot).ok(),
    }
    .output(oprot)
}

/// What a reply says: an exception to raise, or else the value to return.
type Reply<'py> = (Option<Bound<'py, PyAny>>, Option<Bound<'py, PyAny>>);

/// Reads the reply to the call `seqid`; None, and nothing was read, where the
/// protocol has to be asked by its methods.
///
/// A header that is not the one expected is for `call.check_header`.
#[pyfunction]
pub fn read_reply<'py>(
    method: &Bound<'py, Method>,
    iprot: &Bound<'py, PyAny>,
    seqid: i32,
    call: &Bound<'py, PyAny>,
) -> PyResult<Option<Reply<'py>>> {
    let py = iprot.py();
    let Some(signature) = method.get().signature() else {
        return Ok(None);
    };
    let Some((settings, trans)) = original_reader(iprot)? else {
        let name = method.get().name.to_str(py)?.as_bytes();
        // What is not the reply expected is for the methods of the protocol.
        let method_of = |header: &MessageHeader| {
            let is_reply = header.message_type == message_type::REPLY;
            let is_expected = header.sequence_id == seqid && header.name == name;
            (is_reply && is_expected).then(|| method.clone())
        };
        let read = json::read(iprot, method_of, Method::result)?;
        let Some((_, method, values)) = read else {
            return Ok(None);
        };
        return reply_of(method.get(), signature, values, None, call).map(Some);
    };
    let method = method.get();
    let header = codec::read(&settings, &trans, ReadMessage)?;
    if header.sequence_id != seqid
        || header.message_type != message_type::REPLY
        || header.name != method.name.to_str(py)?.as_bytes()
    {
        call.call_method1(
            intern!(py, "check_header"),
            (
                iprot,
                message_name(py, &header),
                header.message_type,
                header.sequence_id,
            ),
        )?;
    }
    if header.message_type == message_type::EXCEPTION {
        let refusal = imports::application_exception(py)?.call0()?;
        refusal.call_method1(intern!(py, "read"), (iprot,))?;
        check_end(call, &trans)?;
        return Ok(Some((Some(refusal), None)));
    }
    let result = ReadFields {
        plan: method.result(),
        strings: settings.strings(),
    };
    let (values, undeclared) = codec::read(&settings, &trans, result)?;
    check_end(call, &trans)?;
    reply_of(method, signature, values, undeclared, call).map(Some)
}

/// Has `call.check_end` raise where something follows a reply in its frame.
fn check_end(call: &Bound<'_, PyAny>, trans: &Bound<'_, PyAny>) -> PyResult<()> {
    let rest = rest_of_frame(trans)?;
    if rest > 0 {
        call.call_method1(intern!(call.py(), "check_end"), (rest,))?;
    }
    Ok(())
}

/// What the fields of a result say.
fn reply_of<'py>(
    method: &Method,
    signature: &Signature,
    mut values: ValuesBySlot<'py>,
    undeclared: Option<i16>,
    call: &Bound<'py, PyAny>,
) -> PyResult<Reply<'py>> {
    let py = call.py();
    if let Some(value) = signature.success.and_then(|slot| values[slot].take()) {
        return Ok((None, Some(value)));
    }
    let declared = (method.result().fields().iter())
        .filter_map(|field| field.slot)
        .find_map(|slot| values[slot.index()].take());
    let exception = match (declared, undeclared) {
        (Some(declared), _) => Some(declared),
        (None, Some(field)) => Some(call.call_method1(intern!(py, "undeclared"), (field,))?),
        (None, None) if signature.success.is_some() => Some(imports::missing_result(py)?),
        (None, None) => None,
    };
    Ok((exception, None))
}
