//! What the loop is told by other threads: answers, and to end.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use mio::Waker;

use super::come::Come;

/// What became of a call.
#[derive(Debug)]
pub(super) struct Answer {
    /// The connection that it came on.
    pub(super) connection: u64,
    /// What to send for it, which may be nothing.
    pub(super) bytes: Bytes,
    /// Whether it was the last one of those that were handed out together.
    pub(super) last: bool,
    /// The calls that were handed out with it and were not made.
    pub(super) rest: VecDeque<Come>,
    /// Whether the connection goes on.
    pub(super) goes_on: bool,
}

/// The way back into the loop.
#[derive(Debug)]
pub struct Answers {
    given: Mutex<Vec<Answer>>,
    /// Whether the loop waits, and is to be woken.
    waits: AtomicBool,
    closing: Mutex<Option<Instant>>,
    is_closing: AtomicBool,
    connections: AtomicUsize,
    waker: Waker,
}

impl Answers {
    pub(super) fn new(waker: Waker) -> Self {
        Self {
            given: Mutex::default(),
            waits: AtomicBool::new(false),
            closing: Mutex::default(),
            is_closing: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            waker,
        }
    }

    /// Has the loop send an answer.
    pub(super) fn give(&self, answer: Answer) {
        lock(&self.given).push(answer);
        self.wake();
    }

    /// Takes what was given since, into `taken`, which is empty.
    pub(super) fn take(&self, taken: &mut Vec<Answer>) {
        std::mem::swap(&mut *lock(&self.given), taken);
    }

    /// The loop is about to wait; whether it should not, for something has
    /// come.
    pub(super) fn before_wait(&self) -> bool {
        self.waits.store(true, Ordering::SeqCst);
        // What comes later finds the mark.
        !lock(&self.given).is_empty()
    }

    /// The loop waits no more.
    pub(super) fn after_wait(&self) {
        self.waits.store(false, Ordering::SeqCst);
    }

    /// Whether the loop waits for something to happen.
    pub(super) fn loop_waits(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }

    /// Has the loop end until then.
    pub(super) fn close(&self, until: Instant) {
        self.is_closing.store(true, Ordering::Relaxed);
        let mut closing = lock(&self.closing);
        if closing.is_none_or(|earlier| until < earlier) {
            *closing = Some(until);
        }
        drop(closing);
        // Whether it waits or is about to.
        let _ = self.waker.wake();
    }

    /// Until when the loop has to end, if it has to.
    pub(super) fn closing(&self) -> Option<Instant> {
        *lock(&self.closing)
    }

    /// Whether it has to end.
    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    pub(super) fn set_connections(&self, connections: usize) {
        self.connections.store(connections, Ordering::Relaxed);
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Has the loop look again.
    pub(super) fn wake(&self) {
        if self.waits.swap(false, Ordering::SeqCst) {
            // It fails where the loop is gone, which needs no answers.
            let _ = self.waker.wake();
        }
    }
}

/// Nothing that is held here is left half-done by a panic.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
