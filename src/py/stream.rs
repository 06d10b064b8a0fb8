//! What the room of streams tells, for the parts of the package that are
//! written in Python.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::error;
use super::ffi::Buffer;
use crate::stream::{self, FRAME_HEADER, Opening};

/// What the first bytes of a connection speak, by its name, and whether in
/// frames; None where they do not tell.
#[pyfunction]
pub fn detect(opening: &[u8]) -> Option<(&'static str, bool)> {
    match stream::detect(opening) {
        Opening::Known { speech, framed } => Some((speech.name(), framed)),
        Opening::More | Opening::Unknown => None,
    }
}

/// Whether these first bytes of a connection are so few that they may be of
/// several things.
#[pyfunction]
pub fn tells_later(opening: &[u8]) -> bool {
    matches!(stream::detect(opening), Opening::More)
}

/// What stands before a frame of `length` bytes; one above the limit, or that
/// does not fit into 31 bits, is refused.
#[pyfunction]
#[pyo3(signature = (length, limit = None, *, sasl = false))]
pub fn frame_header(
    py: Python<'_>,
    length: usize,
    limit: Option<usize>,
    sasl: bool,
) -> PyResult<Bound<'_, PyBytes>> {
    let limit = limit.unwrap_or(usize::MAX);
    let header = stream::frame_header(length, limit).map_err(|_| {
        let what = if sasl { "A SASL frame" } else { "a frame" };
        error::own_frame_size(py, what, length, limit)
    })?;
    Ok(PyBytes::new(py, &header))
}

/// The length of a frame that begins with these four bytes; one above the
/// limit is refused, and so is one of zero or below unless it is SASL's.
#[pyfunction]
#[pyo3(signature = (header, limit, *, sasl = false))]
pub fn frame_length(header: &Bound<'_, PyAny>, limit: usize, sasl: bool) -> PyResult<usize> {
    let py = header.py();
    let header: [u8; FRAME_HEADER] = Buffer::of(header)?
        .to_vec()?
        .try_into()
        .map_err(|_| PyValueError::new_err("the length of a frame has four bytes"))?;
    if sasl {
        stream::unsigned_length(header, limit)
            .map_err(|size| error::sasl_frame_size(py, size, limit))
    } else {
        stream::frame_length(header, limit).map_err(|size| error::frame_size(py, size, limit))
    }
}

/// Where the frame ends that begins with these bytes; None where they begin
/// none.
#[pyfunction]
pub fn frame_end(data: &[u8]) -> Option<usize> {
    stream::frame_end(data)
}
