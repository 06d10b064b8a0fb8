//! The server over loopback, with workers that answer each call with itself.
#![allow(missing_docs)]

#[path = "server/frames.rs"]
mod frames;
#[path = "server/header.rs"]
mod header;
#[path = "server/messages.rs"]
mod messages;
#[path = "server/turns.rs"]
mod turns;
#[path = "server/unread.rs"]
mod unread;

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{io, sync::Arc};

use bytes::Bytes;
use fastthrift::server::{Ended, Listener, Notice, Request, Server, ServerOptions, Work};
use fastthrift::stream::Protocol;
use fastthrift::wire::{Binary, Limits, Reader, SliceInput, message_type};
use messages::{add, binary, compact, framed, read};

/// What nothing outlasts.
const PATIENCE: Duration = Duration::from_secs(60);

struct Running {
    server: Arc<Server>,
    address: SocketAddr,
    ended: JoinHandle<io::Result<Ended>>,
    workers: Vec<JoinHandle<()>>,
    notices: mpsc::Receiver<Notice>,
}

impl Running {
    fn with(
        options: ServerOptions,
        workers: usize,
        work: impl Fn(Request) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("its address");
        let listener = Listener::tcp(listener.into()).expect("a listener");
        let (server, runner) = Server::new(listener, options).expect("a server");
        let server = Arc::new(server);
        let work = Arc::new(work);
        let (tell, notices) = mpsc::channel();
        let workers = (0..workers)
            .map(|_| {
                let (mut worker, work, tell) = (server.worker(), Arc::clone(&work), tell.clone());
                thread::spawn(move || {
                    while let Some(taken) = worker.take() {
                        match taken {
                            Work::Calls(request) => work(request),
                            // Nobody may be listening any more.
                            Work::Notice(notice) => drop(tell.send(notice)),
                        }
                    }
                })
            })
            .collect();
        Self {
            server,
            address,
            ended: thread::spawn(|| runner.run()),
            workers,
            notices,
        }
    }

    fn echo(options: ServerOptions) -> Self {
        Self::with(options, 2, answer_with_itself)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.set_nodelay(true).expect("no delay");
        stream
    }

    fn close(self, grace: Duration) -> Ended {
        self.server.close(grace);
        let ended = self.ended.join().expect("the loop").expect("its end");
        for worker in self.workers {
            worker.join().expect("a worker");
        }
        ended
    }
}

fn answer_with_itself(mut request: Request) {
    let framed = request.format().framed;
    while let Some(message) = request.next_message() {
        let mut answer = Vec::new();
        if framed {
            answer.extend_from_slice(&(message.len() as u32).to_be_bytes());
        }
        answer.extend_from_slice(&message);
        request.answer(answer.into(), true);
    }
}

/// Sends a message that is answered with itself.
fn send_and_read(stream: &mut TcpStream, message: &[u8]) {
    stream.write_all(message).expect("sent");
    assert_eq!(read(stream, message.len()), message);
}

/// Where handlers wait for a word each, until there is nobody any more to give
/// it.
struct Gate {
    go: mpsc::Sender<()>,
    /// How many have come to it.
    arrived: Arc<AtomicUsize>,
}

impl Gate {
    /// A gate, and what a handler does at it.
    fn new() -> (Self, impl Fn() + Send + Sync) {
        let (go, wait) = mpsc::channel();
        let wait = Mutex::new(wait);
        let arrived = Arc::new(AtomicUsize::new(0));
        let came = Arc::clone(&arrived);
        let pass = move || {
            came.fetch_add(1, Ordering::SeqCst);
            let _ = wait.lock().expect("a lock").recv();
        };
        (Self { go, arrived }, pass)
    }
}

/// What comes until the connection is closed; a reset is an end, too.
fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("it was not closed: {error}"),
    }
    bytes
}

#[test]
fn each_connection_speaks_as_it_began() {
    let server = Running::echo(ServerOptions::default());
    let call = binary("add", message_type::CALL, 7);
    let json = br#"[1,"add",1,7,{}]"#.to_vec();
    let with_length = framed(br#"{"metadata":{"name":"add"},"payload":{}}"#);
    let formats = [
        call.clone(),
        framed(&call),
        compact("add", 7),
        framed(&compact("add", 7)),
        json.clone(),
        framed(&json),
        with_length.clone(),
        framed(&with_length),
    ];
    for message in &formats {
        let mut stream = server.connect();
        for _ in 0..3 {
            send_and_read(&mut stream, message);
        }
    }
    server.close(PATIENCE);
}

#[test]
fn bytes_may_come_one_by_one() {
    let server = Running::echo(ServerOptions::default());
    let message = add(7);
    let mut stream = server.connect();
    for byte in &message {
        stream.write_all(&[*byte]).expect("sent");
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(read(&mut stream, message.len()), message);
    server.close(PATIENCE);
}

#[test]
fn calls_sent_at_once_are_answered_in_their_order() {
    let server = Running::echo(ServerOptions::default());
    let mut stream = server.connect();
    let calls: Vec<u8> = (0..5_000).flat_map(add).collect();
    let sent = calls.clone();
    let mut writing = stream.try_clone().expect("the same");
    let sender = thread::spawn(move || writing.write_all(&sent).expect("sent"));
    assert_eq!(read(&mut stream, calls.len()), calls);
    sender.join().expect("a sender");
    server.close(PATIENCE);
}

#[test]
fn many_clients_get_their_own_answers() {
    let server = Running::echo(ServerOptions::default());
    let clients: Vec<_> = (0..200)
        .map(|client| {
            let mut stream = server.connect();
            thread::spawn(move || {
                for call in 0..50 {
                    let name = format!("client {client}");
                    let message = framed(&binary(&name, message_type::CALL, call));
                    send_and_read(&mut stream, &message);
                }
            })
        })
        .collect();
    for client in clients {
        client.join().expect("a client");
    }
    assert_eq!(server.close(PATIENCE), Ended { unfinished: 0 });
}

#[test]
fn what_is_no_message_is_closed_at_once_and_told() {
    let server = Running::echo(ServerOptions::default());
    let mut stream = server.connect();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("sent");
    assert_eq!(read_to_end(&mut stream), b"");
    let notice = server.notices.recv_timeout(PATIENCE).expect("a notice");
    let Notice::NoMessage {
        opening, problem, ..
    } = notice
    else {
        panic!("{notice:?}");
    };
    assert!(opening.starts_with(b"GET / HTTP/1.1"), "{opening:?}");
    assert_eq!(problem, "HTTP request");
    server.close(PATIENCE);
}

#[test]
fn what_can_become_no_message_is_closed_before_its_time_is_over() {
    let server = Running::echo(ServerOptions {
        message_time: None,
        ..ServerOptions::default()
    });
    for garbage in [
        &b"EHLO x\r\n"[..],
        b"hi",
        b"\xff",
        b"\0\0\0\0",
        b"\x80\x01\x05",
    ] {
        let mut stream = server.connect();
        stream.write_all(garbage).expect("sent");
        assert_eq!(read_to_end(&mut stream), b"");
    }
    let notice = server.notices.recv_timeout(PATIENCE).expect("a notice");
    let Notice::NoMessage { opening, .. } = notice else {
        panic!("{notice:?}");
    };
    assert_eq!(opening, b"EHLO x\r\n");
    server.close(PATIENCE);
}

#[test]
fn of_many_that_send_garbage_few_are_told() {
    let server = Running::echo(ServerOptions::default());
    for _ in 0..50 {
        let mut stream = server.connect();
        stream.write_all(&[0xff; 64]).expect("sent");
        read_to_end(&mut stream);
    }
    assert!(server.notices.try_iter().count() < 10);
    server.close(PATIENCE);
}

#[test]
fn other_dialect_than_the_fixed_one_is_refused() {
    let server = Running::echo(ServerOptions {
        protocol: Some(Protocol::Binary { strict: true }),
        framed: Some(true),
        ..ServerOptions::default()
    });
    let mut stream = server.connect();
    stream
        .write_all(&binary("add", message_type::CALL, 1))
        .expect("sent");
    assert_eq!(read_to_end(&mut stream), b"");
    server.close(PATIENCE);
}

#[test]
fn call_that_cannot_be_read_is_answered_after_those_before_it() {
    let server = Running::echo(ServerOptions::default());
    let good = binary("add", message_type::CALL, 1);
    let mut bad = binary("divide", message_type::CALL, 2);
    // In place of its end, a field of a type that there is not.
    *bad.last_mut().expect("its end") = 99;
    bad.extend_from_slice(&[0, 1, 0, 0, 0]);
    let mut stream = server.connect();
    stream
        .write_all(&[good.clone(), bad].concat())
        .expect("sent");
    let answers = read_to_end(&mut stream);
    let refusal = answers.strip_prefix(good.as_slice()).expect("an answer");
    let mut reader = Binary::new(SliceInput::new(refusal), Limits::DEFAULT, true);
    let header = reader.message().expect("a header");
    assert_eq!(
        (
            header.name.as_slice(),
            header.message_type,
            header.sequence_id
        ),
        (b"divide".as_slice(), message_type::EXCEPTION, 2)
    );
    let notice = server.notices.recv_timeout(PATIENCE).expect("a notice");
    assert!(
        matches!(&notice, Notice::BadCall { method, .. } if method == "divide"),
        "{notice:?}"
    );
    server.close(PATIENCE);
}

#[test]
fn garbage_behind_calls_costs_none_of_them() {
    for framed_calls in [false, true] {
        let server = Running::echo(ServerOptions::default());
        let mut call = binary("add", message_type::CALL, 1);
        if framed_calls {
            call = framed(&call);
        }
        let mut stream = server.connect();
        stream
            .write_all(&[call.clone(), call.clone(), vec![0xff; 8]].concat())
            .expect("sent");
        assert_eq!(read_to_end(&mut stream), call.repeat(2));
        let notice = server.notices.recv_timeout(PATIENCE).expect("a notice");
        assert!(matches!(notice, Notice::NoMessage { .. }), "{notice:?}");
        server.close(PATIENCE);
    }
}

#[test]
fn what_many_clients_have_sent_before_the_end_is_answered() {
    // More of them than a turn of the loop has events.
    let server = Running::echo(ServerOptions::default());
    let message = add(1);
    for _ in 0..5 {
        let mut streams: Vec<_> = (0..200).map(|_| server.connect()).collect();
        for stream in &mut streams {
            send_and_read(stream, &message);
        }
        for stream in &mut streams {
            stream.write_all(&message).expect("sent");
        }
        for stream in &mut streams {
            assert_eq!(read(stream, message.len()), message);
        }
    }
    let mut streams: Vec<_> = (0..200).map(|_| server.connect()).collect();
    for stream in &mut streams {
        stream.write_all(&message).expect("sent");
        read(stream, message.len());
    }
    for stream in &mut streams {
        stream.write_all(&message).expect("sent");
    }
    server.server.close(PATIENCE);
    for stream in &mut streams {
        assert_eq!(read_to_end(stream), message);
    }
    server.close(PATIENCE);
}

#[test]
fn answer_arrives_though_its_client_sends_on_while_the_server_ends() {
    let (gate, pass) = Gate::new();
    let server = Running::with(ServerOptions::default(), 2, move |mut request| {
        request.next_message();
        pass();
        request.answer(vec![7; 1 << 20].into(), true);
    });
    let message = add(1);
    let mut idle = server.connect();
    let mut stream = server.connect();
    stream.write_all(&message).expect("sent");
    until(|| gate.arrived.load(Ordering::SeqCst) == 1);
    server.server.close(PATIENCE);
    assert_eq!(read_to_end(&mut idle), b"");
    // It is too late for this one.
    stream.write_all(&message).expect("sent");
    thread::sleep(Duration::from_millis(50));
    drop(gate.go);
    assert_eq!(read_to_end(&mut stream).len(), 1 << 20);
    server.close(PATIENCE);
}

#[test]
fn calls_of_a_client_that_has_gone_are_not_made() {
    let (gate, pass) = Gate::new();
    let server = Running::with(ServerOptions::default(), 1, move |mut request| {
        while request.next_message().is_some() {
            pass();
            request.answer(Bytes::from_static(b"answer"), true);
        }
    });
    let message = add(1);
    let mut stream = server.connect();
    stream.write_all(&message.repeat(100)).expect("sent");
    until(|| gate.arrived.load(Ordering::SeqCst) == 1);
    // With something unread it is reset.
    drop(stream);
    until(|| {
        // An answer to it is refused, and then it is gone.
        let _ = gate.go.send(());
        server.server.connections() == 0
    });
    assert!(gate.arrived.load(Ordering::SeqCst) < 100);
    drop(gate.go);
    server.close(PATIENCE);
}

#[test]
fn message_has_a_time_from_its_first_byte() {
    let server = Running::echo(ServerOptions {
        message_time: Some(Duration::from_millis(300)),
        ..ServerOptions::default()
    });
    let message = framed(&binary("a name that is long", message_type::CALL, 1));
    let mut slow = server.connect();
    let began = Instant::now();
    // A byte each 50 ms, so that something has come not long ago at any time.
    let mut sent = 0;
    for byte in &message {
        if slow.write_all(&[*byte]).is_err() {
            break;
        }
        sent += 1;
        thread::sleep(Duration::from_millis(50));
    }
    assert!(sent < message.len() || read_to_end(&mut slow).is_empty());
    assert!(began.elapsed() >= Duration::from_millis(300));
    let notice = server.notices.recv_timeout(PATIENCE).expect("a notice");
    let Notice::Late { opening, more, .. } = notice else {
        panic!("{notice:?}");
    };
    assert!(message.starts_with(&opening) && !opening.is_empty());
    assert_eq!(more, 0);
    server.close(PATIENCE);
}

#[test]
fn idle_connection_lives_without_a_time_and_ends_after_it() {
    let forever = Running::echo(ServerOptions {
        message_time: Some(Duration::from_millis(100)),
        ..ServerOptions::default()
    });
    let message = add(1);
    let mut stream = forever.connect();
    thread::sleep(Duration::from_millis(300));
    send_and_read(&mut stream, &message);
    forever.close(PATIENCE);

    let server = Running::echo(ServerOptions {
        idle_time: Some(Duration::from_millis(100)),
        ..ServerOptions::default()
    });
    let mut stream = server.connect();
    stream.write_all(&message).expect("sent");
    assert_eq!(read_to_end(&mut stream), message);
    server.close(PATIENCE);
}

#[test]
fn calls_beyond_the_queue_are_answered_with_an_error() {
    let (gate, pass) = Gate::new();
    let server = Running::with(
        ServerOptions {
            queue: 1,
            ..ServerOptions::default()
        },
        1,
        move |request| {
            pass();
            answer_with_itself(request);
        },
    );
    let message = framed(&binary("service:add", message_type::CALL, 5));
    let mut first = server.connect();
    first.write_all(&message).expect("sent");
    until(|| gate.arrived.load(Ordering::SeqCst) == 1);
    let mut second = server.connect();
    second.write_all(&message).expect("sent");
    until(|| server.server.waiting() == 1);

    let mut third = server.connect();
    third.write_all(&message).expect("sent");
    let size = u32::from_be_bytes(read(&mut third, 4).try_into().expect("four"));
    let answer = read(&mut third, size as usize);
    let mut reader = Binary::new(SliceInput::new(&answer), Limits::DEFAULT, true);
    let header = reader.message().expect("a header");
    assert_eq!(header.name, b"add");
    assert_eq!(header.message_type, message_type::EXCEPTION);
    assert_eq!(header.sequence_id, 5);
    assert!(String::from_utf8_lossy(&answer).contains("overloaded"));
    assert_eq!(
        server.notices.try_iter().count(),
        0,
        "the worker is busy, and tells later"
    );

    drop(gate.go);
    assert_eq!(read(&mut first, message.len()), message);
    assert_eq!(read(&mut second, message.len()), message);
    // The connection was not closed.
    send_and_read(&mut third, &message);
    assert_eq!(
        server.notices.recv_timeout(PATIENCE).expect("a notice"),
        Notice::Overload { queue: 1, more: 0 }
    );
    server.close(PATIENCE);
}

#[test]
fn calls_of_a_client_that_takes_no_answers_are_not_made() {
    const SIZE: usize = 64 << 10;
    let made = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&made);
    let server = Running::with(ServerOptions::default(), 2, move |mut request| {
        while request.next_message().is_some() {
            counted.fetch_add(1, Ordering::SeqCst);
            request.answer(vec![7; SIZE].into(), true);
        }
    });
    let message = add(1);
    let calls = 2_000;
    let mut stream = server.connect();
    stream.write_all(&message.repeat(calls)).expect("sent");
    until(|| made.load(Ordering::SeqCst) > 0);
    thread::sleep(Duration::from_millis(200));
    // What a system keeps for a socket is some MiB.
    let before = made.load(Ordering::SeqCst);
    assert!(before < 500, "{before} were made");
    let answers = read(&mut stream, calls * SIZE);
    assert!(answers.iter().all(|byte| *byte == 7));
    assert_eq!(made.load(Ordering::SeqCst), calls);
    server.close(PATIENCE);
}

#[test]
fn call_is_made_whichever_worker_leaves_it_to_another() {
    // Of two calls the one that is made first waits for the other, and nothing
    // else happens that would have somebody look after that.
    let made = Arc::new((Mutex::new(0_usize), std::sync::Condvar::new()));
    let server = Running::with(ServerOptions::default(), 2, move |request| {
        let (count, changed) = &*made;
        let mut count = count.lock().expect("a lock");
        *count += 1;
        changed.notify_all();
        if *count % 2 == 1 {
            let number = *count;
            let waited = changed.wait_timeout_while(count, PATIENCE, |now| *now == number);
            let (count, timeout) = waited.expect("a lock");
            drop(count);
            assert!(!timeout.timed_out(), "nobody made the other call");
        } else {
            drop(count);
        }
        answer_with_itself(request);
    });
    let message = add(1);
    let mut streams = [server.connect(), server.connect()];
    for _ in 0..3_000 {
        for stream in &mut streams {
            stream.write_all(&message).expect("sent");
        }
        for stream in &mut streams {
            assert_eq!(read(stream, message.len()), message);
        }
    }
    server.close(PATIENCE);
}

#[test]
fn first_call_of_a_connection_may_be_under_way_when_the_server_is_closed() {
    let server = Running::echo(ServerOptions::default());
    let message = framed(&binary("add", message_type::CALL, 1));
    let mut fresh = server.connect();
    let mut silent = server.connect();
    until(|| server.server.connections() == 2);
    server.server.close(PATIENCE);
    fresh.write_all(&message).expect("sent");
    assert_eq!(read_to_end(&mut fresh), message);
    assert_eq!(read_to_end(&mut silent), b"");
    assert_eq!(server.close(PATIENCE).unfinished, 0);
}

#[test]
fn next_call_of_a_connection_may_be_under_way_when_the_server_is_closed() {
    let server = Running::echo(ServerOptions::default());
    let message = framed(&binary("add", message_type::CALL, 1));
    let mut kept = server.connect();
    kept.write_all(&message).expect("sent");
    let mut answer = vec![0; message.len()];
    kept.read_exact(&mut answer).expect("an answer");
    server.server.close(PATIENCE);
    kept.write_all(&message).expect("sent");
    // Behind the answer is the end.
    assert_eq!(read_to_end(&mut kept), message);
    assert_eq!(server.close(PATIENCE).unfinished, 0);
}

#[test]
fn call_behind_one_without_an_answer_may_be_under_way_when_the_server_is_closed() {
    let (gate, pass) = Gate::new();
    let first = binary("note", message_type::ONEWAY, 1);
    let oneway = first.clone();
    let server = Running::with(ServerOptions::default(), 1, move |mut request| {
        while let Some(message) = request.next_message() {
            if message == oneway {
                pass();
                request.answer(Bytes::new(), true);
            } else {
                request.answer(framed(&message).into(), true);
            }
        }
    });
    let mut stream = server.connect();
    stream.write_all(&framed(&first)).expect("sent");
    until(|| gate.arrived.load(Ordering::SeqCst) == 1);
    server.server.close(PATIENCE);
    until(|| TcpStream::connect(server.address).is_err());
    stream.write_all(&add(2)).expect("sent");
    drop(gate.go);
    assert_eq!(read_to_end(&mut stream), add(2));
    assert_eq!(server.close(PATIENCE).unfinished, 0);
}

/// For no client to send a call in between.
#[cfg(target_os = "linux")]
#[test]
fn who_has_the_last_answer_can_see_the_end() {
    for _ in 0..20 {
        let (gate, pass) = Gate::new();
        let server = Running::with(ServerOptions::default(), 1, move |request| {
            pass();
            answer_with_itself(request);
        });
        let mut stream = server.connect();
        stream.write_all(&add(1)).expect("sent");
        until(|| gate.arrived.load(Ordering::SeqCst) == 1);
        server.server.close(PATIENCE);
        drop(gate.go);
        assert_eq!(read(&mut stream, add(1).len()), add(1));
        stream.set_nonblocking(true).expect("no waiting");
        assert_eq!(stream.read(&mut [0]).expect("the end"), 0);
        drop(stream);
        assert_eq!(server.close(PATIENCE).unfinished, 0);
    }
}

#[test]
fn calls_that_have_come_are_answered_before_the_end() {
    let (gate, pass) = Gate::new();
    let server = Running::with(ServerOptions::default(), 2, move |request| {
        pass();
        answer_with_itself(request);
    });
    let message = add(1);
    let mut idle = server.connect();
    let mut begun = server.connect();
    begun.write_all(&message[..7]).expect("sent");
    let mut streams: Vec<_> = (0..20).map(|_| server.connect()).collect();
    for stream in &mut streams {
        stream.write_all(&message).expect("sent");
    }
    until(|| gate.arrived.load(Ordering::SeqCst) == 2 && server.server.waiting() == 18);
    server.server.close(PATIENCE);
    // Those that have no call are closed.
    assert_eq!(read_to_end(&mut idle), b"");
    assert_eq!(read_to_end(&mut begun), b"");
    assert!(
        TcpStream::connect(server.address)
            .and_then(|mut late| late.read_to_end(&mut Vec::new()))
            .is_ok_and(|count| count == 0)
            || TcpStream::connect(server.address).is_err()
    );
    drop(gate.go);
    for stream in &mut streams {
        assert_eq!(read_to_end(stream), message);
    }
    assert_eq!(server.close(PATIENCE), Ended { unfinished: 0 });
}

#[test]
fn what_takes_longer_than_the_grace_is_given_up() {
    let (gate, pass) = Gate::new();
    let server = Running::with(ServerOptions::default(), 2, move |request| {
        pass();
        answer_with_itself(request);
    });
    let mut stream = server.connect();
    let message = add(1);
    stream.write_all(&message).expect("sent");
    until(|| gate.arrived.load(Ordering::SeqCst) == 1);
    server.server.close(Duration::from_millis(100));
    assert_eq!(read_to_end(&mut stream), b"");
    drop(gate.go);
    assert_eq!(server.close(Duration::ZERO), Ended { unfinished: 1 });
}

#[test]
fn peer_that_sends_no_more_still_gets_its_answer() {
    let server = Running::echo(ServerOptions::default());
    let message = add(1);
    let mut stream = server.connect();
    stream.write_all(&message).expect("sent");
    stream.shutdown(Shutdown::Write).expect("half-closed");
    assert_eq!(read_to_end(&mut stream), message);
    server.close(PATIENCE);
}

#[test]
fn worker_that_fails_closes_the_connection_and_no_other() {
    let calls = AtomicUsize::new(0);
    let server = Running::with(ServerOptions::default(), 2, move |mut request| {
        if calls.fetch_add(1, Ordering::SeqCst) == 0 {
            request.next_message();
        } else {
            answer_with_itself(request);
        }
    });
    let message = add(1);
    let mut failing = server.connect();
    failing.write_all(&message).expect("sent");
    assert_eq!(read_to_end(&mut failing), b"");
    let mut other = server.connect();
    send_and_read(&mut other, &message);
    server.close(PATIENCE);
}

#[test]
fn answer_that_is_the_last_one_arrives_though_more_was_sent() {
    let server = Running::with(ServerOptions::default(), 2, |mut request| {
        let message = request.next_message().expect("a message");
        request.answer(Bytes::from(framed(&message)), false);
    });
    let message = add(1);
    let mut stream = server.connect();
    stream.write_all(&message.repeat(10)).expect("sent");
    assert_eq!(read_to_end(&mut stream), message);
    server.close(PATIENCE);
}

#[test]
fn no_more_connections_than_allowed_are_served_at_once() {
    let server = Running::echo(ServerOptions {
        connections: 2,
        ..ServerOptions::default()
    });
    let message = add(1);
    let mut first = server.connect();
    let mut second = server.connect();
    for stream in [&mut first, &mut second] {
        stream.write_all(&message).expect("sent");
        read(stream, message.len());
    }
    let mut third = server.connect();
    third.write_all(&message).expect("sent");
    assert_eq!(server.server.connections(), 2);
    drop(first);
    assert_eq!(read(&mut third, message.len()), message);
    server.close(PATIENCE);
}

#[test]
fn connections_that_come_and_go_leave_nothing() {
    let server = Running::echo(ServerOptions::default());
    for number in 0..1_000 {
        let mut stream = server.connect();
        if number % 3 == 0 {
            stream.write_all(&[0, 0, 0]).expect("sent");
        }
    }
    until(|| server.server.connections() == 0);
    server.close(PATIENCE);
}

/// Waits for something to become so.
fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "it never became so");
        thread::sleep(Duration::from_millis(1));
    }
}
