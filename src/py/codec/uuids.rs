//! Objects of Python as uuids of the wire, and as the text that stands for them.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::coerce::{answer_of, not_a};
use crate::py::error::Result;
use crate::py::ffi;
use crate::py::imports;
use crate::wire::json::uuid;

const EXPECTED: &str = "a uuid.UUID";

/// The bytes of a uuid.
#[cold]
pub fn uuid_of(value: &Bound<'_, PyAny>) -> Result<[u8; 16]> {
    ffi::stop_at_exit();
    let bytes = value.getattr(intern!(value.py(), "bytes"));
    let bytes = bytes.and_then(|bytes| bytes.extract::<[u8; 16]>());
    answer_of(value, EXPECTED, bytes)
}

/// What is made of the text of a uuid.
pub fn with_text<T>(
    value: &Bound<'_, PyAny>,
    use_text: impl FnOnce(&str) -> Result<T>,
) -> Result<T> {
    let quoted = uuid::format(uuid_of(value)?);
    // Of ASCII alone.
    use_text(std::str::from_utf8(&quoted[1..quoted.len() - 1]).unwrap_or_default())
}

/// The text that a `uuid.UUID` says it has; of anything else none is asked for.
#[cold]
pub fn own_text<'py>(value: &Bound<'py, PyAny>) -> Result<Bound<'py, PyString>> {
    if !value.is_instance(imports::uuid(value.py())?)? {
        return Err(not_a(EXPECTED, value));
    }
    Ok(value.str()?)
}
