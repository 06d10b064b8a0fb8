//! When to look at which connection again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// The times at which connections are to be looked at. A time that has been
/// put off is found so when it has come: what happens on a connection costs
/// nothing here, unless it makes its time come earlier.
#[derive(Debug, Default)]
pub struct Timers {
    times: BinaryHeap<Reverse<(Instant, u64)>>,
}

impl Timers {
    /// Has a connection looked at.
    pub(super) fn add(&mut self, time: Instant, connection: u64) {
        self.times.push(Reverse((time, connection)));
    }

    /// The next time.
    pub(super) fn next(&self) -> Option<Instant> {
        self.times.peek().map(|Reverse((time, _))| *time)
    }

    /// Takes the next one whose time has come.
    pub(super) fn due(&mut self, now: Instant) -> Option<(Instant, u64)> {
        if self.next()? > now {
            return None;
        }
        self.times.pop().map(|Reverse(due)| due)
    }
}
