//! What holds of any frame of `THeader`: of damaged ones in the tests, of what
//! the fuzzer brings there.

use bytes::Bytes;
use fastthrift::stream::HeaderFrame;

/// Reads a frame, given without its length: it is refused, or what is read and
/// written again reads the same. Returns whether it was read.
pub fn what_is_read_is_written_again(frame: &[u8], limit: usize) -> bool {
    let frame = Bytes::copy_from_slice(frame);
    let Ok(read) = HeaderFrame::read(&frame, limit) else {
        return false;
    };
    assert!(frame.starts_with(&[0x0f, 0xff]));
    assert!(read.payload.len() <= limit.max(frame.len()));
    let written = read.write().expect("it had room in a header already");
    assert_eq!(HeaderFrame::read(&written.into(), limit), Ok(read));
    true
}
