//! Calls over thriftpy2's JSON protocol, whose face is a class of Python,
//! `fastthrift.protocol.json`. A message that is not as usual, in whatever way,
//! is left to the methods of that class.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::fields::{ValuesBySlot, no_values};
use super::method::Method;
use super::original_methods::OriginalMethods;
use crate::py::codec::{UsualMessage, any_limits, message_by_fields};
use crate::py::ffi;
use crate::py::imports;
use crate::py::structs::Plan;
use crate::py::transport::{self, ToSend, Underlying, with_next_frame};
use crate::wire::{Limits, MessageHeader};

/// The transport and the limits of a protocol; none unless it is a
/// `TJSONProtocol` that has these very methods.
fn parts<'py>(
    protocol: &Bound<'py, PyAny>,
    methods: impl FnOnce(Python<'py>) -> PyResult<&'py Bound<'py, PyAny>>,
) -> PyResult<Option<(Bound<'py, PyAny>, Limits)>> {
    let py = protocol.py();
    if !protocol.get_type().is(imports::json_protocol(py)?) {
        return Ok(None);
    }
    let methods = methods(py)?.cast::<OriginalMethods>()?;
    if !methods.get().are_kept_by(protocol)? {
        return Ok(None);
    }
    let number = |name| protocol.getattr(name)?.extract::<i64>();
    let limits = (
        number(intern!(py, "max_depth")),
        number(intern!(py, "max_string_size")),
        number(intern!(py, "max_message_size")),
    );
    // What makes no sense as a limit is for others to explain.
    let (Ok(depth), Ok(string), Ok(message)) = limits else {
        return Ok(None);
    };
    let trans = protocol.getattr(intern!(py, "trans"))?;
    Ok(Some((trans, any_limits(depth, string, message))))
}

/// A message: its header, the method that it is of, and the fields of its struct.
pub type MessageBySlot<'py> = (MessageHeader, Bound<'py, Method>, ValuesBySlot<'py>);

/// Reads the next message, whose struct is that by `plan` of the method that
/// `method_of` has for the header. None, and nothing was read, where it has
/// none, and where the protocol has to be asked by its methods.
pub fn read<'py>(
    iprot: &Bound<'py, PyAny>,
    method_of: impl FnOnce(&MessageHeader) -> Option<Bound<'py, Method>>,
    plan: fn(&Method) -> &Plan,
) -> PyResult<Option<MessageBySlot<'py>>> {
    let py = iprot.py();
    let Some((trans, limits)) = parts(iprot, imports::json_reading)? else {
        return Ok(None);
    };
    let decodes = iprot.getattr(intern!(py, "decode_response"))?.is_truthy()?;
    if !decodes || !iprot.getattr(intern!(py, "_data"))?.is_none() {
        return Ok(None);
    }
    let read = with_next_frame(&trans, limits.message, |text| {
        let message = UsualMessage::begin(text, limits)?;
        let method = method_of(&message.header)?;
        // What is strict is read as a whole first.
        let plan = Some(plan(method.get())).filter(|plan| !plan.is_strict())?;
        let mut values = no_values(plan);
        let header = message.fields(py, plan, |field, value| {
            if let Some(slot) = field.slot {
                values[slot.index()] = Some(value);
            }
        });
        Some(header.transpose()?.map(|header| (header, method, values)))
    });
    read?.transpose()
}

/// Writes a message with this name, type and sequence id, and takes what there
/// is to send. None, and nothing was written, where the protocol has to be asked
/// by its methods.
pub fn output<'py>(
    oprot: &Bound<'py, PyAny>,
    name: &str,
    (ttype, seqid): (u8, i32),
    plan: &Plan,
    value_of: impl Fn(usize) -> Option<Bound<'py, PyAny>>,
) -> PyResult<Option<ToSend<'py>>> {
    let py = oprot.py();
    if plan.is_strict() {
        // It is looked at as an object.
        return Ok(None);
    }
    let Some((trans, limits)) = parts(oprot, imports::json_writing)? else {
        return Ok(None);
    };
    let Ok(kept) = (oprot.getattr(intern!(py, "_meta"))?).cast_into_exact::<PyDict>() else {
        return Ok(None);
    };
    if name.len() > limits.string || !is_plain(name) || !has_usual_keys(&kept)? {
        return Ok(None);
    }
    let metadata =
        format!(r#"{{"version": 1, "name": "{name}", "ttype": {ttype}, "seqid": {seqid}}}"#);
    let written = message_by_fields(py, plan, metadata.as_bytes(), limits, |field| {
        field.slot.and_then(|slot| value_of(slot.index()))
    })?;
    let Some(written) = written else {
        return Ok(None);
    };
    // What the protocol writes next without a header has this one.
    kept.set_item(intern!(py, "name"), name)?;
    kept.set_item(intern!(py, "ttype"), ttype)?;
    kept.set_item(intern!(py, "seqid"), seqid)?;
    if let Some(below) = transport::below_empty_buffer(&trans)? {
        return Ok(Some((Some(written), below)));
    }
    Underlying(trans.clone()).write_bytes(&written)?;
    transport::take_output(trans).map(Some)
}

/// Whether `json` writes a name as it is.
fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether the metadata is that of a message, or the version alone, with
/// nothing of somebody else's.
fn has_usual_keys(metadata: &Bound<'_, PyDict>) -> PyResult<bool> {
    const KEYS: [&str; 4] = ["version", "name", "ttype", "seqid"];
    let py = metadata.py();
    if !matches!(metadata.len(), 1 | 4) {
        return Ok(false);
    }
    for (key, expected) in metadata.keys().iter().zip(KEYS) {
        let same = key
            .cast_exact::<PyString>()
            .is_ok_and(|key| *key == expected);
        if !same {
            return Ok(false);
        }
    }
    let version = metadata.get_item(intern!(py, "version"))?;
    Ok(version.is_some_and(|version| ffi::exact_i64(&version) == Some(1)))
}
