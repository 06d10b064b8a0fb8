//! What the room of streams tells, for the parts of the package that are
//! written in Python.

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::error;
use super::ffi::{Buffer, exception_of};
use crate::stream::{
    self, CLIENT_TYPES, FRAME_HEADER, HeaderError, HeaderFrame, HeaderPairs, Opening,
};

/// What a frame has at most, in bytes: limits of somebody's own are not asked
/// for by who only tells what something looks like.
const LONGEST: usize = i32::MAX as usize;

/// What the first bytes of a connection speak, by its name, and whether in
/// frames; None where they do not tell.
#[pyfunction]
pub fn detect(opening: &[u8]) -> Option<(&'static str, bool)> {
    match stream::detect(opening, LONGEST) {
        Opening::Known { speech, framed } => Some((speech.name(), framed)),
        Opening::More | Opening::Unknown => None,
    }
}

/// What bytes look like that somebody did not expect, as `detect` names it, and
/// whether in a frame; None where they look like nothing.
#[pyfunction]
pub fn guess(opening: &[u8]) -> Option<(&'static str, bool)> {
    let (speech, framed) = stream::guess(opening, LONGEST)?;
    Some((speech.name(), framed))
}

/// The JSON of a struct without a message, as `detect` names it, and whether in
/// a frame, for which the bytes are taken where they are `framed`; None where
/// it is no JSON.
#[pyfunction]
pub fn detect_struct(data: &[u8], framed: bool) -> Option<(&'static str, bool)> {
    let (speech, framed) = stream::detect_struct(data, framed)?;
    Some((speech.name(), framed))
}

/// Whether these first bytes of a connection are so few that they may be of
/// several things.
#[pyfunction]
pub fn tells_later(opening: &[u8]) -> bool {
    matches!(stream::detect(opening, LONGEST), Opening::More)
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
    let header =
        stream::frame_header(length, limit).map_err(|_| own_frame_size(py, length, limit, sasl))?;
    Ok(PyBytes::new(py, &header))
}

/// Bytes as a frame: their number, then themselves. Refused as by
/// `frame_header`.
#[pyfunction]
#[pyo3(signature = (payload, limit = None, *, sasl = false))]
pub fn framed<'py>(
    py: Python<'py>,
    payload: &[u8],
    limit: Option<usize>,
    sasl: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let limit = limit.unwrap_or(usize::MAX);
    PyBytes::new_with(py, FRAME_HEADER + payload.len(), |frame| {
        stream::finish_frame(frame, limit)
            .map_err(|_| own_frame_size(py, payload.len(), limit, sasl))?;
        frame[FRAME_HEADER..].copy_from_slice(payload);
        Ok(())
    })
}

#[cold]
fn own_frame_size(py: Python<'_>, size: usize, limit: usize, sasl: bool) -> PyErr {
    let what = if sasl { "A SASL frame" } else { "a frame" };
    error::own_frame_size(py, what, size, limit)
}

/// The length of a frame that begins with these four bytes; one above the
/// limit is refused, and so is one of zero or below unless it is SASL's.
#[pyfunction]
#[pyo3(signature = (header, limit, *, sasl = false))]
pub fn frame_length(header: &Bound<'_, PyAny>, limit: usize, sasl: bool) -> PyResult<usize> {
    let py = header.py();
    let header = bytes_of_length(header)?;
    if sasl {
        stream::unsigned_length(header, limit)
            .map_err(|size| error::sasl_frame_size(py, size, limit))
    } else {
        stream::frame_length(header, limit).map_err(|size| error::frame_size(py, size, limit))
    }
}

fn bytes_of_length(header: &Bound<'_, PyAny>) -> PyResult<[u8; FRAME_HEADER]> {
    let bytes = Buffer::of(header)?.to_vec()?;
    bytes
        .try_into()
        .map_err(|_| PyValueError::new_err("the length of a frame has four bytes"))
}

/// What stands before so many bytes that are told with their number, which has
/// no sign.
#[pyfunction]
pub fn unsigned_header(py: Python<'_>, length: usize) -> PyResult<Bound<'_, PyBytes>> {
    let header = stream::unsigned_header(length)
        .ok_or_else(|| PyOverflowError::new_err("a length of four bytes is below 4 GiB"))?;
    Ok(PyBytes::new(py, &header))
}

/// How many bytes a length announces that has no sign.
#[pyfunction]
pub fn unsigned_length(header: &Bound<'_, PyAny>) -> PyResult<usize> {
    stream::unsigned_length(bytes_of_length(header)?, usize::MAX).map_err(PyOverflowError::new_err)
}

/// Where the frame ends that begins with these bytes; None where they begin
/// none.
#[pyfunction]
pub fn frame_end(data: &[u8]) -> Option<usize> {
    stream::frame_end(data)
}

/// The exception for a frame that ended inside a value, which lacks so many
/// bytes, where that is known.
#[pyfunction]
#[pyo3(signature = (needed = None))]
pub fn frame_ended(py: Python<'_>, needed: Option<usize>) -> Bound<'_, PyAny> {
    exception_of(py, error::frame_ended(py, needed)).into_any()
}

/// The exception for the end of what is read.
#[pyfunction]
pub fn end_of_file(py: Python<'_>) -> Bound<'_, PyAny> {
    exception_of(py, error::end_of_file(py)).into_any()
}

/// What a frame of `THeader` holds: its message, the id of its protocol, flags,
/// sequence id, whether zlib compressed it, and the keys with values of this
/// message and of all that follow.
type HeaderParts<'py> = (
    Bound<'py, PyBytes>,
    u32,
    u16,
    u32,
    bool,
    Bound<'py, PyDict>,
    Bound<'py, PyDict>,
);

/// What a frame of `THeader` holds, given without its length. Its message may
/// have `limit` bytes when it is not compressed.
#[pyfunction]
pub fn read_header_frame<'py>(
    py: Python<'py>,
    frame: &[u8],
    limit: usize,
) -> PyResult<HeaderParts<'py>> {
    let frame = bytes::Bytes::copy_from_slice(frame);
    let read = HeaderFrame::read(&frame, limit).map_err(|error| header_error(py, &error))?;
    Ok((
        PyBytes::new(py, &read.payload),
        read.protocol_id,
        read.flags,
        read.sequence_id,
        read.zlib,
        dict_of(py, &read.headers)?,
        dict_of(py, &read.persistent)?,
    ))
}

/// A frame of `THeader` as bytes, without its length.
#[pyfunction]
pub fn write_header_frame<'py>(
    py: Python<'py>,
    payload: &[u8],
    numbers: (u32, u16, u32, bool),
    headers: HeaderPairs,
    persistent: HeaderPairs,
) -> PyResult<Bound<'py, PyBytes>> {
    let (protocol_id, flags, sequence_id, zlib) = numbers;
    let frame = HeaderFrame {
        payload: bytes::Bytes::copy_from_slice(payload),
        protocol_id,
        flags,
        sequence_id,
        zlib,
        headers,
        persistent,
    };
    let written = frame.write().map_err(|error| header_error(py, &error))?;
    Ok(PyBytes::new(py, &written))
}

/// What a connection of `THeader` keeps for all of its messages, with what its
/// last one has said; refused where that is too much.
#[pyfunction]
pub fn keep_headers(
    py: Python<'_>,
    mut kept: HeaderPairs,
    more: HeaderPairs,
) -> PyResult<Bound<'_, PyDict>> {
    stream::keep_headers(&mut kept, more).map_err(|error| header_error(py, &error))?;
    dict_of(py, &kept)
}

/// What is said of a transform of `THeader` that there is not.
#[pyfunction]
pub fn refused_transform(transform: u32) -> String {
    HeaderError::Transform(transform).to_string()
}

/// What is said of a message of `THeader` in a protocol that there is not.
#[pyfunction]
pub fn refused_protocol(protocol: u32) -> String {
    HeaderError::Protocol(protocol).to_string()
}

/// What is said of who speaks by `THeader` what is not taken, as the numbers of
/// its types of clients have it.
#[pyfunction]
pub fn refused_client(spoken: usize, taken: [bool; CLIENT_TYPES.len()]) -> String {
    stream::refused_client(CLIENT_TYPES[spoken], taken)
}

/// Keys and values of `THeader` as a dict.
pub(super) fn dict_of<'py>(py: Python<'py>, pairs: &HeaderPairs) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, value) in pairs {
        dict.set_item(PyBytes::new(py, key), PyBytes::new(py, value))?;
    }
    Ok(dict)
}

#[cold]
fn header_error(py: Python<'_>, error: &HeaderError) -> PyErr {
    let is_size = matches!(
        error,
        HeaderError::MessageSize(_) | HeaderError::HeaderSize(_) | HeaderError::KeptSize(_)
    );
    error::header_frame(py, &error.to_string(), is_size)
}
