//! The one decoder of Python objects, generic over protocol and input.

mod arrays;
mod generated;
mod keeping;
mod numbers;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use super::keys::KeyCache;
use super::repeated::{Form, REPEATED_MATTERS, Repeated};
use super::settings::Strings;
use crate::py::error::{CodecError, Result, Segment};
use crate::py::ffi::{
    self, ListBuilder, NotText, Quiet, ReadBytes, ReadDouble, ReadI32, ReadI64, ReadScalar,
    ReadStr, ReadStrBytes, Slots, Unread,
};
use crate::py::imports;
use crate::py::structs::{Converted, Kind, Layout, Plan, PlanField, StructClass, assign};
use crate::wire::{FieldHeader, Input, ListHeader, MapHeader, Nesting, Reader, WireType};

/// Where the length of a list is only promised, this many items are
/// allocated in advance at most.
const UNPROVEN_CAPACITY: usize = 1024;

/// A message of fewer bytes makes too few objects to wake the garbage
/// collector more than once.
const COLLECTOR_MATTERS: usize = 2048;

/// In a list of more strings it is not looked for those that are repeated.
const FEW: usize = 64;

/// Decodes values of one message.
pub struct Decoder<'r, 'py, R> {
    quiet: Quiet<'py>,
    reader: &'r mut R,
    strings: Strings,
    keys: KeyCache,
    /// Of a large message.
    repeated: Option<Box<Repeated>>,
    /// The field of a result that holds an exception which is not declared.
    undeclared: Option<i16>,
    /// Whether elements were passed over that are of another type than the IDL
    /// says.
    passed_over: bool,
    /// The most elements that a container of a generated class may have.
    most_elements: usize,
}

impl<'r, 'py, R: Reader> Decoder<'r, 'py, R> {
    /// Decodes from `reader`.
    pub fn new(py: Python<'py>, reader: &'r mut R, strings: Strings) -> Self {
        // Fetching more of the input runs other code.
        let input = reader.input();
        let length = input.in_memory().and(input.remaining());
        let many = length >= Some(COLLECTOR_MATTERS);
        let large = length.filter(|length| *length >= REPEATED_MATTERS);
        Self {
            quiet: Quiet::new(py, many),
            reader,
            strings,
            keys: KeyCache::new(),
            repeated: large.map(|length| Box::new(Repeated::new(length))),
            undeclared: None,
            passed_over: false,
            most_elements: usize::MAX,
        }
    }

    /// The id of the field of the result that was read, if it was one, that
    /// holds an exception which its class does not declare.
    pub fn undeclared_exception(&self) -> Option<i16> {
        self.undeclared
    }

    /// Reads a struct into an object that exists; fields that do not come
    /// keep their value.
    #[expect(
        clippy::inline_always,
        reason = "measured: one more frame, for small structs and for each level"
    )]
    #[inline(always)]
    pub fn struct_of_object(&mut self, plan: &Plan, object: &Bound<'py, PyAny>) -> Result<()> {
        match plan.slots(object) {
            Some(slots) => self.struct_by_slots(plan, slots, object),
            None => self.struct_by_attributes(plan, object),
        }
    }

    /// Reads a struct into slots, and into attributes what a field has no slot for. It
    /// has a frame of its own, so that a level of nesting takes the stack of one.
    #[inline(never)]
    fn struct_by_slots(
        &mut self,
        plan: &Plan,
        slots: Slots<'_, 'py>,
        object: &Bound<'py, PyAny>,
    ) -> Result<()> {
        self.struct_by_fields(plan, |quiet, field, value| match field.slot {
            Some(slot) => {
                slots.set(slot, Some(value));
                Ok(())
            }
            None => set_attribute(quiet.calls(), object, field, value),
        })?;
        Ok(())
    }

    #[inline(never)]
    fn struct_by_attributes(&mut self, plan: &Plan, object: &Bound<'py, PyAny>) -> Result<()> {
        if let Some(keeping) = plan.keeping() {
            return self.keeping_struct(plan, keeping, object);
        }
        self.struct_by_fields(plan, |quiet, field, value| {
            set_attribute(quiet.calls(), object, field, value)
        })?;
        Ok(())
    }

    /// Reads a struct whose values go to `store`, an object or not; whether all of
    /// its plan's fields have come, which it may not know where they have another
    /// order.
    #[inline]
    pub fn struct_by_fields(
        &mut self,
        plan: &Plan,
        store: impl FnMut(&mut Quiet<'py>, &PlanField, Bound<'py, PyAny>) -> Result<()>,
    ) -> Result<bool> {
        self.reader.enter(Nesting::READ_STRUCT)?;
        let all = self.fields(plan, store)?;
        self.reader.leave()?;
        Ok(all)
    }

    /// Reads a struct into a new object.
    #[inline]
    fn struct_value(&mut self, kind: &StructClass) -> Result<Bound<'py, PyAny>> {
        if let Some(plan) = kind.known_plan_in(&self.quiet)
            && let Some(layout) = plan.original_layout()
        {
            return self.new_struct(plan, layout);
        }
        self.other_struct(kind)
    }

    /// Reads a struct whose plan was not found yet, or whose objects are not
    /// allocated and filled.
    #[inline(never)]
    fn other_struct(&mut self, kind: &StructClass) -> Result<Bound<'py, PyAny>> {
        let plan = kind.plan_in(&mut self.quiet)?;
        if let Some(plan) = &plan
            && let Some(layout) = plan.get().original_layout()
        {
            return self.new_struct(plan.get(), layout);
        }
        if let Some(plan) = &plan
            && let Some(keeping) = plan.get().keeping()
            && let Some(layout) = keeping.original_layout()
        {
            return self.new_keeping_struct(plan.get(), layout);
        }
        let object = kind.class().bind(self.quiet.calls()).call0()?;
        let plan = match plan {
            Some(plan) if plan.get().is_narrow() => {
                plan.get().unset_others(&object)?;
                plan
            }
            _ => kind.plan_of(&object)?,
        };
        self.struct_of_object(plan.get(), &object)?;
        Ok(object)
    }

    /// Reads a struct into a new object that is allocated and filled.
    #[inline]
    pub fn new_struct(&mut self, plan: &Plan, layout: &Layout) -> Result<Bound<'py, PyAny>> {
        let object = layout.slots().allocate(&self.quiet)?;
        if let Some(slots) = layout.slots().view_exact(object.object()) {
            let all = self.struct_in_slots(plan, slots)?;
            if !(all && plan.fills_layout()) {
                layout.fill_defaults(slots, &mut self.quiet)?;
            }
        }
        Ok(object.finish())
    }

    fn struct_in_slots(&mut self, plan: &Plan, slots: Slots<'_, 'py>) -> Result<bool> {
        self.struct_by_fields(plan, |_, field, value| {
            slots.put(field.slot, value);
            Ok(())
        })
    }

    /// Reads the fields of a struct, handing each known one to `store`; whether all
    /// have come, as they were expected.
    #[inline]
    fn fields(
        &mut self,
        plan: &Plan,
        mut store: impl FnMut(&mut Quiet<'py>, &PlanField, Bound<'py, PyAny>) -> Result<()>,
    ) -> Result<bool> {
        let mut last_id = 0;
        let mut expected = plan.fields();
        let mut as_expected = true;
        while let Some(header) = self.reader.field(&mut last_id)? {
            let id = header.id;
            let find = || {
                as_expected = false;
                plan.find(id)
            };
            let Some(field) = next_field(&mut expected, |f| f.id == id, find) else {
                self.reader.skip(header.wire_type)?;
                if plan.is_result() {
                    self.note_undeclared(header);
                } else if plan.is_narrow() {
                    self.skip_to_chosen(plan, &mut last_id)?;
                }
                continue;
            };
            if field.wire_type != header.wire_type {
                as_expected = false;
                self.reader.skip(header.wire_type)?;
                continue;
            }
            match self.value(&field.kind) {
                Ok(value) => store(&mut self.quiet, field, value)?,
                Err(error) => return Err(field_error(&mut self.quiet, field, error)),
            }
        }
        Ok(as_expected && expected.is_empty())
    }

    /// Passes over fields up to the next one that a narrow plan has.
    fn skip_to_chosen(&mut self, plan: &Plan, last_id: &mut i16) -> Result<()> {
        let next_id = plan.chosen_behind(*last_id);
        if next_id.is_none_or(|next_id| next_id - 1 > *last_id) {
            self.reader.skip_before(next_id, last_id)?;
        }
        Ok(())
    }

    #[cold]
    fn note_undeclared(&mut self, header: FieldHeader) {
        const SUCCESS: i16 = 0;
        if header.id != SUCCESS && header.wire_type == WireType::Struct {
            self.undeclared = Some(header.id);
        }
    }

    /// Reads a value.
    #[expect(
        clippy::inline_always,
        reason = "measured: the body of the loops over fields and elements"
    )]
    #[inline(always)]
    pub fn value(&mut self, kind: &Kind) -> Result<Bound<'py, PyAny>> {
        match kind {
            Kind::String => self.string(),
            Kind::I32(_) => self.i32(),
            Kind::I64 => self.i64(),
            Kind::Struct(kind) => self.struct_value(kind),
            Kind::Bool => self.bool(),
            Kind::Double => self.double(),
            Kind::List(element) | Kind::Set(element) => self.list(element),
            Kind::Map(entry) => self.map(&entry.0, &entry.1),
            Kind::Converted(converted) => self.converted(converted),
            Kind::I16 => rarely(|| self.i16()),
            Kind::I8 => rarely(|| self.i8()),
            Kind::Binary => rarely(|| self.binary()),
            Kind::Array(element) => self.array(element),
            Kind::Uuid => self.uuid(),
        }
    }

    /// Reads a value of which another one is made.
    #[inline(never)]
    fn converted(&mut self, converted: &Converted) -> Result<Bound<'py, PyAny>> {
        let read = self.value(&converted.kind)?;
        if converted.runs_code() {
            self.quiet.calls();
        }
        Ok(converted.convert(read)?)
    }

    #[inline]
    fn bool(&mut self) -> Result<Bound<'py, PyAny>> {
        let value = self.reader.bool()?;
        Ok(self.quiet.bool(value))
    }

    #[inline]
    fn i8(&mut self) -> Result<Bound<'py, PyAny>> {
        let value = self.reader.i8()?;
        Ok(self.quiet.int(value.into()))
    }

    #[inline]
    fn i16(&mut self) -> Result<Bound<'py, PyAny>> {
        let value = self.reader.i16()?;
        Ok(self.quiet.int(value.into()))
    }

    #[inline]
    fn i32(&mut self) -> Result<Bound<'py, PyAny>> {
        self.scalar(ReadI32)
    }

    #[inline]
    fn i64(&mut self) -> Result<Bound<'py, PyAny>> {
        self.scalar(ReadI64)
    }

    #[inline]
    fn double(&mut self) -> Result<Bound<'py, PyAny>> {
        self.scalar(ReadDouble)
    }

    #[inline]
    fn binary(&mut self) -> Result<Bound<'py, PyAny>> {
        let Some(repeated) = &mut self.repeated else {
            return self.scalar(ReadBytes);
        };
        let (quiet, bytes) = (&self.quiet, self.reader.binary()?);
        let made = repeated.get(quiet, Form::Bytes, bytes, || Ok(quiet.bytes(bytes)));
        self.forget_useless();
        made
    }

    /// Looks no longer for strings that are repeated where hardly any are.
    #[inline]
    fn forget_useless(&mut self) {
        if let Some(repeated) = &self.repeated
            && !repeated.is_worth_while()
        {
            self.repeated = None;
        }
    }

    #[cold]
    fn uuid(&mut self) -> Result<Bound<'py, PyAny>> {
        let py = self.quiet.calls();
        Ok(new_uuid(py, self.reader.uuid()?)?)
    }

    #[inline(never)]
    fn string(&mut self) -> Result<Bound<'py, PyAny>> {
        if self.strings == Strings::Bytes {
            return self.scalar(ReadStrBytes);
        }
        if self.repeated.is_some() {
            return self.repeated_string();
        }
        self.scalar(self.str())
    }

    /// A string of a large message, which may have come before.
    #[inline(never)]
    fn repeated_string(&mut self) -> Result<Bound<'py, PyAny>> {
        let form = self.str();
        let Some(repeated) = &mut self.repeated else {
            return self.scalar(form);
        };
        let (quiet, bytes) = (&self.quiet, self.reader.bytes()?);
        let made = repeated.get(quiet, Form::Text, bytes, || quiet.text::<R>(form, bytes));
        self.forget_useless();
        made.map_err(|unread| self.unread(unread))
    }

    /// How a string becomes a `str`.
    #[inline]
    fn str(&self) -> ReadStr {
        ReadStr {
            otherwise: match self.strings {
                Strings::Lenient | Strings::Bytes => NotText::Bytes,
                Strings::Strict => NotText::Refused,
                Strings::Replaced => NotText::Replaced,
            },
        }
    }

    #[inline]
    fn scalar(&mut self, scalar: impl ReadScalar) -> Result<Bound<'py, PyAny>> {
        match self.quiet.read(scalar, self.reader) {
            Ok(value) => Ok(value),
            Err(unread) => Err(self.unread(unread)),
        }
    }

    #[cold]
    fn unread(&mut self, unread: Unread<'py>) -> CodecError {
        CodecError::unread(self.quiet.calls(), unread)
    }

    /// A map key, which other maps of the message may have too.
    #[inline]
    fn key(&mut self, kind: &Kind) -> Result<Bound<'py, PyAny>> {
        if !matches!(kind, Kind::String) || self.strings == Strings::Bytes {
            return self.value(kind);
        }
        let waits = self.reader.input().remaining().is_none();
        let bytes = self.reader.bytes()?;
        let key = match self.keys.get(&self.quiet, bytes) {
            Ok(text) => Ok(text),
            Err(none) => match none.raised() {
                Some(raised) => Err(raised.into()),
                None if R::IS_TEXT => {
                    let py = self.quiet.calls();
                    let strict = self.strings == Strings::Strict;
                    ffi::half_pairs(py, bytes, strict)
                        .map_err(|unread| CodecError::unread(py, unread))
                }
                None if self.strings == Strings::Strict => {
                    Err(ffi::not_utf8(self.quiet.calls(), bytes).into())
                }
                None if self.strings == Strings::Replaced => {
                    Ok(ffi::replaced(self.quiet.calls(), bytes)?)
                }
                None => Ok(self.quiet.bytes(bytes)),
            },
        };
        if waits {
            self.keys.rest();
        }
        key
    }

    fn list(&mut self, kind: &Kind) -> Result<Bound<'py, PyAny>> {
        self.reader.enter(Nesting::READ_CONTAINER)?;
        let header = self.reader.list()?;
        let list = self.list_items(kind, header)?;
        self.reader.leave()?;
        Ok(list)
    }

    /// Reads the elements of a list, if they are of its type.
    #[inline]
    fn list_items(&mut self, kind: &Kind, header: ListHeader) -> Result<Bound<'py, PyAny>> {
        if header.element == Some(kind.wire_type()) {
            return self.own_items(kind, header);
        }
        self.passed_over |= header.count > 0;
        self.reader.skip_elements(header)?;
        Ok(self.quiet.list().into_any())
    }

    /// Reads the elements of a list, which are of its type.
    #[inline]
    fn own_items(&mut self, kind: &Kind, header: ListHeader) -> Result<Bound<'py, PyAny>> {
        // One match for all elements, so that the loops are straight.
        match kind {
            Kind::I32(_) => self.integers::<i32>(header, ReadI32),
            Kind::I64 => self.integers::<i64>(header, ReadI64),
            Kind::Double => self.scalars(header, ReadDouble),
            Kind::String if self.strings == Strings::Bytes => self.scalars(header, ReadBytes),
            Kind::String if header.count <= FEW && self.repeated.is_some() => {
                self.elements(header, Self::string)
            }
            Kind::String => self.scalars(header, self.str()),
            Kind::Struct(kind) => self.elements(header, |this| this.struct_value(kind)),
            kind => self.elements(header, |this| this.value(kind)),
        }
    }

    #[inline]
    fn elements(
        &mut self,
        header: ListHeader,
        mut element: impl FnMut(&mut Self) -> Result<Bound<'py, PyAny>>,
    ) -> Result<Bound<'py, PyAny>> {
        let mut list = self.new_list(header)?;
        for index in 0..header.count {
            match element(self) {
                Ok(item) => list.push(item)?,
                Err(error) => return Err(error.inside(Segment::Index(index))),
            }
        }
        Ok(list.finish())
    }

    /// Reads elements that are scalars.
    #[inline]
    fn scalars(
        &mut self,
        header: ListHeader,
        scalar: impl ReadScalar,
    ) -> Result<Bound<'py, PyAny>> {
        let mut list = self.new_list(header)?;
        if let Err((index, unread)) = list.fill(header.count, self.reader, scalar) {
            return Err(self.unread(unread).inside(Segment::Index(index)));
        }
        Ok(list.finish())
    }

    #[inline]
    fn new_list(&self, header: ListHeader) -> Result<ListBuilder<'py>> {
        let capacity = match self.reader.input().remaining() {
            Some(_) => header.count,
            None => header.count.min(UNPROVEN_CAPACITY),
        };
        Ok(ListBuilder::new(&self.quiet, capacity)?)
    }

    fn map(&mut self, key_kind: &Kind, value_kind: &Kind) -> Result<Bound<'py, PyAny>> {
        self.reader.enter(Nesting::READ_CONTAINER)?;
        let header = self.reader.map()?;
        let map = if header.count == 0 {
            self.quiet.dict().into_any()
        } else {
            self.map_entries(key_kind, value_kind, header)?
        };
        self.reader.leave()?;
        Ok(map)
    }

    /// Reads the entries of a map, if they are of its types.
    #[inline]
    fn map_entries(
        &mut self,
        key_kind: &Kind,
        value_kind: &Kind,
        header: MapHeader,
    ) -> Result<Bound<'py, PyAny>> {
        let map = self.quiet.dict();
        if matches!(key_kind, Kind::Struct(_) | Kind::Converted(_)) {
            // Its hash is code of the program.
            self.quiet.calls();
        }
        if matches(header, key_kind, value_kind) {
            for _ in 0..header.count {
                let key = self.key(key_kind)?;
                match self.value(value_kind) {
                    Ok(value) => set_entry(&map, key, value)?,
                    Err(error) => return Err(error.inside(Segment::of_key(&key))),
                }
            }
        } else {
            self.passed_over |= header.count > 0;
            self.reader.skip_entries(header)?;
        }
        Ok(map.into_any())
    }
}

/// Keeps what is rare out of the loops over fields and elements.
#[inline(never)]
fn rarely<T>(read: impl FnOnce() -> T) -> T {
    read()
}

/// A `uuid.UUID` of its bytes.
pub fn new_uuid(py: Python<'_>, value: [u8; 16]) -> PyResult<Bound<'_, PyAny>> {
    let kwargs = PyDict::new(py);
    kwargs.set_item("bytes", PyBytes::new(py, &value))?;
    imports::uuid(py)?.call((), Some(&kwargs))
}

/// Sets the attribute that a field is kept in.
fn set_attribute<'py>(
    py: Python<'py>,
    object: &Bound<'py, PyAny>,
    field: &PlanField,
    value: Bound<'py, PyAny>,
) -> Result<()> {
    Ok(assign(object, field.name.bind(py), value)?)
}

fn matches(header: MapHeader, key: &Kind, value: &Kind) -> bool {
    let same = |found: Option<WireType>, kind: &Kind| found == Some(kind.wire_type());
    same(header.key, key) && same(header.value, value)
}

#[inline]
pub fn set_entry<'py>(
    map: &Bound<'py, PyDict>,
    key: Bound<'py, PyAny>,
    value: Bound<'py, PyAny>,
) -> Result<()> {
    match ffi::set_item(map, &key, &value) {
        Ok(()) => Ok(()),
        Err(error) => Err(unhashable(&key, error.into())),
    }
}

/// Keys that Python cannot hash (lists, arrays, maps) are a matter of the IDL, and
/// named as such; errors of a key's own `__hash__` pass.
#[cold]
fn unhashable(key: &Bound<'_, PyAny>, error: PyErr) -> CodecError {
    let hash = key.get_type().getattr_opt(intern!(key.py(), "__hash__"));
    if hash.is_ok_and(|hash| hash.is_none_or(|hash| hash.is_none())) {
        let reason = ffi::exception_of(key.py(), error);
        let hint = if is_of_lists(key) {
            "; load(..., sets=\"set\") reads lists that are keys as tuples, and sets as frozensets"
        } else {
            ""
        };
        return CodecError::value(format!("a map cannot have this key: {reason}{hint}"));
    }
    error.into()
}

/// Whether a key is a list, or an array, of what can be hashed once its lists are
/// tuples.
#[cold]
fn is_of_lists(key: &Bound<'_, PyAny>) -> bool {
    let good = |item: Bound<'_, PyAny>| item.hash().is_ok() || is_of_lists(&item);
    match key.try_iter() {
        Ok(mut items) if !key.is_instance_of::<PyDict>() => items.all(|item| item.is_ok_and(good)),
        _ => false,
    }
}

/// The field that comes, and behind it those that are expected then: writers keep
/// the order of the IDL, so it is usually the first one that is expected.
#[expect(clippy::inline_always, reason = "measured: the loop over fields")]
#[inline(always)]
fn next_field<'p, F>(
    expected: &mut &'p [F],
    comes: impl FnOnce(&F) -> bool,
    find: impl FnOnce() -> Option<(&'p F, &'p [F])>,
) -> Option<&'p F> {
    let (field, rest) = match expected.split_first() {
        Some((field, rest)) if comes(field) => (field, rest),
        _ => find()?,
    };
    *expected = rest;
    Some(field)
}

#[cold]
fn field_error(quiet: &mut Quiet<'_>, field: &PlanField, error: CodecError) -> CodecError {
    field_error_at(quiet, &field.name, error)
}

#[cold]
fn field_error_at(quiet: &mut Quiet<'_>, name: &Py<PyString>, error: CodecError) -> CodecError {
    error.inside(Segment::Field(name.clone_ref(quiet.calls())))
}
