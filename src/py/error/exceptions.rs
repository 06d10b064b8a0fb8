//! The one mapping from core errors to Python exceptions.

use std::fmt::Display;

use pyo3::call::PyCallArgs;
use pyo3::exceptions::{PyRecursionError, PyUnicodeDecodeError, PyValueError};
use pyo3::prelude::*;

use super::{Cause, CodecError, FieldError};
use crate::py::ffi::{HALF_PAIR, Raised, exception_of, raised_from};
use crate::py::imports;
use crate::wire::{self, ErrorKind};

/// The numbers of `TProtocolException` and `TTransportException`.
mod number {
    pub const INVALID_DATA: i32 = 1;
    pub const NEGATIVE_SIZE: i32 = 2;
    pub const SIZE_LIMIT: i32 = 3;
    pub const BAD_VERSION: i32 = 4;
    pub const UNKNOWN: i32 = 0;
    pub const END_OF_FILE: i32 = 4;
    pub const NEGATIVE_FRAME: i32 = 5;
    pub const FRAME_LIMIT: i32 = 6;
}

/// The exception for an error of the codec.
#[cold]
pub fn from_codec(py: Python<'_>, error: CodecError) -> PyErr {
    let stack_was_short = error.stack_was_short();
    let (mut cause, path, offset) = error.into_parts(py);
    if stack_was_short && let Cause::Python(error) = cause {
        let raised = Raised::new(py, error);
        if raised.is_recursion() {
            drop(raised);
            let text = "nested too deep for what is left of this thread's stack".to_owned();
            let text = with_place(text, offset, &path);
            return make(imports::depth_limit(py), (number::SIZE_LIMIT, text));
        }
        cause = Cause::Python(raised.into());
    }
    match cause {
        Cause::Wire(error) => from_wire(py, error, offset, &path),
        Cause::Value(reason) => {
            let reason = with_place(reason, offset, &path);
            make(imports::malformed_data(py), (number::INVALID_DATA, reason))
        }
        Cause::Field(field) => from_field(py, field, path),
        Cause::Python(error) => {
            let exception = exception_of(py, error);
            if !exception.is_instance_of::<PyUnicodeDecodeError>() {
                return PyErr::from_value(exception.into_any());
            }
            let place = with_place(String::new(), offset, &path);
            make(imports::invalid_text(py), (exception, place))
        }
    }
}

/// The exception for plain data that is not what a class needs: its text
/// begins with the path of the value.
#[cold]
pub fn from_plain(py: Python<'_>, error: CodecError) -> PyErr {
    if !error.is_value() {
        return from_codec(py, error);
    }
    let (cause, path, offset) = error.into_parts(py);
    let reason = match cause {
        Cause::Value(reason) if path.is_empty() => reason,
        Cause::Value(reason) => format!("{path}: {reason}"),
        _ => path,
    };
    let reason = with_place(reason, offset, "");
    make(imports::malformed_data(py), (number::INVALID_DATA, reason))
}

/// The exception for JSON that is not of the type that is asked for, which also
/// is a `ValueError`.
#[cold]
pub fn from_mistyped(py: Python<'_>, error: CodecError) -> PyErr {
    if !error.is_value() {
        return from_codec(py, error);
    }
    match error.into_parts(py) {
        (Cause::Value(reason), path, offset) => {
            let reason = with_place(reason, offset, &path);
            make(imports::mistyped_data(py), (number::INVALID_DATA, reason))
        }
        (_, path, _) => make(imports::mistyped_data(py), (number::INVALID_DATA, path)),
    }
}

/// Where the limit of levels allows more than Python does, Python's limit is
/// the limit.
pub fn depth_of_python<T>(py: Python<'_>, result: PyResult<T>) -> PyResult<T> {
    result.map_err(|error| {
        let raised = exception_of(py, error);
        let ours = imports::depth_limit(py).and_then(|class| raised.is_instance(class));
        if !raised.is_instance_of::<PyRecursionError>() || ours.unwrap_or(true) {
            return PyErr::from_value(raised.into_any());
        }
        let text = format!("maximum nesting depth exceeded (max_depth): {raised}");
        make(imports::depth_limit(py), (number::SIZE_LIMIT, text))
    })
}

/// A text with half of a surrogate pair, where that is an error.
#[cold]
pub fn half_pair(py: Python<'_>) -> PyErr {
    malformed(py, HALF_PAIR)
}

/// A message that is none.
#[cold]
pub fn malformed(py: Python<'_>, text: &str) -> PyErr {
    make(imports::malformed_data(py), (number::INVALID_DATA, text))
}

/// What `json` says of a text that is none of its own.
#[cold]
pub fn not_json(py: Python<'_>, error: PyErr) -> PyErr {
    let error = exception_of(py, error);
    if !error.is_instance_of::<PyValueError>() {
        return PyErr::from_value(error.into_any());
    }
    let made = malformed(py, &format!("a message is not JSON: {error}"));
    raised_from(py, made, Some(PyErr::from_value(error.into_any())))
}

/// What no message can have.
#[cold]
pub fn invalid_data(py: Python<'_>, text: &str) -> PyErr {
    make(
        imports::protocol_exception(py),
        (number::INVALID_DATA, text),
    )
}

/// The exception for an error of the wire.
#[cold]
pub fn from_wire(py: Python<'_>, error: wire::Error, offset: Option<u64>, path: &str) -> PyErr {
    let offset = error.offset().or(offset);
    let (class, number) = match error.kind() {
        ErrorKind::Truncated { .. } => (imports::truncated_data(py), number::END_OF_FILE),
        ErrorKind::FrameEnded { .. } => (imports::frame_size(py), number::UNKNOWN),
        ErrorKind::Depth { .. } => (imports::depth_limit(py), number::SIZE_LIMIT),
        ErrorKind::NegativeSize(_) => (imports::malformed_data(py), number::NEGATIVE_SIZE),
        ErrorKind::SizeLimit { .. } => (imports::malformed_data(py), number::SIZE_LIMIT),
        ErrorKind::BadVersion(_) => (imports::malformed_data(py), number::BAD_VERSION),
        _ => (imports::malformed_data(py), number::INVALID_DATA),
    };
    match error.into_kind() {
        ErrorKind::Source(source) => match source.downcast::<PyErr>() {
            Ok(error) => *error,
            Err(other) => make(class, (number, other.to_string())),
        },
        kind => make(class, (number, with_place(kind.to_string(), offset, path))),
    }
}

/// End of the stream, as transports report it.
#[cold]
pub fn end_of_file(py: Python<'_>) -> PyErr {
    let text = "End of file reading from transport";
    make(
        imports::transport_exception(py),
        (number::END_OF_FILE, text),
    )
}

/// A length that no frame may have.
#[cold]
pub fn frame_size(py: Python<'_>, size: i32, limit: usize) -> PyErr {
    let (number, text) = match size {
        0 => (number::UNKNOWN, "No frame.".to_owned()),
        i32::MIN..0 => (
            number::NEGATIVE_FRAME,
            format!("the size of a frame is negative: {size}"),
        ),
        _ => (number::FRAME_LIMIT, frame_too_long("a frame", &size, limit)),
    };
    make(imports::frame_size(py), (number, text))
}

/// A frame that ended inside a value.
#[cold]
pub fn frame_ended(py: Python<'_>, needed: Option<usize>) -> PyErr {
    from_wire(py, ErrorKind::FrameEnded { needed }.into(), None, "")
}

/// A length that no frame of SASL may have.
#[cold]
pub fn sasl_frame_size(py: Python<'_>, size: u32, limit: usize) -> PyErr {
    let text = frame_too_long("A SASL frame", &size, limit);
    make(imports::frame_size(py), (number::FRAME_LIMIT, text))
}

/// A frame that is not sent: the peer would refuse it, or its length does not
/// fit into 31 bits.
#[cold]
pub fn own_frame_size(py: Python<'_>, what: &str, size: usize, limit: usize) -> PyErr {
    let text = frame_too_long(what, &size, limit.min(i32::MAX as usize));
    make(imports::malformed_data(py), (number::SIZE_LIMIT, text))
}

fn frame_too_long(what: &str, size: &dyn Display, limit: usize) -> String {
    format!("{what} of {size} bytes exceeds the limit of {limit} (max_frame_size)")
}

/// A frame of `THeader` that is broken, or too long.
#[cold]
pub fn header_frame(py: Python<'_>, text: &str, is_size: bool) -> PyErr {
    let number = if is_size { number::FRAME_LIMIT } else { 0 };
    make(imports::transport_exception(py), (number, text))
}

/// Any other failure of a transport.
#[cold]
pub fn transport(py: Python<'_>, text: &str) -> PyErr {
    make(imports::transport_exception(py), (0, text))
}

fn from_field(py: Python<'_>, field: FieldError, path: String) -> PyErr {
    let made = imports::encode_exception(py).and_then(|class| {
        class.call1((
            field.struct_name,
            field.id,
            field.name,
            field.value,
            field.ttype,
            field.spec,
            path,
            field.reason,
        ))
    });
    match made {
        Ok(exception) => raised_from(py, PyErr::from_value(exception), field.raised),
        Err(error) => error,
    }
}

fn make<'py>(class: PyResult<&Bound<'py, PyAny>>, args: impl PyCallArgs<'py>) -> PyErr {
    match class.and_then(|class| class.call1(args)) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

fn with_place(text: String, offset: Option<u64>, path: &str) -> String {
    match (offset, path) {
        (None, "") => text,
        (Some(offset), "") => format!("{text} (at byte {offset})"),
        (None, path) => format!("{text} (in {path})"),
        (Some(offset), path) => format!("{text} (at byte {offset}, in {path})"),
    }
}
