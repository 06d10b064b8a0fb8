//! Answers that their client does not take, and what is said of connections
//! that send no messages.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use fastthrift::server::{AnswerClock, Notice, Request, ServerOptions, Untaken};
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
            kept: |_| Some(LARGE),
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

/// What a client has not taken, all of it with the system.
fn kept(bytes: usize) -> Untaken {
    Untaken {
        unsent: 0,
        kept: Some(bytes),
    }
}

#[test]
fn what_a_client_takes_gives_it_time_at_the_least_rate() {
    let began = Instant::now();
    let after = |seconds: u64| began + Duration::from_secs(seconds);
    let time = Duration::from_secs(3);
    let mut clock = AnswerClock::new(time, began, kept(1 << 20));
    assert_eq!(clock.until(), Some(after(3)));
    // It has taken what takes four seconds, and nothing after that.
    let wait = clock.patience(after(3), kept((1 << 20) - (64 << 10)));
    assert!(wait.is_some_and(|wait| wait.as_millis() == 3_999));
    assert!(clock.until() > Some(after(6)));
    assert_eq!(clock.patience(after(7), kept((1 << 20) - (64 << 10))), None);
    // A little more is not worth a wait: it would have less and less.
    let mut clock = AnswerClock::new(time, began, kept(1 << 20));
    let little = kept((1 << 20) - 1_000);
    assert_eq!(clock.patience(after(3), little), None);
    assert!(
        clock
            .patience(after(3), kept((1 << 20) - 2_000))
            .is_some_and(|wait| wait >= Duration::from_millis(100))
    );
    // What is to be sent besides has its time when it was taken.
    let mut clock = AnswerClock::new(time, began, kept(1 << 20));
    clock.add(1 << 20);
    assert!(clock.patience(after(3), kept(1 << 20)).is_some());
}

#[test]
fn a_client_that_has_taken_all_there_was_is_not_too_slow() {
    let began = Instant::now();
    let late = began + Duration::from_secs(9);
    let time = Duration::from_secs(3);
    let unsent = Untaken {
        unsent: 1_000,
        kept: Some(0),
    };
    let mut clock = AnswerClock::new(time, began, unsent);
    // The program itself has sent nothing for as long.
    assert_eq!(clock.patience(late, unsent), Some(time));
    assert_eq!(clock.until(), Some(late + time));
    // Where the system does not tell, nobody knows.
    let unknown = Untaken {
        kept: None,
        ..unsent
    };
    let mut clock = AnswerClock::new(time, began, unknown);
    assert_eq!(clock.patience(late, unknown), None);
}
