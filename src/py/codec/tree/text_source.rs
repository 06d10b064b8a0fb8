//! JSON text as a source of plain data.

use std::borrow::Cow;

use pyo3::prelude::*;

use super::source::{Characters, FoundKey, PlainValue, Source, SourceText, half_pair};
use crate::py::codec::keys::starts_with;
use crate::py::codec::repeated::{Form, LONGEST_QUOTED, REPEATED_MATTERS, RepeatedTexts, Vacant};
use crate::py::error::{CodecError, Result};
use crate::py::ffi::{Quiet, ScalarKind};
use crate::py::structs::{Kind, PlanField};
use crate::wire::json::number;
use crate::wire::json::text::{self, Controls, Wrong};

/// JSON text, read from its start to its end.
pub struct TextSource<'a> {
    text: &'a [u8],
    position: usize,
    start: usize,
    scratch: Vec<u8>,
    codes: Vec<u32>,
    /// Whether the words `NaN` and `Infinity` are numbers.
    nan: bool,
    /// Of a large text, as long as it has any.
    repeated: Option<Box<RepeatedTexts<'a>>>,
}

/// Whether a container has given something.
pub struct Begun(bool);

impl<'py> SourceText<'py> for Cow<'_, [u8]> {
    fn utf8(&self, _: Python<'py>) -> Result<&[u8]> {
        Ok(self)
    }

    #[inline]
    fn to_python(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        // JSON can escape half of a surrogate pair, which no UTF-8 has.
        Quiet::new(py, false)
            .str(self)
            .map_err(|none| none.raised().map_or_else(half_pair, CodecError::from))
    }
}

impl<'a> TextSource<'a> {
    /// Of a whole text.
    pub fn new(text: &'a [u8], nan: bool) -> Self {
        Self {
            text,
            position: 0,
            start: 0,
            scratch: Vec::new(),
            codes: Vec::new(),
            nan,
            repeated: None,
        }
    }

    /// Looks for strings that are repeated, if the text is large: values are read of
    /// it from here on.
    pub fn look_for_repeated(&mut self) {
        let length = self.text.len();
        self.repeated = (length >= REPEATED_MATTERS).then(|| Box::new(RepeatedTexts::new(length)));
    }

    /// Where it has come to, in bytes.
    pub fn position(&self) -> u64 {
        self.position as u64
    }

    /// Refuses anything that stands behind the value.
    pub fn end(&mut self) -> Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.malformed("there is more behind the value")),
        }
    }

    /// Enters the object that the text is; none where it is something else.
    pub fn begin_object(&mut self) -> Option<Begun> {
        match self.look(()) {
            Ok(PlainValue::Object(object)) => Some(object),
            _ => None,
        }
    }

    /// Goes to the value of the next entry; none where that has another name.
    pub fn goes_on_with(&mut self, object: &mut Begun, name: &[u8]) -> Option<()> {
        match self.entry(object) {
            Ok(Some((FoundKey::Text(found), ()))) => (found.as_ref() == name).then_some(()),
            _ => None,
        }
    }

    /// The integer that comes next; none where it is something else.
    pub fn integer(&mut self) -> Option<i64> {
        match self.look(()) {
            Ok(PlainValue::Integer(value)) => Some(value),
            _ => None,
        }
    }

    /// The text that comes next; none where it is something else.
    pub fn whole_text(&mut self) -> Option<Cow<'a, [u8]>> {
        match self.look(()) {
            Ok(PlainValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether an object ends here.
    pub fn ends(&mut self, object: &mut Begun) -> bool {
        matches!(self.entry(object), Ok(None))
    }

    /// Whether an object ends here, and the text with it.
    pub fn ends_with(&mut self, object: &mut Begun) -> bool {
        self.ends(object) && self.end().is_ok()
    }

    /// The next byte that is no whitespace.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        match self.text.get(self.position) {
            Some(byte @ b'!'..) => Some(*byte),
            _ => self.peek_behind_whitespace(),
        }
    }

    /// Goes to a place, or behind the one space there that Python's `json` writes.
    #[inline]
    fn go_behind_space(&mut self, place: usize) {
        self.position = place + usize::from(self.text.get(place) == Some(&b' '));
    }

    #[cold]
    fn peek_behind_whitespace(&mut self) -> Option<u8> {
        self.position = self.behind_whitespace(self.position);
        self.text.get(self.position).copied()
    }

    #[inline]
    fn behind_whitespace(&self, mut place: usize) -> usize {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(place) {
            place += 1;
        }
        place
    }

    /// Where the next key of an object is, if one is there, and what begins there.
    #[inline]
    fn next_key(&self, object: &Begun) -> Option<(usize, &'a [u8])> {
        let mut place = self.position;
        if object.0 {
            if self.text.get(place) != Some(&b',') {
                return None;
            }
            place += 1;
            place += usize::from(self.text.get(place) == Some(&b' '));
        }
        if self.text.get(place) != Some(&b'"') {
            place = self.behind_whitespace(place);
        }
        Some((place, self.text.get(place..)?))
    }

    /// Goes behind a key that was found.
    #[inline]
    fn take_key(&mut self, object: &mut Begun, place: usize, key: &[u8]) {
        object.0 = true;
        self.start = place;
        self.go_behind_space(place + key.len());
    }

    /// The next entry by its key, which is not that of the first field.
    #[inline(never)]
    fn later_field(&mut self, object: &mut Begun, fields: &[PlanField]) -> Option<(usize, ())> {
        let (place, rest) = self.next_key(object)?;
        for (index, field) in fields.iter().enumerate() {
            if let Some(key) = &field.json_key
                && starts_with(rest, key.as_bytes())
            {
                self.take_key(object, place, key.as_bytes());
                return Some((index, ()));
            }
        }
        None
    }

    /// Goes behind a scalar that was found, of so many bytes.
    #[inline]
    fn take(&mut self, length: usize) {
        self.start = self.position;
        self.position += length;
    }

    /// A string of a large text: one that came before, or what `make` gives for it.
    #[inline(never)]
    fn repeated_or<'py>(
        &mut self,
        quiet: &Quiet<'py>,
        form: Form,
        longest: usize,
        make: impl FnOnce(Characters<'_>) -> Option<Bound<'py, PyAny>>,
    ) -> Option<Bound<'py, PyAny>> {
        match self.repeated_string(quiet, form) {
            Ok(known) => Some(known),
            Err(vacant) => {
                let value = self.text(&(), longest, make)?;
                self.keep(quiet, vacant, &value);
                Some(value)
            }
        }
    }

    /// A string of a large text that came before: it has the same value, and is within
    /// the limits; otherwise where it is kept, if it is.
    #[inline]
    fn repeated_string<'py>(
        &mut self,
        quiet: &Quiet<'py>,
        form: Form,
    ) -> std::result::Result<Bound<'py, PyAny>, Option<Vacant<'a>>> {
        if self.peek() == Some(b'"')
            && let Some(repeated) = &mut self.repeated
            && let Some(quoted) = text::quoted(&self.text[self.position + 1..], LONGEST_QUOTED)
        {
            let known = repeated.find(quiet, form, quoted)?;
            self.take(quoted.len() + 2);
            return Ok(known);
        }
        Err(None)
    }

    #[inline(never)]
    fn keep<'py>(
        &mut self,
        quiet: &Quiet<'py>,
        vacant: Option<Vacant<'a>>,
        made: &Bound<'py, PyAny>,
    ) {
        if let (Some(repeated), Some(vacant)) = (&mut self.repeated, vacant)
            && !repeated.keep(quiet, vacant, made)
        {
            self.repeated = None;
        }
    }

    #[inline]
    fn whole_number<'py>(&mut self, kind: &Kind, quiet: &Quiet<'py>) -> Option<Bound<'py, PyAny>> {
        self.peek()?;
        let (value, length) = number::parse_integer(&self.text[self.position..])?;
        let made = match kind {
            Kind::I64 => quiet.large_int(value).ok()?,
            kind => kind.has_integer(value).then(|| quiet.int(value))?,
        };
        self.take(length);
        Some(made)
    }

    #[inline(never)]
    fn decimal<'py>(&mut self, quiet: &Quiet<'py>) -> Option<Bound<'py, PyAny>> {
        if !matches!(self.peek()?, b'-' | b'0'..=b'9') {
            return None;
        }
        let (value, length) = number::parse_double(&self.text[self.position..])?;
        // An integer has no negative zero.
        let usual = value.is_finite() && value != 0.0;
        let made = usual.then(|| quiet.float(value))?;
        self.take(length);
        Some(made)
    }

    #[inline]
    fn truth<'py>(&mut self, quiet: &Quiet<'py>) -> Option<Bound<'py, PyAny>> {
        self.peek()?;
        let (value, length) = match &self.text[self.position..] {
            [b't', b'r', b'u', b'e', ..] => (true, 4),
            [b'f', b'a', b'l', b's', b'e', ..] => (false, 5),
            _ => return None,
        };
        self.take(length);
        Some(quiet.bool(value))
    }

    #[cold]
    fn malformed(&self, what: &str) -> CodecError {
        CodecError::value(format!("not JSON: {what}")).at(self.position as u64)
    }

    #[cold]
    fn unexpected(&self, expected: &str) -> CodecError {
        let rest = self.text.get(self.position..).unwrap_or_default();
        match rest.first() {
            None => self.malformed(&format!("it ends early, expected {expected}")),
            Some(byte) if byte.is_ascii_graphic() => self.malformed(&format!(
                "expected {expected}, found '{}'",
                char::from(*byte)
            )),
            Some(byte) => self.malformed(&format!("expected {expected}, found byte {byte:#04x}")),
        }
    }

    /// Reads a string whose opening quote comes next.
    #[inline]
    fn string(&mut self) -> Result<Cow<'a, [u8]>> {
        let text = &self.text[self.position + 1..];
        match text::read(text, Controls::Refused, &mut self.scratch) {
            Ok(text::Found::Plain(utf8)) => {
                let plain = utf8.as_bytes();
                self.position += plain.len() + 2;
                Ok(Cow::Borrowed(plain))
            }
            Ok(text::Found::Unescaped(length)) => {
                self.position += length + 1;
                Ok(Cow::Owned(self.scratch.clone()))
            }
            Err(Wrong::Unfinished) => Err(self.malformed("a string does not end")),
            Err(Wrong::NotUtf8 { half_pair: true }) => Err(half_pair().at(self.position as u64)),
            Err(Wrong::NotUtf8 { half_pair: false }) => {
                Err(self.malformed("a string is not UTF-8"))
            }
            Err(Wrong::Malformed(what)) => Err(self.malformed(what)),
        }
    }

    fn word<T>(&mut self, word: &[u8], value: T) -> Result<T> {
        if number::token(&self.text[self.position..]) == word {
            self.position += word.len();
            return Ok(value);
        }
        Err(self.unexpected("a value"))
    }

    fn double<'py>(&mut self) -> Result<PlainValue<'py, Self>> {
        let token = number::token(&self.text[self.position..]);
        let whole = !token.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
        let value = match (
            number::parse_double(token).filter(|(_, length)| *length == token.len()),
            whole,
        ) {
            (Some((value, _)), _) => value,
            // Digits that no double can hold.
            (None, true) if token.iter().skip(1).all(u8::is_ascii_digit) && token.len() > 300 => {
                f64::INFINITY
            }
            (None, _) => return Err(self.malformed("a number is malformed")),
        };
        if !whole && value.is_infinite() && !self.nan {
            return Err(self.malformed("a number is larger than a double can be"));
        }
        if token.ends_with(b"nf") || token.ends_with(b"y") {
            if token != b"-Infinity" || !self.nan {
                return Err(self.malformed(NO_WORDS));
            }
            self.position += token.len();
            return Ok(PlainValue::Double(value));
        }
        self.position += token.len();
        Ok(if whole {
            PlainValue::Large(value)
        } else {
            PlainValue::Double(value)
        })
    }
}

const NO_WORDS: &str = "it has no NaN and no infinities; allow_nan=True reads them";

impl<'py, 'a> Source<'py> for TextSource<'a> {
    type Node = ();
    type FoundText = Cow<'a, [u8]>;
    type List = Begun;
    type Object = Begun;

    #[inline]
    fn look(&mut self, (): ()) -> Result<PlainValue<'py, Self>> {
        let first = self.peek();
        self.start = self.position;
        match first {
            Some(b'"') => Ok(PlainValue::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => match number::parse_integer(&self.text[self.position..]) {
                Some((value, length)) => {
                    self.position += length;
                    Ok(PlainValue::Integer(value))
                }
                None => self.double(),
            },
            Some(b'{') => {
                self.position += 1;
                Ok(PlainValue::Object(Begun(false)))
            }
            Some(b'[') => {
                self.position += 1;
                Ok(PlainValue::List(Begun(false)))
            }
            Some(b't') => self.word(b"true", PlainValue::Bool(true)),
            Some(b'f') => self.word(b"false", PlainValue::Bool(false)),
            Some(b'n') => self.word(b"null", PlainValue::Null),
            Some(b'N' | b'I') if !self.nan => Err(self.malformed(NO_WORDS)),
            Some(b'N') => self.word(b"NaN", PlainValue::Double(f64::NAN)),
            Some(b'I') => self.word(b"Infinity", PlainValue::Double(f64::INFINITY)),
            _ => Err(self.unexpected("a value")),
        }
    }

    #[inline]
    fn item(&mut self, list: &mut Begun) -> Result<Option<()>> {
        match (self.peek(), list.0) {
            (Some(b']'), _) => {
                self.position += 1;
                Ok(None)
            }
            (Some(b','), true) => {
                self.go_behind_space(self.position + 1);
                if self.peek() == Some(b']') {
                    return Err(self.unexpected("a value"));
                }
                Ok(Some(()))
            }
            (_, true) => Err(self.unexpected("',' or ']'")),
            (_, false) => {
                list.0 = true;
                Ok(Some(()))
            }
        }
    }

    #[inline]
    fn entry(&mut self, object: &mut Begun) -> Result<Option<(FoundKey<'py, Self>, ())>> {
        match (self.peek(), object.0) {
            (Some(b'}'), _) => {
                self.position += 1;
                return Ok(None);
            }
            (Some(b','), true) => {
                self.position += 1;
                self.peek();
            }
            (_, true) => return Err(self.unexpected("',' or '}'")),
            (_, false) => object.0 = true,
        }
        self.start = self.position;
        if self.text.get(self.position) != Some(&b'"') {
            return Err(self.unexpected("a key in quotes"));
        }
        let key = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.unexpected("':'"));
        }
        self.go_behind_space(self.position + 1);
        Ok(Some((FoundKey::Text(key), ())))
    }

    #[inline]
    fn scalar(
        &mut self,
        (): &(),
        kind: &Kind,
        quiet: &Quiet<'py>,
        longest: usize,
    ) -> Option<Bound<'py, PyAny>> {
        match kind.plain_scalar() {
            ScalarKind::Str => {
                let make = |text: Characters<'_>| text.to_str(quiet);
                match self.repeated {
                    None => self.text(&(), longest, make),
                    Some(_) => self.repeated_or(quiet, Form::Text, longest, make),
                }
            }
            ScalarKind::Bytes => {
                let make = |text: Characters<'_>| text.to_bytes(quiet);
                match self.repeated {
                    None => self.text(&(), longest, make),
                    Some(_) => self.repeated_or(quiet, Form::Bytes, longest, make),
                }
            }
            ScalarKind::I8 | ScalarKind::I16 | ScalarKind::I32 | ScalarKind::I64 => {
                self.whole_number(kind, quiet)
            }
            ScalarKind::Double => self.decimal(quiet),
            ScalarKind::Bool => self.truth(quiet),
            ScalarKind::Other => None,
        }
    }

    #[inline]
    fn text(
        &mut self,
        (): &(),
        longest: usize,
        make: impl FnOnce(Characters<'_>) -> Option<Bound<'py, PyAny>>,
    ) -> Option<Bound<'py, PyAny>> {
        if self.peek()? != b'"' {
            return None;
        }
        let text = &self.text[self.position + 1..];
        let (value, length) = match text::read(text, Controls::Refused, &mut self.codes).ok()? {
            text::Found::Plain(utf8) if utf8.as_bytes().len() <= longest => {
                (make(Characters::Utf8(utf8))?, utf8.as_bytes().len() + 2)
            }
            // No code point has more bytes of UTF-8.
            text::Found::Unescaped(length) if self.codes.len() <= longest / 4 => {
                (make(Characters::Codes(&self.codes))?, length + 1)
            }
            _ => return None,
        };
        self.take(length);
        Some(value)
    }

    #[inline]
    fn begins_object(&mut self, (): &()) -> Option<Begun> {
        if self.peek()? != b'{' {
            return None;
        }
        self.start = self.position;
        self.position += 1;
        Some(Begun(false))
    }

    #[inline]
    fn ends_object(&mut self, object: &Begun) -> bool {
        let ends = self.peek() == Some(b'}');
        // One without entries is for others.
        if ends && object.0 {
            self.position += 1;
            return true;
        }
        false
    }

    #[inline]
    fn keyed(&mut self, object: &mut Begun, key: &[u8]) -> Option<()> {
        let (place, rest) = self.next_key(object)?;
        rest.starts_with(key).then_some(())?;
        self.take_key(object, place, key);
        Some(())
    }

    #[inline]
    fn field(&mut self, object: &mut Begun, fields: &[PlanField]) -> Option<(usize, ())> {
        if let Some(key) = fields.first().and_then(|field| field.json_key.as_ref())
            && let Some((place, rest)) = self.next_key(object)
            && key.is_short_start_of(rest)
        {
            self.take_key(object, place, key.as_bytes());
            return Some((0, ()));
        }
        self.later_field(object, fields)
    }

    fn peek_null(&mut self, (): ()) -> Result<Option<()>> {
        if self.peek() == Some(b'n') {
            self.start = self.position;
            return self.word(b"null", None);
        }
        Ok(Some(()))
    }

    fn text_found(text: &Cow<'a, [u8]>) -> PlainValue<'py, Self> {
        PlainValue::Text(text.clone())
    }

    fn of_python(_: Bound<'py, PyAny>) -> Option<()> {
        None
    }

    fn count(&self, _: &Begun) -> usize {
        // What Python makes room for when the first item of a list comes.
        const FIRST: usize = 4;
        match self.text.get(self.position) {
            Some(b']') => 0,
            _ => FIRST,
        }
    }

    fn offset(&self) -> Option<u64> {
        Some(self.start as u64)
    }

    const RUNS_CODE: bool = false;
    const NULL: &'static str = "null";
}
