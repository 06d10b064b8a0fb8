//! What thriftpy2's JSON protocol makes of parsed JSON that is not as it is
//! usually written: numbers out of text and text out of numbers, entries of
//! maps in any order. What stands for no value of a kind is an error of the
//! value, which costs a field, and not the message.

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyInt, PyString, PyType};

use super::{PlainReader, expected};
use crate::py::codec::decode::set_entry;
use crate::py::codec::strict::{Direction, check};
use crate::py::codec::tree::source::{FoundKey, PlainValue, Source, SourceText};
use crate::py::error::{self, CodecError, Result, Segment};
use crate::py::imports;
use crate::py::structs::{Kind, Plan, assign};
use crate::wire::Nesting;
use crate::wire::json::{base64, number};

const ENTRIES: &str = "a dict, or a list of dicts with a key and a value";
const ENTRY: &str = "a dict with a key and a value";

impl<'py, S: Source<'py>> PlainReader<'_, 'py, S> {
    /// Fills any object with the fields that its plan has.
    pub fn fill(&mut self, object: &Bound<'py, PyAny>, node: S::Node) -> Result<()> {
        let plan = Plan::of_object(object)?;
        self.fields(plan.get(), node, |field, value| {
            Ok(assign(object, field.name.bind(value.py()), value)?)
        })?;
        check(plan.get(), object, Direction::Read, self.depth)?;
        if let Some(name) = self.undeclared.take() {
            // For the client, which asks the result for it.
            object.setattr(intern!(self.py, "_undeclared_exception"), name)?;
        }
        Ok(())
    }

    /// Keeps the name of a struct that came with a result and is no field of
    /// it: an exception that the method does not declare.
    #[cold]
    pub(super) fn note_undeclared(&mut self, name: &[u8], node: S::Node) -> Result<()> {
        if self.options.any.is_some()
            && name != b"success"
            && let PlainValue::Object(_) = self.source.look(node)?
        {
            let name = PyString::from_bytes(self.py, name)?;
            self.undeclared = Some(name.into_any());
        }
        Ok(())
    }

    /// A value of any kind. Only what nests is taken here: the frame is needed
    /// at every level.
    #[inline(never)]
    pub(super) fn general(&mut self, kind: &Kind, node: S::Node) -> Result<Bound<'py, PyAny>> {
        match kind {
            Kind::Struct(class) => self.struct_value(class, node),
            Kind::List(element) | Kind::Array(element) | Kind::Set(element) => {
                let found = self.source.look(node)?;
                if matches!(found, PlainValue::List(_) | PlainValue::Other(_)) {
                    self.list(element, found)
                } else {
                    Err(self.mismatch(expected(kind), &found))
                }
            }
            Kind::Map(entry) => {
                let found = self.source.look(node)?;
                self.any_entries(&entry.0, &entry.1, found)
            }
            Kind::Converted(converted) => {
                let read = self.general(&converted.kind, node)?;
                self.converted(converted, read)
            }
            kind => self.general_scalar(kind, node),
        }
    }

    #[inline(never)]
    fn general_scalar(&mut self, kind: &Kind, node: S::Node) -> Result<Bound<'py, PyAny>> {
        let py = self.py;
        if matches!(kind, Kind::String)
            && let Some(text) = S::text_of_number(&node)?
        {
            return self.any_text(&text);
        }
        let found = self.source.look(node)?;
        match (kind, found) {
            (Kind::String, PlainValue::Text(text)) => {
                let text = text.to_python(py)?;
                self.any_text(text.cast::<PyString>().map_err(PyErr::from)?)
            }
            (kind, PlainValue::Bool(value)) if kind.is_integer() => {
                self.integer(kind, value.into())
            }
            (kind, PlainValue::Double(value)) if kind.is_integer() => match number::whole(value) {
                Some(value) => self.integer(kind, value),
                None => Err(self.mismatch(wanted(kind), &PlainValue::Double(value))),
            },
            (kind, PlainValue::Text(text)) if kind.is_integer() => {
                let number = self.parsed(kind, text, &py.get_type::<PyInt>())?;
                match number.extract::<i64>() {
                    Ok(value) => self.integer(kind, value),
                    Err(_) => Err(self.mismatch(wanted(kind), &PlainValue::Large(0.0))),
                }
            }
            (Kind::Double, PlainValue::Bool(value)) => self.double(u8::from(value).into()),
            (Kind::Double, PlainValue::Large(value)) if value.is_finite() => self.double(value),
            (Kind::Double, PlainValue::Text(text)) => {
                self.parsed(kind, text, &py.get_type::<PyFloat>())
            }
            (Kind::Bool, PlainValue::Integer(value)) => Ok(self.quiet.bool(value != 0)),
            (Kind::Bool, PlainValue::Large(_)) => Ok(self.quiet.bool(true)),
            (Kind::Bool, PlainValue::Double(value)) => Ok(self.quiet.bool(value != 0.0)),
            (Kind::Binary, PlainValue::Text(text)) => {
                let size = match text.utf8(py) {
                    // Its padding is not left out.
                    Ok(utf8) if utf8.len().is_multiple_of(4) => return self.base64(utf8),
                    utf8 => utf8.map_or(0, base64::decoded_size),
                };
                self.check_size(size)?;
                Err(self.mismatch(expected(kind), &PlainValue::Text(text)))
            }
            // What `b64encode` gives.
            (Kind::Binary, PlainValue::Bytes(value)) => {
                let bytes = self.bytes_of(&value)?;
                if !bytes.as_bytes().len().is_multiple_of(4) {
                    return Err(self.mismatch(expected(kind), &PlainValue::Bytes(value)));
                }
                self.base64(bytes.as_bytes())
            }
            (Kind::Uuid, PlainValue::Text(text)) => {
                let class = imports::uuid(py)?.cast::<PyType>().map_err(PyErr::from)?;
                self.parsed(kind, text, class)
            }
            (
                kind,
                found @ (PlainValue::Integer(_) | PlainValue::Double(_) | PlainValue::Bool(_)),
            ) if kind.is_number() || matches!(kind, Kind::Bool) => self.found(kind, found),
            (kind, found @ PlainValue::Other(_))
                if kind.is_number() || matches!(kind, Kind::Uuid) =>
            {
                self.found(kind, found)
            }
            (kind, found) => Err(self.mismatch(wanted(kind), &found)),
        }
    }

    /// A text, which may have halves of surrogate pairs: JSON can escape them.
    fn any_text(&self, text: &Bound<'py, PyString>) -> Result<Bound<'py, PyAny>> {
        let Some(options) = self.options.any else {
            return SourceText::to_python(text, self.py);
        };
        let halves = match text.to_str() {
            Ok(utf8) => {
                self.check_size(utf8.len())?;
                if options.decode {
                    return SourceText::to_python(text, self.py);
                }
                return Ok(PyBytes::new(self.py, utf8.as_bytes()).into_any());
            }
            Err(_) => text.call_method1(intern!(self.py, "encode"), ("utf-8", "surrogatepass"))?,
        };
        self.check_size(halves.len()?)?;
        if options.strict {
            return Err(error::half_pair(self.py).into());
        }
        Ok(if options.decode {
            text.clone().into_any()
        } else {
            halves
        })
    }

    /// What a class of Python makes of a text.
    fn parsed(
        &self,
        kind: &Kind,
        text: S::FoundText,
        class: &Bound<'py, PyType>,
    ) -> Result<Bound<'py, PyAny>> {
        let python = text.to_python(self.py)?;
        class.call1((python,)).map_err(|error| {
            let mut error = CodecError::from(error);
            match error.raised(self.py) {
                Some(raised)
                    if raised.is_instance_of::<PyValueError>()
                        || raised.is_instance_of::<PyOverflowError>() =>
                {
                    self.mismatch(wanted(kind), &PlainValue::Text(text))
                }
                _ => error,
            }
        })
    }

    /// A map: a list of objects with a `key` and a `value` among others.
    fn any_entries(
        &mut self,
        key_kind: &Kind,
        value_kind: &Kind,
        found: PlainValue<'py, S>,
    ) -> Result<Bound<'py, PyAny>> {
        self.depth.enter(Nesting::READ_CONTAINER)?;
        let map = PyDict::new(self.py);
        let mut list = match found {
            PlainValue::List(list) => list,
            PlainValue::Object(object) if self.options.given => {
                for (key, value) in self.all_of(object)? {
                    let key = match key {
                        FoundKey::Text(text) => self.key(key_kind, &text)?,
                        FoundKey::Node(node) => self.general(key_kind, node)?,
                    };
                    self.any_value(&map, key, value_kind, value)?;
                }
                self.depth.leave();
                return Ok(map.into_any());
            }
            // To Python no entries are no entries, whatever they are of.
            found => {
                self.no_entries(found)?;
                self.depth.leave();
                return Ok(map.into_any());
            }
        };
        let mut index = 0;
        while let Some(node) = self.source.item(&mut list)? {
            let read = self.any_entry(node).and_then(|(key, value)| {
                let key = self.general(key_kind, key)?;
                Ok((key, value))
            });
            match read {
                Ok((key, value)) => self.any_value(&map, key, value_kind, value)?,
                Err(error) => return Err(self.inside(error, Segment::Index(index))),
            }
            index += 1;
        }
        self.depth.leave();
        Ok(map.into_any())
    }

    /// Reads the value of a key into a map.
    fn any_value(
        &mut self,
        map: &Bound<'py, PyDict>,
        key: Bound<'py, PyAny>,
        kind: &Kind,
        node: S::Node,
    ) -> Result<()> {
        match self.general(kind, node) {
            Ok(value) => set_entry(map, key, value).map_err(|error| self.no_key(error)),
            Err(error) => Err(self.inside(error, Segment::of_key(&key))),
        }
    }

    /// Refuses an object or a text that is not empty, and anything else.
    #[cold]
    fn no_entries(&mut self, found: PlainValue<'py, S>) -> Result<()> {
        match found {
            PlainValue::Object(object) => {
                if self.all_of(object)?.is_empty() {
                    return Ok(());
                }
                Err(self.wrong(&format!("expected {ENTRIES}, found an object")))
            }
            PlainValue::Text(text) if text.utf8(self.py).is_ok_and(<[u8]>::is_empty) => Ok(()),
            found => Err(self.mismatch(ENTRIES, &found)),
        }
    }

    /// The key and the value of an entry.
    #[inline(never)]
    fn any_entry(&mut self, node: S::Node) -> Result<(S::Node, S::Node)> {
        let entry = match self.source.look(node)? {
            PlainValue::Object(entry) => entry,
            found => return Err(self.mismatch(ENTRY, &found)),
        };
        let (mut key, mut value) = (None, None);
        for (name, node) in self.all_of(entry)? {
            if self.is_named(&name, b"key") {
                key = Some(node);
            } else if self.is_named(&name, b"value") {
                value = Some(node);
            }
        }
        key.zip(value)
            .ok_or_else(|| self.wrong(&format!("expected {ENTRY}, found another")))
    }

    /// What Python cannot hash is of another type too.
    #[cold]
    fn no_key(&self, mut error: CodecError) -> CodecError {
        match error.raised(self.py) {
            Some(raised) if raised.is_instance_of::<PyTypeError>() => {
                self.wrong(&raised.to_string())
            }
            _ => error,
        }
    }

    #[inline(never)]
    fn all_of(&mut self, mut object: S::Object) -> Result<Vec<(FoundKey<'py, S>, S::Node)>> {
        let mut entries = Vec::new();
        while let Some(entry) = self.source.entry(&mut object)? {
            entries.push(entry);
        }
        Ok(entries)
    }

    fn is_named(&self, key: &FoundKey<'py, S>, name: &[u8]) -> bool {
        match key {
            FoundKey::Text(text) => text.utf8(self.py).is_ok_and(|utf8| utf8 == name),
            FoundKey::Node(_) => false,
        }
    }

    /// Looks at nothing but the limits.
    #[cold]
    pub(super) fn skip_any(&mut self, node: S::Node) -> Result<()> {
        match self.source.look(node)? {
            PlainValue::Text(text) => self.check_skipped(&text),
            PlainValue::List(mut list) => {
                self.depth.enter(Nesting::SKIP_CONTAINER)?;
                while let Some(node) = self.source.item(&mut list)? {
                    match self.source.look(node.clone())? {
                        PlainValue::Object(object) => {
                            let entries = self.all_of(object)?;
                            let of_map = entries.len() == 2
                                && [&b"key"[..], b"value"].iter().all(|name| {
                                    entries.iter().any(|(key, _)| self.is_named(key, name))
                                });
                            if of_map {
                                // Most likely: a level of JSON, but none of Thrift.
                                for (_, node) in entries {
                                    self.skip_any(node)?;
                                }
                            } else {
                                self.skip_any(node)?;
                            }
                        }
                        _ => self.skip_any(node)?,
                    }
                }
                self.depth.leave();
                Ok(())
            }
            PlainValue::Object(object) => {
                self.depth.enter(Nesting::SKIP_CONTAINER)?;
                for (_, node) in self.all_of(object)? {
                    self.skip_any(node)?;
                }
                self.depth.leave();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Refuses a text that nobody wants, and of which nobody knows whether it
    /// is `string` or `binary`, where it is too long as either.
    fn check_skipped(&self, text: &S::FoundText) -> Result<()> {
        let limit = self.options.limits.string;
        if let Ok(utf8) = text.utf8(self.py) {
            let fits = utf8.len() <= limit
                || (base64::decoded_size(utf8) <= limit && base64::is_valid(utf8));
            return if fits {
                Ok(())
            } else {
                Err(self.too_long(utf8.len()))
            };
        }
        let text = text.to_python(self.py)?;
        let utf8 = text.call_method1(intern!(self.py, "encode"), ("utf-8", "surrogatepass"))?;
        self.check_size(utf8.len()?)
    }
}

/// What is expected of a scalar: the names of enums stand for nothing here.
fn wanted(kind: &Kind) -> &'static str {
    match kind {
        Kind::I32(Some(_)) => "the number of an enum's value",
        kind => expected(kind),
    }
}
