//! Sending without giving up the interpreter's lock, and what has become of
//! what was sent; the end of a connection.

use std::io;
use std::os::fd::RawFd;

// Where there is none, CPython ignores the signal for all of the process.
#[cfg(any(target_os = "linux", target_os = "android"))]
const FLAGS: libc::c_int = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const FLAGS: libc::c_int = libc::MSG_DONTWAIT;

/// Gives `data` to a socket without waiting; how many bytes it took.
pub fn send_at_once(socket: RawFd, data: &[u8]) -> io::Result<usize> {
    // SAFETY: the system reads `data.len()` bytes from there, and tells itself
    // whether the number is that of a socket.
    let sent = unsafe { libc::send(socket, data.as_ptr().cast(), data.len(), FLAGS) };
    match usize::try_from(sent) {
        Ok(sent) => Ok(sent),
        Err(_) => match io::Error::last_os_error() {
            error
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                Ok(0)
            }
            error => Err(error),
        },
    }
}

/// How many bytes the system keeps that the other side of a connection has not
/// taken, where it tells: Linux does, for TCP and unix sockets.
pub fn untaken(socket: RawFd) -> Option<usize> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let mut count: libc::c_int = 0;
        // SAFETY: the system writes a number of that type there, and tells
        // itself whether `socket` is the number of one.
        let failed = unsafe { libc::ioctl(socket, libc::TIOCOUTQ, &raw mut count) } != 0;
        if !failed {
            return usize::try_from(count).ok();
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = socket;
    None
}

/// Ends a connection in both directions, unless something has arrived that was
/// not read. Whether it has ended.
///
/// Both are done one right behind the other, so that next to nothing can
/// arrive in between; what arrives later the system refuses.
pub fn end_unless_arrived(socket: RawFd) -> bool {
    let mut byte = 0_u8;
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
    // SAFETY: the system writes a byte at most there, and tells itself whether
    // `socket` is the number of one.
    let arrived = unsafe { libc::recv(socket, (&raw mut byte).cast(), 1, flags) };
    if arrived > 0 {
        return false;
    }
    // SAFETY: no memory is passed. One that has ended already may fail.
    unsafe { libc::shutdown(socket, libc::SHUT_RDWR) };
    true
}
