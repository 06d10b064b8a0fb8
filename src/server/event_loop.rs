//! The loop that waits for the sockets.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use mio::{Events, Poll, Token, Waker};

use super::answers::{Answer, Answers};
use super::calls::{Calls, Work};
use super::connection::{Connection, End, Trouble, Turn};
use super::notices::{Notice, Rate};
use super::options::ServerOptions;
use super::socket::Listener;
use super::timers::Timers;
use crate::stream::{Opening, detect};

const LISTENER: Token = Token(usize::MAX);
const WAKER: Token = Token(usize::MAX - 1);

/// How much is read at once, in bytes.
const SCRATCH: usize = 1 << 16;

/// How many connections are told of at once: their calls are handed out before
/// others are read.
const EVENTS_PER_TURN: usize = 64;

/// How long a server that is closed waits for the first call of a connection
/// that was accepted just before.
const FRESH_PATIENCE: Duration = Duration::from_millis(200);

/// How many connections are accepted before those that there are have a turn.
const ACCEPTED_PER_TURN: usize = 64;

/// How long no connection is accepted after an error, such as too many open
/// files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How a server has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Calls that were being made when the time was over.
    pub unfinished: usize,
}

/// The connections of a server, and what they wait for.
#[derive(Debug)]
pub(super) struct EventLoop {
    poll: Poll,
    listener: Option<Listener>,
    /// Whether there may be more connections to accept, and since when not to.
    has_more: bool,
    paused: Option<Instant>,
    connections: HashMap<u64, Connection, RandomState>,
    next_id: u64,
    options: ServerOptions,
    calls: Arc<Calls>,
    answers: Arc<Answers>,
    timers: Timers,
    now: Instant,
    scratch: Vec<u8>,
    /// Connections that something has happened on, in this round.
    touched: Vec<u64>,
    /// Connections that have more to read.
    unread: Vec<u64>,
    work: Vec<Work>,
    /// How many calls are among it.
    handed_out: usize,
    /// By what connections have begun with: there are not many kinds of that.
    no_message: Vec<(Opening, Rate)>,
    bad_call: Rate,
    late: Rate,
    overload: Rate,
    full: Rate,
    /// Once it is closed: connections whose first call may be under way, and
    /// until when that is waited for.
    fresh: Option<(Instant, Vec<u64>)>,
    cannot_accept: Rate,
}

/// The rate for connections that have begun so.
fn rate_of(rates: &mut Vec<(Opening, Rate)>, opening: Opening) -> &mut Rate {
    let known = rates.iter().position(|(other, _)| *other == opening);
    let place = known.unwrap_or_else(|| {
        rates.push((opening, Rate::default()));
        rates.len() - 1
    });
    &mut rates[place].1
}

/// How a connection reads.
type ReadSome = fn(&mut Connection, &mut Turn<'_>) -> Result<Option<Trouble>, End>;

/// Tells who waits for work that none comes, whatever ends the loop.
struct Ending(Arc<Calls>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl EventLoop {
    pub(super) fn new(mut listener: Listener, options: ServerOptions) -> io::Result<Self> {
        let poll = Poll::new()?;
        listener.watch(poll.registry(), LISTENER)?;
        let answers = Arc::new(Answers::new(Waker::new(poll.registry(), WAKER)?));
        Ok(Self {
            poll,
            listener: Some(listener),
            has_more: true,
            paused: None,
            connections: HashMap::default(),
            next_id: 0,
            options,
            calls: Arc::new(Calls::new(options.queue, Arc::clone(&answers))),
            answers,
            timers: Timers::default(),
            now: Instant::now(),
            scratch: vec![0; SCRATCH],
            touched: Vec::new(),
            unread: Vec::new(),
            work: Vec::new(),
            handed_out: 0,
            no_message: Vec::new(),
            bad_call: Rate::default(),
            late: Rate::default(),
            overload: Rate::default(),
            full: Rate::default(),
            fresh: None,
            cannot_accept: Rate::default(),
        })
    }

    /// What other threads share with it.
    pub(super) fn shared(&self) -> (Arc<Calls>, Arc<Answers>) {
        (Arc::clone(&self.calls), Arc::clone(&self.answers))
    }

    pub(super) fn run(mut self) -> io::Result<Ended> {
        let ending = Ending(Arc::clone(&self.calls));
        let mut events = Events::with_capacity(EVENTS_PER_TURN);
        let mut answers = Vec::new();
        let mut closing = None;
        loop {
            self.wait(&mut events, closing)?;
            for event in &events {
                match event.token() {
                    LISTENER => self.has_more = true,
                    WAKER => {}
                    Token(id) => self.happened(id as u64, event),
                }
            }
            self.take_answers(&mut answers);
            // Whoever closes it once more may leave it less time.
            if self.answers.is_closing() {
                let is_first = closing.is_none();
                closing = self.answers.closing();
                if is_first && closing.is_some() {
                    self.begin_to_close();
                }
            }
            self.accept();
            self.take_turns();
            self.end_fresh();
            self.go_on();
            self.look_at_times();
            self.calls.push(&mut self.work);
            self.handed_out = 0;
            self.answers.set_connections(self.connections.len());
            if let Some(until) = closing
                && (self.connections.is_empty() || self.now >= until)
            {
                break;
            }
        }
        drop(ending);
        let unfinished = self.connections.values();
        Ok(Ended {
            unfinished: unfinished
                .filter(|connection| connection.is_at_work())
                .count(),
        })
    }

    /// Waits until something happens, or has to be looked at.
    fn wait(&mut self, events: &mut Events, closing: Option<Instant>) -> io::Result<()> {
        let fresh = self.fresh.as_ref().map(|(until, _)| *until);
        let until = [self.timers.next(), self.paused, closing, fresh];
        let mut timeout = until
            .into_iter()
            .flatten()
            .min()
            .map(|time| time.saturating_duration_since(self.now));
        // First: whoever goes idle after it was looked who is wakes the loop.
        let is_told = self.answers.before_wait();
        if let Some(soon) = self.calls.watch(self.now) {
            timeout = Some(timeout.map_or(soon, |timeout| timeout.min(soon)));
        }
        let goes_on = !self.unread.is_empty() || !self.touched.is_empty();
        if is_told || goes_on || self.may_accept() {
            timeout = Some(Duration::ZERO);
        }
        let polled = self.poll.poll(events, timeout);
        self.answers.after_wait();
        self.now = Instant::now();
        match polled {
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                events.clear();
                Ok(())
            }
            other => other,
        }
    }

    fn may_accept(&self) -> bool {
        self.has_more
            && self.paused.is_none()
            && self.listener.is_some()
            && self.connections.len() < self.options.connections
    }

    /// Accepts the connections that have come, within reason.
    fn accept(&mut self) {
        if self.paused.is_some_and(|paused| paused <= self.now) {
            self.paused = None;
        }
        for _ in 0..ACCEPTED_PER_TURN {
            let Some(listener) = self.listener.as_ref().filter(|_| self.may_accept()) else {
                break;
            };
            let accepted = listener.accept().and_then(|(mut stream, peer)| {
                let id = self.next_id;
                stream.watch(self.poll.registry(), Token(id as usize))?;
                Ok((id, Connection::new(stream, peer, self.now)))
            });
            match accepted {
                Ok((id, connection)) => {
                    self.next_id += 1;
                    self.connections.insert(id, connection);
                    self.unread.push(id);
                    if self.connections.len() >= self.options.connections
                        && self.full.tell(self.now).is_some()
                    {
                        let connections = self.options.connections;
                        self.work.push(Work::Notice(Notice::Full { connections }));
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => self.has_more = false,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    // It was shut down, by who opened it.
                    ErrorKind::InvalidInput => {
                        self.has_more = false;
                        self.answers.close(self.now + self.options.grace);
                    }
                    _ => self.pause(&error),
                },
            }
        }
    }

    /// Accepts nothing for a while.
    fn pause(&mut self, error: &io::Error) {
        self.paused = Some(self.now + ACCEPT_PAUSE);
        if self.cannot_accept.tell(self.now).is_some() {
            let problem = error.to_string();
            self.work
                .push(Work::Notice(Notice::CannotAccept { problem }));
        }
    }

    /// Notes what a poll has told of a connection.
    fn happened(&mut self, id: u64, event: &mio::event::Event) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        if event.is_readable() || event.is_read_closed() || event.is_error() {
            connection.is_readable(event.is_read_closed() || event.is_error());
            self.unread.push(id);
        }
        if event.is_writable() {
            self.touched.push(id);
        }
    }

    fn take_answers(&mut self, answers: &mut Vec<Answer>) {
        self.answers.take(answers);
        for answer in answers.drain(..) {
            let id = answer.connection;
            let goes_on = answer.goes_on;
            let Some(connection) = self.connections.get_mut(&id) else {
                continue;
            };
            if connection.answered(answer, self.now) {
                // The server is closed. Where nothing is left to be sent, the
                // client has its answer already.
                if connection.is_fresh(self.now) {
                    let until = self.now + FRESH_PATIENCE;
                    let (latest, fresh) = self.fresh.get_or_insert((until, Vec::new()));
                    *latest = until;
                    fresh.push(id);
                    self.unread.push(id);
                } else {
                    connection.take_no_more();
                }
            }
            if !goes_on {
                self.tell_problem(id);
            }
            self.touched.push(id);
        }
    }

    /// Lets each connection read that has something to.
    fn take_turns(&mut self) {
        let turns = std::mem::take(&mut self.unread);
        for id in &turns {
            self.read(*id);
        }
        // Those that go on have put themselves in.
        if self.unread.is_empty() {
            self.unread = turns;
            self.unread.clear();
        }
    }

    fn read(&mut self, id: u64) {
        self.read_by(id, Connection::read);
    }

    fn read_by(&mut self, id: u64, read: ReadSome) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let mut turn = Turn {
            scratch: &mut self.scratch,
            now: self.now,
            options: &self.options,
            id,
            answers: &self.answers,
        };
        match read(connection, &mut turn) {
            Ok(trouble) => {
                self.touched.push(id);
                if let Some(trouble) = trouble {
                    self.tell(id, trouble);
                }
            }
            Err(end) => self.end(id, end),
        }
    }

    /// Has the log told of what has come on a connection.
    fn tell(&mut self, id: u64, Trouble { method, problem }: Trouble) {
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        let peer = connection.peer().to_owned();
        let rate = if method.is_some() {
            &mut self.bad_call
        } else {
            let opening = detect(connection.opening(), self.options.longest());
            rate_of(&mut self.no_message, opening)
        };
        let Some(more) = rate.tell(self.now) else {
            return;
        };
        self.work.push(Work::Notice(match method {
            Some(method) => Notice::BadCall {
                peer,
                method,
                problem,
                more,
            },
            None => Notice::NoMessage {
                peer,
                opening: connection.opening().to_vec(),
                problem,
                more,
            },
        }));
    }

    /// Has the log told of a message that has begun and is too late by now.
    fn tell_late(&mut self, id: u64) {
        let connection = self.connections.get(&id);
        let Some(connection) = connection.filter(|connection| connection.waits_for_message())
        else {
            return;
        };
        if let Some(more) = self.late.tell(self.now) {
            self.work.push(Work::Notice(Notice::Late {
                peer: connection.peer().to_owned(),
                opening: connection.opening().to_vec(),
                more,
            }));
        }
    }

    /// Has the log told of a frame of `THeader` that has ended a connection.
    fn tell_problem(&mut self, id: u64) {
        let connection = self.connections.get(&id);
        if let Some(problem) = connection.and_then(Connection::take_problem) {
            let method = None;
            self.tell(id, Trouble { method, problem });
        }
    }

    /// Hands out calls and sends answers, of the connections that something
    /// has happened on.
    fn go_on(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        let mut again = Vec::new();
        for id in touched.drain(..) {
            self.hand_out(id);
            let Some(connection) = self.connections.get_mut(&id) else {
                continue;
            };
            connection.say_last_words(self.now);
            match connection.write(self.now, &self.options) {
                Ok(true) => self.end(id, End::Gone),
                Ok(false) => {
                    // Its answers were in the way.
                    if connection.ready() > 0 {
                        again.push(id);
                    }
                    if connection.wants_turn() {
                        self.unread.push(id);
                    }
                    connection.schedule(id, &mut self.timers, &self.options);
                }
                Err(end) => self.end(id, end),
            }
        }
        touched.append(&mut again);
        self.touched = touched;
    }

    fn hand_out(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        if connection.ready() == 0 {
            return;
        }
        // Where there is room for some, the others wait on the connection.
        let room = self.calls.room().saturating_sub(self.handed_out);
        let room = room.max(connection.given_back());
        if room > 0 {
            if let Some(calls) = connection.take_calls(room) {
                self.handed_out += calls.count();
                self.work.push(Work::Calls(calls));
            }
            return;
        }
        let queue = self.calls.most();
        let text = format!("the server is overloaded: {queue} calls wait to be made; try again");
        connection.refuse_calls(&text, self.options.limits, self.now);
        self.tell_problem(id);
        if let Some(more) = self.overload.tell(self.now) {
            self.work
                .push(Work::Notice(Notice::Overload { queue, more }));
        }
    }

    fn look_at_times(&mut self) {
        while let Some(id) = self.timers.due(self.now) {
            let Some(connection) = self.connections.get_mut(&id) else {
                continue;
            };
            if connection.is_late(self.now, &self.options) {
                self.tell_late(id);
                self.end(id, End::Gone);
            } else {
                connection.schedule(id, &mut self.timers, &self.options);
            }
        }
    }

    /// Closes a connection.
    fn end(&mut self, id: u64, end: End) {
        if let End::NoMessage(problem) = end {
            let method = None;
            self.tell(id, Trouble { method, problem });
        }
        let connection = self.connections.remove(&id);
        if let Some(time) = connection.and_then(|connection| connection.scheduled()) {
            self.timers.remove(time, id);
        }
    }

    /// Accepts no more, reads what has come, and lets each connection end when
    /// the calls that it has are answered.
    fn begin_to_close(&mut self) {
        self.listener = None;
        let ids: Vec<u64> = self.connections.keys().copied().collect();
        let mut fresh = Vec::new();
        for id in ids {
            self.read_by(id, Connection::read_all);
            if let Some(connection) = self.connections.get_mut(&id) {
                if connection.is_fresh(self.now) {
                    fresh.push(id);
                } else if connection.is_at_work() {
                    connection.hold();
                } else {
                    connection.take_no_more();
                    self.touched.push(id);
                }
            }
        }
        self.fresh = Some((self.now + FRESH_PATIENCE, fresh));
    }

    /// Lets fresh connections end, once a call has come or their time is over.
    fn end_fresh(&mut self) {
        let Some((until, mut fresh)) = self.fresh.take() else {
            return;
        };
        let is_over = self.now >= until;
        fresh.retain(|id| {
            let Some(connection) = self.connections.get_mut(id) else {
                return false;
            };
            if !is_over && !connection.has_calls() {
                return true;
            }
            connection.take_no_more();
            self.touched.push(*id);
            false
        });
        if !fresh.is_empty() {
            self.fresh = Some((until, fresh));
        }
    }
}
