//! The calls that wait for a worker, and who is woken for them.
//!
//! A worker that runs Python needs the interpreter's lock. While one makes one
//! call after the other, more would only take the lock from each other. So one
//! is woken, and one more when calls wait and nobody has taken any for a while:
//! the handlers wait for something. Work is taken with the lock held, so that
//! none waits in the hands of somebody who waits for the lock.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};

use super::answers::{Answer, Answers, lock};
use super::come::{Come, Cut};
use super::header::{HeaderCall, HeaderSession};
use super::notices::Notice;
use super::options::MessageFormat;
use super::socket::Stream;
use crate::stream::HeaderPairs;

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
    pub(super) stream: Arc<Stream>,
    /// The name of the peer.
    pub(super) peer: String,
    /// What it speaks.
    pub(super) format: MessageFormat,
    /// Of `THeader`.
    pub(super) header: Option<HeaderSession>,
    /// How the messages of a frame are told apart, where that is known.
    pub(super) cut: Option<Cut>,
    pub(super) answers: Arc<Answers>,
    /// How many bytes of answers were given and not sent.
    pub(super) unsent: AtomicUsize,
    /// Whether the connection is over.
    pub(super) has_ended: AtomicBool,
}

/// So many bytes of answers wait for a client that does not take them; no call
/// of it is made meanwhile, and nothing read.
pub(super) const MOST_UNSENT: usize = 1 << 20;

/// For so long the calls of a connection are made, one after the other, before
/// other connections have their turn.
const TURN: Duration = Duration::from_millis(5);

/// The calls that have come on a connection since it was last looked at, to be
/// made and answered one after the other. Where it is dropped before, the
/// connection is closed.
#[derive(Debug)]
pub struct Request {
    origin: Arc<Origin>,
    messages: VecDeque<Come>,
    /// When the first one was taken.
    began: Option<Instant>,
    /// Whether the one that was taken came behind another in its frame.
    is_behind: bool,
    /// Whether nothing else is to be sent or made at the moment: then the
    /// answer need not wait for the loop.
    is_only: bool,
    ended: bool,
    /// When the last of them came.
    came: Instant,
    /// Of the message that was taken, where it came by `THeader`.
    header: Option<Box<HeaderCall>>,
    /// The message that was taken, and whether it is what was put back of the
    /// one before.
    taken: Bytes,
    is_rest: bool,
}

impl Request {
    /// `is_only` where it is one message, and nothing waits to be sent on the
    /// connection.
    pub(super) const fn new(
        origin: Arc<Origin>,
        messages: VecDeque<Come>,
        is_only: bool,
        came: Instant,
    ) -> Self {
        Self {
            origin,
            messages,
            began: None,
            is_behind: false,
            is_only,
            ended: false,
            came,
            header: None,
            taken: Bytes::new(),
            is_rest: false,
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

    /// What the peer speaks: with `THeader` the message that was taken.
    #[must_use]
    pub fn format(&self) -> MessageFormat {
        let header = self.header.as_ref();
        header.map_or(self.origin.format, |call| call.format())
    }

    /// The keys and values that the message has that was taken, where it came
    /// by `THeader`.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderPairs> {
        self.header.as_ref().map(|call| &call.headers)
    }

    /// For how long the calls have waited since the last of them came.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.came.elapsed()
    }

    /// Whether the answer to the message that was taken is compressed.
    #[must_use]
    pub fn compresses(&self) -> bool {
        self.header.as_ref().is_some_and(|call| call.zlib)
    }

    /// Takes the next message, without its frame; nothing where there is no
    /// other to be made now. A frame of `THeader` that is broken ends the
    /// connection.
    ///
    /// The one before must have been answered.
    pub fn next_message(&mut self) -> Option<Bytes> {
        let was_put_back = mem::take(&mut self.is_rest);
        self.taken = self.take_next()?;
        self.is_rest = was_put_back && self.origin.cut.is_none();
        Some(self.taken.clone())
    }

    fn take_next(&mut self) -> Option<Bytes> {
        if self.origin.has_ended.load(Ordering::Relaxed) {
            // Nobody takes the answers.
            self.messages.clear();
        }
        let come = self.messages.pop_front()?;
        self.began.get_or_insert_with(Instant::now);
        self.is_behind = matches!(come, Come::Behind(_));
        match come {
            Come::Whole(message) if self.origin.header.is_some() => self.opened(&message),
            Come::Whole(message) => Some(message),
            Come::Behind(bytes) => {
                let Some(cut) = self.origin.cut else {
                    return Some(bytes);
                };
                let (message, rest) = cut.first(bytes);
                self.come_next(rest);
                Some(message)
            }
        }
    }

    /// Whether the message that was taken came behind another one in its frame.
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Whether the message that was taken is, byte for byte, what was
    /// [put back](Self::put_back) of the one before.
    #[must_use]
    pub const fn is_rest(&self) -> bool {
        self.is_rest
    }

    /// The message that was taken, with what follows it in its frame.
    #[must_use]
    pub const fn taken(&self) -> &Bytes {
        &self.taken
    }

    /// Gives back the last `count` bytes of what was taken, which follow the
    /// message in its frame: what is in them are messages of their own, which
    /// come next. To be told before the answer.
    pub fn put_back(&mut self, count: usize) {
        let end = self.taken.len().saturating_sub(count);
        let rest = Come::behind(self.taken.slice(end..));
        self.is_rest = rest.is_some();
        self.come_next(rest);
    }

    fn come_next(&mut self, rest: Option<Come>) {
        if let Some(rest) = rest {
            self.messages.push_front(rest);
            self.is_only = false;
        }
    }

    /// The message in a frame of `THeader`.
    fn opened(&mut self, frame: &Bytes) -> Option<Bytes> {
        let Some((call, message)) = self.origin.header.as_ref()?.open(frame) else {
            self.give_up();
            return None;
        };
        self.header = Some(Box::new(call));
        Some(message)
    }

    /// Answers the message that was taken, with the bytes to be sent: with its
    /// frame, which is put into one of `THeader` where the message came in one,
    /// and none for a call that has no answer. Unless the connection `goes_on`,
    /// it is closed once they are, and the calls that have come since are not
    /// made.
    pub fn answer(&mut self, mut bytes: Bytes, mut goes_on: bool) {
        if let Some(call) = self.header.take() {
            let sent = call.answer(bytes);
            goes_on &= sent.is_some();
            bytes = sent.unwrap_or_default();
        }
        if self.is_only && self.origin.answers.loop_waits() && !self.origin.answers.is_closing() {
            self.send_at_once(&mut bytes);
        }
        let before = self.origin.unsent.fetch_add(bytes.len(), Ordering::Relaxed);
        let is_full = before + bytes.len() >= MOST_UNSENT;
        let last = !goes_on || is_full || self.has_had_its_turn();
        let mut rest = VecDeque::new();
        if last {
            rest = mem::take(&mut self.messages);
            self.ended = true;
        }
        self.origin.answers.give(Answer {
            connection: self.origin.connection,
            bytes,
            last,
            rest,
            goes_on,
        });
    }

    /// Whether others are to be looked at before the next message.
    fn has_had_its_turn(&self) -> bool {
        self.messages.is_empty() || self.began.is_some_and(|began| began.elapsed() >= TURN)
    }

    /// Sends what the socket takes at once: the loop would have to be woken
    /// first. It writes nothing on this connection until it has the answer.
    ///
    /// Not where the server is closed: there the end of the connection goes
    /// right behind the answer, for no client to send another call in between.
    fn send_at_once(&self, bytes: &mut Bytes) {
        if let Ok(sent) = self.origin.stream.write(&[IoSlice::new(bytes)]) {
            bytes.advance(sent);
        }
        // Where that failed, the loop fails too, and ends the connection.
    }

    /// Closes the connection, unless all was answered.
    pub fn give_up(&mut self) {
        if !self.ended {
            self.answer(Bytes::new(), false);
        }
    }

    /// How many were not taken.
    #[must_use]
    pub fn count(&self) -> usize {
        self.messages.len()
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// Where nobody has taken anything for so long, those who make calls wait for
/// something.
const STALL: Duration = Duration::from_millis(1);

/// A worker that comes so soon had not to wait for the interpreter's lock.
const SOON: Duration = Duration::from_micros(500);

/// What waits, and who waits for it.
///
/// While there is work somebody takes it, or is on the way, or nobody is idle;
/// unless all who should have stalled, which is [watched](Self::watch).
#[derive(Debug)]
pub struct Calls {
    queue: Mutex<Queue>,
    wake: Condvar,
    /// How many calls may wait.
    most: usize,
    /// The way to the loop, which watches.
    answers: Arc<Answers>,
}

#[derive(Debug, Default)]
struct Queue {
    work: VecDeque<Work>,
    /// How many calls are among it.
    waiting: usize,
    /// Workers that there are.
    workers: usize,
    /// Those that wait, and were not woken.
    idle: usize,
    /// Those that were woken and still wait.
    called: usize,
    /// Those that were woken and have not come for work.
    coming: usize,
    /// Since when, and whether because others stall.
    called_at: Option<(Instant, bool)>,
    /// Those that make a call, and have not stalled.
    active: usize,
    /// How often those that were active have stalled.
    stalls: u64,
    /// How often something was taken.
    takes: u64,
    /// When a take was last seen, and which.
    seen: Option<(Instant, u64)>,
    ended: bool,
}

impl Queue {
    /// Wakes one of those that wait, where there is any.
    fn call(&mut self, wake: &Condvar, others_stall: bool) {
        if self.idle > 0 {
            self.idle -= 1;
            self.called += 1;
            self.coming += 1;
            self.called_at = Some((Instant::now(), others_stall));
            wake.notify_one();
        }
    }

    /// Whether somebody takes work, or will.
    const fn is_looked_after(&self) -> bool {
        self.active > 0 || self.coming > 0
    }
}

impl Calls {
    /// `most` calls may wait.
    pub(super) fn new(most: usize, answers: Arc<Answers>) -> Self {
        Self {
            queue: Mutex::default(),
            wake: Condvar::new(),
            most,
            answers,
        }
    }

    /// How many more calls may wait.
    pub(super) fn room(&self) -> usize {
        self.most.saturating_sub(lock(&self.queue).waiting)
    }

    pub(super) const fn most(&self) -> usize {
        self.most
    }

    pub(super) fn waiting(&self) -> usize {
        lock(&self.queue).waiting
    }

    /// Adds what is to be done, and takes it out of `more`.
    pub(super) fn push(&self, more: &mut Vec<Work>) {
        if more.is_empty() {
            return;
        }
        let mut queue = lock(&self.queue);
        for work in more.drain(..) {
            if let Work::Calls(request) = &work {
                queue.waiting += request.count();
            }
            queue.work.push_back(work);
        }
        if !queue.is_looked_after() {
            let others_stall = queue.idle < queue.workers;
            queue.call(&self.wake, others_stall);
        }
    }

    /// Wakes one more worker where calls wait and nobody takes them. How soon
    /// it is to be looked again.
    pub(super) fn watch(&self, now: Instant) -> Option<Duration> {
        let mut queue = lock(&self.queue);
        if queue.work.is_empty() || queue.idle == 0 {
            queue.seen = None;
            return None;
        }
        let takes = queue.takes;
        match queue.seen {
            Some((since, seen)) if seen == takes => {
                // One who is on the way waits for the interpreter's lock: then
                // others do not wait, they work.
                if queue.coming == 0 && now - since >= STALL {
                    queue.stalls += 1;
                    queue.active = 0;
                    queue.call(&self.wake, true);
                }
            }
            _ => queue.seen = Some((now, takes)),
        }
        Some(STALL)
    }

    /// Tells those who wait that nothing comes any more, and drops the calls that nobody
    /// has taken; what is to be logged stays.
    pub(super) fn end(&self) {
        let mut queue = lock(&self.queue);
        queue.ended = true;
        queue.waiting = 0;
        let (notices, left): (VecDeque<_>, VecDeque<_>) = mem::take(&mut queue.work)
            .into_iter()
            .partition(|work| matches!(work, Work::Notice(_)));
        queue.work = notices;
        self.wake.notify_all();
        drop(queue);
        // Each tells that it was not made.
        drop(left);
    }
}

/// Who makes calls: a thread has one.
#[derive(Debug)]
pub struct Worker {
    calls: Arc<Calls>,
    /// How often the active ones had stalled when this one took what it works
    /// on.
    active: Option<u64>,
}

impl Worker {
    pub(super) fn new(calls: Arc<Calls>) -> Self {
        lock(&calls.queue).workers += 1;
        Self {
            calls,
            active: None,
        }
    }

    /// Waits for something to do, for a thread that needs nothing else for it;
    /// nothing once the server has ended.
    #[must_use]
    pub fn take(&mut self) -> Option<Work> {
        let mut work = self.ready();
        while work.is_none() && self.wait() {
            work = self.come();
        }
        work
    }

    /// Something to do, where there is any without waiting; where it was done
    /// soon, and others work too, it is left to them.
    #[must_use]
    pub fn ready(&mut self) -> Option<Work> {
        let calls = Arc::clone(&self.calls);
        let mut queue = lock(&calls.queue);
        if self.stop(&mut queue) && queue.is_looked_after() {
            return None;
        }
        self.start(&mut queue)
    }

    /// Waits until there may be something to do; then [`come`](Self::come) is
    /// to be called, once the thread has what it needs to work. False once the
    /// server has ended, and all is told.
    #[must_use]
    pub fn wait(&mut self) -> bool {
        let calls = Arc::clone(&self.calls);
        let mut queue = lock(&calls.queue);
        self.stop(&mut queue);
        if !queue.work.is_empty() && !queue.is_looked_after() {
            queue.coming += 1;
            return true;
        }
        queue.idle += 1;
        if !queue.work.is_empty() {
            // It is left to others. The loop has to watch them, which it does
            // not while nobody is idle.
            calls.answers.wake();
        }
        while queue.called == 0 {
            if queue.ended {
                queue.idle -= 1;
                let is_left = !queue.work.is_empty();
                queue.coming += usize::from(is_left);
                return is_left;
            }
            let woken = calls.wake.wait(queue);
            queue = woken.unwrap_or_else(PoisonError::into_inner);
        }
        queue.called -= 1;
        true
    }

    /// Something to do, where there still is any, after a wait.
    #[must_use]
    pub fn come(&mut self) -> Option<Work> {
        let calls = Arc::clone(&self.calls);
        let mut queue = lock(&calls.queue);
        queue.coming -= 1;
        let called = queue.called_at.take();
        let work = self.start(&mut queue)?;
        // Where one could work at once, and was called because others could
        // not, one more can.
        if let Some((at, true)) = called
            && queue.coming == 0
            && !queue.work.is_empty()
            && at.elapsed() < SOON
        {
            queue.call(&calls.wake, true);
        }
        Some(work)
    }

    /// Takes something to do.
    fn start(&mut self, queue: &mut Queue) -> Option<Work> {
        let mut work = queue.work.pop_front()?;
        if let Work::Calls(request) = &mut work {
            queue.waiting -= request.count();
            request.is_only &= queue.work.is_empty();
        }
        queue.takes = queue.takes.wrapping_add(1);
        queue.active += 1;
        self.active = Some(queue.stalls);
        Some(work)
    }

    /// Has done what it took; whether it was active all the time.
    fn stop(&mut self, queue: &mut Queue) -> bool {
        let is_active = self.active.take() == Some(queue.stalls);
        if is_active {
            queue.active -= 1;
        }
        is_active
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let calls = Arc::clone(&self.calls);
        let mut queue = lock(&calls.queue);
        self.stop(&mut queue);
        queue.workers -= 1;
    }
}
