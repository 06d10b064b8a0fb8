//! What a server allows, and for how long.

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
}

/// What a server allows, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct ServerOptions {
    /// What connections speak, where that is fixed. Elsewhere their first
    /// bytes tell it.
    pub format: Option<MessageFormat>,
    /// Whether binary messages without a version are refused, where the
    /// format is found.
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
    /// client to take its answer, or a part of it.
    pub message_time: Option<Duration>,
    /// How long a connection may have nothing to say.
    pub idle_time: Option<Duration>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            format: None,
            strict: true,
            limits: Limits::DEFAULT,
            frame: Limits::DEFAULT_SIZE,
            connections: 10_000,
            queue: 10_000,
            message_time: Some(Duration::from_secs(3)),
            idle_time: None,
        }
    }
}
