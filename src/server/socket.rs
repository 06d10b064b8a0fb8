//! The sockets of a server, of either family.

use std::io::{self, IoSlice, Read, Write};
use std::net;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix;
use std::time::Duration;

use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::{Interest, Registry, Token};

/// A socket that connections come to.
#[derive(Debug)]
pub enum Listener {
    /// Of TCP.
    Tcp(TcpListener),
    /// Of this machine.
    Unix(UnixListener),
}

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// Of TCP.
    Tcp(TcpStream),
    /// Of this machine.
    Unix(UnixStream),
}

impl Listener {
    /// What listens on a socket of TCP.
    pub fn tcp(socket: OwnedFd) -> io::Result<Self> {
        let listener = net::TcpListener::from(socket);
        listener.set_nonblocking(true)?;
        Ok(Self::Tcp(TcpListener::from_std(listener)))
    }

    /// What listens on a unix socket.
    pub fn unix(socket: OwnedFd) -> io::Result<Self> {
        let listener = unix::net::UnixListener::from(socket);
        listener.set_nonblocking(true)?;
        Ok(Self::Unix(UnixListener::from_std(listener)))
    }

    /// The next connection, and the name of its peer; an error of kind
    /// `WouldBlock` where there is none.
    pub(super) fn accept(&self) -> io::Result<(Stream, String)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept()?;
                // An answer is written as a whole. That it may be late is no
                // reason to lose the connection.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), peer.to_string()))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                Ok((Stream::Unix(stream), "a unix socket client".to_owned()))
            }
        }
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(listener) => listener,
            Self::Unix(listener) => listener,
        }
    }

    /// Has a poll tell of connections.
    pub(super) fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(self.source(), token, Interest::READABLE)
    }
}

impl Stream {
    fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(stream) => stream,
            Self::Unix(stream) => stream,
        }
    }

    /// Has a poll tell when there is something to read, or room to write.
    pub(super) fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(self.source(), token, interest)
    }

    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&*stream).read(buffer),
            Self::Unix(stream) => (&*stream).read(buffer),
        }
    }

    pub(super) fn write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, buffers) {
            (Self::Tcp(stream), [one]) => (&*stream).write(one),
            (Self::Tcp(stream), several) => (&*stream).write_vectored(several),
            (Self::Unix(stream), [one]) => (&*stream).write(one),
            (Self::Unix(stream), several) => (&*stream).write_vectored(several),
        }
    }

    /// Has the last of what is written go with the end of the connection, in
    /// one segment: no client has its answer, and sends another call, before
    /// it could see the end. Where the system cannot, they go one behind the
    /// other.
    pub(super) fn hold_back(&self) {
        #[cfg(target_os = "linux")]
        if let Self::Tcp(stream) = self {
            let _ = rustix::net::sockopt::set_tcp_cork(stream, true);
        }
    }

    /// Has it end at once when it is closed: the system does not keep what its
    /// peer has not taken.
    pub(super) fn reset(&self) {
        // One that has ended is not kept.
        let _ = rustix::net::sockopt::set_socket_linger(self.as_fd(), Some(Duration::ZERO));
    }

    /// Tells the peer that nothing more comes.
    pub(super) fn finish(&self) {
        self.end(net::Shutdown::Write);
    }

    /// Ends the connection, though another process may have it too.
    pub(super) fn shut_down(&self) {
        self.end(net::Shutdown::Both);
    }

    fn end(&self, how: net::Shutdown) {
        // The peer may have gone already.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(how),
            Self::Unix(stream) => stream.shutdown(how),
        };
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}
