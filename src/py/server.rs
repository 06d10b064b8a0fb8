//! The server in native code, for Python: it waits and cuts messages, and
//! Python's threads make the calls.

use std::io::Write;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::ffi;
use super::stream::dict_of;
use super::transport::TMemoryBuffer;
use crate::server::{
    self, AnswerClock, Listener, Notice, Request, Runner, Server, ServerOptions, Untaken, Work,
    Worker,
};
use crate::stream::{Protocol, Speech};
use crate::wire::Limits;

/// The loop of a server, and the work that it has for threads.
#[pyclass(frozen, module = "fastthrift._core")]
pub struct NativeServer {
    server: Server,
    runner: Mutex<Option<Runner>>,
    /// Has something to read once the loop has ended.
    end: Mutex<(UnixStream, Option<UnixStream>)>,
    unfinished: std::sync::Arc<Mutex<Option<Result<usize, String>>>>,
}

/// What is longer takes for ever, in seconds.
const LONGEST: f64 = 365.0 * 24.0 * 60.0 * 60.0;

/// A time in seconds.
fn duration(seconds: f64) -> Duration {
    // What is no number, or below zero, is none.
    Duration::try_from_secs_f64(seconds.min(LONGEST)).unwrap_or_default()
}

/// A time in seconds; None, and what is not above zero, is no end.
fn limit(seconds: Option<f64>) -> Option<Duration> {
    seconds.filter(|time| *time > 0.0).map(duration)
}

fn protocol_of(name: &str, strict: bool) -> PyResult<Protocol> {
    let all = [
        Protocol::Binary { strict },
        Protocol::Compact,
        Protocol::Json,
        Protocol::ApacheJson,
    ];
    (all.into_iter().find(|each| each.speech().name() == name))
        .ok_or_else(|| PyValueError::new_err(format!("no protocol of a server: {name:?}")))
}

#[pymethods]
impl NativeServer {
    #[new]
    #[pyo3(signature = (
        descriptor, unix, *, protocol, framed, foreign, header, strict, max_message_size, max_string_length, max_depth,
        max_frame_size, connections, queue, message_time, idle_time, grace,
    ))]
    #[expect(clippy::too_many_arguments, reason = "all by keyword")]
    fn new(
        descriptor: i32,
        unix: bool,
        protocol: Option<&str>,
        framed: Option<bool>,
        foreign: bool,
        header: Option<([bool; 5], bool)>,
        strict: bool,
        max_message_size: usize,
        max_string_length: usize,
        max_depth: u32,
        max_frame_size: usize,
        connections: usize,
        queue: usize,
        message_time: Option<f64>,
        idle_time: Option<f64>,
        grace: f64,
    ) -> PyResult<Self> {
        let socket = ffi::duplicate(descriptor)?;
        let listener = if unix {
            Listener::unix(socket)?
        } else {
            Listener::tcp(socket)?
        };
        let protocol = protocol.map(|name| protocol_of(name, strict)).transpose()?;
        let options = ServerOptions {
            protocol,
            framed,
            is_foreign: foreign,
            client_types: header.map(|(client_types, _)| client_types),
            zlib: header.is_some_and(|(_, zlib)| zlib),
            strict,
            limits: Limits {
                depth: max_depth,
                string: max_string_length,
                message: max_message_size,
            },
            frame: max_frame_size,
            connections,
            queue,
            message_time: limit(message_time),
            kept: |socket| ffi::untaken(socket.as_raw_fd()),
            idle_time: limit(idle_time),
            grace: duration(grace),
        };
        let (server, runner) = Server::new(listener, options)?;
        let (here, there) = UnixStream::pair()?;
        Ok(Self {
            server,
            runner: Mutex::new(Some(runner)),
            end: Mutex::new((here, Some(there))),
            unfinished: std::sync::Arc::default(),
        })
    }

    /// Runs the loop in a thread of its own, which runs no Python.
    fn start(&self) -> PyResult<()> {
        let runner = lock(&self.runner).take();
        let told = lock(&self.end).1.take();
        let (Some(runner), Some(mut told)) = (runner, told) else {
            return Err(PyRuntimeError::new_err("it was started before"));
        };
        let unfinished = std::sync::Arc::clone(&self.unfinished);
        let run = move || {
            let ended = runner.run();
            let ended = ended.map(|ended| ended.unfinished);
            *lock(&unfinished) = Some(ended.map_err(|error| error.to_string()));
            // Whoever should be told may be gone.
            let _ = told.write_all(&[1]);
        };
        let name = "fastthrift-server".to_owned();
        thread::Builder::new().name(name).spawn(run)?;
        Ok(())
    }

    /// A descriptor that has something to read once the loop has ended.
    fn fileno(&self) -> i32 {
        lock(&self.end).0.as_raw_fd()
    }

    /// Calls that were being made when the loop ended; None while it runs.
    #[getter]
    fn unfinished(&self) -> PyResult<Option<usize>> {
        match &*lock(&self.unfinished) {
            None => Ok(None),
            Some(Ok(unfinished)) => Ok(Some(*unfinished)),
            Some(Err(problem)) => Err(PyRuntimeError::new_err(problem.clone())),
        }
    }

    /// A new worker: a thread that makes calls has one.
    fn worker(&self) -> NativeWorker {
        NativeWorker {
            worker: self.server.worker(),
        }
    }

    /// Has the loop end, within `grace` seconds.
    fn close(&self, grace: f64) {
        self.server.close(duration(grace));
    }

    /// How many connections are open.
    #[getter]
    fn connections(&self) -> usize {
        self.server.connections()
    }

    /// How many calls wait to be made.
    #[getter]
    fn waiting(&self) -> usize {
        self.server.waiting()
    }
}

/// Who takes work, in one thread.
#[pyclass(module = "fastthrift._core")]
pub struct NativeWorker {
    worker: Worker,
}

#[pymethods]
impl NativeWorker {
    /// Waits for work; None once there is no more.
    fn take(&mut self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        // While there is some, the interpreter's lock stays where it is.
        let mut work = self.worker.ready();
        while work.is_none() && py.detach(|| self.worker.wait()) {
            work = self.worker.come();
        }
        match work {
            None => Ok(None),
            Some(Work::Calls(request)) => {
                let request = ServedCalls { request };
                Ok(Some(Py::new(py, request)?.into_any()))
            }
            Some(Work::Notice(notice)) => {
                Ok(Some(Py::new(py, ServerNotice::of(notice))?.into_any()))
            }
        }
    }
}

type HeaderOfMessage<'py> = (&'static str, Bound<'py, PyDict>, f64);

/// The calls that have come on a connection, to be made one after the other.
#[pyclass(module = "fastthrift._core")]
pub struct ServedCalls {
    request: Request,
}

#[pymethods]
impl ServedCalls {
    /// The name of the peer.
    #[getter]
    fn peer(&self) -> &str {
        self.request.peer()
    }

    /// What the peer speaks: a protocol, or `THeader`, and whether in frames.
    #[getter]
    fn format(&self) -> (&'static str, bool) {
        let format = self.request.format();
        if format.header {
            return (Speech::Header.name(), true);
        }
        (format.protocol.speech().name(), format.framed)
    }

    /// Of the message that was taken last, where it came by `THeader`: its
    /// protocol, its keys with values, and for how many seconds the calls have
    /// waited since the last of them came.
    fn header<'py>(&self, py: Python<'py>) -> PyResult<Option<HeaderOfMessage<'py>>> {
        let Some(pairs) = self.request.headers() else {
            return Ok(None);
        };
        let protocol = self.request.format().protocol.speech().name();
        let waited = self.request.waited().as_secs_f64();
        Ok(Some((protocol, dict_of(py, pairs)?, waited)))
    }

    /// Takes the next message, without its frame, into `source`: its size;
    /// None where all were.
    fn next_message(
        &mut self,
        py: Python<'_>,
        source: &Bound<'_, TMemoryBuffer>,
    ) -> PyResult<Option<usize>> {
        let message = if self.request.format().header {
            // It may have to be decompressed.
            py.detach(|| self.request.next_message())
        } else {
            self.request.next_message()
        };
        let Some(message) = message else {
            return Ok(None);
        };
        let mut source = source.try_borrow_mut()?;
        // What was put back is in it: a copy of that for each call of a frame
        // would take the square of the time.
        if !self.request.is_rest() || source.unread().len() != message.len() {
            source.refill(message.to_vec());
        }
        Ok(Some(message.len()))
    }

    /// The first bytes of the message that was taken, `most` at most.
    fn start<'py>(&self, py: Python<'py>, most: usize) -> Bound<'py, PyBytes> {
        let taken = self.request.taken();
        PyBytes::new(py, &taken[..most.min(taken.len())])
    }

    /// Whether the message that was taken came behind another one in its frame.
    #[getter]
    fn is_behind(&self) -> bool {
        self.request.is_behind()
    }

    /// Gives back what was not read from `source`, before the message is
    /// answered that was taken: it follows that in its frame, and is more
    /// messages, which come next.
    fn put_back(&mut self, source: &Bound<'_, TMemoryBuffer>) -> PyResult<()> {
        self.request.put_back(source.try_borrow()?.unread().len());
        Ok(())
    }

    /// Closes the connection, unless all was answered.
    fn give_up(&mut self) {
        self.request.give_up();
    }

    /// Sends the answer to the message that was taken last, which may be
    /// nothing; unless the connection `goes_on` it is closed then.
    fn answer(&mut self, py: Python<'_>, data: &[u8], goes_on: bool) {
        let bytes = Bytes::copy_from_slice(data);
        if self.request.compresses() {
            py.detach(|| self.request.answer(bytes, goes_on));
        } else {
            self.request.answer(bytes, goes_on);
        }
    }
}

/// Bounds the waits for one answer, of a server whose loop is Python's.
#[pyclass(name = "AnswerClock", module = "fastthrift._core")]
pub struct AnswerTimer {
    time: Option<Duration>,
    clock: Option<AnswerClock>,
}

fn untaken(sock: &Bound<'_, PyAny>, unsent: usize) -> PyResult<Untaken> {
    let descriptor: RawFd = sock.call_method0(intern!(sock.py(), "fileno"))?.extract()?;
    let kept = ffi::untaken(descriptor);
    Ok(Untaken { unsent, kept })
}

#[pymethods]
impl AnswerTimer {
    /// `seconds` for a client that takes nothing; None for any time.
    #[new]
    fn new(seconds: Option<f64>) -> Self {
        let time = limit(seconds);
        Self { time, clock: None }
    }

    /// An answer is sent on a socket, of which the system does not have
    /// `unsent` bytes.
    fn begin(&mut self, sock: &Bound<'_, PyAny>, unsent: usize) -> PyResult<()> {
        if let Some(time) = self.time {
            let untaken = untaken(sock, unsent)?;
            self.clock = Some(AnswerClock::new(time, Instant::now(), untaken));
        }
        Ok(())
    }

    /// How long to wait from now on, in seconds, where the system does not have
    /// `unsent` bytes yet: 0 where the client is too slow, None for any time.
    fn patience(&mut self, sock: &Bound<'_, PyAny>, unsent: usize) -> PyResult<Option<f64>> {
        let Some(clock) = &mut self.clock else {
            return Ok(None);
        };
        let wait = clock.patience(Instant::now(), untaken(sock, unsent)?);
        Ok(Some(wait.unwrap_or_default().as_secs_f64()))
    }

    /// How long `left` bytes may take that are left to the system, in seconds.
    fn longest(&self, left: usize) -> Option<f64> {
        let time = self.time?;
        Some(server::longest(time, left).as_secs_f64())
    }
}

/// What a log should know.
#[pyclass(frozen, get_all, module = "fastthrift._core")]
pub struct ServerNotice {
    /// "no message", "bad call", "late", "overload", "full" or "cannot accept".
    kind: &'static str,
    /// The peer, where there is one.
    peer: String,
    /// Its first bytes.
    opening: Vec<u8>,
    /// The method that was called, where it is one call.
    method: String,
    /// What is wrong.
    problem: String,
    /// How much was allowed.
    limit: usize,
    /// How often it has happened since the last notice of this kind.
    more: u64,
}

impl ServerNotice {
    fn of(notice: Notice) -> Self {
        let nothing = Self {
            kind: "",
            peer: String::new(),
            opening: Vec::new(),
            method: String::new(),
            problem: String::new(),
            limit: 0,
            more: 0,
        };
        match notice {
            Notice::NoMessage {
                peer,
                opening,
                problem,
                more,
            } => Self {
                kind: "no message",
                peer,
                opening,
                problem,
                more,
                ..nothing
            },
            Notice::BadCall {
                peer,
                method,
                problem,
                more,
            } => Self {
                kind: "bad call",
                peer,
                method,
                problem,
                more,
                ..nothing
            },
            Notice::Late {
                peer,
                opening,
                more,
            } => Self {
                kind: "late",
                peer,
                opening,
                more,
                ..nothing
            },
            Notice::Overload { queue, more } => Self {
                kind: "overload",
                limit: queue,
                more,
                ..nothing
            },
            Notice::Full { connections } => Self {
                kind: "full",
                limit: connections,
                ..nothing
            },
            Notice::CannotAccept { problem } => Self {
                kind: "cannot accept",
                problem,
                ..nothing
            },
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
