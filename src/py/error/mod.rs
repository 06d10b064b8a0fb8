//! What goes wrong between Python objects and the wire, and where; and the
//! Python exceptions that it becomes.

mod exceptions;

use std::fmt::Write;

use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString};

use crate::py::ffi::{Raised, Unread, exception_of, not_utf8, stack_is_short, stop_at_exit};
use crate::wire;

pub use exceptions::*;

/// The result of encoding or decoding.
pub type Result<T> = std::result::Result<T, CodecError>;

/// An error with the path of the value in which it happened. One pointer
/// wide; the path is pushed while the error passes outwards.
pub struct CodecError(Box<CodecErrorParts>);

struct CodecErrorParts {
    cause: Cause,
    /// From the innermost outwards.
    path: Vec<Segment>,
    offset: Option<u64>,
    /// Whether Python code raised where little of the stack was left.
    stack_was_short: bool,
}

/// What went wrong.
pub enum Cause {
    /// The bytes are wrong, or the source of them failed.
    Wire(wire::Error),
    /// A Python value is not what its field needs.
    Value(String),
    /// A Python value is not what its field needs, and the field is known.
    Field(FieldError),
    /// Python code raised.
    Python(PyErr),
}

/// The facts of `TDecodeException`.
pub struct FieldError {
    /// The struct's name.
    pub struct_name: String,
    /// The field id.
    pub id: i16,
    /// The field's name.
    pub name: Py<PyString>,
    /// The field's whole value.
    pub value: Py<PyAny>,
    /// The field's `ttype`.
    pub ttype: Py<PyAny>,
    /// The field's sub-spec.
    pub spec: Py<PyAny>,
    /// What is wrong with the value, where more is known than its type.
    pub reason: String,
    /// The exception that the value's own code raised.
    pub raised: Option<PyErr>,
}

/// A step from a value to one inside it.
pub enum Segment {
    /// A field, by name.
    Field(Py<PyString>),
    /// An element, by index.
    Index(usize),
    /// A map value, by key.
    Key(String),
}

/// The longest text of a key in a path, in characters.
const LONGEST_KEY: usize = 100;

impl Segment {
    /// The step to a map's value: the start of what `repr` says of its key.
    #[cold]
    pub fn of_key(key: &Bound<'_, PyAny>) -> Self {
        stop_at_exit();
        // Members of enums are shown as the numbers that they are: which of the two
        // is in a map depends on who has made it.
        let is_member = key.is_instance_of::<PyInt>()
            && !key.is_exact_instance_of::<PyInt>()
            && !key.is_instance_of::<PyBool>();
        let shown = if is_member {
            key.py().get_type::<PyInt>().call1((key,))
        } else {
            Ok(key.clone())
        };
        let text = shown.and_then(|shown| shown.repr()).and_then(|text| {
            let text = text.to_str()?;
            Ok(match text.char_indices().nth(LONGEST_KEY) {
                Some((end, _)) => format!("{}...", &text[..end]),
                None => text.to_owned(),
            })
        });
        Self::Key(text.unwrap_or_else(|_| "?".to_owned()))
    }
}

impl CodecError {
    /// What reading a scalar came to.
    #[cold]
    pub fn unread(py: Python<'_>, unread: Unread<'_>) -> Self {
        match unread {
            Unread::Wire(error) => error.into(),
            Unread::Raised(raised) => raised.into(),
            Unread::NotUtf8(string) => not_utf8(py, &string.0).into(),
        }
    }

    fn new(cause: Cause) -> Self {
        Self(Box::new(CodecErrorParts {
            cause,
            path: Vec::new(),
            offset: None,
            stack_was_short: false,
        }))
    }

    /// A value that its field cannot take.
    #[cold]
    pub fn value(reason: impl Into<String>) -> Self {
        Self::new(Cause::Value(reason.into()))
    }

    /// Adds the step by which the failing value was reached.
    #[cold]
    #[must_use]
    pub fn inside(mut self, segment: Segment) -> Self {
        self.0.path.push(segment);
        self
    }

    /// Adds the offset in the input.
    #[cold]
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Names the field, for an error about a value that has none yet.
    #[cold]
    #[must_use]
    pub fn in_field(mut self, field: impl FnOnce(String, Option<PyErr>) -> FieldError) -> Self {
        self.0.cause = match self.0.cause {
            Cause::Value(reason) => Cause::Field(field(reason, None)),
            Cause::Python(raised) => Cause::Field(field(String::new(), Some(raised))),
            other => other,
        };
        self
    }

    /// Whether a value is not what its field needs, and nothing else is known.
    pub fn is_value(&self) -> bool {
        matches!(self.0.cause, Cause::Value(_))
    }

    /// What Python code raised, if that is what went wrong.
    #[cold]
    pub fn raised<'py>(&mut self, py: Python<'py>) -> Option<Bound<'py, PyBaseException>> {
        if !matches!(self.0.cause, Cause::Python(_)) {
            return None;
        }
        let cause = std::mem::replace(&mut self.0.cause, Cause::Value(String::new()));
        let Cause::Python(error) = cause else {
            return None;
        };
        let exception = exception_of(py, error);
        self.0.cause = Cause::Python(PyErr::from_value(exception.clone().into_any()));
        Some(exception)
    }

    /// Whether Python code raised where little of the stack was left.
    pub fn stack_was_short(&self) -> bool {
        self.0.stack_was_short
    }

    /// Takes the error apart: cause, path as text, offset.
    pub fn into_parts(self, py: Python<'_>) -> (Cause, String, Option<u64>) {
        let path = path_text(py, self.0.path);
        (self.0.cause, path, self.0.offset)
    }
}

fn path_text(py: Python<'_>, path: Vec<Segment>) -> String {
    let mut text = String::new();
    for segment in path.into_iter().rev() {
        // Writing to a String cannot fail.
        let _ = match segment {
            Segment::Field(name) if text.is_empty() => write!(text, "{}", name.into_bound(py)),
            Segment::Field(name) => write!(text, ".{}", name.into_bound(py)),
            Segment::Index(index) => write!(text, "[{index}]"),
            Segment::Key(key) => write!(text, "[{key}]"),
        };
    }
    text
}

impl From<wire::Error> for CodecError {
    #[cold]
    fn from(error: wire::Error) -> Self {
        match error.kind() {
            // A matter of the value, and not of the bytes.
            wire::ErrorKind::NotText => Self::value(error.to_string()),
            _ => Self::new(Cause::Wire(error)),
        }
    }
}

impl From<Raised<'_>> for CodecError {
    #[cold]
    fn from(raised: Raised<'_>) -> Self {
        PyErr::from(raised).into()
    }
}

impl From<PyErr> for CodecError {
    #[cold]
    fn from(error: PyErr) -> Self {
        let mut error = Self::new(Cause::Python(error));
        error.0.stack_was_short = stack_is_short();
        error
    }
}
