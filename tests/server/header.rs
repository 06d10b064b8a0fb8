//! `THeader`: each message says what it is written in, and is answered in kind.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use fastthrift::server::{Notice, Request, ServerOptions};
use fastthrift::stream::{HeaderFrame, HeaderPairs};
use fastthrift::wire::{Binary, Compact, Limits, MessageHeader, Reader, SliceInput, message_type};

use crate::messages::{add, binary, compact, framed, read};
use crate::{Gate, PATIENCE, Running, answer_with_itself, read_to_end, until};

const BINARY: u32 = 0;
const COMPACT: u32 = 2;

/// A frame with this message, as the wire has it.
fn frame_of(frame: &HeaderFrame) -> Vec<u8> {
    framed(&frame.write().expect("a frame"))
}

/// A call, compressed or not.
fn call(protocol_id: u32, id: i32, zlib: bool) -> HeaderFrame {
    HeaderFrame {
        payload: if protocol_id == COMPACT {
            compact("add", id).into()
        } else {
            binary("add", message_type::CALL, id).into()
        },
        protocol_id,
        sequence_id: id as u32,
        zlib,
        ..HeaderFrame::default()
    }
}

fn of(pairs: &[(&str, &str)]) -> HeaderPairs {
    pairs
        .iter()
        .map(|(key, value)| (key.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect()
}

/// The next frame that comes.
fn answer(stream: &mut TcpStream) -> HeaderFrame {
    let length = read(stream, 4).try_into().expect("four bytes");
    let frame = Bytes::from(read(stream, u32::from_be_bytes(length) as usize));
    HeaderFrame::read(&frame, Limits::DEFAULT_SIZE).expect("a frame of THeader")
}

/// The frames among all that comes until the connection is closed.
fn answers(stream: &mut TcpStream) -> Vec<HeaderFrame> {
    let mut rest = Bytes::from(read_to_end(stream));
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest.split_to(4)[..].try_into().expect("a length"));
        let frame = rest.split_to(length as usize);
        frames.push(HeaderFrame::read(&frame, Limits::DEFAULT_SIZE).expect("a frame of THeader"));
    }
    frames
}

fn refusal(frame: &HeaderFrame) -> MessageHeader {
    let input = SliceInput::new(&frame.payload);
    if frame.protocol_id == COMPACT {
        Compact::new(input, Limits::DEFAULT).message()
    } else {
        Binary::new(input, Limits::DEFAULT, true).message()
    }
    .expect("a header")
}

#[test]
fn each_message_is_answered_as_it_came() {
    let server = Running::echo(ServerOptions::default());
    let mut stream = server.connect();
    for id in 0..2 {
        for protocol in [BINARY, COMPACT] {
            for zlib in [false, true] {
                let call = call(protocol, id, zlib);
                stream.write_all(&frame_of(&call)).expect("sent");
                assert_eq!(answer(&mut stream), call);
            }
        }
    }
    server.close(PATIENCE);
}

#[test]
fn calls_come_in_pieces_or_many_at_once() {
    let server = Running::echo(ServerOptions::default());
    let calls: Vec<_> = (0..200)
        .map(|id| call(if id % 2 == 0 { BINARY } else { COMPACT }, id, id % 3 == 0))
        .collect();
    let mut stream = server.connect();
    let bytes: Vec<u8> = calls.iter().flat_map(frame_of).collect();
    for byte in &bytes[..40] {
        stream.write_all(&[*byte]).expect("sent");
    }
    stream.write_all(&bytes[40..]).expect("sent");
    for call in &calls {
        assert_eq!(answer(&mut stream), *call);
    }
    server.close(PATIENCE);
}

#[test]
fn keys_and_values_reach_the_worker() {
    let (tell, seen) = mpsc::channel();
    let tell = Mutex::new(tell);
    let server = Running::with(ServerOptions::default(), 1, move |mut request: Request| {
        while request.next_message().is_some() {
            let headers = request.headers().cloned();
            tell.lock().expect("a lock").send(headers).expect("told");
            // As of a call that has no answer.
            request.answer(Bytes::new(), true);
        }
    });
    let mut stream = server.connect();
    let first = HeaderFrame {
        headers: of(&[("trace", "1"), ("tenant", "other")]),
        persistent: of(&[("tenant", "acme")]),
        ..call(BINARY, 1, false)
    };
    let second = call(COMPACT, 2, true);
    stream
        .write_all(&[frame_of(&first), frame_of(&second)].concat())
        .expect("sent");
    let mut plain = server.connect();
    plain.write_all(&add(3)).expect("sent");
    let next = || seen.recv_timeout(PATIENCE).expect("a call");
    let mut told = [next(), next(), next()];
    told.sort();
    assert_eq!(
        told,
        [
            None,
            Some(of(&[("tenant", "acme")])),
            Some(of(&[("trace", "1"), ("tenant", "other")])),
        ]
    );
    server.close(PATIENCE);
    assert_eq!(read_to_end(&mut stream), b"");
}

#[test]
fn a_frame_that_is_broken_ends_its_connection_behind_the_calls_before_it() {
    let limit = 4096;
    let good = call(BINARY, 1, false);
    let mut header_too_long = call(BINARY, 2, false).write().expect("a frame");
    header_too_long[8..10].fill(0xff);
    let mut snappy = call(BINARY, 2, true).write().expect("a frame");
    snappy[12] = 3;
    let mut pairs = call(BINARY, 2, false).write().expect("a frame");
    pairs[12..14].copy_from_slice(&[1, 0x7f]);
    let mut not_compressed = call(BINARY, 2, true).write().expect("a frame");
    not_compressed[14..].fill(0xff);
    let bomb = HeaderFrame {
        payload: vec![0; limit + 1].into(),
        ..call(BINARY, 2, true)
    };
    let broken = [
        (header_too_long, "a header of 262140 bytes in a frame"),
        (snappy, "transform 3 (snappy) of THeader is not known here"),
        (pairs, "127 entries in the 0 bytes that are left"),
        (not_compressed, "not compressed with zlib as it says"),
        (
            bomb.write().expect("a frame"),
            "more than 4096 bytes when it is decompressed",
        ),
        (
            call(1, 2, false).write().expect("a frame"),
            "in protocol 1: there are 0 (binary) and",
        ),
        (
            binary("add", message_type::CALL, 2),
            "another magic number than 0x0FFF",
        ),
    ];
    for (bad, why) in broken {
        let server = Running::echo(ServerOptions {
            frame: limit,
            ..ServerOptions::default()
        });
        let mut other = server.connect();
        let mut stream = server.connect();
        let behind = call(BINARY, 3, false);
        let bytes = [frame_of(&good), framed(&bad), frame_of(&behind)].concat();
        stream.write_all(&bytes).expect("sent");
        assert_eq!(answers(&mut stream), std::slice::from_ref(&good), "{why}");
        let notice = server.notices.recv_timeout(PATIENCE).expect("a notice");
        assert!(
            matches!(&notice, Notice::NoMessage { problem, .. } if problem.contains(why)),
            "{notice:?}"
        );
        other.write_all(&frame_of(&good)).expect("sent");
        assert_eq!(answer(&mut other), good);
        server.close(PATIENCE);
    }
}

#[test]
fn a_frame_above_the_limit_is_not_waited_for() {
    let server = Running::echo(ServerOptions {
        frame: 100,
        ..ServerOptions::default()
    });
    let mut stream = server.connect();
    let bytes = [&101_u32.to_be_bytes()[..], b"\x0f\xff\0\0"].concat();
    stream.write_all(&bytes).expect("sent");
    assert_eq!(read_to_end(&mut stream), b"");
    server.close(PATIENCE);
}

#[test]
fn what_is_said_for_all_messages_has_an_end() {
    let server = Running::echo(ServerOptions::default());
    let mut stream = server.connect();
    let value = "v".repeat(100_000);
    let say = |id: i32, key: &str| HeaderFrame {
        persistent: of(&[(key, &value)]),
        ..call(BINARY, id, false)
    };
    // What is said again takes the place of what was said.
    for id in 0..10 {
        stream.write_all(&frame_of(&say(id, "a"))).expect("sent");
        assert_eq!(answer(&mut stream), call(BINARY, id, false));
    }
    for (id, key) in [(10, "b"), (11, "c")] {
        stream.write_all(&frame_of(&say(id, key))).expect("sent");
    }
    assert_eq!(answers(&mut stream), [call(BINARY, 10, false)]);
    let notice = server.notices.recv_timeout(PATIENCE).expect("a notice");
    assert!(
        matches!(&notice, Notice::NoMessage { problem, .. } if problem.contains("303075 bytes")),
        "{notice:?}"
    );
    server.close(PATIENCE);
}

#[test]
fn calls_beyond_the_queue_are_answered_in_kind() {
    let (gate, wait) = Gate::new();
    let options = ServerOptions {
        queue: 1,
        frame: 1 << 16,
        ..ServerOptions::default()
    };
    let server = Running::with(options, 1, move |request| {
        wait();
        answer_with_itself(request);
    });
    let mut streams: Vec<_> = (0..2).map(|_| server.connect()).collect();
    streams[0].write_all(&add(1)).expect("sent");
    until(|| gate.arrived.load(Ordering::SeqCst) == 1);
    streams[1].write_all(&add(2)).expect("sent");
    until(|| server.server.waiting() == 1);

    let mut extra = server.connect();
    let large = HeaderFrame {
        // Above the limit, which nobody notices who does not decompress it.
        payload: [compact("add", 4), vec![0; 1 << 20]].concat().into(),
        ..call(COMPACT, 4, true)
    };
    for call in [call(BINARY, 3, false), large] {
        stream_all(&mut extra, &call);
        let refused = answer(&mut extra);
        assert_eq!(
            (refused.protocol_id, refused.sequence_id, refused.zlib),
            (call.protocol_id, call.sequence_id, call.zlib)
        );
        let header = refusal(&refused);
        assert_eq!(header.message_type, message_type::EXCEPTION);
        assert_eq!(header.sequence_id, call.sequence_id as i32);
        assert!(String::from_utf8_lossy(&refused.payload).contains("the server is overloaded"));
    }
    let oneway = HeaderFrame {
        payload: binary("note", message_type::ONEWAY, 5).into(),
        ..call(BINARY, 5, false)
    };
    stream_all(&mut extra, &oneway);
    stream_all(&mut extra, &call(BINARY, 6, false));
    assert_eq!(answer(&mut extra).sequence_id, 6);
    drop(gate);
    server.close(PATIENCE);
}

fn stream_all(stream: &mut TcpStream, frame: &HeaderFrame) {
    stream.write_all(&frame_of(frame)).expect("sent");
}

#[test]
fn a_server_of_header_takes_whom_it_is_told_to() {
    let header = frame_of(&call(COMPACT, 1, false));
    let spoken = [
        header.clone(),
        framed(&binary("add", message_type::CALL, 1)),
        binary("add", message_type::CALL, 1),
        framed(&compact("add", 1)),
        compact("add", 1),
    ];
    for taken in 0..spoken.len() {
        let server = Running::echo(ServerOptions {
            client_types: Some(std::array::from_fn(|number| number == taken)),
            ..ServerOptions::default()
        });
        for (number, message) in spoken.iter().enumerate() {
            let mut stream = server.connect();
            stream.write_all(message).expect("sent");
            if number == taken {
                assert_eq!(read(&mut stream, message.len()), *message);
            } else {
                assert_eq!(read_to_end(&mut stream), b"");
            }
        }
        let notice = server.notices.recv_timeout(PATIENCE).expect("a notice");
        assert!(
            matches!(&notice, Notice::NoMessage { problem, .. } if problem.contains("allowed are")),
            "{notice:?}"
        );
        server.close(PATIENCE);
    }
}

#[test]
fn answers_are_compressed_where_the_server_says_so() {
    let server = Running::echo(ServerOptions {
        zlib: true,
        ..ServerOptions::default()
    });
    let mut stream = server.connect();
    stream_all(&mut stream, &call(BINARY, 1, false));
    assert_eq!(answer(&mut stream), call(BINARY, 1, true));
    server.close(PATIENCE);
}

#[test]
fn header_is_refused_where_something_else_is_fixed() {
    for (protocol, frames) in [
        (Some(fastthrift::stream::Protocol::Compact), None),
        (None, Some(true)),
    ] {
        let server = Running::echo(ServerOptions {
            protocol,
            framed: frames,
            ..ServerOptions::default()
        });
        let mut stream = server.connect();
        stream_all(&mut stream, &call(COMPACT, 1, false));
        assert_eq!(read_to_end(&mut stream), b"");
        server.close(PATIENCE);
    }
}

#[test]
fn how_long_a_call_has_waited_is_known() {
    let (gate, pass) = Gate::new();
    let (tell, waited) = mpsc::channel();
    let tell = Mutex::new(tell);
    let server = Running::with(ServerOptions::default(), 1, move |request| {
        pass();
        let waited = request.waited();
        tell.lock().expect("a lock").send(waited).expect("told");
        answer_with_itself(request);
    });
    let mut streams: Vec<_> = (0..2).map(|_| server.connect()).collect();
    for (number, stream) in streams.iter_mut().enumerate() {
        stream.write_all(&add(1)).expect("sent");
        until(|| gate.arrived.load(Ordering::SeqCst) == 1 && server.server.waiting() == number);
    }
    let pause = Duration::from_millis(100);
    thread::sleep(pause);
    drop(gate);
    for _ in 0..2 {
        assert!(waited.recv_timeout(PATIENCE).expect("a call") >= pause);
    }
    server.close(PATIENCE);
}
