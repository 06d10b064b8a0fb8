//! What a log should know of a server.

use std::time::{Duration, Instant};

/// Something that happened, for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A connection was closed, for what came on it is no message.
    NoMessage {
        /// The name of its peer.
        peer: String,
        /// Its first bytes.
        opening: Vec<u8>,
        /// What is wrong with them.
        problem: String,
        /// How many more were closed since the last notice.
        more: u64,
    },
    /// A connection is closed, for a call that came on it cannot be read.
    BadCall {
        /// The name of its peer.
        peer: String,
        /// The method that was called.
        method: String,
        /// What is wrong with the call.
        problem: String,
        /// How many more could not be read since the last notice.
        more: u64,
    },
    /// A connection was closed on which a message had begun, and was not
    /// complete when its time was over.
    Late {
        /// The name of its peer.
        peer: String,
        /// The first bytes of the connection.
        opening: Vec<u8>,
        /// How many more were closed since the last notice.
        more: u64,
    },
    /// Calls were answered with an error, because too many wait.
    Overload {
        /// How many wait at most.
        queue: usize,
        /// How many more were refused since the last notice.
        more: u64,
    },
    /// No connections are accepted for now: there are as many as there may be.
    Full {
        /// How many there may be.
        connections: usize,
    },
    /// No connections are accepted for now, because of an error.
    CannotAccept {
        /// The error.
        problem: String,
    },
}

/// At most one notice of a kind in this time.
const PAUSE: Duration = Duration::from_secs(10);

/// What was told of one kind, and when.
#[derive(Debug, Default)]
pub(super) struct Rate {
    last: Option<Instant>,
    held_back: u64,
}

impl Rate {
    /// Whether to tell of one more now: then how many were not told of
    /// before.
    pub(super) fn tell(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now - last < PAUSE) {
            self.held_back += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.held_back))
    }
}
