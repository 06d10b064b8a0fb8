//! The frame: a length of four bytes, then so many bytes.
//!
//! Those of SASL have a length without a sign, and may be empty.

use crate::wire::{Error, ErrorKind, Result, checked_size};

/// The bytes of a frame's length.
pub const FRAME_HEADER: usize = 4;

/// What stands before a frame of `length` bytes; an error where the peer would
/// refuse it.
pub fn frame_header(length: usize, limit: usize) -> Result<[u8; FRAME_HEADER]> {
    checked_size("frame", length, limit).map(i32::to_be_bytes)
}

/// Puts its length before a frame that stands behind room for that; an error
/// where the peer would refuse it.
pub fn finish_frame(bytes: &mut [u8], limit: usize) -> Result<()> {
    let header = frame_header(bytes.len() - FRAME_HEADER, limit)?;
    bytes[..FRAME_HEADER].copy_from_slice(&header);
    Ok(())
}

/// The length of a frame, of which nothing is read or allocated before. What
/// is zero, negative or above the limit is no frame: it is given back as it
/// was read.
pub fn frame_length(header: [u8; FRAME_HEADER], limit: usize) -> Result<usize, i32> {
    let size = i32::from_be_bytes(header);
    match usize::try_from(size) {
        Ok(length) if (1..=limit).contains(&length) => Ok(length),
        _ => Err(size),
    }
}

/// What stands before bytes that are told with their number, which may be
/// none and has no sign: a frame of SASL, a text of thriftpy2's JSON. Nothing
/// where there are too many to be told.
#[must_use]
pub fn unsigned_header(length: usize) -> Option<[u8; FRAME_HEADER]> {
    u32::try_from(length).ok().map(u32::to_be_bytes)
}

/// How many bytes a length without a sign announces; one above the limit is
/// given back.
pub fn unsigned_length(header: [u8; FRAME_HEADER], limit: usize) -> Result<usize, u32> {
    let size = u32::from_be_bytes(header);
    match usize::try_from(size) {
        Ok(length) if length <= limit => Ok(length),
        _ => Err(size),
    }
}

/// Where the frame ends that begins with these bytes, whether it has come or
/// not; nothing where they begin none.
#[must_use]
pub fn frame_end(bytes: &[u8]) -> Option<usize> {
    let header = bytes.first_chunk()?;
    let length = frame_length(*header, usize::MAX).ok()?;
    Some(FRAME_HEADER + length)
}

/// The error for a length that is none, where there is no better one.
#[cold]
pub(super) fn bad_length(size: i32, limit: usize) -> Error {
    match u64::try_from(size) {
        Ok(0) => ErrorKind::BadVersion("No frame.".to_owned()),
        Ok(size) => ErrorKind::SizeLimit {
            what: "frame",
            size,
            limit: limit as u64,
        },
        Err(_) => ErrorKind::NegativeSize(size.into()),
    }
    .into()
}

/// The error for a message above the limit.
#[cold]
pub(super) fn too_long(size: u64, limit: usize) -> Error {
    ErrorKind::SizeLimit {
        what: "message",
        size,
        limit: limit as u64,
    }
    .into()
}
