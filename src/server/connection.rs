//! One connection: what has come on it, what is to be sent, and for how long
//! it may be silent.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};

use super::answer_clock::{AnswerClock, Untaken};
use super::answers::{Answer, Answers};
use super::calls::{MOST_UNSENT, Origin, Request};
use super::come::Come;
use super::format::{cut_of, format_of, inbound, refusal};
use super::header::HeaderSession;
use super::options::ServerOptions;
use super::refusal::{Reason, method_called, refuse};
use super::socket::Stream;
use super::timers::Timers;
use crate::stream::Inbound;
use crate::wire::Limits;

/// So many calls of a connection wait until they are handed out; nothing is
/// read meanwhile.
const MOST_PENDING: usize = 256;

/// So often a connection is read from before others have their turn.
const READS_PER_TURN: usize = 16;

/// So many pieces are sent at once.
const PIECES_PER_WRITE: usize = 64;

/// How many of the first bytes are kept, to tell what they are.
const LOOKED_AT: usize = 24;

/// How long after it was accepted, or after an answer, a connection is fresh.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// How long an answer may take to arrive that is the last one.
const LINGER: Duration = Duration::from_millis(300);

/// Why a connection is over.
#[derive(Debug)]
pub(super) enum End {
    /// Its peer has gone, or was silent for too long.
    Gone,
    /// What has come is no message.
    NoMessage(String),
}

/// What has come behind calls and is none, or a call that cannot be read.
#[derive(Debug)]
pub(super) struct Trouble {
    /// The method that is called, where it is a call.
    pub(super) method: Option<String>,
    pub(super) problem: String,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// What is known of what it speaks.
#[derive(Debug)]
enum Speaks {
    /// Nothing: these bytes have come.
    Unknown { peer: String, come: Vec<u8> },
    /// This.
    Known {
        origin: Arc<Origin>,
        inbound: Inbound,
    },
}

/// What a connection reads with when it has its turn.
pub(super) struct Turn<'a> {
    pub(super) scratch: &'a mut [u8],
    pub(super) now: Instant,
    pub(super) options: &'a ServerOptions,
    /// The number of the connection.
    pub(super) id: u64,
    pub(super) answers: &'a Arc<Answers>,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: Arc<Stream>,
    speaks: Speaks,
    opening: [u8; LOOKED_AT],
    opened: usize,
    /// Messages that have come and were not handed out.
    pending: VecDeque<Come>,
    /// So many of them were handed out before, and given back.
    given_back: usize,
    /// When the last of them came.
    came: Instant,
    /// Whether a worker has calls of it.
    is_at_work: bool,
    /// Whether nothing is read until that one is done.
    is_held: bool,
    output: VecDeque<Bytes>,
    /// How many bytes are in it.
    output_bytes: usize,
    /// Since its client was not ready for all of it, where it has a time.
    clock: Option<AnswerClock>,
    /// Whether the socket may have more to read, and the peer may have ended.
    has_more: bool,
    has_hung_up: bool,
    /// Whether its peer sends nothing more.
    has_ended: bool,
    /// What is sent when the calls before are answered, and then nothing.
    last_words: Option<Bytes>,
    /// Whether it is closed once all is sent.
    is_closing: bool,
    /// Whether the peer was told that nothing more is sent.
    is_finished: bool,
    /// Since when it waits for what it waits for.
    since: Instant,
    /// Whether a message has begun to come.
    has_begun: bool,
    /// When it is to be looked at.
    scheduled: Option<Instant>,
}

impl Drop for Connection {
    /// Tells the peer, and workers that have calls of it, that it is over.
    fn drop(&mut self) {
        if let Speaks::Known { origin, .. } = &self.speaks {
            origin.has_ended.store(true, Ordering::Relaxed);
        }
        self.stream.shut_down();
    }
}

impl Connection {
    pub(super) fn new(stream: Stream, peer: String, now: Instant) -> Self {
        Self {
            stream: Arc::new(stream),
            speaks: Speaks::Unknown {
                peer,
                come: Vec::new(),
            },
            opening: [0; LOOKED_AT],
            opened: 0,
            pending: VecDeque::new(),
            given_back: 0,
            came: now,
            is_at_work: false,
            is_held: false,
            output: VecDeque::new(),
            output_bytes: 0,
            clock: None,
            has_more: true,
            has_hung_up: false,
            has_ended: false,
            last_words: None,
            is_closing: false,
            is_finished: false,
            since: now,
            has_begun: false,
            scheduled: None,
        }
    }

    /// Its first bytes; where something came that is no message, those of that.
    pub(super) fn opening(&self) -> &[u8] {
        &self.opening[..self.opened]
    }

    /// The name of its peer.
    pub(super) fn peer(&self) -> &str {
        match &self.speaks {
            Speaks::Unknown { peer, .. } => peer,
            Speaks::Known { origin, .. } => &origin.peer,
        }
    }

    /// The socket has something to read, or its end.
    pub(super) const fn is_readable(&mut self, has_hung_up: bool) {
        self.has_more = true;
        self.has_hung_up |= has_hung_up;
    }

    /// Whether it would read if it had its turn.
    pub(super) fn wants_turn(&self) -> bool {
        self.has_more && self.may_read()
    }

    fn may_read(&self) -> bool {
        !self.has_ended
            && !self.is_held
            && self.pending.len() < MOST_PENDING
            && self.output_bytes < MOST_UNSENT
    }

    /// Reads what has come, within reason.
    pub(super) fn read(&mut self, turn: &mut Turn<'_>) -> Result<Option<Trouble>, End> {
        for _ in 0..READS_PER_TURN {
            if !self.wants_turn() {
                break;
            }
            match self.stream.read(turn.scratch) {
                Ok(0) => {
                    self.has_more = false;
                    self.has_ended = true;
                }
                Ok(count) => {
                    // There was no more, then. Its end may have come with it.
                    self.has_more = count == turn.scratch.len() || self.has_hung_up;
                    if self.takes_calls()
                        && let Some(bad) = self.feed(count, turn)?
                    {
                        return Ok(Some(bad));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.has_more = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// Whether what comes may be made.
    const fn takes_calls(&self) -> bool {
        !self.is_closing && self.last_words.is_none()
    }

    fn feed(&mut self, count: usize, turn: &Turn<'_>) -> Result<Option<Trouble>, End> {
        let bytes = &turn.scratch[..count];
        let new = count.min(LOOKED_AT - self.opened);
        self.opening[self.opened..self.opened + new].copy_from_slice(&bytes[..new]);
        self.opened += new;
        let had_begun = mem::replace(&mut self.has_begun, true);
        match &mut self.speaks {
            Speaks::Known { inbound, .. } => inbound.feed(bytes),
            Speaks::Unknown { peer, come } => {
                come.extend_from_slice(bytes);
                if let Some(format) = format_of(come, turn.options).map_err(End::NoMessage)? {
                    let mut inbound = inbound(format, turn.options);
                    inbound.feed(come);
                    let origin = Origin {
                        connection: turn.id,
                        stream: Arc::clone(&self.stream),
                        peer: mem::take(peer),
                        format,
                        header: format.header.then(|| HeaderSession::new(turn.options)),
                        cut: cut_of(format, turn.options),
                        answers: Arc::clone(turn.answers),
                        unsent: AtomicUsize::new(0),
                        has_ended: AtomicBool::new(false),
                    };
                    self.speaks = Speaks::Known {
                        origin: Arc::new(origin),
                        inbound,
                    };
                }
            }
        }
        let (is_whole, bad) = self.cut(turn.options)?;
        if !had_begun || is_whole {
            self.since = turn.now;
        }
        if is_whole {
            self.came = turn.now;
        }
        Ok(bad)
    }

    /// Finds what is whole. Whether anything is, and a call that cannot be
    /// read.
    fn cut(&mut self, options: &ServerOptions) -> Result<(bool, Option<Trouble>), End> {
        let Speaks::Known { inbound, origin } = &mut self.speaks else {
            return Ok((false, None));
        };
        let mut is_whole = false;
        let error = loop {
            match inbound.next() {
                Ok(Some(message)) => self.pending.push_back(Come::Whole(message)),
                Ok(None) => {
                    self.has_begun = !inbound.is_empty();
                    return Ok((is_whole, None));
                }
                Err(error) => break error,
            }
            is_whole = true;
        };
        let (format, limits) = (origin.format, options.limits);
        let problem = error.to_string();
        let message = inbound.rest();
        // Those tell what came in place of a message, be it the first one.
        self.opened = message.len().min(LOOKED_AT);
        self.opening[..self.opened].copy_from_slice(&message[..self.opened]);
        // In a frame it is the frame that is wrong.
        let method = method_called(message, format, limits).filter(|_| !format.framed);
        let answer = method.as_deref().and_then(|method| {
            let text = format!("The arguments of {method} cannot be read");
            refuse(message, format, limits, Reason::Protocol, &text)
        });
        let has_nothing = !self.is_at_work && self.pending.is_empty() && self.output.is_empty();
        if method.is_none() && has_nothing {
            return Err(End::NoMessage(problem));
        }
        self.last_words = Some(answer.unwrap_or_default());
        self.has_begun = false;
        Ok((is_whole, Some(Trouble { method, problem })))
    }

    /// So many calls have had room before: a worker gave them back for others
    /// to have their turn.
    pub(super) const fn given_back(&self) -> usize {
        self.given_back
    }

    /// The calls that have come, for a worker, `most` at most; unless one has
    /// earlier ones.
    pub(super) fn take_calls(&mut self, most: usize) -> Option<Request> {
        if self.ready() == 0 {
            return None;
        }
        let Speaks::Known { origin, .. } = &self.speaks else {
            return None;
        };
        self.is_at_work = true;
        self.given_back = 0;
        let rest = self.pending.split_off(most.min(self.pending.len()));
        let messages = mem::replace(&mut self.pending, rest);
        let is_only = messages.len() == 1 && self.output.is_empty();
        let origin = Arc::clone(origin);
        Some(Request::new(origin, messages, is_only, self.came))
    }

    /// Answers the calls that have come with an error, in place of making them;
    /// as many as its client may leave answers.
    pub(super) fn refuse_calls(&mut self, text: &str, limits: Limits, now: Instant) {
        let Speaks::Known { origin, .. } = &self.speaks else {
            return;
        };
        let origin = Arc::clone(origin);
        while self.output_bytes < MOST_UNSENT
            && let Some(Come::Whole(bytes) | Come::Behind(bytes)) = self.pending.pop_front()
        {
            let (message, rest) = match origin.cut {
                Some(cut) => cut.first(bytes),
                None => (bytes, None),
            };
            if let Some(rest) = rest {
                self.pending.push_front(rest);
            }
            match refusal(&origin, &message, limits, text) {
                Some(answer) => self.send(answer, now),
                None => self.close_when_sent(),
            }
        }
    }

    /// What was wrong with a frame of `THeader`, which has ended it.
    pub(super) fn take_problem(&self) -> Option<String> {
        let Speaks::Known { origin, .. } = &self.speaks else {
            return None;
        };
        origin.header.as_ref()?.take_problem()
    }

    /// How many calls have come that could be handed out.
    pub(super) fn ready(&self) -> usize {
        if self.is_at_work || self.is_closing || self.output_bytes >= MOST_UNSENT {
            0
        } else {
            self.pending.len()
        }
    }

    /// Reads nothing until the calls that a worker has are answered: the
    /// client may have the answer before the loop does, and send its next call.
    pub(super) const fn hold(&mut self) {
        self.is_held = true;
    }

    /// Takes the answer of a worker. Whether the connection was held until
    /// then, and goes on.
    pub(super) fn answered(&mut self, mut answer: Answer, now: Instant) -> bool {
        let mut was_held = false;
        if answer.last {
            self.is_at_work = false;
            was_held = mem::take(&mut self.is_held) && answer.goes_on;
            self.given_back = answer.rest.len();
            answer.rest.append(&mut self.pending);
            self.pending = answer.rest;
        }
        if !answer.goes_on {
            self.close_when_sent();
        }
        self.send(answer.bytes, now);
        was_held
    }

    /// Says its last words, where nothing comes before them.
    pub(super) fn say_last_words(&mut self, now: Instant) {
        if !self.is_at_work
            && self.pending.is_empty()
            && let Some(words) = self.last_words.take()
        {
            self.close_when_sent();
            self.send(words, now);
        }
    }

    /// Has bytes sent, behind those that wait.
    pub(super) fn send(&mut self, bytes: Bytes, now: Instant) {
        if self.output.is_empty() {
            self.since = now;
        }
        if !bytes.is_empty() {
            self.output_bytes += bytes.len();
            if let Some(clock) = &mut self.clock {
                clock.add(bytes.len());
            }
            self.output.push_back(bytes);
        }
    }

    /// Whether it was accepted or answered just now and nothing has come since:
    /// what its client sends may be under way.
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.since);
        let is_idle = !self.has_begun && !self.has_calls() && self.output.is_empty();
        is_idle && !self.is_closing && age < FRESH_FOR
    }

    /// Whether there is a call that is made, or will be.
    pub(super) fn has_calls(&self) -> bool {
        self.is_at_work || !self.pending.is_empty()
    }

    /// Makes no more calls, and closes once all answers are sent.
    pub(super) fn close_when_sent(&mut self) {
        self.is_closing = true;
        self.pending.clear();
        self.given_back = 0;
    }

    /// Makes the calls that have come and no others.
    pub(super) fn take_no_more(&mut self) {
        self.has_begun = false;
        if self.is_at_work || !self.pending.is_empty() || !self.output.is_empty() {
            self.last_words.get_or_insert_default();
        } else {
            self.has_ended = true;
        }
    }

    /// Reads all that has come, whether it was told of or not.
    pub(super) fn read_all(&mut self, turn: &mut Turn<'_>) -> Result<Option<Trouble>, End> {
        self.has_more = true;
        while self.wants_turn() {
            if let Some(trouble) = self.read(turn)? {
                return Ok(Some(trouble));
            }
        }
        Ok(None)
    }

    /// Sends what there is to send, as far as it is taken. Whether the
    /// connection is over.
    pub(super) fn write(&mut self, now: Instant, options: &ServerOptions) -> Result<bool, End> {
        if self.is_closing && !self.is_at_work && !self.output.is_empty() {
            self.stream.hold_back();
        }
        while !self.output.is_empty() {
            let mut pieces = [IoSlice::new(&[]); PIECES_PER_WRITE];
            let mut count = 0;
            for (piece, bytes) in pieces.iter_mut().zip(&self.output) {
                *piece = IoSlice::new(bytes);
                count += 1;
            }
            match self.stream.write(&pieces[..count]) {
                Ok(0) => return Err(End::Gone),
                Ok(written) => {
                    self.since = now;
                    self.sent(written);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.clock.is_none()
                        && let Some(time) = options.message_time
                    {
                        self.clock = Some(AnswerClock::new(time, now, self.untaken(options)));
                    }
                    return Ok(false);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.clock = None;
        Ok(self.is_over(now))
    }

    /// What its client has not taken.
    fn untaken(&self, options: &ServerOptions) -> Untaken {
        Untaken {
            unsent: self.output_bytes,
            kept: (options.kept)(self.stream.as_fd()),
        }
    }

    fn sent(&mut self, mut count: usize) {
        self.output_bytes -= count;
        if let Speaks::Known { origin, .. } = &self.speaks {
            origin.unsent.store(self.output_bytes, Ordering::Relaxed);
        }
        while count > 0 {
            let Some(first) = self.output.front_mut() else {
                return;
            };
            if count < first.len() {
                first.advance(count);
                return;
            }
            count -= first.len();
            self.output.pop_front();
        }
    }

    fn is_over(&mut self, now: Instant) -> bool {
        if self.is_at_work || !self.output.is_empty() {
            return false;
        }
        if self.has_ended {
            return self.is_closing || self.pending.is_empty();
        }
        if self.is_closing && !self.is_finished {
            // What comes is dropped until the peer has what was sent: closed
            // with something unread, it could lose that.
            self.is_finished = true;
            self.since = now;
            self.stream.finish();
        }
        false
    }

    /// When it is over unless something happens.
    fn deadline(&self, options: &ServerOptions) -> Option<Instant> {
        if let Some(clock) = &self.clock {
            return clock.until();
        }
        let time = if !self.output.is_empty() {
            options.message_time
        } else if self.is_closing {
            Some(LINGER)
        } else if self.is_at_work || !self.pending.is_empty() {
            None
        } else if self.has_begun {
            options.message_time
        } else {
            options.idle_time
        };
        time.and_then(|time| self.since.checked_add(time))
    }

    /// Whether a message has begun, and nothing else is waited for.
    pub(super) fn waits_for_message(&self) -> bool {
        self.has_begun && self.output.is_empty() && !self.is_closing && !self.has_calls()
    }

    /// Whether a worker has calls of it.
    pub(super) const fn is_at_work(&self) -> bool {
        self.is_at_work
    }

    /// When it is to be looked at.
    pub(super) const fn scheduled(&self) -> Option<Instant> {
        self.scheduled
    }

    /// Has it, which has this number, looked at when its time is over; it may
    /// be looked at before.
    pub(super) fn schedule(&mut self, id: u64, timers: &mut Timers, options: &ServerOptions) {
        let Some(deadline) = self.deadline(options) else {
            return;
        };
        if let Some(time) = self.scheduled {
            if time <= deadline {
                return;
            }
            timers.remove(time, id);
        }
        self.scheduled = Some(deadline);
        timers.add(deadline, id);
    }

    /// Looks whether its time is over, once that has come.
    pub(super) fn is_late(&mut self, now: Instant, options: &ServerOptions) -> bool {
        self.scheduled = None;
        let is_late = if let Some(mut clock) = self.clock {
            let patience = clock.patience(now, self.untaken(options));
            self.clock = Some(clock);
            patience.is_none()
        } else {
            self.deadline(options)
                .is_some_and(|deadline| deadline <= now)
        };
        if is_late && !self.output.is_empty() {
            self.stream.reset();
        }
        is_late
    }
}
