//! Large frames, and several calls in one: they are made like those of several
//! frames.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use fastthrift::server::{Request, ServerOptions};
use fastthrift::wire::{Binary, Limits, Reader, SliceInput, message_type};

use crate::messages::{binary, framed, read};
use crate::{Gate, PATIENCE, Running, read_to_end, until};

/// A call, whose size is that of all.
fn call(id: i32) -> Vec<u8> {
    binary("add", message_type::CALL, id)
}

fn calls(count: i32) -> Vec<u8> {
    (0..count).flat_map(call).collect()
}

/// Answers the first call of a message, and gives back what follows it.
fn answer_first(request: &mut Request, answer: impl Fn(&[u8]) -> Vec<u8>) -> bool {
    let Some(mut message) = request.next_message() else {
        return false;
    };
    let first = message.split_to(call(0).len());
    if !message.is_empty() {
        assert!(!request.is_behind(), "it came with another one");
        request.put_back(message.len());
    }
    request.answer(answer(&first).into(), true);
    true
}

#[test]
fn large_message_comes_and_goes() {
    let server = Running::echo(ServerOptions::default());
    let mut message = vec![0_u8; 20 << 20];
    message[..4].copy_from_slice(&[0x80, 1, 0, 1]);
    let message = framed(&message);
    let mut stream = server.connect();
    let mut writing = stream.try_clone().expect("the same");
    let sent = message.clone();
    let sender = thread::spawn(move || writing.write_all(&sent).expect("sent"));
    sender.join().expect("a sender");
    assert!(read(&mut stream, message.len()) == message);
    server.close(PATIENCE);
}

#[test]
fn calls_in_one_frame_are_made_one_after_the_other() {
    let server = Running::with(ServerOptions::default(), 2, |mut request| {
        while answer_first(&mut request, framed) {}
    });
    let mut stream = server.connect();
    // A stop too many is nothing, whatever it is behind.
    let several = [calls(3_000), vec![0]].concat();
    let one = [call(3_000), vec![0]].concat();
    stream
        .write_all(&[framed(&several), framed(&one), framed(&call(3_001))].concat())
        .expect("sent");
    for id in 0..=3_001 {
        assert_eq!(read(&mut stream, framed(&call(0)).len()), framed(&call(id)));
    }
    server.close(PATIENCE);
}

#[test]
fn what_is_no_message_comes_as_it_is_behind_the_calls_of_its_frame() {
    let server = Running::with(ServerOptions::default(), 1, |mut request| {
        while let Some(message) = request.next_message() {
            let first = message.slice(..message.len().min(call(0).len()));
            if first.len() < message.len() {
                request.put_back(message.len() - first.len());
            }
            let is_call = first.len() == call(0).len();
            request.answer(framed(&first).into(), is_call);
        }
    });
    let mut stream = server.connect();
    stream
        .write_all(&framed(&[calls(3), b"xyz".to_vec()].concat()))
        .expect("sent");
    let expected: Vec<u8> = (0..3).flat_map(|id| framed(&call(id))).collect();
    let all = [expected, framed(b"xyz")].concat();
    assert_eq!(read_to_end(&mut stream), all);
    server.close(PATIENCE);
}

#[test]
fn what_follows_a_message_of_an_unknown_protocol_is_handed_out_as_it_is() {
    let server = Running::with(
        ServerOptions {
            framed: Some(true),
            protocol: Some(fastthrift::stream::Protocol::Binary { strict: true }),
            is_foreign: true,
            ..ServerOptions::default()
        },
        1,
        |mut request| {
            while let Some(message) = request.next_message() {
                if !request.is_behind() {
                    request.put_back(message.len() - 1);
                }
                request.answer(framed(&message).into(), true);
            }
        },
    );
    let mut stream = server.connect();
    let message = [vec![1], calls(3)].concat();
    stream.write_all(&framed(&message)).expect("sent");
    let answers = [framed(&message), framed(&message[1..])].concat();
    assert_eq!(read(&mut stream, answers.len()), answers);
    server.close(PATIENCE);
}

#[test]
fn calls_in_a_frame_are_not_made_for_a_client_that_takes_no_answers() {
    const SIZE: usize = 256 << 10;
    const CALLS: i32 = 400;
    let made = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&made);
    let server = Running::with(ServerOptions::default(), 2, move |mut request| {
        while answer_first(&mut request, |_| vec![7; SIZE]) {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let mut stream = server.connect();
    stream.write_all(&framed(&calls(CALLS))).expect("sent");
    until(|| made.load(Ordering::SeqCst) > 0);
    thread::sleep(Duration::from_millis(200));
    // What a system keeps for a socket is some MiB.
    let before = made.load(Ordering::SeqCst);
    assert!(before < 150, "{before} were made");
    let answers = read(&mut stream, CALLS as usize * SIZE);
    assert!(answers.iter().all(|byte| *byte == 7));
    server.close(PATIENCE);
}

#[test]
fn others_have_their_turn_between_the_calls_of_a_frame() {
    let (gate, pass) = Gate::new();
    let made = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&made);
    let server = Running::with(ServerOptions::default(), 1, move |mut request| {
        while answer_first(&mut request, |call| {
            pass();
            let before = counted.fetch_add(1, Ordering::SeqCst);
            [framed(call), before.to_be_bytes().to_vec()].concat()
        }) {}
    });
    let mut greedy = server.connect();
    greedy.write_all(&framed(&calls(5_000))).expect("sent");
    until(|| gate.arrived.load(Ordering::SeqCst) == 1);
    let mut other = server.connect();
    other.write_all(&framed(&call(0))).expect("sent");
    until(|| server.server.waiting() == 1);
    // Longer than a turn.
    thread::sleep(Duration::from_millis(20));
    drop(gate.go);
    let answer = read(&mut other, framed(&call(0)).len() + 8);
    let before = usize::from_be_bytes(*answer.last_chunk().expect("a number"));
    assert!(before < 1_000, "{before} were made before");
    until(|| made.load(Ordering::SeqCst) == 5_001);
    server.close(PATIENCE);
}

#[test]
fn each_call_of_a_frame_is_refused_beyond_the_queue() {
    let (gate, pass) = Gate::new();
    let options = ServerOptions {
        queue: 1,
        ..ServerOptions::default()
    };
    let server = Running::with(options, 1, move |mut request| {
        pass();
        while answer_first(&mut request, framed) {}
    });
    let mut first = server.connect();
    first.write_all(&framed(&call(1))).expect("sent");
    until(|| gate.arrived.load(Ordering::SeqCst) == 1);
    let mut second = server.connect();
    second.write_all(&framed(&call(2))).expect("sent");
    until(|| server.server.waiting() == 1);
    // Their refusals are more than a client may leave.
    let count = 30_000;
    let mut third = server.connect();
    third.write_all(&framed(&calls(count))).expect("sent");
    for id in 0..count {
        let size = u32::from_be_bytes(read(&mut third, 4).try_into().expect("four"));
        let answer = read(&mut third, size as usize);
        let mut reader = Binary::new(SliceInput::new(&answer), Limits::DEFAULT, true);
        let header = reader.message().expect("a header");
        assert_eq!(
            (header.message_type, header.sequence_id),
            (message_type::EXCEPTION, id)
        );
    }
    drop(gate.go);
    for stream in [&mut first, &mut second] {
        read(stream, framed(&call(0)).len());
    }
    server.close(PATIENCE);
}
