//! Answers that their client does not take, and what is said of connections
//! that send no messages.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use fastthrift::server::{Notice, Request, ServerOptions};
use fastthrift::wire::message_type;

use crate::messages::{add, binary, read};
use crate::{PATIENCE, Running, read_to_end, until};

/// What a message may take here.
const MESSAGE: Duration = Duration::from_millis(400);
/// More than the buffers of both systems take.
const LARGE: usize = 24 << 20;

fn answer_at_length(mut request: Request) {
    while request.next_message().is_some() {
        request.answer(vec![b'x'; LARGE].into(), true);
    }
}

#[test]
fn client_that_takes_nothing_is_given_up() {
    let server = Running::with(
        ServerOptions {
            message_time: Some(MESSAGE),
            // Whatever the system has taken meanwhile.
            untaken: |_| LARGE,
            ..ServerOptions::default()
        },
        1,
        answer_at_length,
    );
    let mut stream = server.connect();
    stream.write_all(&add(1)).expect("sent");
    let began = Instant::now();
    until(|| server.server.connections() == 1);
    until(|| server.server.connections() == 0);
    assert!(began.elapsed() >= MESSAGE);
    // It was reset, and not given what the system had of it.
    assert!(read_to_end(&mut stream).len() < LARGE);
    server.close(PATIENCE);
}

#[test]
fn client_that_takes_its_answer_slowly_has_the_time_for_it() {
    let server = Running::with(
        ServerOptions {
            message_time: Some(MESSAGE),
            ..ServerOptions::default()
        },
        1,
        answer_at_length,
    );
    let mut stream = server.connect();
    stream.write_all(&add(1)).expect("sent");
    let began = Instant::now();
    // Which is several times what a message may take.
    for _ in 0..24 {
        thread::sleep(MESSAGE / 5);
        assert!(
            read(&mut stream, LARGE / 24)
                .iter()
                .all(|byte| *byte == b'x')
        );
    }
    assert!(began.elapsed() >= MESSAGE * 4);
    server.close(PATIENCE);
}

#[test]
fn mistakes_of_each_kind_are_told_whatever_came_before() {
    let server = Running::echo(ServerOptions::default());
    let openings: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\nHost: somewhere\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello of TLS, and more",
        b"\xde\xad\xbe\xef\xde\xad\xbe\xef\xde\xad\xbe\xef\xde\xad\xbe\xef\xde\xad\xbe\xef\xde\xad",
        b"SSH-2.0-OpenSSH_9.6 and more of it\r\n",
    ];
    for _ in 0..3 {
        for opening in openings {
            let mut stream = server.connect();
            stream.write_all(opening).expect("sent");
            read_to_end(&mut stream);
        }
    }
    let mut stream = server.connect();
    let call = binary("add", message_type::CALL, 7);
    stream.write_all(&call).expect("sent");
    assert_eq!(read(&mut stream, call.len()), call);
    let told: Vec<Notice> = server.notices.try_iter().collect();
    for (number, opening) in openings.into_iter().enumerate() {
        let of_it = told.iter().filter(|notice| {
            matches!(notice, Notice::NoMessage { opening: told, .. } if opening.starts_with(told))
        });
        // What nobody knows is one kind.
        assert_eq!(of_it.count(), usize::from(number != 3), "{told:?}");
    }
    server.close(PATIENCE);
}
