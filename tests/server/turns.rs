//! Calls that are sent at once: their connection has its turns, as others have.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use fastthrift::server::{Request, ServerOptions};

use crate::messages::{add, framed, read};
use crate::{Gate, PATIENCE, Running, answer_with_itself, send_and_read, until};

/// Longer than a turn.
const LONG: Duration = Duration::from_millis(20);

#[test]
fn calls_sent_at_once_are_made_in_turns_with_those_of_others_and_none_is_refused() {
    const CALLS: usize = 3;
    let (gate, pass) = Gate::new();
    let made = Arc::new(Mutex::new(Vec::new()));
    let handler = {
        let made = Arc::clone(&made);
        move |mut request: Request| {
            while let Some(message) = request.next_message() {
                pass();
                made.lock().expect("a lock").push(request.connection());
                request.answer(framed(&message).into(), true);
            }
        }
    };
    let options = ServerOptions {
        queue: CALLS,
        ..ServerOptions::default()
    };
    let server = Running::with(options, 1, handler);
    let message = add(1);
    let calls = message.repeat(CALLS);
    let mut first = server.connect();
    first.write_all(&calls).expect("sent");
    until(|| gate.arrived.load(Ordering::SeqCst) == 1);
    let mut second = server.connect();
    second.write_all(&calls).expect("sent");
    // The queue is full with them, and those of the first one come back to it.
    until(|| server.server.waiting() == CALLS);
    thread::sleep(LONG);
    drop(gate.go);
    assert_eq!(read(&mut first, calls.len()), calls);
    assert_eq!(read(&mut second, calls.len()), calls);
    let made = made.lock().expect("a lock").clone();
    assert_ne!(made[1], made[0], "the other one had its turn");
    assert_eq!(server.notices.try_iter().count(), 0, "nothing was refused");
    server.close(PATIENCE);
}

#[test]
fn others_go_on_while_a_handler_waits() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let is_first = AtomicUsize::new(0);
    let server = Running::with(ServerOptions::default(), 2, move |request| {
        if is_first.fetch_add(1, Ordering::SeqCst) == 0 {
            wait.lock().expect("a lock").recv().expect("a word");
        }
        answer_with_itself(request);
    });
    let message = add(1);
    let mut waiting = server.connect();
    waiting.write_all(&message).expect("sent");
    let mut other = server.connect();
    for _ in 0..100 {
        send_and_read(&mut other, &message);
    }
    go.send(()).expect("a word");
    assert_eq!(read(&mut waiting, message.len()), message);
    server.close(PATIENCE);
}
