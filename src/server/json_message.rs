//! Messages of thriftpy2's JSON protocol, as far as a call takes that is not
//! made: who is called, and that it is refused.
//!
//! A message is its length in four bytes, then `{"metadata": {"version": 1,
//! "name": "add", "ttype": 1, "seqid": 7}, "payload": {...}}`, where the two
//! may come in either order.

use crate::stream::{FRAME_HEADER, unsigned_header};
use crate::wire::json::{number, text};
use crate::wire::{MessageHeader, message_type};

const VERSION: i64 = 1;

/// The header of a message; none where it has none that can be read.
pub(super) fn header(message: &[u8]) -> Option<MessageHeader> {
    let mut rest = JsonText(message.get(FRAME_HEADER..)?);
    rest.take(b'{')?;
    loop {
        let key = rest.key()?;
        if key == b"metadata" {
            return metadata(&mut rest);
        }
        rest.skip()?;
        rest.take(b',')?;
    }
}

fn metadata(rest: &mut JsonText<'_>) -> Option<MessageHeader> {
    let (mut name, mut version, mut kind, mut sequence_id) = (None, None, None, None);
    rest.take(b'{')?;
    loop {
        match rest.key()?.as_slice() {
            b"name" => name = Some(rest.string()?),
            b"version" => version = Some(rest.integer()?),
            b"ttype" => kind = Some(rest.integer()?),
            b"seqid" => sequence_id = Some(rest.integer()?),
            _ => rest.skip()?,
        }
        if rest.take(b',').is_none() {
            break;
        }
    }
    rest.take(b'}')?;
    Some(MessageHeader {
        name: name.filter(|_| version == Some(VERSION))?,
        message_type: u8::try_from(kind?).ok()?,
        sequence_id: i32::try_from(sequence_id?).ok()?,
    })
}

/// Appends the message that refuses a call, with the number of a reason and a
/// text, as the protocol of Python writes it; nothing where it is too long for
/// its length.
pub(super) fn write_exception(
    bytes: &mut Vec<u8>,
    method: &[u8],
    sequence_id: i32,
    (reason, why): (i32, &str),
) -> Option<()> {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; FRAME_HEADER]);
    bytes.extend_from_slice(b"{\"metadata\": {\"version\": 1, \"name\": \"");
    let method = String::from_utf8_lossy(method);
    text::escape_ascii(&method, |part| bytes.extend_from_slice(part));
    let kind = message_type::EXCEPTION;
    let rest = format!(
        "\", \"ttype\": {kind}, \"seqid\": {sequence_id}}}, \"payload\": {{\"message\": \""
    );
    bytes.extend_from_slice(rest.as_bytes());
    text::escape_ascii(why, |part| bytes.extend_from_slice(part));
    bytes.extend_from_slice(format!("\", \"type\": {reason}}}}}").as_bytes());
    let header = unsigned_header(bytes.len() - start - FRAME_HEADER)?;
    bytes[start..start + FRAME_HEADER].copy_from_slice(&header);
    Some(())
}

/// What is left of a text.
struct JsonText<'a>(&'a [u8]);

impl JsonText<'_> {
    fn advance(&mut self, count: usize) {
        self.0 = &self.0[count..];
    }

    /// The next byte that is no white space; it is not taken.
    fn peek(&mut self) -> Option<u8> {
        let space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        self.advance(self.0.iter().take_while(space).count());
        self.0.first().copied()
    }

    /// Takes a byte, where it comes next.
    fn take(&mut self, wanted: u8) -> Option<()> {
        if self.peek()? != wanted {
            return None;
        }
        self.advance(1);
        Some(())
    }

    fn key(&mut self) -> Option<Vec<u8>> {
        let key = self.string()?;
        self.take(b':')?;
        Some(key)
    }

    fn string(&mut self) -> Option<Vec<u8>> {
        self.take(b'"')?;
        let mut unescaped = Vec::new();
        match text::read(self.0, text::Controls::Taken, &mut unescaped).ok()? {
            text::Found::Plain(utf8) => {
                let plain = utf8.as_bytes();
                self.advance(plain.len() + 1);
                Some(plain.to_vec())
            }
            text::Found::Unescaped(length) => {
                self.advance(length);
                Some(unescaped)
            }
        }
    }

    fn integer(&mut self) -> Option<i64> {
        self.peek()?;
        let (value, length) = number::parse_integer(self.0)?;
        self.advance(length);
        Some(value)
    }

    /// Passes over a value, however deep it nests.
    fn skip(&mut self) -> Option<()> {
        let mut open: usize = 0;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    open += 1;
                    self.advance(1);
                    continue;
                }
                b'}' | b']' => {
                    open = open.checked_sub(1)?;
                    self.advance(1);
                }
                b',' | b':' if open > 0 => {
                    self.advance(1);
                    continue;
                }
                _ => match number::token(self.0).len() {
                    0 => return None,
                    length => self.advance(length),
                },
            }
            if open == 0 {
                return Some(());
            }
        }
    }
}
