//! Reads the text.

use super::context::{Context, Contexts};
use super::text::{self, Controls, Found, Wrong};
use super::{base64, number, uuid};
use crate::wire::error::{Error, ErrorKind, Nesting, Result};
use crate::wire::input::SliceInput;
use crate::wire::limits::Limits;
use crate::wire::message::MessageHeader;
use crate::wire::raw::RawForm;
use crate::wire::reader::{FieldHeader, ListHeader, MapHeader, Reader, State};
use crate::wire::wire_type::WireType;

const VERSION: f64 = 1.0;

/// Reads Apache's JSON protocol from memory.
///
/// What is not JSON is accepted where Apache's libraries write it: structs and
/// containers as keys, doubles that are no numbers without quotes, base64
/// without padding. A struct that comes inside a message is read out of it.
#[derive(Debug)]
pub struct Json<'a> {
    state: State<SliceInput<'a>>,
    contexts: Contexts,
    /// Whether the struct that comes is one of a message, whose start was read here.
    in_message: bool,
    /// Whether the end may be missing.
    is_cut: bool,
    /// What was unescaped or decoded last.
    scratch: Vec<u8>,
}

/// A piece of the text, or of what was made of it.
#[derive(Clone, Copy)]
enum Piece<'a> {
    Text(&'a [u8]),
    Scratch,
}

impl<'a> Json<'a> {
    /// Reads `input`.
    #[must_use]
    pub const fn new(input: SliceInput<'a>, limits: Limits) -> Self {
        Self {
            state: State::new(input, limits),
            contexts: Contexts::new(),
            in_message: false,
            is_cut: false,
            scratch: Vec::new(),
        }
    }

    /// Reads `input`, whose end may be missing: containers are not held to what is
    /// left of it, so that their elements before the end can be read.
    #[must_use]
    pub fn cut(input: SliceInput<'a>, limits: Limits) -> Self {
        Self {
            is_cut: true,
            ..Self::new(input, limits)
        }
    }

    /// A message has nothing behind its struct.
    ///
    /// # Errors
    ///
    /// Something comes that goes on with the struct.
    #[inline]
    pub fn end_of_message(&mut self) -> Result<()> {
        match self.peek() {
            Ok(found @ (b',' | b'}' | b':')) => Err(unexpected(found, b']')),
            _ => Ok(()),
        }
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.state.input.rest()
    }

    #[inline]
    fn advance(&mut self, count: usize) {
        self.state.input.advance(count);
    }

    /// The next character that is no whitespace; it is not taken.
    #[inline]
    fn peek(&mut self) -> Result<u8> {
        match self.rest().first() {
            Some(b' ' | b'\t' | b'\r' | b'\n') => self.peek_behind_space(),
            Some(byte) => Ok(*byte),
            None => Err(Error::truncated(1, 0)),
        }
    }

    #[cold]
    fn peek_behind_space(&mut self) -> Result<u8> {
        let space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let count = self.rest().iter().take_while(space).count();
        self.advance(count);
        let next = self.rest().first();
        next.copied().ok_or_else(|| Error::truncated(1, 0))
    }

    /// Takes a character that must come next.
    #[inline]
    fn expect(&mut self, wanted: u8) -> Result<()> {
        let found = self.peek()?;
        if found != wanted {
            return Err(unexpected(found, wanted));
        }
        self.advance(1);
        Ok(())
    }

    /// Takes what comes before a value; whether the value is a key.
    #[inline]
    fn begin(&mut self) -> Result<bool> {
        match self.contexts.top() {
            Context::Field | Context::Opening => Ok(false),
            Context::Element => {
                self.expect(b',')?;
                Ok(false)
            }
            Context::Value => {
                self.expect(b':')?;
                self.contexts.set(Context::Key);
                Ok(false)
            }
            Context::FirstKey => {
                self.contexts.set(Context::Value);
                Ok(true)
            }
            Context::Key => {
                self.expect(b',')?;
                self.contexts.set(Context::Value);
                Ok(true)
            }
        }
    }

    /// Reads a string, whatever its length.
    #[inline]
    fn piece(&mut self) -> Result<Piece<'a>> {
        let found = self.peek()?;
        if found != b'"' {
            return Err(not_a("a string", found));
        }
        let text = &self.rest()[1..];
        match text::read(text, Controls::Taken, &mut self.scratch) {
            Ok(Found::Plain(utf8)) => {
                let plain = utf8.as_bytes();
                self.advance(plain.len() + 2);
                Ok(Piece::Text(plain))
            }
            Ok(Found::Unescaped(length)) => {
                self.advance(length + 1);
                Ok(Piece::Scratch)
            }
            Err(Wrong::Unfinished) => Err(Error::truncated(1, 0)),
            Err(Wrong::NotUtf8 { .. }) => Err(Error::malformed("a string is not UTF-8")),
            Err(Wrong::Malformed(what)) => Err(Error::malformed(what)),
        }
    }

    #[inline]
    fn resolve<'s>(&'s self, piece: Piece<'a>) -> &'s [u8]
    where
        'a: 's,
    {
        match piece {
            Piece::Text(text) => text,
            Piece::Scratch => &self.scratch,
        }
    }

    /// Reads the name of a type.
    #[inline]
    fn type_name(&mut self) -> Result<WireType> {
        let piece = self.piece()?;
        let name = self.resolve(piece);
        match WireType::from_json(name) {
            Some(wire_type) => Ok(wire_type),
            None => Err(unknown_type(name)),
        }
    }

    /// Reads an integer of the header of a message or container.
    #[inline]
    fn plain_integer(&mut self) -> Result<i64> {
        let found = self.peek()?;
        match number::parse_integer(self.rest()) {
            Some((value, length)) => {
                self.advance(length);
                Ok(value)
            }
            None => Err(not_a("a whole number", found)),
        }
    }

    /// Reads how many elements a container announces.
    #[inline]
    fn count(&mut self, what: &'static str, size: usize) -> Result<usize> {
        let count = self.plain_integer()?;
        if count < 0 {
            return Err(Error::malformed(format!("a {what} of {count} elements")));
        }
        match usize::try_from(count) {
            Ok(count) if self.is_cut => Ok(count),
            _ => self.check_count(what, count, size),
        }
    }

    /// Reads an integer, in quotes where it is a key.
    #[inline]
    fn integer<T: TryFrom<i64>>(&mut self, wire_type: WireType) -> Result<T> {
        let value = if self.begin()? {
            self.integer_key(wire_type)?
        } else {
            let found = self.peek()?;
            match number::parse_integer(self.rest()) {
                Some((value, length)) => {
                    self.advance(length);
                    value
                }
                None => self.other_integer(wire_type, found)?,
            }
        };
        T::try_from(value).map_err(|_| out_of_range(wire_type))
    }

    #[cold]
    fn integer_key(&mut self, wire_type: WireType) -> Result<i64> {
        let piece = self.piece()?;
        let text = self.resolve(piece).trim_ascii();
        let text = text.strip_prefix(b"+").unwrap_or(text);
        let text = std::str::from_utf8(text).ok();
        text.and_then(|text| text.parse().ok())
            .ok_or_else(|| not_of_type(wire_type))
    }

    /// An integer that is written as a double, or with zeros in front, as Node
    /// pads its negative ones.
    #[cold]
    fn other_integer(&mut self, wire_type: WireType, found: u8) -> Result<i64> {
        let token = number::token(self.rest());
        if let Some(value) = number::padded_integer(token) {
            self.advance(token.len());
            return Ok(value);
        }
        let Some((value, length)) = number::parse_double(self.rest()) else {
            let token = number::token(self.rest());
            if token.is_empty() {
                return Err(not_a(wire_type.name(), found));
            }
            return Err(self.cut_or(token, not_of_type(wire_type)));
        };
        let Some(whole) = number::whole(value) else {
            return Err(not_of_type(wire_type));
        };
        self.advance(length);
        Ok(whole)
    }

    /// The error for a token, which may be one because the text ends in it.
    fn cut_or(&self, token: &[u8], error: Error) -> Error {
        if token.len() == self.rest().len() {
            Error::truncated(1, 0)
        } else {
            error
        }
    }

    /// Reads a double, in quotes where it is a key.
    fn any_double(&mut self) -> Result<f64> {
        let is_key = self.begin()?;
        if self.peek()? == b'"' {
            let piece = self.piece()?;
            let text = self.resolve(piece);
            let value = match text {
                b"NaN" => Some(f64::NAN),
                b"Infinity" => Some(f64::INFINITY),
                b"-Infinity" => Some(f64::NEG_INFINITY),
                _ if is_key => std::str::from_utf8(text.trim_ascii())
                    .ok()
                    .and_then(|text| text.parse().ok()),
                _ => None,
            };
            return value.ok_or_else(|| not_of_type(WireType::Double));
        }
        match number::parse_double(self.rest()) {
            Some((value, length)) if !is_key => {
                self.advance(length);
                Ok(value)
            }
            _ => {
                let token = number::token(self.rest());
                Err(self.cut_or(token, not_of_type(WireType::Double)))
            }
        }
    }

    /// Reads a bool, in quotes where it is a key.
    fn any_bool(&mut self) -> Result<bool> {
        let known = |token: &[u8]| match token {
            b"1" | b"true" => Some(true),
            b"0" | b"false" => Some(false),
            _ => None,
        };
        if self.begin()? {
            let piece = self.piece()?;
            let value = known(self.resolve(piece));
            return value.ok_or_else(|| not_of_type(WireType::Bool));
        }
        let found = self.peek()?;
        let token = number::token(self.rest());
        let value = known(token).or_else(|| match number::parse_double(token)? {
            (0.0, length) if length == token.len() => Some(false),
            (1.0, length) if length == token.len() => Some(true),
            _ => None,
        });
        match value {
            Some(value) => {
                self.advance(token.len());
                Ok(value)
            }
            None if token.is_empty() => Err(not_a("bool", found)),
            None => Err(self.cut_or(token, not_of_type(WireType::Bool))),
        }
    }

    /// The id of a field, which is a key.
    #[inline]
    fn field_id(&mut self) -> Result<Option<i16>> {
        let found = self.peek()?;
        if found == b'"'
            && let Some((id, length)) = number::parse_integer(&self.rest()[1..])
            && self.rest().get(1 + length) == Some(&b'"')
        {
            self.advance(length + 2);
            return Ok(i16::try_from(id).ok());
        }
        self.other_id(found)
    }

    /// An id with a sign or spaces around it, or with more digits than any id
    /// has.
    #[cold]
    fn other_id(&mut self, found: u8) -> Result<Option<i16>> {
        if found != b'"' {
            return Err(not_a("a field id in quotes", found));
        }
        let piece = self.piece()?;
        let id = self.resolve(piece).trim_ascii();
        let id = id.strip_prefix(b"+").unwrap_or(id);
        let digits = id.strip_prefix(b"-").unwrap_or(id);
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            let id = String::from_utf8_lossy(id);
            let id: String = id.chars().take(LONGEST_SHOWN).collect();
            return Err(Error::malformed(format!("not a field id: {id:?}")));
        }
        Ok(std::str::from_utf8(id).ok().and_then(|id| id.parse().ok()))
    }

    /// Opens a struct; whether it has fields.
    #[inline]
    fn open_struct(&mut self) -> Result<bool> {
        if self.contexts.open() == 1 && self.peek()? == b'[' {
            self.message()?;
        }
        let found = self.peek()?;
        if found != b'{' {
            return Err(not_a("a struct", found));
        }
        self.advance(1);
        self.contexts.set(Context::Field);
        if self.peek()? == b'}' {
            self.advance(1);
            return Ok(false);
        }
        Ok(true)
    }

    /// Closes a field; whether another one follows.
    #[inline]
    fn next_field(&mut self) -> Result<bool> {
        self.expect(b'}')?;
        match self.peek()? {
            b',' => {
                self.advance(1);
                Ok(true)
            }
            b'}' => {
                self.advance(1);
                Ok(false)
            }
            found => Err(unexpected(found, b'}')),
        }
    }

    /// Passes over something; the text that it was.
    fn passed(&mut self, pass: impl FnOnce(&mut Self) -> Result<()>) -> Result<&'a [u8]> {
        let text = self.rest();
        pass(self)?;
        Ok(&text[..text.len() - self.rest().len()])
    }
}

impl<'a> Reader for Json<'a> {
    type In = SliceInput<'a>;

    const IS_TEXT: bool = true;

    const FORM: RawForm = RawForm::Json;

    #[inline]
    fn state(&self) -> &State<SliceInput<'a>> {
        &self.state
    }

    #[inline]
    fn state_mut(&mut self) -> &mut State<SliceInput<'a>> {
        &mut self.state
    }

    fn message(&mut self) -> Result<MessageHeader> {
        self.peek()?;
        if self.rest().first() != Some(&b'[') {
            return Err(Error::malformed(
                "not a message: [version, name, type, sequence id, struct]",
            ));
        }
        self.advance(1);
        let found = self.peek()?;
        let token = number::token(self.rest());
        if number::parse_double(token) != Some((VERSION, token.len())) {
            if token.is_empty() {
                return Err(not_a("the version of a message", found));
            }
            let token = String::from_utf8_lossy(&token[..token.len().min(LONGEST_SHOWN)]);
            let text = format!("Bad version in a message: {token} (expect {VERSION})");
            return Err(self.cut_or(token.as_bytes(), ErrorKind::BadVersion(text).into()));
        }
        self.advance(token.len());
        self.expect(b',')?;
        let piece = self.piece()?;
        let name = self.resolve(piece).to_vec();
        self.check_length(name.len() as i64)?;
        self.expect(b',')?;
        let message_type = self.plain_integer()?;
        let message_type = u8::try_from(message_type)
            .map_err(|_| Error::malformed(format!("not the type of a message: {message_type}")))?;
        self.expect(b',')?;
        let sequence_id = self.plain_integer()?;
        let sequence_id = i32::try_from(sequence_id)
            .map_err(|_| Error::malformed(format!("not a sequence id: {sequence_id}")))?;
        self.expect(b',')?;
        self.in_message = true;
        Ok(MessageHeader {
            name,
            message_type,
            sequence_id,
        })
    }

    #[inline]
    fn field(&mut self, last_id: &mut i16) -> Result<Option<FieldHeader>> {
        let mut more = match self.contexts.top() {
            Context::Opening => self.open_struct()?,
            _ => self.next_field()?,
        };
        while more {
            let id = self.field_id()?;
            self.expect(b':')?;
            self.expect(b'{')?;
            let wire_type = self.type_name()?;
            self.expect(b':')?;
            if let Some(id) = id {
                *last_id = id;
                return Ok(Some(FieldHeader { wire_type, id }));
            }
            // No field can have this id.
            self.skip(wire_type)?;
            more = self.next_field()?;
        }
        Ok(None)
    }

    #[inline]
    fn bool(&mut self) -> Result<bool> {
        self.any_bool()
    }

    #[inline]
    fn i8(&mut self) -> Result<i8> {
        self.integer(WireType::I8)
    }

    #[inline]
    fn i16(&mut self) -> Result<i16> {
        self.integer(WireType::I16)
    }

    #[inline]
    fn i32(&mut self) -> Result<i32> {
        self.integer(WireType::I32)
    }

    #[inline]
    fn i64(&mut self) -> Result<i64> {
        self.integer(WireType::I64)
    }

    #[inline]
    fn double(&mut self) -> Result<f64> {
        self.any_double()
    }

    fn uuid(&mut self) -> Result<[u8; 16]> {
        self.begin()?;
        let piece = self.piece()?;
        uuid::parse(self.resolve(piece)).ok_or_else(|| not_of_type(WireType::Uuid))
    }

    #[inline]
    fn bytes(&mut self) -> Result<&[u8]> {
        self.begin()?;
        let piece = self.piece()?;
        let length = self.resolve(piece).len();
        self.check_length(length as i64)?;
        Ok(self.resolve(piece))
    }

    fn binary(&mut self) -> Result<&[u8]> {
        self.begin()?;
        let piece = self.piece()?;
        let size = base64::decoded_size(self.resolve(piece));
        self.check_length(size as i64)?;
        let is_valid = match piece {
            Piece::Text(text) => base64::decode(text, &mut self.scratch),
            Piece::Scratch => {
                // Some libraries escape the slash.
                let text = std::mem::take(&mut self.scratch);
                base64::decode(&text, &mut self.scratch)
            }
        };
        if !is_valid {
            return Err(Error::malformed("not base64, which binary must be"));
        }
        Ok(&self.scratch)
    }

    #[inline]
    fn list(&mut self) -> Result<ListHeader> {
        self.expect(b'[')?;
        let element = self.type_name()?;
        self.expect(b',')?;
        let count = self.count("list", Self::minimum_size(element))?;
        self.contexts.set(Context::Element);
        Ok(ListHeader {
            element: Some(element),
            count,
        })
    }

    #[inline]
    fn map(&mut self) -> Result<MapHeader> {
        self.expect(b'[')?;
        let key = self.type_name()?;
        self.expect(b',')?;
        let value = self.type_name()?;
        self.expect(b',')?;
        let count = self.count("map", Self::minimum_size(key) + Self::minimum_size(value))?;
        self.expect(b',')?;
        self.expect(b'{')?;
        self.contexts.set(Context::FirstKey);
        Ok(MapHeader {
            key: Some(key),
            value: Some(value),
            count,
        })
    }

    #[inline]
    fn minimum_size(wire_type: WireType) -> usize {
        wire_type.least_json_size()
    }

    #[inline]
    fn fixed_size(_: WireType) -> Option<usize> {
        None
    }

    #[inline]
    fn enter(&mut self, what: Nesting) -> Result<()> {
        self.begin()?;
        self.state.enter(what)?;
        self.contexts.push();
        Ok(())
    }

    #[inline]
    fn leave(&mut self) -> Result<()> {
        match self.contexts.top() {
            Context::Element => self.expect(b']')?,
            Context::FirstKey | Context::Key | Context::Value => {
                self.expect(b'}')?;
                self.expect(b']')?;
            }
            Context::Field | Context::Opening => {
                if self.contexts.open() == 1 && std::mem::take(&mut self.in_message) {
                    self.end_of_message()?;
                }
            }
        }
        self.contexts.pop();
        self.state.leave();
        Ok(())
    }

    fn raw(&mut self, wire_type: WireType) -> Result<Vec<u8>> {
        let text = self.passed(|reader| reader.skip(wire_type))?;
        Ok(text.trim_ascii_start().to_vec())
    }

    fn raw_list(&mut self, header: ListHeader) -> Result<Vec<u8>> {
        let elements = self.passed(|reader| reader.skip_elements(header))?;
        let element = header.element.map_or("", WireType::json_name);
        let start = format!("[\"{element}\",{}", header.count);
        Ok([start.as_bytes(), elements, b"]"].concat())
    }

    fn raw_map(&mut self, header: MapHeader) -> Result<Vec<u8>> {
        let entries = self.passed(|reader| reader.skip_entries(header))?;
        let name = |wire_type: Option<_>| wire_type.map_or("", WireType::json_name);
        let (key, value) = (name(header.key), name(header.value));
        let start = format!("[\"{key}\",\"{value}\",{},{{", header.count);
        Ok([start.as_bytes(), entries, b"}]"].concat())
    }

    // Nobody knows whether it is text or binary: it is too long when it is as either.
    fn skip_string(&mut self) -> Result<()> {
        self.begin()?;
        let limit = self.limits().string;
        let piece = self.piece()?;
        let text = self.resolve(piece);
        if text.len() > limit && (base64::decoded_size(text) > limit || !base64::is_valid(text)) {
            return Err(self
                .check_length(text.len() as i64)
                .err()
                .unwrap_or_else(|| Error::malformed("a string is too long")));
        }
        Ok(())
    }
}

/// The longest text that an error shows.
const LONGEST_SHOWN: usize = 100;

#[cold]
fn unexpected(found: u8, wanted: u8) -> Error {
    let (found, wanted) = (char::from(found).escape_default(), char::from(wanted));
    Error::malformed(format!(
        "not JSON, or not of this protocol: '{found}' where '{wanted}' must be"
    ))
}

#[cold]
fn not_a(what: &str, found: u8) -> Error {
    let kind = match found {
        b'"' => "a string",
        b'[' => "an array",
        b'{' => "an object",
        b'-' | b'0'..=b'9' => "a number",
        b't' | b'f' | b'n' | b'N' | b'I' | b'i' => "a word",
        _ => "no value",
    };
    Error::malformed(format!("needs {what}, not {kind}"))
}

#[cold]
fn not_of_type(wire_type: WireType) -> Error {
    Error::malformed(format!("not a value of type {}", wire_type.name()))
}

#[cold]
fn out_of_range(wire_type: WireType) -> Error {
    Error::malformed(format!(
        "not a value of type {}: out of range",
        wire_type.name()
    ))
}

#[cold]
fn unknown_type(name: &[u8]) -> Error {
    let name = String::from_utf8_lossy(name);
    let name: String = name.chars().take(LONGEST_SHOWN).collect();
    Error::malformed(format!("not a type: {name:?}"))
}
