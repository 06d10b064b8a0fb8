//! How long a client may take for its answers.

use std::time::{Duration, Instant};

/// What a client takes of an answer at least, once its time is over, in bytes
/// for each second.
const LEAST_RATE: u32 = 16 * 1024;

/// More time than this is worth another wait: a client that is just too slow
/// would be given less and less.
const LEAST_WAIT: Duration = Duration::from_millis(100);

/// Bounds the waits for a client that is to take what is sent: one that takes
/// nothing has a time, and what it takes, in bytes, gives it as much more as
/// that may take at 16 KiB a second.
///
/// A limit for each wait is none for a client that takes a byte now and then,
/// and one for the whole is too short for a large answer over a slow line.
#[derive(Clone, Copy, Debug)]
pub struct AnswerClock {
    time: Duration,
    began: Instant,
    /// How many bytes there were then that the client had not taken, and have
    /// come since.
    whole: usize,
    until: Option<Instant>,
}

/// What a client has not taken, in bytes. Sizes are those of the system, which
/// may count more than the bytes themselves.
#[derive(Clone, Copy, Debug)]
pub struct Untaken {
    /// What the system does not have yet.
    pub unsent: usize,
    /// What it keeps, where that is known. Elsewhere a client counts as having
    /// taken what the system has.
    pub kept: Option<usize>,
}

impl Untaken {
    fn bytes(self) -> usize {
        self.unsent + self.kept.unwrap_or_default()
    }
}

impl AnswerClock {
    /// There is something to be taken from `now` on, by a client who has `time`
    /// if it takes nothing.
    #[must_use]
    pub fn new(time: Duration, now: Instant, untaken: Untaken) -> Self {
        Self {
            time,
            began: now,
            whole: untaken.bytes(),
            until: now.checked_add(time),
        }
    }

    /// So many more bytes are to be sent.
    pub const fn add(&mut self, bytes: usize) {
        self.whole += bytes;
    }

    /// When to look again; nothing for never.
    #[must_use]
    pub const fn until(&self) -> Option<Instant> {
        self.until
    }

    /// How long to wait from `now` on; nothing where the client is too slow.
    pub fn patience(&mut self, now: Instant, untaken: Untaken) -> Option<Duration> {
        let taken = self.whole.saturating_sub(untaken.bytes());
        let wait = longest(self.time, taken).saturating_sub(now - self.began);
        if wait >= LEAST_WAIT.min(self.time / 2) {
            self.until = now.checked_add(wait);
            return Some(wait);
        }
        if untaken.kept != Some(0) {
            return None;
        }
        // The client has taken all that there was: it is this program that was slow.
        *self = Self::new(self.time, now, untaken);
        Some(self.time)
    }
}

/// How long a client may take for so many bytes, which has `time` if it takes
/// nothing.
#[must_use]
pub fn longest(time: Duration, bytes: usize) -> Duration {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    time.saturating_add(Duration::from_secs(1) / LEAST_RATE * bytes)
}
