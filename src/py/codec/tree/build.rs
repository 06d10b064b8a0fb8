//! From plain data to values: a walk of a plan.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyList, PySet, PyString, PyType};

mod general;
mod map;

use super::dump::has_text;
use super::options::BuildOptions;
use super::source::{FoundKey, PlainValue, Source, SourceText, quoted};
use crate::py::codec::coerce::{integer, other_double, sized, string_of, type_name};
use crate::py::codec::decode::new_uuid;
use crate::py::codec::keys::KeyCache;
use crate::py::codec::strict::{Direction, check};
use crate::py::codec::uuids::uuid_of;
use crate::py::error::{CodecError, Result, Segment};
use crate::py::ffi::{self, ListBuilder, Quiet};
use crate::py::structs::{
    Converted, EnumClass, Kind, Layout, Plan, PlanField, StructClass, assign,
};
use crate::wire::json::{base64, number, uuid};
use crate::wire::{Depth, ErrorKind, Nesting};

/// Turns plain data into values.
pub struct PlainReader<'s, 'py, S> {
    py: Python<'py>,
    source: &'s mut S,
    options: BuildOptions,
    depth: Depth,
    keys: KeyCache,
    quiet: Quiet<'py>,
    /// The name of the last struct that came with the result of a method and
    /// is no field of it.
    undeclared: Option<Bound<'py, PyAny>>,
}

/// What comes next in a struct.
enum NextField<'p, N> {
    /// A field, and its value.
    Field(&'p PlanField, N),
    /// A key that is no field's; its value was passed over.
    Unknown,
    /// Nothing more.
    End,
}

impl<'s, 'py, S: Source<'py>> PlainReader<'s, 'py, S> {
    /// From a source. The limits are affordable.
    pub fn new(py: Python<'py>, source: &'s mut S, options: BuildOptions, many: bool) -> Self {
        Self {
            py,
            source,
            options,
            depth: Depth::new(options.limits.depth),
            keys: KeyCache::new(),
            quiet: Quiet::new(py, many && !S::RUNS_CODE),
            undeclared: None,
        }
    }

    /// An object of a class.
    pub fn class(
        &mut self,
        class: &Bound<'py, PyType>,
        node: S::Node,
    ) -> Result<Bound<'py, PyAny>> {
        let plan = Plan::of(class)?;
        let made = match plan.get().original_layout() {
            Some(layout) => self.new_struct(plan.get(), layout, node)?,
            None => self.called(class.as_any(), node)?,
        };
        if plan.get().is_strict() {
            self.quiet.calls();
            check(plan.get(), &made, Direction::Read, self.depth)?;
        }
        Ok(made)
    }

    fn struct_value(&mut self, class: &StructClass, node: S::Node) -> Result<Bound<'py, PyAny>> {
        if let Some(plan) = class.plan_in(&mut self.quiet)?
            && let Some(layout) = plan.get().original_layout()
        {
            return self.new_struct(plan.get(), layout, node);
        }
        self.called(class.class().bind(self.py), node)
    }

    /// Fills an object of a class whose fields are slots; whether it is one.
    pub fn struct_of_object(&mut self, object: &Bound<'py, PyAny>, node: S::Node) -> Result<bool> {
        let Some(plan) = Plan::of_payload(object)? else {
            return Ok(false);
        };
        let plan = plan.get();
        let Some(slots) = plan.slots(object).filter(|_| plan.is_of(object)) else {
            return Ok(false);
        };
        self.fields(plan, node, |field, value| {
            match field.slot {
                Some(slot) => slots.set(slot, Some(value)),
                None => assign(object, field.name.bind(value.py()), value)?,
            }
            Ok(())
        })?;
        Ok(true)
    }

    /// An object that is made by calling its class.
    fn called(&mut self, class: &Bound<'py, PyAny>, node: S::Node) -> Result<Bound<'py, PyAny>> {
        if self.options.usual_only() {
            return Err(not_exact());
        }
        self.quiet.calls();
        let object = class.call0()?;
        let plan = Plan::of_object(&object)?;
        let offset = self.fields(plan.get(), node, |field, value| {
            Ok(assign(&object, field.name.bind(value.py()), value)?)
        })?;
        let all_at_once = self.options.thriftpy || plan.get().is_strict();
        let required = |field: &&PlanField| field.required && !all_at_once;
        for field in plan.get().fields().iter().filter(required) {
            if object.getattr(field.name.bind(self.py))?.is_none() {
                return Err(missing(self.py, field, offset));
            }
        }
        Ok(object)
    }

    /// An object that is allocated and filled.
    #[inline]
    fn new_struct(
        &mut self,
        plan: &Plan,
        layout: &Layout,
        node: S::Node,
    ) -> Result<Bound<'py, PyAny>> {
        let object = layout.slots().allocate(&self.quiet)?;
        if let Some(slots) = layout.slots().view_exact(object.object()) {
            let offset = self.fields(plan, node, |field, value| {
                if let Some(slot) = field.slot {
                    slots.set(slot, Some(value));
                }
                Ok(())
            })?;
            layout.fill_defaults(slots, &mut self.quiet)?;
            if !self.options.thriftpy && !plan.is_strict() {
                for field in plan.fields().iter().filter(|field| field.required) {
                    let value = field.slot.and_then(|slot| slots.get(slot));
                    if value.is_none_or(|value| value.is_none()) {
                        return Err(missing(self.py, field, offset));
                    }
                }
            }
        }
        Ok(object.finish())
    }

    /// Hands each field that comes to `store`; where the struct begins.
    pub fn fields(
        &mut self,
        plan: &Plan,
        node: S::Node,
        mut store: impl FnMut(&PlanField, Bound<'py, PyAny>) -> Result<()>,
    ) -> Result<Option<u64>> {
        let mut object = match self.source.begins_object(&node) {
            Some(object) => object,
            None => match self.source.look(node)? {
                PlainValue::Object(object) => object,
                found if self.options.given => return Err(self.mismatch("a dict", &found)),
                found => return Err(self.mismatch("an object", &found)),
            },
        };
        let offset = self.source.offset();
        self.depth.enter(Nesting::READ_STRUCT)?;
        let mut count = 0;
        let mut expected = plan.fields();
        let py = self.py;
        loop {
            // Writers keep the order of the IDL, so the next field is usually
            // the one that comes.
            let (field, node) = match self.source.field(&mut object, expected) {
                Some((position, node)) => {
                    let field = &expected[position];
                    expected = &expected[position + 1..];
                    (field, node)
                }
                None if self.source.ends_object(&object) => break,
                None => match self.other_field(plan, &mut object, &mut expected)? {
                    NextField::Field(field, node) => (field, node),
                    NextField::Unknown => continue,
                    NextField::End => break,
                },
            };
            let (depth, again) = (self.depth, node.clone());
            let value = match self.optional(&field.kind, node) {
                Ok(value) => value,
                // What is of another type is as if it had not come.
                Err(error) if self.options.skips_mistyped() && error.is_value() => {
                    self.depth = depth;
                    self.skip(again)?;
                    continue;
                }
                Err(error) => return Err(self.in_field(field, error)),
            };
            match value {
                Some(value) => {
                    count += 1;
                    store(field, value)?;
                }
                None if self.options.thriftpy => {}
                None => store(field, py.None().into_bound(py))?,
            }
        }
        if plan.is_union() && count != 1 && !self.options.thriftpy && !plan.is_strict() {
            let count = match count {
                0 => "none".to_owned(),
                count => count.to_string(),
            };
            let error = format!("expected a union with exactly one field, found {count}");
            return Err(at(CodecError::value(error), offset));
        }
        self.depth.leave();
        Ok(offset)
    }

    /// The next entry by its key, in whatever order and way it is written.
    #[inline(never)]
    fn other_field<'p>(
        &mut self,
        plan: &'p Plan,
        object: &mut S::Object,
        expected: &mut &'p [PlanField],
    ) -> Result<NextField<'p, S::Node>> {
        let py = self.py;
        let Some((key, node)) = self.source.entry(object)? else {
            return Ok(NextField::End);
        };
        let name = match key {
            FoundKey::Text(name) => name,
            FoundKey::Node(_) if self.options.any.is_some() => {
                self.skip(node)?;
                return Ok(NextField::Unknown);
            }
            FoundKey::Node(_) => {
                return Err(self.wrong("expected names of fields as keys, found another type"));
            }
        };
        let name = match name.utf8(py) {
            Ok(utf8) => utf8,
            Err(_) if self.options.any.is_some() => &[],
            Err(error) => return Err(error),
        };
        let is = |field: &PlanField| {
            let known = field.idl_name.bind(py);
            ffi::exact_utf8(known.as_any()) == Some(name)
        };
        if let Some(position) = expected.iter().position(is) {
            let field = &expected[position];
            *expected = &expected[position + 1..];
            return Ok(NextField::Field(field, node));
        }
        let known = plan.fields().iter().position(is);
        // What comes twice counts as it came last.
        if self.options.usual_only() && (known.is_some() || plan.is_result()) {
            return Err(not_exact());
        }
        match known {
            Some(position) => {
                *expected = &plan.fields()[position + 1..];
                Ok(NextField::Field(&plan.fields()[position], node))
            }
            None if self.options.ignore_unknown => {
                if plan.is_result() {
                    self.note_undeclared(name, node.clone())?;
                }
                self.skip(node)?;
                Ok(NextField::Unknown)
            }
            None => Err(self.unknown(plan, name)),
        }
    }

    /// A value, or none.
    #[inline]
    fn optional(&mut self, kind: &Kind, node: S::Node) -> Result<Option<Bound<'py, PyAny>>> {
        if S::RUNS_CODE && self.options.any.is_some() {
            return match self.source.peek_null(node)? {
                None => Ok(None),
                Some(node) => self.value(kind, node).map(Some),
            };
        }
        let longest = self.options.limits.string;
        if let Some(value) = self.source.scalar(&node, kind, &self.quiet, longest) {
            return Ok(Some(value));
        }
        // The source knows what comes, and structs look for themselves.
        match kind {
            Kind::Struct(class) => match self.source.peek_null(node)? {
                None => Ok(None),
                Some(node) => self.struct_value(class, node).map(Some),
            },
            kind => match self.source.look(node)? {
                PlainValue::Null => Ok(None),
                found => self.found(kind, found).map(Some),
            },
        }
    }

    /// A value of a kind.
    #[inline]
    pub fn value(&mut self, kind: &Kind, node: S::Node) -> Result<Bound<'py, PyAny>> {
        let longest = self.options.limits.string;
        if let Some(value) = self.source.scalar(&node, kind, &self.quiet, longest) {
            return Ok(value);
        }
        if S::RUNS_CODE && self.options.any.is_some() {
            return self.general(kind, node);
        }
        match kind {
            Kind::Struct(class) => self.struct_value(class, node),
            kind => {
                let found = self.source.look(node)?;
                self.found(kind, found)
            }
        }
    }

    /// The value that plain data stands for.
    #[inline]
    fn found(&mut self, kind: &Kind, found: PlainValue<'py, S>) -> Result<Bound<'py, PyAny>> {
        match (kind, found) {
            (Kind::String, PlainValue::Text(text)) => self.text(&text),
            (Kind::I32(_) | Kind::I64 | Kind::I16 | Kind::I8, PlainValue::Integer(value)) => {
                self.integer(kind, value)
            }
            (Kind::Bool, PlainValue::Bool(value)) => {
                Ok(PyBool::new(self.py, value).to_owned().into_any())
            }
            (Kind::Double, PlainValue::Double(value)) => self.double(value),
            #[expect(clippy::cast_precision_loss, reason = "a double is what is asked for")]
            (Kind::Double, PlainValue::Integer(value)) => self.double(value as f64),
            (Kind::List(element) | Kind::Array(element), found) => self.list(element, found),
            (Kind::Set(element), found) => self.set(element, found),
            (Kind::Map(entry), found) => self.map(&entry.0, &entry.1, found),
            (Kind::Converted(converted), found) => {
                let read = self.found(&converted.kind, found)?;
                self.converted(converted, read)
            }
            (kind, found) => self.rare(kind, found),
        }
    }

    /// What is made of a value that was read.
    #[inline(never)]
    fn converted(
        &mut self,
        converted: &Converted,
        read: Bound<'py, PyAny>,
    ) -> Result<Bound<'py, PyAny>> {
        if converted.runs_code() {
            self.quiet.calls();
        }
        Ok(converted.convert(read)?)
    }

    #[inline(never)]
    fn rare(&mut self, kind: &Kind, found: PlainValue<'py, S>) -> Result<Bound<'py, PyAny>> {
        let py = self.py;
        if self.options.usual_only()
            && !matches!((kind, &found), (Kind::Binary, PlainValue::Text(_)))
        {
            return Err(not_exact());
        }
        match (kind, found) {
            (Kind::I32(Some(class)), PlainValue::Text(text)) => self.enum_name(class, &text),
            (kind, PlainValue::Double(value))
                if kind.is_integer() && number::whole(value).is_some() =>
            {
                self.integer(kind, number::whole(value).unwrap_or_default())
            }
            (kind, PlainValue::Large(_)) if kind.is_integer() => {
                Err(self.wrong(&out_of_range(kind, "a larger number")))
            }
            (kind, PlainValue::Other(value)) if kind.is_integer() => {
                let number = integer(&value)?;
                self.integer(kind, number)
            }
            (Kind::Double, PlainValue::Large(value)) if value.is_finite() => self.double(value),
            (Kind::Double, PlainValue::Other(value)) => {
                let number = other_double(&value)?;
                self.double(number)
            }
            (Kind::Bool, PlainValue::Other(value)) => {
                let found = PlainValue::Other(value);
                Err(self.mismatch("true or false", &found))
            }
            (Kind::Binary, PlainValue::Text(text)) => {
                let text = text.utf8(py)?;
                self.base64(text)
            }
            (Kind::Binary, PlainValue::Bytes(value) | PlainValue::Other(value)) => {
                let bytes = self.bytes_of(&value)?;
                self.check_size(bytes.as_bytes().len())?;
                Ok(bytes.into_any())
            }
            (Kind::String, PlainValue::Other(value)) => {
                let text = string_of("a str", &value)?;
                match text.cast::<PyString>() {
                    Ok(text) => self.text_of_python(text),
                    Err(_) => self.text_of_bytes(&text),
                }
            }
            (Kind::String, PlainValue::Bytes(value)) => {
                let bytes = self.bytes_of(&value)?;
                self.text_of_bytes(bytes.as_any())
            }
            (Kind::Uuid, PlainValue::Text(text)) => {
                let utf8 = text.utf8(py)?;
                match uuid::parse(utf8) {
                    Some(value) => {
                        self.quiet.calls();
                        Ok(new_uuid(py, value)?)
                    }
                    None => Err(self.wrong(&format!("expected a uuid, found {}", quoted(utf8)))),
                }
            }
            (Kind::Uuid, PlainValue::Other(value)) => {
                let bytes = uuid_of(&value)?;
                Ok(new_uuid(py, bytes)?)
            }
            (kind, found) => Err(self.mismatch(expected(kind), &found)),
        }
    }

    #[inline]
    fn text(&mut self, text: &S::FoundText) -> Result<Bound<'py, PyAny>> {
        self.check_size(text.utf8(self.py)?.len())?;
        text.to_python(self.py)
    }

    fn text_of_python(&mut self, text: &Bound<'py, PyString>) -> Result<Bound<'py, PyAny>> {
        self.check_size(SourceText::utf8(text, self.py)?.len())?;
        SourceText::to_python(text, self.py)
    }

    fn text_of_bytes(&mut self, bytes: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        let bytes = bytes.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes();
        self.check_size(bytes.len())?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(PyString::new(self.py, text).into_any()),
            Err(_) => Err(self.wrong("expected a text, found bytes that are not UTF-8")),
        }
    }

    fn bytes_of(&mut self, value: &Bound<'py, PyAny>) -> Result<Bound<'py, PyBytes>> {
        if let Ok(bytes) = value.cast_exact::<PyBytes>() {
            return Ok(bytes.clone());
        }
        let found = string_of("bytes", value)?;
        if let Ok(text) = found.cast::<PyString>() {
            let utf8 = SourceText::utf8(text, self.py)?;
            return Ok(PyBytes::new(self.py, utf8));
        }
        Ok(PyBytes::new(
            self.py,
            found.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes(),
        ))
    }

    fn base64(&mut self, text: &[u8]) -> Result<Bound<'py, PyAny>> {
        self.check_size(base64::decoded_size(text))?;
        if self.options.thriftpy && !text.len().is_multiple_of(4) {
            return Err(not_exact());
        }
        let mut is_base64 = false;
        if let Some(size) = base64::exact_size(text) {
            let bytes = PyBytes::new_with(self.py, size, |bytes| {
                is_base64 = base64::decode_to(text, bytes);
                Ok(())
            })?;
            if is_base64 {
                return Ok(bytes.into_any());
            }
        }
        Err(self.wrong(&format!("expected base64, found {}", quoted(text))))
    }

    #[inline]
    fn integer(&mut self, kind: &Kind, value: i64) -> Result<Bound<'py, PyAny>> {
        if !kind.has_integer(value) {
            return Err(self.wrong(&out_of_range(kind, &value.to_string())));
        }
        Ok(self.quiet.int(value))
    }

    #[inline]
    fn double(&mut self, value: f64) -> Result<Bound<'py, PyAny>> {
        if !value.is_finite() && !self.options.nan {
            return Err(self
                .wrong("expected a number, found NaN or an infinity; allow_nan=True takes them"));
        }
        Ok(PyFloat::new(self.py, value).into_any())
    }

    fn enum_name(&mut self, class: &EnumClass, text: &S::FoundText) -> Result<Bound<'py, PyAny>> {
        let name = text.to_python(self.py)?;
        let name = name.cast::<PyString>().map_err(PyErr::from)?;
        if let Some(value) = class.value_of(name)? {
            Ok(self.quiet.int(value.into()))
        } else {
            let found = quoted(text.utf8(self.py)?);
            let expected = "the name or number of an enum's value";
            Err(self.wrong(&format!("expected {expected}, found {found}")))
        }
    }

    // On its own, for `value` calls itself through it: its frame is needed at
    // every level of nesting.
    #[inline(never)]
    fn list(&mut self, kind: &Kind, found: PlainValue<'py, S>) -> Result<Bound<'py, PyAny>> {
        const MOST: usize = 1 << 16;
        let mut list = match found {
            PlainValue::List(list) => list,
            PlainValue::Other(value) => return self.other_list(kind, &value),
            found => return Err(self.mismatch("a list", &found)),
        };
        self.depth.enter(Nesting::READ_CONTAINER)?;
        let mut items = ListBuilder::new(&self.quiet, self.source.count(&list).min(MOST))?;
        let mut index = 0;
        while let Some(node) = self.source.item(&mut list)? {
            match self.value(kind, node) {
                Ok(item) => items.push(item)?,
                Err(error) => return Err(self.inside(error, Segment::Index(index))),
            }
            index += 1;
        }
        self.depth.leave();
        Ok(items.finish())
    }

    #[cold]
    fn other_list(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        let (length, items) = sized(value, false)?;
        let items = items.take(length).collect::<PyResult<Vec<_>>>()?;
        let list = PyList::new(self.py, items)?;
        match S::of_python(list.into_any()) {
            Some(node) => self.value_of_list(kind, node),
            None => Err(self.mismatch("a list", &PlainValue::Other(value.clone()))),
        }
    }

    fn value_of_list(&mut self, kind: &Kind, node: S::Node) -> Result<Bound<'py, PyAny>> {
        let found = self.source.look(node)?;
        self.list(kind, found)
    }

    /// A set, which is a list in Python: without what comes twice.
    fn set(&mut self, kind: &Kind, found: PlainValue<'py, S>) -> Result<Bound<'py, PyAny>> {
        let list = self.list(kind, found)?;
        if !has_text(kind) || self.options.thriftpy {
            return Ok(list);
        }
        let seen = PySet::empty(self.py)?;
        let distinct = PyList::empty(self.py);
        for item in list.try_iter()? {
            let item = item?;
            let before = seen.len();
            seen.add(&item)?;
            if seen.len() > before {
                distinct.append(item)?;
            }
        }
        Ok(distinct.into_any())
    }

    /// Passes over a value, within the limits.
    pub fn skip(&mut self, node: S::Node) -> Result<()> {
        if self.options.any.is_some() {
            return self.skip_any(node);
        }
        match self.source.look(node)? {
            // It may have more digits than Python reads.
            PlainValue::Large(_) if self.options.thriftpy => Err(not_exact()),
            PlainValue::Text(text) => self.check_size(text.utf8(self.py)?.len()),
            PlainValue::List(mut list) => {
                self.depth.enter(Nesting::SKIP_CONTAINER)?;
                while let Some(node) = self.source.item(&mut list)? {
                    self.skip(node)?;
                }
                self.depth.leave();
                Ok(())
            }
            PlainValue::Object(mut object) => {
                self.depth.enter(Nesting::SKIP_CONTAINER)?;
                while let Some((_, node)) = self.source.entry(&mut object)? {
                    self.skip(node)?;
                }
                self.depth.leave();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    #[inline]
    fn check_size(&self, size: usize) -> Result<()> {
        if size <= self.options.limits.string {
            return Ok(());
        }
        Err(self.too_long(size))
    }

    #[cold]
    fn too_long(&self, size: usize) -> CodecError {
        let kind = ErrorKind::SizeLimit {
            what: "string",
            size: size as u64,
            limit: self.options.limits.string as u64,
        };
        at(
            CodecError::from(crate::wire::Error::from(kind)),
            self.source.offset(),
        )
    }

    /// A value that is wrong, at the place that was looked at last.
    #[cold]
    fn wrong(&self, reason: &str) -> CodecError {
        at(CodecError::value(reason), self.source.offset())
    }

    #[cold]
    fn mismatch(&self, expected: &str, found: &PlainValue<'py, S>) -> CodecError {
        let found = match found {
            PlainValue::Null => S::NULL.to_owned(),
            PlainValue::Bool(true) => "true".to_owned(),
            PlainValue::Bool(false) => "false".to_owned(),
            PlainValue::Integer(value) => value.to_string(),
            PlainValue::Large(_) => "a larger number".to_owned(),
            PlainValue::Double(value) => value.to_string(),
            PlainValue::Text(text) => match text.utf8(self.py) {
                Ok(text) => quoted(text),
                Err(_) => "a text".to_owned(),
            },
            PlainValue::Bytes(_) => "bytes".to_owned(),
            PlainValue::List(_) => "a list".to_owned(),
            PlainValue::Object(_) => "an object".to_owned(),
            PlainValue::Other(value) => type_name(value),
        };
        self.wrong(&format!("expected {expected}, found {found}"))
    }

    #[cold]
    fn unknown(&self, plan: &Plan, name: &[u8]) -> CodecError {
        const MOST: usize = 20;
        let names: Vec<_> = plan
            .fields()
            .iter()
            .map(|field| field.idl_name.bind(self.py).to_string())
            .collect();
        let known = names[..names.len().min(MOST)].join(", ");
        let more = if names.len() > MOST { ", ..." } else { "" };
        let error = self.wrong(&format!(
            "unknown field, expected one of: {known}{more}; unknown=\"ignore\" passes over it"
        ));
        let name = String::from_utf8_lossy(name);
        let name: String = name.chars().take(100).collect();
        error.inside(Segment::Field(PyString::new(self.py, &name).unbind()))
    }

    #[cold]
    fn in_field(&self, field: &PlanField, error: CodecError) -> CodecError {
        self.inside(error, Segment::Field(field.idl_name.clone_ref(self.py)))
    }

    #[cold]
    fn inside(&self, error: CodecError, segment: Segment) -> CodecError {
        at(error, self.source.offset()).inside(segment)
    }
}

#[cold]
fn at(error: CodecError, offset: Option<u64>) -> CodecError {
    match offset {
        Some(offset) => error.at(offset),
        None => error,
    }
}

/// For what thriftpy2's JSON protocol has ideas of its own.
#[cold]
fn not_exact() -> CodecError {
    CodecError::value("of another type than the usual one")
}

#[cold]
fn missing(py: Python<'_>, field: &PlanField, offset: Option<u64>) -> CodecError {
    let error = CodecError::value("expected a value of this required field, found none");
    at(error, offset).inside(Segment::Field(field.idl_name.clone_ref(py)))
}

#[cold]
fn out_of_range(kind: &Kind, found: &str) -> String {
    format!("expected an integer of {} bits, found {found}", kind.bits())
}

fn expected(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "true or false",
        Kind::I8 | Kind::I16 | Kind::I32(None) | Kind::I64 => "an integer",
        Kind::I32(Some(_)) => "the name or number of an enum's value",
        Kind::Double => "a number",
        Kind::String => "a text",
        Kind::Binary => "base64",
        Kind::Uuid => "a uuid",
        Kind::List(_) | Kind::Array(_) | Kind::Set(_) => "a list",
        Kind::Struct(_) | Kind::Map(_) => "an object",
        Kind::Converted(converted) => expected(&converted.kind),
    }
}
