//! Serves connections: an event loop that waits for bytes and sends them, and
//! gives whole messages to threads which call handlers. No Python.
//!
//! ```text
//! sockets -> EventLoop -> Connection (what is whole?) -> Calls -> a worker
//!    ^                                                              |
//!    +------------- EventLoop <- Answers <- Request::answer <-------+
//! ```
//!
//! One thread [runs](Server::run) the loop. Any number of others
//! [take](Worker::take) work from it, until there is none any more.
//!
//! Invariants:
//! - the calls of a connection are made one after the other, and answered in
//!   the order in which they came;
//! - an idle connection has no thread, and no buffer;
//! - memory grows with bytes that have come, and what a client does not take
//!   is not made, several calls in one frame included: from a connection whose
//!   calls wait, or whose answers do, nothing is read;
//! - each message has a time from its first byte to its last, however its
//!   bytes come;
//! - a call that was received is answered before the server ends, within the
//!   grace that it was given.
#![forbid(unsafe_code)]

mod answer_clock;
mod answers;
mod calls;
mod come;
mod connection;
mod event_loop;
mod format;
mod header;
mod json_message;
mod notices;
mod options;
mod refusal;
mod socket;
mod timers;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use answers::Answers;
use calls::Calls;
use event_loop::EventLoop;

pub use answer_clock::{AnswerClock, Untaken, longest};
pub use calls::{Request, Work, Worker};
pub use event_loop::Ended;
pub use notices::Notice;
pub use options::{MessageFormat, ServerOptions};
pub use socket::Listener;

/// A server: what its threads share.
#[derive(Debug)]
pub struct Server {
    calls: Arc<Calls>,
    answers: Arc<Answers>,
}

/// What is longer takes for ever.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The part of a server that waits, for one thread to run.
#[derive(Debug)]
pub struct Runner(EventLoop);

impl Server {
    /// A server of the connections that come to `listener`, and what runs it.
    pub fn new(listener: Listener, options: ServerOptions) -> io::Result<(Self, Runner)> {
        let event_loop = EventLoop::new(listener, options)?;
        let (calls, answers) = event_loop.shared();
        Ok((Self { calls, answers }, Runner(event_loop)))
    }

    /// A new worker: a thread that makes calls has one.
    #[must_use]
    pub fn worker(&self) -> Worker {
        Worker::new(Arc::clone(&self.calls))
    }

    /// Has the loop end: no connection is accepted any more, the calls that
    /// have come are answered, and after `grace` the rest is given up.
    pub fn close(&self, grace: Duration) {
        let now = Instant::now();
        let until = now.checked_add(grace).unwrap_or(now + LONGEST);
        self.answers.close(until);
    }

    /// How many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.answers.connections()
    }

    /// How many calls wait for a worker.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.calls.waiting()
    }
}

impl Runner {
    /// Runs until the server was closed, and gives what is left then.
    ///
    /// Whatever ends it, who waits for work is told.
    pub fn run(self) -> io::Result<Ended> {
        self.0.run()
    }
}
