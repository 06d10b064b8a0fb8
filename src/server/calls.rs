//! The calls that wait for a worker, and who is woken for them.
//!
//! A worker that runs Python needs the interpreter's lock. While one makes one
//! call after the other, more would only take the lock from each other. So one
//! is woken, and others when calls wait and nobody has taken any for a while:
//! the handlers wait for something.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::answers::{Answer, Answers, lock};
use super::notices::Notice;
use super::options::MessageFormat;

/// Something for a worker to do.
#[derive(Debug)]
pub enum Work {
    /// To make the calls that came on a connection.
    Calls(Request),
    /// To log something.
    Notice(Notice),
}

/// Where calls come from.
#[derive(Debug)]
pub struct Origin {
    /// The number of the connection, which no other one has.
    pub(super) connection: u64,
    /// The name of the peer.
    pub(super) peer: String,
    /// What it speaks.
    pub(super) format: MessageFormat,
    pub(super) answers: Arc<Answers>,
}

/// The calls that have come on a connection since it was last looked at, to be
/// made and answered one after the other. Where it is dropped before, the
/// connection is closed.
#[derive(Debug)]
pub struct Request {
    origin: Arc<Origin>,
    messages: VecDeque<Bytes>,
    ended: bool,
}

impl Request {
    pub(super) fn new(origin: Arc<Origin>, messages: VecDeque<Bytes>) -> Self {
        Self {
            origin,
            messages,
            ended: false,
        }
    }

    /// The number of the connection, which no other one of the server has.
    #[must_use]
    pub fn connection(&self) -> u64 {
        self.origin.connection
    }

    /// The name of the peer.
    #[must_use]
    pub fn peer(&self) -> &str {
        &self.origin.peer
    }

    /// What the peer speaks.
    #[must_use]
    pub fn format(&self) -> MessageFormat {
        self.origin.format
    }

    /// Takes the next message, without its frame; nothing where all were.
    ///
    /// The one before must have been answered.
    pub fn next_message(&mut self) -> Option<Bytes> {
        self.messages.pop_front()
    }

    /// Answers the message that was taken, with the bytes to be sent: with its
    /// frame, and none for a call that has no answer. Unless the connection
    /// `goes_on`, it is closed once they are, and the calls that have come
    /// since are not made.
    pub fn answer(&mut self, bytes: Bytes, goes_on: bool) {
        let last = !goes_on || self.messages.is_empty();
        if last {
            self.messages.clear();
            self.ended = true;
        }
        self.origin.answers.give(Answer {
            connection: self.origin.connection,
            bytes,
            last,
            goes_on,
        });
    }

    /// How many were not taken.
    #[must_use]
    pub fn count(&self) -> usize {
        self.messages.len()
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        if !self.ended {
            self.answer(Bytes::new(), false);
        }
    }
}

/// A worker that has not come back for so long waits for something.
const STALL: Duration = Duration::from_millis(1);

/// How long more workers than one are kept awake that are not needed.
const CALM: Duration = Duration::from_millis(100);

/// What waits, and who waits for it.
#[derive(Debug)]
pub struct Calls {
    state: Mutex<Queue>,
    wake: Condvar,
    /// How many calls may wait.
    most: usize,
}

#[derive(Debug, Default)]
struct Queue {
    work: VecDeque<Work>,
    /// How many calls are among it.
    waiting: usize,
    /// Workers that there are.
    workers: usize,
    /// Those of them that wait, and were not woken.
    idle: usize,
    /// Those that were woken and have not noticed.
    called: usize,
    /// How many are kept awake while there is something to do.
    wanted: usize,
    /// How often something was taken.
    takes: u64,
    /// When a take was last seen, and which.
    seen: Option<(Instant, u64)>,
    /// When more workers were last needed.
    stalled: Option<Instant>,
    ended: bool,
}

impl Queue {
    /// Wakes up to so many of those that wait.
    fn call(&mut self, wake: &Condvar, count: usize) {
        for _ in 0..count.min(self.idle) {
            self.idle -= 1;
            self.called += 1;
            wake.notify_one();
        }
    }

    /// Workers that make calls, or are about to.
    const fn awake(&self) -> usize {
        self.workers.saturating_sub(self.idle)
    }

    fn pop(&mut self) -> Option<Work> {
        let work = self.work.pop_front()?;
        if let Work::Calls(request) = &work {
            self.waiting -= request.count();
        }
        self.takes = self.takes.wrapping_add(1);
        Some(work)
    }
}

impl Calls {
    /// For so many workers; `most` calls may wait.
    pub(super) fn new(workers: usize, most: usize) -> Self {
        Self {
            state: Mutex::new(Queue {
                workers,
                wanted: 1,
                ..Queue::default()
            }),
            wake: Condvar::new(),
            most,
        }
    }

    /// How many more calls may wait.
    pub(super) fn room(&self) -> usize {
        self.most.saturating_sub(lock(&self.state).waiting)
    }

    pub(super) const fn most(&self) -> usize {
        self.most
    }

    pub(super) fn waiting(&self) -> usize {
        lock(&self.state).waiting
    }

    /// Adds what is to be done, and takes it out of `more`.
    pub(super) fn push(&self, more: &mut Vec<Work>) {
        if more.is_empty() {
            return;
        }
        let mut state = lock(&self.state);
        let count = more.len();
        for work in more.drain(..) {
            if let Work::Calls(request) = &work {
                state.waiting += request.count();
            }
            state.work.push_back(work);
        }
        let missing = state.wanted.saturating_sub(state.awake());
        state.call(&self.wake, missing.min(count));
    }

    /// Wakes more workers where calls wait and nobody takes them. How soon it
    /// is to be looked again.
    pub(super) fn watch(&self, now: Instant) -> Option<Duration> {
        let mut state = lock(&self.state);
        if state.work.is_empty() || state.idle == 0 {
            state.seen = None;
            if state.wanted > 1 && state.stalled.is_none_or(|last| now - last > CALM) {
                state.wanted -= 1;
                state.stalled = Some(now);
            }
            return None;
        }
        let takes = state.takes;
        match state.seen {
            Some((since, seen)) if seen == takes => {
                if now - since >= STALL {
                    let more = state.awake().max(1);
                    state.call(&self.wake, more);
                    state.wanted = state.awake();
                    state.stalled = Some(now);
                    state.seen = Some((now, takes));
                }
            }
            _ => state.seen = Some((now, takes)),
        }
        Some(STALL)
    }

    /// Waits for something to do; nothing once there is no more.
    pub(super) fn take(&self) -> Option<Work> {
        let mut state = lock(&self.state);
        loop {
            if let Some(work) = state.pop() {
                return Some(work);
            }
            if state.ended {
                return None;
            }
            state.idle += 1;
            while state.called == 0 && !state.ended {
                state = self
                    .wake
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            state.called = state.called.saturating_sub(1);
        }
    }

    /// What there is to do, without waiting.
    pub(super) fn take_ready(&self) -> Option<Work> {
        lock(&self.state).pop()
    }

    /// Tells those who wait that nothing comes any more. What nobody has taken
    /// is given back.
    pub(super) fn end(&self) -> usize {
        let mut state = lock(&self.state);
        state.ended = true;
        let left = std::mem::take(&mut state.work);
        let waiting = std::mem::take(&mut state.waiting);
        self.wake.notify_all();
        drop(state);
        drop(left);
        waiting
    }
}
