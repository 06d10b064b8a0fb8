//! The one encoder of Python objects, generic over protocol and output.

mod arrays;
mod generated;
mod keeping;

use pyo3::exceptions::{PyAssertionError, PyAttributeError, PyOverflowError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{
    PyByteArray, PyBytes, PyDict, PyFloat, PyFrozenSet, PyList, PySet, PyString, PyTuple,
};

use super::coerce::{
    attribute, entries_of, integer, narrow, other_double, plan_of_struct, sized, string_of, truth,
    utf8_of,
};
use super::strict::{self, Direction};
use super::uuids::uuid_of;
use crate::py::error::{CodecError, FieldError, Result, Segment};
use crate::py::ffi::{self, DictEntries, ExactItems, ExactNumber, Left};
use crate::py::structs::{Kind, Plan, PlanField, StructClass};
use crate::wire::{Nesting, Output, Scalar, WireType, Writer};

/// From how many numbers on a list is written in blocks.
const MANY: usize = 16;

/// A length that an object announces is believed up to here.
const MOST_EXPECTED: usize = 1024;

/// Writes bytes as a string, or as a binary.
type WriteBytes<W> = fn(&mut W, &[u8]) -> crate::wire::Result<()>;

/// Encodes values into one message.
pub struct Encoder<'py, W> {
    py: Python<'py>,
    writer: W,
}

impl<'py, W: Writer> Encoder<'py, W> {
    /// Encodes to `writer`.
    pub fn new(py: Python<'py>, writer: W) -> Self {
        Self { py, writer }
    }

    /// Ends the message, behind its struct.
    #[inline]
    pub fn end_message(&mut self) {
        self.writer.end_message();
    }

    /// Writes a struct by its own plan, whatever kind of object it is.
    pub fn struct_of_any(&mut self, object: &Bound<'py, PyAny>) -> Result<()> {
        let plan = plan_of_struct(object)?;
        let depth = *self.writer.depth();
        strict::check(plan.get(), object, Direction::Written, depth)?;
        self.struct_of_object(plan.get(), object)
    }

    /// Writes a struct by the plan that was found for it.
    pub fn struct_of_object(&mut self, plan: &Plan, object: &Bound<'py, PyAny>) -> Result<()> {
        if let Some(slots) = plan.slots(object)
            && let Some(list) = plan.slot_list()
            && let Some(slots) = slots.listed(list)
        {
            return self.fields(
                plan,
                slots.iter(),
                |this, field, slot, last_id| {
                    slot.write_field(field.scalar, field.id, last_id, &mut this.writer)
                },
                |_, slot| Ok(slot.get()),
            );
        }
        self.struct_by_attributes(plan, object)
    }

    /// Writes a struct that does not keep all fields in slots.
    #[inline(never)]
    fn struct_by_attributes(&mut self, plan: &Plan, object: &Bound<'py, PyAny>) -> Result<()> {
        if let Some(keeping) = plan.keeping() {
            return self.keeping_struct(plan, keeping, object);
        }
        let slots = plan.slots(object);
        self.fields(
            plan,
            std::iter::repeat(()),
            |_, _, (), _| false,
            |field, ()| match (field.slot, slots) {
                (Some(slot), Some(slots)) => Ok(slots.get(slot)),
                _ => attribute(object, field),
            },
        )
    }

    /// Writes a struct whose values come from `value_of`, object or not.
    #[inline]
    pub fn struct_by_fields(
        &mut self,
        plan: &Plan,
        value_of: impl Fn(&PlanField) -> Option<Bound<'py, PyAny>>,
    ) -> Result<()> {
        self.fields(
            plan,
            std::iter::repeat(()),
            |this, field, (), last_id| {
                let (kind, writer) = (field.scalar, &mut this.writer);
                value_of(field).is_none_or(|value| {
                    ffi::write_exact_field(kind, &value, field.id, last_id, writer)
                })
            },
            |field, ()| Ok(value_of(field)),
        )
    }

    /// Writes a struct inside another value.
    #[inline]
    fn struct_value(&mut self, kind: &StructClass, value: &Bound<'py, PyAny>) -> Result<()> {
        // The value's own class decides, as for any payload; it is nearly
        // always the one of the IDL.
        if let Some(plan) = kind.known_plan(self.py)
            && plan.is_of(value)
        {
            return self.struct_of_object(plan, value);
        }
        self.other_struct(kind, value)
    }

    /// Writes a struct whose plan was not found yet, or that is of another class
    /// than the one of the IDL.
    #[inline(never)]
    fn other_struct(&mut self, kind: &StructClass, value: &Bound<'py, PyAny>) -> Result<()> {
        if let Some(plan) = kind.plan(self.py)?
            && plan.get().is_of(value)
        {
            return self.struct_of_object(plan.get(), value);
        }
        // Where it is strict it was looked at with what it is in.
        let plan = plan_of_struct(value)?;
        self.struct_of_object(plan.get(), value)
    }

    /// Writes the fields of a struct, each of which has a place: those that
    /// are not `written` get the value that `value_of` gives.
    #[inline]
    fn fields<P: Copy>(
        &mut self,
        plan: &Plan,
        places: impl Iterator<Item = P>,
        written: impl Fn(&mut Self, &PlanField, P, &mut i16) -> bool,
        value_of: impl Fn(&PlanField, P) -> Result<Option<Bound<'py, PyAny>>>,
    ) -> Result<()> {
        self.writer.enter(Nesting::WRITE_STRUCT)?;
        let mut last_id = 0;
        for (field, place) in plan.fields().iter().zip(places) {
            if written(self, field, place, &mut last_id) {
                continue;
            }
            let Some(value) = value_of(field, place)?.filter(|value| !value.is_none()) else {
                continue;
            };
            let written = match &field.kind {
                Kind::Bool => truth(&value).and_then(|value| {
                    let value = Scalar::Bool(value);
                    Ok(self.writer.scalar_field(value, field.id, &mut last_id)?)
                }),
                kind => {
                    self.writer.field(field.wire_type, field.id, &mut last_id);
                    self.value(kind, &value)
                }
            };
            if let Err(error) = written {
                return Err(field_error(plan, field, value, error));
            }
        }
        self.writer.stop();
        self.writer.leave();
        Ok(())
    }

    /// Writes a value.
    #[inline]
    pub fn value(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<()> {
        match kind {
            Kind::String => self.string(value),
            Kind::I32(_) => self.i32(value),
            Kind::I64 => self.i64(value),
            Kind::Struct(kind) => self.struct_value(kind, value),
            Kind::Bool => self.bool(value),
            Kind::Double => self.double(value),
            Kind::I16 => self.i16(value),
            Kind::I8 => self.i8(value),
            Kind::Binary => self.binary(value),
            Kind::Uuid => self.uuid(value),
            Kind::List(element) | Kind::Array(element) => self.list(element, value),
            Kind::Set(element) => self.set(element, value),
            Kind::Map(entry) => self.map(&entry.0, &entry.1, value),
            Kind::Converted(converted) => self.converted(&converted.kind, value),
        }
    }

    #[inline(never)]
    fn converted(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<()> {
        self.value(kind, value)
    }

    #[inline]
    fn bool(&mut self, value: &Bound<'py, PyAny>) -> Result<()> {
        self.writer.bool(truth(value)?);
        Ok(())
    }

    #[inline]
    fn i8(&mut self, value: &Bound<'py, PyAny>) -> Result<()> {
        self.writer.i8(narrow(value)?);
        Ok(())
    }

    #[inline]
    fn i16(&mut self, value: &Bound<'py, PyAny>) -> Result<()> {
        self.writer.i16(narrow(value)?);
        Ok(())
    }

    #[expect(
        clippy::inline_always,
        reason = "measured: the body of the loop over a list"
    )]
    #[inline(always)]
    fn i32(&mut self, value: &Bound<'py, PyAny>) -> Result<()> {
        self.writer.i32(narrow(value)?);
        Ok(())
    }

    #[inline]
    fn i64(&mut self, value: &Bound<'py, PyAny>) -> Result<()> {
        self.writer.i64(integer(value)?);
        Ok(())
    }

    #[inline]
    fn double(&mut self, value: &Bound<'py, PyAny>) -> Result<()> {
        let value = match value.cast_exact::<PyFloat>() {
            Ok(value) => value.value(),
            Err(_) => other_double(value)?,
        };
        self.writer.double(value);
        Ok(())
    }

    #[inline(never)]
    fn string(&mut self, value: &Bound<'py, PyAny>) -> Result<()> {
        match value.cast::<PyString>() {
            Ok(text) => match self.text(text, W::bytes) {
                Err(error) if W::IS_TEXT && error.is_value() => self.half_pairs(text),
                done => done,
            },
            Err(_) => self.buffer("a str", value, W::bytes),
        }
    }

    #[inline(never)]
    fn binary(&mut self, value: &Bound<'py, PyAny>) -> Result<()> {
        match value.cast::<PyBytes>() {
            Ok(bytes) => Ok(self.writer.binary(bytes.as_bytes())?),
            Err(_) => match value.cast::<PyString>() {
                Ok(text) => self.text(text, W::binary),
                Err(_) => self.buffer("bytes", value, W::binary),
            },
        }
    }

    /// Writes the UTF-8 of a text, as a string or as a binary.
    #[inline]
    fn text(&mut self, text: &Bound<'py, PyString>, write: WriteBytes<W>) -> Result<()> {
        Ok(write(&mut self.writer, utf8_of(text)?.as_bytes())?)
    }

    /// Writes a text with halves of surrogate pairs, which JSON can escape.
    #[cold]
    fn half_pairs(&mut self, text: &Bound<'py, PyString>) -> Result<()> {
        let encoded = text.call_method1(intern!(self.py, "encode"), ("utf-8", "surrogatepass"))?;
        Ok(self
            .writer
            .bytes(encoded.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes())?)
    }

    #[inline(never)]
    fn buffer(
        &mut self,
        expected: &str,
        value: &Bound<'py, PyAny>,
        write: WriteBytes<W>,
    ) -> Result<()> {
        if let Ok(bytes) = value.cast::<PyBytes>() {
            return Ok(write(&mut self.writer, bytes.as_bytes())?);
        }
        if let Ok(bytes) = value.cast::<PyByteArray>() {
            self.writer.check_string(bytes.len())?;
            return Ok(write(&mut self.writer, &bytes.to_vec())?);
        }
        if let Ok(buffer) = ffi::Buffer::like_bytes(value) {
            // Refused before it is copied.
            self.writer.check_string(buffer.len_bytes())?;
            return Ok(write(&mut self.writer, &buffer.to_vec()?)?);
        }
        let stands_for_it = string_of(expected, value)?;
        match stands_for_it.cast::<PyString>() {
            Ok(text) => self.text(text, write),
            Err(_) => self.buffer(expected, &stands_for_it, write),
        }
    }

    #[cold]
    fn uuid(&mut self, value: &Bound<'py, PyAny>) -> Result<()> {
        self.writer.uuid(uuid_of(value)?);
        Ok(())
    }

    // On its own, for `value` calls itself through it: its frame is needed at
    // every level of nesting.
    #[inline(never)]
    fn list(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<()> {
        self.writer.enter(Nesting::WRITE_CONTAINER)?;
        self.list_items(kind, value)?;
        self.writer.leave();
        Ok(())
    }

    /// Writes a list, header and elements.
    #[inline]
    fn list_items(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<()> {
        if let Ok(list) = value.cast_exact::<PyList>() {
            // One match for all elements, so that the loops are straight.
            let long = list.len() >= MANY;
            match kind {
                Kind::I32(_) => self.numbers(kind, WireType::I32, list, |writer, items| {
                    if long {
                        writer.i32s(items);
                    } else {
                        items.for_each(|item| writer.i32(item));
                    }
                })?,
                Kind::I64 => self.numbers(kind, WireType::I64, list, |writer, items| {
                    if long {
                        writer.i64s(items);
                    } else {
                        items.for_each(|item| writer.i64(item));
                    }
                })?,
                Kind::Double => self.numbers(kind, WireType::Double, list, |writer, items| {
                    if long {
                        writer.doubles(items);
                    } else {
                        items.for_each(|item| writer.double(item));
                    }
                })?,
                Kind::String | Kind::Binary | Kind::Bool => self.scalars(kind, list)?,
                Kind::Struct(class) => {
                    self.elements(kind, list.len(), list, |this, item| {
                        this.struct_value(class, item)
                    })?;
                }
                kind => {
                    self.elements(kind, list.len(), list, |this, item| this.value(kind, item))?;
                }
            }
        } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            self.elements(kind, tuple.len(), tuple, |this, item| {
                this.value(kind, item)
            })?;
        } else if !self.array(kind, value)? {
            let (length, iterator) = sized(value, W::IS_TEXT)?;
            self.writer.list(kind.wire_type(), length)?;
            let mut count = 0;
            for item in iterator {
                let item = item?;
                if count == length {
                    // There may be no end to what comes.
                    return Err(changed_size());
                }
                self.value(kind, &item)
                    .map_err(|error| error.inside(Segment::Index(count)))?;
                count += 1;
            }
            same_size(length, count)?;
        }
        Ok(())
    }

    /// Writes a set. One that is given as anything but a set may hold an
    /// element twice, which peers refuse: the first of them is written.
    #[inline(never)]
    fn set(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<()> {
        if value.is_instance_of::<PySet>() || value.is_instance_of::<PyFrozenSet>() {
            return self.list(kind, value);
        }
        self.writer.enter(Nesting::WRITE_CONTAINER)?;
        let start = self.writer.output().length();
        let mut ends;
        let body;
        if let Ok(list) = value.cast_exact::<PyList>() {
            ends = Vec::with_capacity(list.len());
            body = self.begin_set(kind, list.len())?;
            self.each(kind, list, |this| ends.push(this.written_since(body)))?;
        } else {
            let (length, iterator) = sized(value, W::IS_TEXT)?;
            ends = Vec::with_capacity(length.min(MOST_EXPECTED));
            body = self.begin_set(kind, length)?;
            for item in iterator {
                let item = item?;
                if ends.len() == length {
                    return Err(changed_size());
                }
                self.value(kind, &item)
                    .map_err(|error| error.inside(Segment::Index(ends.len())))?;
                ends.push(self.written_since(body));
            }
            same_size(length, ends.len())?;
        }
        self.writer
            .keep_distinct(kind.wire_type(), start, body, &ends)?;
        self.writer.leave();
        Ok(())
    }

    /// Writes the header of a set; where its elements begin.
    fn begin_set(&mut self, kind: &Kind, length: usize) -> Result<usize> {
        self.writer.list(kind.wire_type(), length)?;
        Ok(self.writer.output().length())
    }

    /// How many bytes were written since the output had `start`. Wraps where
    /// memory for the output has run out since: nothing is left of it then.
    #[inline]
    fn written_since(&mut self, start: usize) -> usize {
        self.writer.output().length().wrapping_sub(start)
    }

    /// Writes a list of numbers, all of those at once that are exactly of
    /// their type; others one at a time.
    #[inline(never)]
    fn numbers<T: ExactNumber>(
        &mut self,
        kind: &Kind,
        wire_type: WireType,
        list: &Bound<'py, PyList>,
        write: impl Fn(&mut W, &mut ExactItems<'_, 'py, T>),
    ) -> Result<()> {
        let length = list.len();
        self.writer.list(wire_type, length)?;
        let mut index = 0;
        loop {
            let mut items = ExactItems::new(list, index);
            write(&mut self.writer, &mut items);
            index = items.index();
            if index >= length {
                return same_size(length, index);
            }
            // May run other code, and change the list.
            let Ok(item) = list.get_item(index) else {
                return same_size(length, index);
            };
            self.other_element(kind, &item)
                .map_err(|error| error.inside(Segment::Index(index)))?;
            index += 1;
            same_size(length, list.len())?;
        }
    }

    /// Writes a list of strings, binaries or bools.
    fn scalars(&mut self, kind: &Kind, list: &Bound<'py, PyList>) -> Result<()> {
        self.writer.list(kind.wire_type(), list.len())?;
        self.each(kind, list, |_| ())
    }

    /// Writes each element of a list, and calls `after` behind it.
    #[inline]
    fn each(
        &mut self,
        kind: &Kind,
        list: &Bound<'py, PyList>,
        mut after: impl FnMut(&mut Self),
    ) -> Result<()> {
        let length = list.len();
        let scalar = kind.scalar();
        for index in 0..length {
            if !ffi::write_item(list, index, scalar, &mut self.writer) {
                // May run other code, and change the list.
                let Ok(item) = list.get_item(index) else {
                    return same_size(length, index);
                };
                self.other_element(kind, &item)
                    .map_err(|error| error.inside(Segment::Index(index)))?;
            }
            after(self);
        }
        same_size(length, list.len())
    }

    #[inline(never)]
    fn other_element(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<()> {
        self.value(kind, value)
    }

    #[inline]
    fn elements<'a, I>(
        &mut self,
        kind: &Kind,
        length: usize,
        items: &'a I,
        mut element: impl FnMut(&mut Self, &Bound<'py, PyAny>) -> Result<()>,
    ) -> Result<()>
    where
        &'a I: IntoIterator<Item = Bound<'py, PyAny>>,
    {
        self.writer.list(kind.wire_type(), length)?;
        let mut count = 0;
        for item in items {
            if let Err(error) = element(self, &item) {
                return Err(error.inside(Segment::Index(count)));
            }
            count += 1;
        }
        same_size(length, count)
    }

    // On its own, for `value` calls itself through it: its frame is needed at
    // every level of nesting.
    #[inline(never)]
    fn map(&mut self, key: &Kind, value: &Kind, map: &Bound<'py, PyAny>) -> Result<()> {
        self.writer.enter(Nesting::WRITE_CONTAINER)?;
        let (key_type, value_type) = (key.wire_type(), value.wire_type());
        if let Ok(dict) = map.cast_exact::<PyDict>() {
            self.writer.map(key_type, value_type, dict.len())?;
            let mut count = 0;
            let mut entries = DictEntries::new(dict);
            let scalars = (key.scalar(), value.scalar());
            while let Some(left) = entries.write_next(scalars.0, scalars.1, &mut self.writer) {
                match left {
                    Left::Nothing => {}
                    Left::Value(k, v) => self.entry_value(value, &k, &v)?,
                    Left::Both(k, v) => self.entry(key, value, &k, &v)?,
                }
                count += 1;
            }
            same_size(dict.len(), count)?;
        } else {
            self.other_map(key, value, map)?;
        }
        self.writer.leave();
        Ok(())
    }

    /// Writes a map that is not a dict.
    fn other_map(&mut self, key: &Kind, value: &Kind, map: &Bound<'py, PyAny>) -> Result<()> {
        let (length, entries) = entries_of(map)?;
        self.writer
            .map(key.wire_type(), value.wire_type(), length)?;
        let mut count = 0;
        for entry in entries {
            if count == length {
                return Err(changed_size());
            }
            let (k, v) = entry?;
            self.entry(key, value, &k, &v)?;
            count += 1;
        }
        same_size(length, count)
    }

    #[inline]
    fn entry(
        &mut self,
        key_kind: &Kind,
        value_kind: &Kind,
        key: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
    ) -> Result<()> {
        match self.value(key_kind, key) {
            Ok(()) => self.entry_value(value_kind, key, value),
            Err(error) => Err(error.inside(Segment::of_key(key))),
        }
    }

    /// Writes the value of an entry whose key is written.
    fn entry_value(
        &mut self,
        kind: &Kind,
        key: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
    ) -> Result<()> {
        match self.value(kind, value) {
            Ok(()) => Ok(()),
            Err(error) => Err(error.inside(Segment::of_key(key))),
        }
    }
}

#[inline]
pub fn same_size(announced: usize, written: usize) -> Result<()> {
    if announced != written {
        return Err(changed_size());
    }
    Ok(())
}

#[cold]
pub fn changed_size() -> CodecError {
    CodecError::value("changed size while it was written")
}

/// Names the field of an error, in the innermost struct only, and counts
/// the exceptions by which Python says "wrong type" as wrong values.
#[cold]
pub fn field_error(
    plan: &Plan,
    field: &PlanField,
    value: Bound<'_, PyAny>,
    mut error: CodecError,
) -> CodecError {
    let py = value.py();
    let wrong_value = error.is_value()
        || error.raised(py).is_some_and(|raised| {
            raised.is_instance_of::<PyTypeError>()
                || raised.is_instance_of::<PyAttributeError>()
                || raised.is_instance_of::<PyAssertionError>()
                || raised.is_instance_of::<PyOverflowError>()
        });
    if !wrong_value {
        return error.inside(Segment::Field(field.name.clone_ref(py)));
    }
    let raised_text = error.raised(py).map(|raised| raised.to_string());
    let error = error.inside(Segment::Field(field.name.clone_ref(py)));
    error.in_field(|reason, raised| FieldError {
        struct_name: plan
            .class()
            .bind(py)
            .name()
            .map_or_else(|_| String::new(), |name| name.to_string()),
        id: field.id,
        name: field.name.clone_ref(py),
        value: value.unbind(),
        ttype: field.ttype.clone_ref(py),
        spec: field.spec.clone_ref(py),
        reason: raised_text.unwrap_or(reason),
        raised,
    })
}
