//! What must hold for the search of a value's end, for any bytes: asserted by
//! the tests and by a fuzz target.

use fastthrift::stream::{Protocol, Scan, Target};
use fastthrift::wire::{Binary, Compact, Error, ErrorKind, Input, Limits, Reader, WireType};

use crate::choices::Choices;
use crate::protocols::Stream;

/// What there is to say of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// They hold a value, which ends here.
    End(usize),
    /// They are the start of one.
    Start,
    /// They are wrong: the error's text, and where it was noticed.
    Wrong(String, Option<u64>),
}

impl Found {
    fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Truncated { .. } => Self::Start,
            _ => Self::Wrong(error.kind().to_string(), error.offset()),
        }
    }
}

/// Every protocol and part that is looked for.
pub fn searches() -> impl Iterator<Item = (Protocol, Target)> {
    let protocols = [
        Protocol::Binary { strict: true },
        Protocol::Binary { strict: false },
        Protocol::Compact,
    ];
    let parts = [
        Target::Header,
        Target::Message,
        Target::Value(WireType::Struct),
        Target::Value(WireType::Map),
    ];
    protocols
        .into_iter()
        .flat_map(move |protocol| parts.map(|part| (protocol, part)))
}

/// A search finds what skipping finds, at the same byte: when all bytes are
/// there at once, when they come in pieces that `choices` cuts, and when no
/// more come than it asked for. It never asks for a byte behind the value.
pub fn cuts_change_nothing(bytes: &[u8], limits: Limits, choices: &mut impl Choices) {
    for (protocol, part) in searches() {
        let expected = skipped(protocol, part, limits, bytes);
        let mut scan = Scan::new(protocol, part, limits);
        assert_eq!(shown(&mut scan, bytes), expected);

        let mut scan = Scan::new(protocol, part, limits);
        let mut arrived = 0;
        let found = loop {
            match shown(&mut scan, &bytes[..arrived]) {
                Found::Start if arrived < bytes.len() => {
                    assert!(scan.wanted() > arrived);
                    let piece = 1 + choices.next() as usize % 9;
                    arrived = bytes.len().min(arrived + piece);
                }
                found => break found,
            }
        };
        assert_eq!(found, expected);

        let mut scan = Scan::new(protocol, part, limits);
        let mut arrived = 0;
        let found = loop {
            match shown(&mut scan, &bytes[..arrived]) {
                Found::Start if arrived < bytes.len() => arrived = bytes.len().min(scan.wanted()),
                found => break found,
            }
        };
        if let Found::End(end) = found {
            assert_eq!(end, arrived);
        }
        assert_eq!(found, expected);
    }
}

fn shown(scan: &mut Scan, arrived: &[u8]) -> Found {
    // What lies before its position it is not shown again.
    let start = scan.position().min(arrived.len());
    match scan.advance(start, &arrived[start..]) {
        Ok(Some(end)) => Found::End(end),
        Ok(None) => Found::Start,
        Err(error) => Found::of(&error),
    }
}

fn skipped(protocol: Protocol, part: Target, limits: Limits, bytes: &[u8]) -> Found {
    let input = Stream::new(bytes);
    match protocol {
        Protocol::Binary { strict } => skip(Binary::new(input, limits, strict), part),
        Protocol::Compact => skip(Compact::new(input, limits), part),
    }
}

fn skip<R: Reader>(mut reader: R, part: Target) -> Found {
    let result = match part {
        Target::Header => reader.message().map(drop),
        Target::Message => reader.message().and_then(|_| reader.skip(WireType::Struct)),
        Target::Value(wire_type) => reader.skip(wire_type),
    };
    let offset = reader.input().offset();
    match result {
        Ok(()) => Found::End(offset as usize),
        Err(error) => Found::of(&error.at(offset)),
    }
}
