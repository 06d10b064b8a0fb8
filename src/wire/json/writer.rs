//! Writes the text.

use super::context::{Context, Contexts};
use super::number::{self, Digits};
use super::{base64, text, uuid};
use crate::wire::depth::Depth;
use crate::wire::error::{ErrorKind, Nesting, Result};
use crate::wire::limits::{Limits, MAX_SIZE};
use crate::wire::output::Output;
use crate::wire::raw::RawForm;
use crate::wire::wire_type::WireType;
use crate::wire::writer::{Scalar, Writer, checked_size};

/// Writes Apache's JSON protocol.
#[derive(Debug)]
pub struct JsonWriter<'a, O> {
    out: &'a mut O,
    depth: Depth,
    longest_string: usize,
    contexts: Contexts,
}

/// Some characters that are put at once.
struct Line {
    bytes: [u8; 48],
    length: usize,
}

impl Line {
    const fn new() -> Self {
        Self {
            bytes: [0; 48],
            length: 0,
        }
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        // The longest header has half as many.
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        }
    }

    #[inline]
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl<'a, O: Output> JsonWriter<'a, O> {
    /// Writes to `out`.
    pub const fn new(out: &'a mut O, limits: Limits) -> Self {
        Self {
            out,
            depth: Depth::new(limits.depth),
            longest_string: limits.string,
            contexts: Contexts::new(),
        }
    }

    /// What comes before a value, and whether the value is a key.
    #[inline]
    fn begin(&mut self) -> (&'static [u8], bool) {
        match self.contexts.top() {
            Context::Field | Context::Opening => (b"", false),
            Context::Element => (b",", false),
            Context::Value => {
                self.contexts.set(Context::Key);
                (b":", false)
            }
            Context::FirstKey => {
                self.contexts.set(Context::Value);
                (b"", true)
            }
            Context::Key => {
                self.contexts.set(Context::Value);
                (b",", true)
            }
        }
    }

    /// Writes a number, in quotes where it is a key.
    #[inline]
    fn number(&mut self, digits: &[u8]) {
        let (before, is_key) = self.begin();
        let mut line = Line::new();
        line.push(before);
        // What is no number has quotes already.
        let quoted = is_key && !digits.starts_with(b"\"");
        if quoted {
            line.push(b"\"");
        }
        line.push(digits);
        if quoted {
            line.push(b"\"");
        }
        self.out.put(line.as_bytes());
    }

    #[inline]
    fn integer(&mut self, value: i64) {
        self.number(Digits::of(value).as_bytes());
    }

    /// Writes a text that was checked.
    #[inline]
    fn text(&mut self, value: &[u8]) {
        self.out.put(b"\"");
        match text::plain(value) {
            (length, true) if length == value.len() => self.out.put(value),
            _ => text::escape(value, |piece| self.out.put(piece)),
        }
        self.out.put(b"\"");
    }

    /// Refuses a string that cannot be written, before any of it is.
    #[inline]
    fn check_text(&self, value: &[u8]) -> Result<()> {
        self.check_string(value.len())?;
        if !value.is_ascii() && !text::is_text(value) {
            return Err(ErrorKind::NotText.into());
        }
        Ok(())
    }
}

impl<O: Output> Writer for JsonWriter<'_, O> {
    type Out = O;

    const IS_TEXT: bool = true;

    const FORM: RawForm = RawForm::Json;

    #[inline]
    fn output(&mut self) -> &mut O {
        self.out
    }

    #[inline]
    fn depth(&mut self) -> &mut Depth {
        &mut self.depth
    }

    #[inline]
    fn longest_string(&self) -> usize {
        self.longest_string
    }

    fn message(&mut self, name: &[u8], message_type: u8, sequence_id: i32) -> Result<()> {
        self.check_text(name)?;
        self.out.put(b"[1,");
        self.text(name);
        let mut line = Line::new();
        line.push(b",");
        line.push(Digits::of(message_type.into()).as_bytes());
        line.push(b",");
        line.push(Digits::of(sequence_id.into()).as_bytes());
        line.push(b",");
        self.out.put(line.as_bytes());
        Ok(())
    }

    fn end_message(&mut self) {
        self.out.put(b"]");
    }

    #[inline]
    fn field(&mut self, wire_type: WireType, id: i16, last_id: &mut i16) {
        *last_id = id;
        let mut line = Line::new();
        line.push(match self.contexts.top() {
            Context::Opening => b"{\"",
            _ => b"},\"",
        });
        self.contexts.set(Context::Field);
        line.push(Digits::of(id.into()).as_bytes());
        line.push(b"\":{\"");
        line.push(wire_type.json_name().as_bytes());
        line.push(b"\":");
        self.out.put(line.as_bytes());
    }

    #[inline]
    fn scalar_field(&mut self, value: Scalar<'_>, id: i16, last_id: &mut i16) -> Result<()> {
        match value {
            Scalar::Bytes(value) => self.check_text(value)?,
            Scalar::Binary(value) => drop(self.check_string(value.len())?),
            _ => {}
        }
        self.field(value.wire_type(), id, last_id);
        self.scalar(value)
    }

    #[inline]
    fn stop(&mut self) {
        self.out.put(match self.contexts.top() {
            Context::Opening => b"{}",
            _ => b"}}",
        });
        self.contexts.set(Context::Field);
    }

    #[inline]
    fn bool(&mut self, value: bool) {
        self.number(if value { b"1" } else { b"0" });
    }

    #[inline]
    fn i8(&mut self, value: i8) {
        self.integer(value.into());
    }

    #[inline]
    fn i16(&mut self, value: i16) {
        self.integer(value.into());
    }

    #[inline]
    fn i32(&mut self, value: i32) {
        self.integer(value.into());
    }

    #[inline]
    fn i64(&mut self, value: i64) {
        self.integer(value);
    }

    #[inline]
    fn double(&mut self, value: f64) {
        number::format_double(value, |digits| self.number(digits));
    }

    #[inline]
    fn uuid(&mut self, value: [u8; 16]) {
        let (before, _) = self.begin();
        self.out.put(before);
        self.out.put(&uuid::format(value));
    }

    #[inline]
    fn bytes(&mut self, value: &[u8]) -> Result<()> {
        self.check_text(value)?;
        let (before, _) = self.begin();
        self.out.put(before);
        self.text(value);
        Ok(())
    }

    fn binary(&mut self, value: &[u8]) -> Result<()> {
        self.check_string(value.len())?;
        let (before, _) = self.begin();
        self.out.put(before);
        self.out.put(b"\"");
        base64::encode(value, |piece| self.out.put(piece));
        self.out.put(b"\"");
        Ok(())
    }

    #[inline]
    fn list(&mut self, element: WireType, count: usize) -> Result<()> {
        let count = checked_size("list", count, MAX_SIZE)?;
        self.contexts.set(Context::Element);
        let mut line = Line::new();
        line.push(b"[\"");
        line.push(element.json_name().as_bytes());
        line.push(b"\",");
        line.push(Digits::of(count.into()).as_bytes());
        self.out.put(line.as_bytes());
        Ok(())
    }

    #[inline]
    fn map(&mut self, key: WireType, value: WireType, count: usize) -> Result<()> {
        let count = checked_size("map", count, MAX_SIZE)?;
        self.contexts.set(Context::FirstKey);
        let mut line = Line::new();
        line.push(b"[\"");
        line.push(key.json_name().as_bytes());
        line.push(b"\",\"");
        line.push(value.json_name().as_bytes());
        line.push(b"\",");
        line.push(Digits::of(count.into()).as_bytes());
        line.push(b",{");
        self.out.put(line.as_bytes());
        Ok(())
    }

    #[inline]
    fn enter(&mut self, what: Nesting) -> Result<()> {
        self.depth.enter(what)?;
        let (before, _) = self.begin();
        self.out.put(before);
        self.contexts.push();
        Ok(())
    }

    #[inline]
    fn leave(&mut self) {
        match self.contexts.top() {
            Context::Element => self.out.put(b"]"),
            Context::FirstKey | Context::Key | Context::Value => self.out.put(b"}]"),
            Context::Field | Context::Opening => {}
        }
        self.contexts.pop();
        self.depth.leave();
    }
}
