//! What a server allows, and for how long.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::stream::Protocol;
use crate::wire::Limits;

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageFormat {
    /// What its messages are written in.
    pub protocol: Protocol,
    /// Whether they are in frames.
    pub framed: bool,
    /// Whether these are frames of `THeader`, each of which says what its
    /// message is written in.
    pub header: bool,
}

impl MessageFormat {
    /// The number that `THeader` has for who speaks it, where it has one.
    pub(super) const fn client_type(self) -> Option<usize> {
        Some(match (self.protocol, self.framed) {
            _ if self.header => 0,
            (Protocol::Binary { .. }, true) => 1,
            (Protocol::Binary { .. }, false) => 2,
            (Protocol::Compact, true) => 3,
            (Protocol::Compact, false) => 4,
            (Protocol::Json | Protocol::ApacheJson, _) => return None,
        })
    }
}

/// What a server allows, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct ServerOptions {
    /// What messages are written in, where that is fixed. Elsewhere the first
    /// bytes of a connection tell it.
    pub protocol: Option<Protocol>,
    /// Whether messages are in frames, where that is fixed.
    pub framed: Option<bool>,
    /// Whether it is another one than `protocol` says, which nobody here can
    /// read: its messages come in frames.
    pub is_foreign: bool,
    /// Of a server of `THeader`, whether it takes those that speak that, binary
    /// in frames and without, and compact in frames and without. Elsewhere any
    /// may come where neither protocol nor frames are fixed.
    pub client_types: Option<[bool; 5]>,
    /// Whether answers to calls of `THeader` are compressed, with zlib, where
    /// the calls were not.
    pub zlib: bool,
    /// Whether binary messages without a version are refused, where the
    /// protocol is found.
    pub strict: bool,
    /// What one message may cost.
    pub limits: Limits,
    /// The longest frame, in bytes.
    pub frame: usize,
    /// How many connections may be open at once.
    pub connections: usize,
    /// How many calls may wait for a worker; those beyond are answered with
    /// an error.
    pub queue: usize,
    /// How long a message may take from its first byte to its last, and a
    /// client that takes nothing of its answer: see
    /// [`AnswerClock`](super::AnswerClock).
    pub message_time: Option<Duration>,
    /// How many bytes the system keeps that the other side of a connection has
    /// not taken, where it tells.
    pub kept: fn(BorrowedFd<'_>) -> Option<usize>,
    /// How long a connection may have nothing to say.
    pub idle_time: Option<Duration>,
    /// How long calls may take to end when somebody else has closed the
    /// listening socket.
    pub grace: Duration,
}

impl ServerOptions {
    /// How many bytes a frame, or what is in none, has at most.
    pub(super) fn longest(&self) -> usize {
        self.frame.max(self.limits.message)
    }
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            protocol: None,
            framed: None,
            is_foreign: false,
            client_types: None,
            zlib: false,
            strict: true,
            limits: Limits::DEFAULT,
            frame: Limits::DEFAULT_SIZE,
            connections: 10_000,
            queue: 10_000,
            message_time: Some(Duration::from_secs(3)),
            kept: |_| None,
            idle_time: None,
            grace: Duration::from_secs(10),
        }
    }
}
