//! Maps out of plain data: objects, mappings, and lists of pairs.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

use super::{PlainReader, not_exact};
use crate::py::codec::decode::set_entry;
use crate::py::codec::tree::dump::has_text;
use crate::py::codec::tree::source::{
    Characters, FoundKey, PlainValue, Source, SourceText, quoted,
};
use crate::py::error::{CodecError, Result, Segment};
use crate::py::structs::Kind;
use crate::wire::Nesting;
use crate::wire::json::number;

impl<'py, S: Source<'py>> PlainReader<'_, 'py, S> {
    #[inline(never)]
    pub(super) fn map(
        &mut self,
        key_kind: &Kind,
        value_kind: &Kind,
        found: PlainValue<'py, S>,
    ) -> Result<Bound<'py, PyAny>> {
        let map = PyDict::new(self.py);
        if self.options.thriftpy {
            return self.entries(key_kind, value_kind, found, map);
        }
        if !has_text(key_kind) {
            self.quiet.calls();
            return self.pairs(key_kind, value_kind, found, map);
        }
        let PlainValue::Object(mut object) = found else {
            return Err(self.mismatch("an object", &found));
        };
        self.depth.enter(Nesting::READ_CONTAINER)?;
        while let Some((key, node)) = self.source.entry(&mut object)? {
            let key = match key {
                FoundKey::Text(text) => self.key(key_kind, &text)?,
                FoundKey::Node(node) => self.value(key_kind, node)?,
            };
            match self.value(value_kind, node) {
                Ok(value) => set_entry(&map, key, value)?,
                Err(error) => return Err(self.inside(error, Segment::of_key(&key))),
            }
        }
        self.depth.leave();
        Ok(map.into_any())
    }

    /// A map that is a list of objects with a `key` and a `value`.
    fn entries(
        &mut self,
        key_kind: &Kind,
        value_kind: &Kind,
        found: PlainValue<'py, S>,
        map: Bound<'py, PyDict>,
    ) -> Result<Bound<'py, PyAny>> {
        let PlainValue::List(mut list) = found else {
            return Err(not_exact());
        };
        if matches!(key_kind, Kind::Struct(_) | Kind::Converted(_)) {
            // Its hash is code of the program.
            self.quiet.calls();
        }
        self.depth.enter(Nesting::READ_CONTAINER)?;
        while let Some(node) = self.source.item(&mut list)? {
            let mut entry = match self.source.begins_object(&node) {
                Some(entry) => entry,
                None => match self.source.look(node)? {
                    PlainValue::Object(entry) => entry,
                    _ => return Err(not_exact()),
                },
            };
            let key = match self.source.keyed(&mut entry, b"\"key\":") {
                Some(node) => self.entry_key(key_kind, node)?,
                None => self.part(key_kind, &mut entry, b"key")?,
            };
            let value = match self.source.keyed(&mut entry, b"\"value\":") {
                Some(node) => self.value(value_kind, node)?,
                None => self.part(value_kind, &mut entry, b"value")?,
            };
            if !self.source.ends_object(&entry) && self.source.entry(&mut entry)?.is_some() {
                return Err(not_exact());
            }
            set_entry(&map, key, value)?;
        }
        self.depth.leave();
        Ok(map.into_any())
    }

    /// The value of the next entry of an object, which has this name.
    fn part(
        &mut self,
        kind: &Kind,
        object: &mut S::Object,
        name: &[u8],
    ) -> Result<Bound<'py, PyAny>> {
        match self.source.entry(object)? {
            Some((FoundKey::Text(key), node)) if key.utf8(self.py)? == name => {
                if name == b"key" {
                    self.entry_key(kind, node)
                } else {
                    self.value(kind, node)
                }
            }
            _ => Err(not_exact()),
        }
    }

    /// The key of an entry. Other maps of the message may have it too.
    fn entry_key(&mut self, kind: &Kind, node: S::Node) -> Result<Bound<'py, PyAny>> {
        if matches!(kind, Kind::String) {
            let (keys, quiet) = (&mut self.keys, &self.quiet);
            let get = |text: Characters<'_>| match text {
                Characters::Utf8(utf8) => {
                    let key = keys.get(quiet, utf8.as_bytes());
                    key.map_err(|none| drop(none.raised())).ok()
                }
                codes @ Characters::Codes(_) => codes.to_str(quiet),
            };
            if let Some(key) = self.source.text(&node, self.options.limits.string, get) {
                return Ok(key);
            }
        }
        self.value(kind, node)
    }

    /// A map whose keys cannot be text: a list of pairs.
    fn pairs(
        &mut self,
        key_kind: &Kind,
        value_kind: &Kind,
        found: PlainValue<'py, S>,
        map: Bound<'py, PyDict>,
    ) -> Result<Bound<'py, PyAny>> {
        const EXPECTED: &str = "a list of pairs of key and value";
        let mut list = match found {
            PlainValue::List(list) => list,
            PlainValue::Object(mut object) => {
                // A dict of Python can have such keys.
                self.depth.enter(Nesting::READ_CONTAINER)?;
                while let Some((key, node)) = self.source.entry(&mut object)? {
                    let FoundKey::Node(key) = key else {
                        return Err(self.wrong("expected a list of pairs, found an object"));
                    };
                    let key = self.value(key_kind, key)?;
                    let value = self.value(value_kind, node)?;
                    set_entry(&map, key, value)?;
                }
                self.depth.leave();
                return Ok(map.into_any());
            }
            found => return Err(self.mismatch(EXPECTED, &found)),
        };
        self.depth.enter(Nesting::READ_CONTAINER)?;
        let mut index = 0;
        while let Some(node) = self.source.item(&mut list)? {
            let pair = match self.source.look(node)? {
                PlainValue::List(mut pair) => self.pair(key_kind, value_kind, &mut pair),
                found => Err(self.mismatch(EXPECTED, &found)),
            };
            match pair {
                Ok((key, value)) => set_entry(&map, key, value)?,
                Err(error) => return Err(self.inside(error, Segment::Index(index))),
            }
            index += 1;
        }
        self.depth.leave();
        Ok(map.into_any())
    }

    fn pair(
        &mut self,
        key_kind: &Kind,
        value_kind: &Kind,
        pair: &mut S::List,
    ) -> Result<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        if let Some(key) = self.source.item(pair)? {
            let key = self.value(key_kind, key)?;
            if let Some(value) = self.source.item(pair)? {
                let value = self.value(value_kind, value)?;
                if self.source.item(pair)?.is_none() {
                    return Ok((key, value));
                }
            }
        }
        Err(self.wrong("expected a pair of key and value, found a list of another length"))
    }

    /// The key of a map that a text stands for.
    pub(super) fn key(&mut self, kind: &Kind, text: &S::FoundText) -> Result<Bound<'py, PyAny>> {
        let utf8 = text.utf8(self.py)?;
        let digits = || match number::parse_integer(utf8) {
            Some((value, length)) if length == utf8.len() => Some(value),
            _ => None,
        };
        match kind {
            Kind::String => {
                self.check_size(utf8.len())?;
                match self.keys.get(&self.quiet, utf8) {
                    Ok(key) => Ok(key),
                    Err(none) => match none.raised() {
                        Some(raised) => Err(raised.into()),
                        // For its error.
                        None => text.to_python(self.py),
                    },
                }
            }
            Kind::Converted(converted) => {
                let key = self.key(&converted.kind, text)?;
                self.converted(converted, key)
            }
            Kind::Bool => match utf8 {
                b"true" => Ok(PyBool::new(self.py, true).to_owned().into_any()),
                b"false" => Ok(PyBool::new(self.py, false).to_owned().into_any()),
                _ => Err(self.wrong_key("true or false", utf8)),
            },
            Kind::Double => {
                let word = matches!(utf8, b"true" | b"false" | b"nan" | b"inf" | b"-inf");
                match number::parse_double(utf8).filter(|_| !word) {
                    Some((value, length)) if length == utf8.len() => {
                        // Infinity has a word of its own.
                        if value.is_infinite() && utf8.iter().any(u8::is_ascii_digit) {
                            return Err(self.wrong_key("a number that fits a double", utf8));
                        }
                        self.double(value)
                    }
                    _ => Err(self.wrong_key("a number", utf8)),
                }
            }
            Kind::I32(Some(class)) => match digits() {
                Some(value) => self.integer(kind, value),
                None => self.enum_name(class, text),
            },
            Kind::I8 | Kind::I16 | Kind::I32(None) | Kind::I64 => match digits() {
                Some(value) => self.integer(kind, value),
                None => Err(self.wrong_key("an integer", utf8)),
            },
            kind => {
                let node = S::text_found(text);
                self.found(kind, node)
            }
        }
    }

    #[cold]
    fn wrong_key(&self, expected: &str, text: &[u8]) -> CodecError {
        self.wrong(&format!(
            "expected {expected} as key, found {}",
            quoted(text)
        ))
    }
}
