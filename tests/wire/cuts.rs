//! What must hold for the search of a value's end, and for messages out of
//! pieces, for any bytes: asserted by the tests and by a fuzz target.

use fastthrift::stream::{Framing, Inbound, Protocol, Scan, Target, frame_header};
use fastthrift::wire::{
    Binary, Compact, Error, ErrorKind, Input, Limits, Reader, TextEnd, WireType,
};

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

const PROTOCOLS: [Protocol; 5] = [
    Protocol::Binary { strict: true },
    Protocol::Binary { strict: false },
    Protocol::Compact,
    Protocol::Json,
    Protocol::ApacheJson,
];

/// Every protocol and part that is looked for.
pub fn searches() -> impl Iterator<Item = (Protocol, Target)> {
    let parts = [
        Target::Header,
        Target::Message,
        Target::Value(WireType::Struct),
        Target::Value(WireType::Map),
    ];
    PROTOCOLS
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

/// What came of a stream: its messages, and what was behind them.
#[derive(Debug, PartialEq, Eq)]
struct Taken {
    messages: Vec<Vec<u8>>,
    /// What is left, or the error's text and where it was noticed.
    end: Result<Vec<u8>, (String, Option<u64>)>,
}

/// Messages out of a stream are those of its bytes at once, in whatever pieces
/// these come, in frames and without.
pub fn pieces_change_nothing(bytes: &[u8], limits: Limits, choices: &mut impl Choices) {
    for protocol in PROTOCOLS {
        let whole = taken(Framing::Unframed, protocol, limits, [bytes]);
        assert_eq!(whole, read_one_by_one(protocol, limits, bytes));
        let pieces = taken(Framing::Unframed, protocol, limits, cut(bytes, choices));
        assert_same(&pieces, &whole);
    }
    // Whatever the bytes are, as frames; and in frames.
    let framing = Framing::Framed { limit: 1000 };
    let protocol = Protocol::Compact;
    let whole = taken(framing, protocol, limits, [bytes]);
    assert_eq!(taken(framing, protocol, limits, cut(bytes, choices)), whole);
    let messages: Vec<Vec<u8>> = cut(bytes, choices).into_iter().map(Vec::from).collect();
    let mut frames = Vec::new();
    for message in &messages {
        frames.extend(frame_header(message.len(), 1000).expect("a small frame"));
        frames.extend(message);
    }
    let whole = taken(framing, protocol, limits, cut(&frames, choices));
    let end = Ok(Vec::new());
    assert_eq!(whole, Taken { messages, end });
}

/// In pieces a message may be known to be too long before what is wrong in it
/// has come, and before all of its length has.
fn assert_same(pieces: &Taken, whole: &Taken) {
    let too_long =
        |taken: &Taken| matches!(&taken.end, Err((text, _)) if text.contains("max_message_size"));
    if too_long(pieces) {
        assert_eq!(pieces.messages, whole.messages);
        assert!(whole.end.is_err());
    } else {
        assert_eq!(pieces, whole);
    }
}

fn cut<'a>(bytes: &'a [u8], choices: &mut impl Choices) -> Vec<&'a [u8]> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let size = rest.len().min(1 + choices.below(40));
        let (piece, left) = rest.split_at(size);
        pieces.push(piece);
        rest = left;
    }
    pieces
}

fn taken<'a>(
    framing: Framing,
    protocol: Protocol,
    limits: Limits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Taken {
    let mut inbound = Inbound::new(framing, protocol, limits);
    let mut messages = Vec::new();
    for piece in pieces {
        inbound.feed(piece);
        loop {
            match inbound.next() {
                Ok(Some(message)) => messages.push(message.to_vec()),
                Ok(None) => break,
                Err(error) => {
                    let end = Err((error.kind().to_string(), error.offset()));
                    return Taken { messages, end };
                }
            }
        }
    }
    let end = Ok(inbound.rest().to_vec());
    Taken { messages, end }
}

/// The messages that a reader passes over, one behind the other.
fn read_one_by_one(protocol: Protocol, limits: Limits, bytes: &[u8]) -> Taken {
    let mut messages = Vec::new();
    let mut rest = bytes;
    let prefix = if protocol == Protocol::Json { 4 } else { 0 };
    let end = loop {
        if rest.is_empty() {
            break Ok(Vec::new());
        }
        match skipped(protocol, Target::Message, limits, rest) {
            Found::End(end) if end - prefix <= limits.message => {
                let (message, behind) = rest.split_at(end);
                messages.push(message.to_vec());
                rest = behind;
            }
            Found::Wrong(text, offset) => break Err((text, offset)),
            // What is too long is so before all of it has come.
            Found::End(_) | Found::Start => {
                break taken(Framing::Unframed, protocol, limits, [rest]).end;
            }
        }
    };
    if let Ok(left) = &end {
        assert_eq!(left, rest);
    }
    Taken { messages, end }
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
        Protocol::Json => skip_sized_text(bytes, limits),
        Protocol::ApacheJson => {
            let mut end = TextEnd::new(limits.depth);
            match end.find(bytes) {
                Ok(Some(end)) => Found::End(end),
                Ok(None) => Found::Start,
                Err(error) => Found::of(&error.at(end.position() as u64)),
            }
        }
    }
}

fn skip_sized_text(bytes: &[u8], limits: Limits) -> Found {
    let Some(header) = bytes.first_chunk() else {
        return Found::Start;
    };
    let size = u32::from_be_bytes(*header) as usize;
    if size > limits.message {
        let limit = limits.message;
        return Found::Wrong(
            format!("message of {size} exceeds the limit of {limit} (max_message_size)"),
            Some(4),
        );
    }
    if bytes.len() - 4 < size {
        Found::Start
    } else {
        Found::End(4 + size)
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
