//! Callers of a server in a closed loop: each connection sends a call, waits
//! for its answer, compares it, and sends the next.
//!
//! ```text
//! callers ADDRESS CONNECTIONS SECONDS CALL ANSWER
//! ```
//!
//! `CALL` and `ANSWER` are files with the bytes of a message. Prints the calls
//! per second, and of their times the median and the 99th percentile in
//! microseconds. One thread does it all, so that a server has the other CPUs.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// What is measured is what comes after so much of the time.
const WARM_UP: f64 = 0.2;

struct Caller {
    stream: TcpStream,
    sent: usize,
    come: Vec<u8>,
    began: Instant,
}

impl Caller {
    /// Sends what is left of the call.
    fn send(&mut self, call: &[u8]) -> Result<(), Box<dyn Error>> {
        while self.sent < call.len() {
            match self.stream.write(&call[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Reads; whether the answer is whole.
    fn receive(&mut self, answer: &[u8], scratch: &mut [u8]) -> Result<bool, Box<dyn Error>> {
        loop {
            match self.stream.read(scratch) {
                Ok(0) => return Err("the server has closed a connection".into()),
                Ok(count) => {
                    self.come.extend_from_slice(&scratch[..count]);
                    if self.come.len() >= answer.len() {
                        if self.come != answer {
                            return Err(format!("a wrong answer: {:?}", self.come).into());
                        }
                        return Ok(true);
                    }
                    if count < scratch.len() {
                        return Ok(false);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn run(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    call: &[u8],
    answer: &[u8],
) -> Result<Vec<u32>, Box<dyn Error>> {
    let mut poll = Poll::new()?;
    let mut callers = Vec::with_capacity(connections);
    for number in 0..connections {
        // One after the other, so that no queue of the listener is too short.
        let stream = std::net::TcpStream::connect(address)?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let mut stream = TcpStream::from_std(stream);
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry()
            .register(&mut stream, Token(number), interest)?;
        callers.push(Caller {
            stream,
            sent: 0,
            come: Vec::new(),
            began: Instant::now(),
        });
    }
    let begin = Instant::now();
    for caller in &mut callers {
        caller.began = Instant::now();
        caller.send(call)?;
    }
    let mut times = Vec::new();
    let mut events = Events::with_capacity(connections);
    let mut scratch = vec![0; 1 << 16];
    let mut last_answer = Instant::now();
    while begin.elapsed() < time {
        poll.poll(&mut events, Some(Duration::from_millis(100)))?;
        for event in &events {
            let caller = &mut callers[event.token().0];
            caller.send(call)?;
            if event.is_readable() && caller.receive(answer, &mut scratch)? {
                let now = Instant::now();
                last_answer = now;
                if now - begin > time.mul_f64(WARM_UP) {
                    times.push((now - caller.began).as_micros() as u32);
                }
                caller.began = now;
                caller.sent = 0;
                caller.come.clear();
                caller.send(call)?;
            }
        }
        if last_answer.elapsed() > time.max(Duration::from_secs(10)) {
            return Err("the server answers nothing any more".into());
        }
    }
    Ok(times)
}

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds words of its own.
    let words: Vec<String> = env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let [address, connections, seconds, call, answer] = words.as_slice() else {
        println!("callers ADDRESS CONNECTIONS SECONDS CALL ANSWER");
        return Ok(());
    };
    let time = Duration::from_secs_f64(seconds.parse()?);
    let (call, answer) = (fs::read(call)?, fs::read(answer)?);
    let mut times = run(address.parse()?, connections.parse()?, time, &call, &answer)?;
    times.sort_unstable();
    let at = |percent: usize| {
        let index = times.len() * percent / 100;
        times.get(index).copied().unwrap_or_default()
    };
    let calls = u32::try_from(times.len())?;
    let measured = time.mul_f64(1.0 - WARM_UP).as_secs_f64();
    println!(
        "{{\"calls_per_second\": {:.0}, \"median_us\": {}, \"p99_us\": {}}}",
        f64::from(calls) / measured,
        at(50),
        at(99)
    );
    Ok(())
}
