//! When to look at which connection again.

use std::collections::BTreeSet;
use std::time::Instant;

/// The times at which connections are to be looked at, one for each at most. A
/// time that has been put off is found so when it has come: what happens on a
/// connection costs nothing here, unless it makes its time come earlier.
#[derive(Debug, Default)]
pub struct Timers {
    times: BTreeSet<(Instant, u64)>,
}

impl Timers {
    /// Has a connection looked at.
    pub(super) fn add(&mut self, time: Instant, connection: u64) {
        self.times.insert((time, connection));
    }

    /// Has a connection not looked at.
    pub(super) fn remove(&mut self, time: Instant, connection: u64) {
        self.times.remove(&(time, connection));
    }

    /// The next time.
    pub(super) fn next(&self) -> Option<Instant> {
        self.times.first().map(|(time, _)| *time)
    }

    /// Takes the next one whose time has come.
    pub(super) fn due(&mut self, now: Instant) -> Option<u64> {
        if self.next()? > now {
            return None;
        }
        self.times.pop_first().map(|(_, connection)| connection)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_removed_is_not_looked_at() {
        let start = Instant::now();
        let [soon, late] = [1, 2].map(|seconds| start + Duration::from_secs(seconds));
        let mut timers = Timers::default();
        timers.add(late, 1);
        timers.add(soon, 2);
        timers.remove(late, 1);
        timers.add(soon, 1);
        assert_eq!(timers.due(start), None);
        assert_eq!(timers.due(late), Some(1));
        assert_eq!(timers.due(late), Some(2));
        assert_eq!((timers.due(late), timers.next()), (None, None));
    }
}
