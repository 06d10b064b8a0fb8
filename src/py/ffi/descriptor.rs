//! Descriptors of sockets that Python has.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// Duplicates a descriptor: a new one for the same file; an error where `number` is none.
pub fn duplicate(number: i32) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: not -1, and borrowed for this one call, which fails where
    // nothing is open by that number.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    descriptor.try_clone_to_owned()
}
