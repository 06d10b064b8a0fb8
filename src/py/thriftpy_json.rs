//! thriftpy2's JSON protocol for its Python face, `fastthrift.protocol.json`.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyString};

use super::codec::{self, AnyText, any_limits};
use super::error;
use super::ffi::{self, Raised};
use super::imports;
use super::structs::{Kind, Numbers, ttype};
use super::transport::with_next_frame;
use crate::wire::Limits;

/// Limits of a value without a message.
fn limits_of_value(budget: i64) -> Limits {
    Limits {
        string: Limits::DEFAULT_SIZE,
        ..any_limits(budget, 0, 0)
    }
}

/// A message of thriftpy2's JSON protocol with a struct, behind its length.
#[pyfunction]
#[pyo3(signature = (obj, metadata, depth, string_size, message_size, /))]
pub fn write_json_message<'py>(
    obj: &Bound<'py, PyAny>,
    metadata: &[u8],
    depth: i64,
    string_size: i64,
    message_size: i64,
) -> Result<Bound<'py, PyBytes>, Raised<'py>> {
    let limits = any_limits(depth, string_size, message_size);
    codec::message_of(obj, metadata, limits)
}

/// Fills a struct from a payload in thriftpy2's JSON protocol: what `json` has
/// parsed, or the text of the whole message.
#[pyfunction]
#[pyo3(signature = (obj, payload, depth, string_size, decode, strict, /))]
pub fn read_json(
    obj: &Bound<'_, PyAny>,
    payload: &Bound<'_, PyAny>,
    depth: i64,
    string_size: i64,
    decode: bool,
    strict: bool,
) -> PyResult<()> {
    let limits = any_limits(depth, string_size, 0);
    let parsed = match payload.cast::<PyBytes>() {
        Ok(text) => {
            if decode && codec::read_thriftpy_message(obj, text.as_bytes(), limits)? {
                return Ok(());
            }
            // Something in it is not as usual.
            &payload_of(&parsed_message(text, limits)?)?
        }
        Err(_) => payload,
    };
    let text = AnyText { decode, strict };
    codec::fill_any(obj, parsed, text, limits)
}

/// Fills a struct from a dict that a program gives, of at most so many levels.
#[pyfunction]
pub fn fill_from_json(
    obj: &Bound<'_, PyAny>,
    data: &Bound<'_, PyAny>,
    budget: i64,
) -> PyResult<()> {
    codec::fill_given(obj, data, limits_of_value(budget))
}

/// Fills a struct from the next message of a transport of ours. True where all
/// of it was as usual, the text of the message where something was not, and None
/// where nothing was taken: the message is for the methods of the transport to
/// read.
#[pyfunction]
#[pyo3(signature = (obj, trans, depth, string_size, message_size, /))]
pub fn read_json_message<'py>(
    obj: &Bound<'py, PyAny>,
    trans: &Bound<'py, PyAny>,
    depth: i64,
    string_size: i64,
    message_size: i64,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = obj.py();
    let limits = any_limits(depth, string_size, message_size);
    let read = with_next_frame(trans, limits.message, |text| {
        let usual = codec::read_thriftpy_message(obj, text, limits);
        Some(usual.map(|usual| {
            if usual {
                PyBool::new(py, true).to_owned().into_any()
            } else {
                PyBytes::new(py, text).into_any()
            }
        }))
    });
    read?.transpose()
}

/// A message of thriftpy2's JSON protocol as a dict. Where it looks as usual its
/// payload is the text of the whole message, which is for [`read_json`] to look
/// at: all of it is read once.
#[pyfunction]
pub fn parse_json<'py>(text: &Bound<'py, PyBytes>, max_depth: i64) -> PyResult<Bound<'py, PyDict>> {
    let py = text.py();
    let bytes = text.as_bytes();
    let mut limits = any_limits(max_depth, 0, 0);
    limits.string = bytes.len();
    let Some(metadata) = codec::metadata_of(py, bytes, limits) else {
        return parsed_message(text, limits);
    };
    let parts = PyDict::new(py);
    let metadata = loads(&PyBytes::new(py, &bytes[metadata]))?;
    parts.set_item(intern!(py, "metadata"), metadata)?;
    parts.set_item(intern!(py, "payload"), text)?;
    Ok(parts)
}

/// A message with a payload, by `json`.
fn parsed_message<'py>(text: &Bound<'py, PyBytes>, limits: Limits) -> PyResult<Bound<'py, PyDict>> {
    let py = text.py();
    codec::check_nesting(py, text.as_bytes(), limits)?;
    let message = loads(text)?.cast_into::<PyDict>().ok();
    let is_object = |message: &Bound<'py, PyDict>| {
        let payload = payload_of(message);
        payload.is_ok_and(|payload| payload.is_instance_of::<PyDict>())
    };
    message
        .filter(is_object)
        .ok_or_else(|| error::malformed(py, "a message must be an object with a payload"))
}

fn payload_of<'py>(message: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
    message.as_any().get_item(intern!(message.py(), "payload"))
}

/// Passes over a payload, within the limits.
#[pyfunction]
pub fn skip_json(payload: &Bound<'_, PyAny>, max_depth: i64, max_string_size: i64) -> PyResult<()> {
    let limits = any_limits(max_depth, max_string_size, 0);
    match payload.cast::<PyBytes>() {
        Ok(text) => codec::skip_any(&payload_of(&parsed_message(text, limits)?)?, limits),
        Err(_) => codec::skip_any(payload, limits),
    }
}

/// A `TType`, and what describes its parts as a `thrift_spec` does.
type Described<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// A value of a type as what `json` writes, within so many levels.
#[pyfunction]
pub fn write_json_value<'py>(
    described: Described<'py>,
    value: &Bound<'py, PyAny>,
    budget: i64,
) -> PyResult<Bound<'py, PyAny>> {
    let limits = limits_of_value(budget);
    // A struct knows its fields itself.
    let ttype = described.0.extract::<u8>();
    if ttype.is_ok_and(|ttype| ttype == ttype::STRUCT) {
        return codec::any_struct(value, limits);
    }
    codec::any_value(&kind(&described, "serialization")?, value, limits)
}

/// The value of a type that parsed JSON stands for, of at most so many levels.
#[pyfunction]
pub fn read_json_value<'py>(
    described: Described<'py>,
    data: &Bound<'py, PyAny>,
    budget: i64,
) -> PyResult<Bound<'py, PyAny>> {
    let kind = kind(&described, "deserialization")?;
    codec::value_of_given(&kind, data, limits_of_value(budget))
}

fn kind((ttype, spec): &Described<'_>, what: &str) -> PyResult<Kind> {
    let py = ttype.py();
    if !Kind::is_ttype(ttype) {
        return Err(error::invalid_data(
            py,
            &format!("Unknown TType {ttype} for JSON {what}"),
        ));
    }
    Kind::compile(ttype, spec, Numbers::Lists).map_err(|error| {
        let raised = ffi::exception_of(py, error);
        // Of what a container has.
        if raised.is_instance_of::<PyValueError>() {
            return error::invalid_data(py, &format!("{raised}, for JSON {what}"));
        }
        PyErr::from_value(raised.into_any())
    })
}

/// What `json` makes of a text in UTF-8.
fn loads<'py>(text: &Bound<'py, PyBytes>) -> PyResult<Bound<'py, PyAny>> {
    let py = text.py();
    let parsed = text
        .call_method1(intern!(py, "decode"), (intern!(py, "utf-8"),))
        .and_then(|text| imports::json_loads(py)?.call1((text.cast::<PyString>()?,)));
    error::depth_of_python(py, parsed).map_err(|error| error::not_json(py, error))
}
