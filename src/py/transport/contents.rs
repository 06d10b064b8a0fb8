//! What users put into transports and take out of them: bytes in whatever
//! object, and the buffers that thriftpy2's transports are known to have.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::py::ffi::Buffer;
use crate::py::imports;

/// The bytes of a `str` or of anything with a buffer.
pub fn bytes_of(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let mut bytes = Vec::new();
    append(&mut bytes, value)?;
    Ok(bytes)
}

/// Appends the bytes of a `str` or of anything with a buffer.
pub fn append(bytes: &mut Vec<u8>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(value) = value.cast::<PyBytes>() {
        bytes.extend_from_slice(value.as_bytes());
        return Ok(());
    }
    if let Ok(text) = value.cast::<PyString>() {
        bytes.extend_from_slice(text.to_str()?.as_bytes());
        return Ok(());
    }
    match Buffer::of(value) {
        Ok(buffer) => {
            bytes.extend_from_slice(&buffer.to_vec()?);
            Ok(())
        }
        Err(_) => Err(PyTypeError::new_err(format!(
            "needs bytes, not {}",
            value.get_type().qualname()?
        ))),
    }
}

/// A buffer of `owner` for users, which gets and sets its contents by these
/// methods.
pub fn buffer_of<'py>(
    owner: &Bound<'py, PyAny>,
    load: &str,
    store: &str,
    whole: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let class = imports::transport_buffer(owner.py())?;
    class.call1((owner.getattr(load)?, owner.getattr(store)?, whole))
}

/// The contents and the position of a `BytesIO` or of bytes.
pub fn contents_of(value: &Bound<'_, PyAny>) -> PyResult<(Vec<u8>, usize)> {
    imports::contents_of(value.py())?.call1((value,))?.extract()
}
