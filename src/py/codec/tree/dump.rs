//! From values to plain data: a walk of a plan.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyFrozenSet, PyList, PySet, PyString, PyTuple};

mod general;

use super::options::DumpOptions;
use super::sink::{Key, ListForm, Sink};
use crate::py::codec::coerce::{
    answer_of, attribute, integer, narrow, not_a, other_double, plan_of_struct, sized, string_of,
    truth, utf8_of,
};
use crate::py::codec::encode::{changed_size, field_error, same_size};
use crate::py::codec::strict::{Direction, check, not_one_set};
use crate::py::codec::unknown::UnknownFields;
use crate::py::codec::uuids;
use crate::py::error::{CodecError, Result, Segment};
use crate::py::ffi::{self, DictEntries, Quiet, ScalarKind};
use crate::py::structs::{EnumClass, Kind, Plan, PlanField, StructClass, Within};
use crate::wire::json::number::Digits;
use crate::wire::json::{base64, shortest};
use crate::wire::{Depth, ErrorKind, Nesting};

/// Turns values into plain data.
pub struct PlainWriter<'py, S> {
    py: Python<'py>,
    sink: S,
    options: DumpOptions,
    depth: Depth,
    /// Whether what is written is in a set of Python, where it has to have a hash.
    hashed: bool,
}

impl<'py, S: Sink<'py>> PlainWriter<'py, S> {
    /// To a sink. The limits are affordable.
    pub fn new(py: Python<'py>, sink: S, options: DumpOptions) -> Self {
        Self {
            py,
            sink,
            options,
            depth: Depth::new(options.limits.depth),
            hashed: false,
        }
    }

    /// A struct by its own plan, whatever kind of object it is.
    pub fn struct_of_any(&mut self, object: &Bound<'py, PyAny>) -> Result<S::Written> {
        let plan = plan_of_struct(object)?;
        check(plan.get(), object, Direction::Written, self.depth)?;
        self.struct_of_object(plan.get(), object)
    }

    fn struct_value(
        &mut self,
        class: &StructClass,
        value: &Bound<'py, PyAny>,
    ) -> Result<S::Written> {
        if let Some(plan) = class.plan(self.py)?
            && plan.get().is_of(value)
        {
            return self.struct_of_object(plan.get(), value);
        }
        if self.options.usual_only() {
            return Err(not_exact());
        }
        // Where it is strict it was looked at with what it is in.
        let plan = plan_of_struct(value)?;
        self.struct_of_object(plan.get(), value)
    }

    /// A struct by the plan that was found for it.
    pub fn struct_of_object(
        &mut self,
        plan: &Plan,
        object: &Bound<'py, PyAny>,
    ) -> Result<S::Written> {
        if plan.keeping().is_some() && self.options.thriftpy {
            check_keeps_nothing(object)?;
        }
        let slots = plan.slots(object);
        self.struct_by_fields(plan, |field| match (field.slot, slots) {
            (Some(slot), Some(slots)) => Ok(slots.get(slot)),
            _ => attribute(object, field),
        })
    }

    /// A struct whose values come from `value_of`, object or not.
    #[inline]
    pub fn struct_by_fields(
        &mut self,
        plan: &Plan,
        value_of: impl Fn(&PlanField) -> Result<Option<Bound<'py, PyAny>>>,
    ) -> Result<S::Written> {
        self.depth.enter(Nesting::WRITE_STRUCT)?;
        let mut node = self.sink.object();
        let mut count = 0;
        for field in plan.fields() {
            let Some(value) = value_of(field)?.filter(|value| !value.is_none()) else {
                if self.options.nulls {
                    self.sink.field(&mut node, field)?;
                    let null = self.sink.null();
                    self.sink.entry(&mut node, null)?;
                }
                continue;
            };
            count += 1;
            self.sink.field(&mut node, field)?;
            match self.value(&field.kind, &value) {
                Ok(value) => self.sink.entry(&mut node, value)?,
                Err(error) => return Err(field_error(plan, field, value, error)),
            }
        }
        if plan.is_union() && count != 1 && !self.options.thriftpy {
            return Err(CodecError::value(not_one_set(count)));
        }
        self.depth.leave();
        Ok(self.sink.end_object(node))
    }

    /// A value by its kind.
    #[inline]
    pub fn value(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<S::Written> {
        if self.options.any && (matches!(kind, Kind::Set(_)) || !is_exact(kind, value)) {
            return self.general(kind, value);
        }
        if self.options.usual_only() && !is_exact(kind, value) {
            return Err(not_exact());
        }
        match kind {
            Kind::String => self.string(value),
            Kind::I32(None) => self.sink.integer(narrow::<i32>(value)?.into()),
            Kind::I64 => self.sink.integer(integer(value)?),
            Kind::Struct(class) => self.struct_value(class, value),
            Kind::I32(Some(class)) => self.enumeration(class, value),
            Kind::Bool => Ok(self.sink.bool(truth(value)?)),
            Kind::Double => {
                let value = self.checked_double(value)?;
                Ok(self.sink.double(value))
            }
            Kind::I16 => self.sink.integer(narrow::<i16>(value)?.into()),
            Kind::I8 => self.sink.integer(narrow::<i8>(value)?.into()),
            Kind::Binary => self.binary(value),
            Kind::Uuid => uuids::with_text(value, |text| Ok(self.sink.plain(text))),
            Kind::List(element) | Kind::Array(element) => self.list(element, value),
            Kind::Set(element) => self.set(element, value),
            Kind::Map(entry) => self.map(&entry.0, &entry.1, value),
            Kind::Converted(converted) => self.value(&converted.kind, value),
        }
    }

    fn checked_double(&self, value: &Bound<'py, PyAny>) -> Result<f64> {
        let value = match value.cast_exact::<PyFloat>() {
            Ok(value) => value.value(),
            Err(_) => other_double(value)?,
        };
        if !self.options.nan && !value.is_finite() {
            return Err(CodecError::value(
                "JSON has no NaN and no infinities: allow_nan=True writes them as words",
            ));
        }
        Ok(value)
    }

    fn enumeration(&mut self, class: &EnumClass, value: &Bound<'py, PyAny>) -> Result<S::Written> {
        let number = narrow::<i32>(value)?;
        if self.options.enum_names
            && let Some(name) = class.name_of(self.py, number)?
        {
            return Ok(self.sink.text(&name, name.to_str()?));
        }
        self.sink.integer(number.into())
    }

    #[inline]
    fn string(&mut self, value: &Bound<'py, PyAny>) -> Result<S::Written> {
        if let Ok(text) = value.cast::<PyString>() {
            if self.options.any && text.to_str().is_err() {
                return self.text_with_halves(text);
            }
            let utf8 = self.utf8(text)?;
            Ok(self.sink.text(text, utf8))
        } else {
            let text = self.other_text(value)?;
            self.string(&text)
        }
    }

    #[inline]
    fn utf8<'a>(&self, text: &'a Bound<'py, PyString>) -> Result<&'a str> {
        let utf8 = utf8_of(text)?;
        self.check_size(utf8.len())?;
        Ok(utf8)
    }

    /// The text of bytes, or of what stands for a text.
    #[cold]
    fn other_text(&self, value: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        let found = match value.cast::<PyBytes>() {
            Ok(_) => value.clone(),
            Err(_) => string_of("a str", value)?,
        };
        match found.cast::<PyBytes>() {
            Ok(bytes) => match std::str::from_utf8(bytes.as_bytes()) {
                Ok(text) => Ok(PyString::new(self.py, text).into_any()),
                Err(_) => Err(CodecError::value(
                    "bytes that are not UTF-8: a field of type binary may have them",
                )),
            },
            Err(_) => Ok(found),
        }
    }

    fn check_size(&self, size: usize) -> Result<()> {
        let limit = self.options.limits.string;
        if size <= limit {
            return Ok(());
        }
        Err(CodecError::from(crate::wire::Error::from(
            ErrorKind::SizeLimit {
                what: "string",
                size: size as u64,
                limit: limit as u64,
            },
        )))
    }

    /// Shows `look` the bytes of a value of type `binary`.
    fn with_bytes<T>(
        &mut self,
        value: &Bound<'py, PyAny>,
        look: impl FnOnce(&mut Self, &[u8]) -> T,
    ) -> Result<T> {
        if let Ok(text) = value.cast::<PyString>() {
            let utf8 = self.utf8(text)?;
            return Ok(look(self, utf8.as_bytes()));
        }
        let found = match value.cast::<PyBytes>() {
            Ok(_) => value.clone(),
            Err(_) => string_of("bytes", value)?,
        };
        if let Ok(text) = found.cast::<PyString>() {
            let utf8 = self.utf8(text)?;
            return Ok(look(self, utf8.as_bytes()));
        }
        let bytes = found.cast::<PyBytes>().map_err(|_| not_a("bytes", value))?;
        self.check_size(bytes.as_bytes().len())?;
        Ok(look(self, bytes.as_bytes()))
    }

    fn binary(&mut self, value: &Bound<'py, PyAny>) -> Result<S::Written> {
        self.with_bytes(value, |this, bytes| {
            if this.options.base64 {
                this.base64(bytes)
            } else {
                this.sink.bytes(bytes)
            }
        })
    }

    fn base64(&mut self, bytes: &[u8]) -> S::Written {
        let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
        base64::encode(bytes, |piece| text.extend_from_slice(piece));
        self.sink.plain(ascii(&text))
    }

    // On its own, for `value` calls itself through it: its frame is needed at
    // every level of nesting.
    #[inline(never)]
    fn list(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<S::Written> {
        self.depth.enter(Nesting::WRITE_CONTAINER)?;
        let mut list = self.sink.list(if self.hashed {
            ListForm::Tuple
        } else {
            ListForm::List
        })?;
        let mut count = 0;
        let (length, end) = if let Ok(items) = value.cast_exact::<PyList>() {
            let length = items.len();
            for item in items {
                self.item(kind, &mut list, &item, count)?;
                count += 1;
            }
            (length, items.len())
        } else if let Ok(items) = value.cast_exact::<PyTuple>() {
            for item in items {
                self.item(kind, &mut list, &item, count)?;
                count += 1;
            }
            (count, count)
        } else {
            let (length, items) = sized(value, false)?;
            for item in items {
                if count == length {
                    return Err(changed_size());
                }
                self.item(kind, &mut list, &item?, count)?;
                count += 1;
            }
            (length, length)
        };
        same_size(length, count)?;
        same_size(length, end)?;
        self.depth.leave();
        Ok(self.sink.end_list(list))
    }

    #[inline]
    fn item(
        &mut self,
        kind: &Kind,
        list: &mut S::OpenList,
        item: &Bound<'py, PyAny>,
        index: usize,
    ) -> Result<()> {
        self.sink.before_item(list);
        let added = self
            .value(kind, item)
            .and_then(|node| self.sink.item(list, node));
        match added {
            Ok(()) => Ok(()),
            Err(error) => Err(error.inside(Segment::Index(index))),
        }
    }

    /// A set. One that is given as a list may hold an element twice: the first
    /// of them counts, where Python can tell.
    #[inline(never)]
    fn set(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<S::Written> {
        self.depth.enter(Nesting::WRITE_CONTAINER)?;
        let is_hashed = self.hashed;
        let mut set = self.sink.list(if !self.options.sets || !has_hash(kind) {
            ListForm::List
        } else if std::mem::replace(&mut self.hashed, true) {
            ListForm::FrozenSet
        } else {
            ListForm::Set
        })?;
        let is_set = value.is_instance_of::<PySet>() || value.is_instance_of::<PyFrozenSet>();
        let seen = (!is_set && is_scalar(kind))
            .then(|| PySet::empty(self.py))
            .transpose()?;
        let (length, items) = sized(value, false)?;
        let mut count = 0;
        for item in items {
            let item = item?;
            if count == length {
                return Err(changed_size());
            }
            let is_new = match &seen {
                Some(seen) => {
                    let before = seen.len();
                    // What has no hash is no value of a scalar type, and
                    // refused as such.
                    seen.add(&item).is_err() || seen.len() > before
                }
                None => true,
            };
            if is_new {
                self.item(kind, &mut set, &item, count)?;
            }
            count += 1;
        }
        same_size(length, count)?;
        self.depth.leave();
        self.hashed = is_hashed;
        Ok(self.sink.end_list(set))
    }

    #[inline(never)]
    fn map(&mut self, key: &Kind, value: &Kind, map: &Bound<'py, PyAny>) -> Result<S::Written> {
        self.depth.enter(Nesting::WRITE_CONTAINER)?;
        let node = if self.options.thriftpy {
            let mut list = self.sink.list(ListForm::List)?;
            self.each_entry(map, |this, k, v| {
                this.map_entry(&mut list, key, value, (k, v))
            })?;
            self.sink.end_list(list)
        } else if has_text(key) {
            let mut object = self.sink.object();
            self.each_entry(map, |this, k, v| {
                this.key(key, &mut object, k)?;
                let node = this.value(value, v)?;
                this.sink.entry(&mut object, node)
            })?;
            self.sink.end_object(object)
        } else {
            let mut list = self.sink.list(ListForm::List)?;
            self.each_entry(map, |this, k, v| {
                this.sink.before_item(&mut list);
                let mut pair = this.sink.list(ListForm::List)?;
                this.sink.before_item(&mut pair);
                let node = this.value(key, k)?;
                this.sink.item(&mut pair, node)?;
                this.sink.before_item(&mut pair);
                let node = this.value(value, v)?;
                this.sink.item(&mut pair, node)?;
                let pair = this.sink.end_list(pair);
                this.sink.item(&mut list, pair)
            })?;
            self.sink.end_list(list)
        };
        self.depth.leave();
        Ok(node)
    }

    /// Adds an entry of a map, an object with a `key` and a `value`.
    #[inline]
    fn map_entry(
        &mut self,
        list: &mut S::OpenList,
        key: &Kind,
        value: &Kind,
        (k, v): (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
    ) -> Result<()> {
        self.sink.before_item(list);
        let mut entry = self.sink.object();
        self.sink.key(&mut entry, Key::Plain("key"))?;
        let node = self.value(key, k)?;
        self.sink.entry(&mut entry, node)?;
        self.sink.key(&mut entry, Key::Plain("value"))?;
        let node = self.value(value, v)?;
        self.sink.entry(&mut entry, node)?;
        let entry = self.sink.end_object(entry);
        self.sink.item(list, entry)
    }

    /// Calls `entry` with each key and value of a dict, or of what has `items`
    /// or the `keys` that `dict()` asks for.
    #[inline]
    fn each_entry(
        &mut self,
        map: &Bound<'py, PyAny>,
        mut entry: impl FnMut(&mut Self, &Bound<'py, PyAny>, &Bound<'py, PyAny>) -> Result<()>,
    ) -> Result<()> {
        let copied;
        let dict = if let Ok(dict) = map.cast_exact::<PyDict>() {
            dict
        } else {
            copied = copied_dict(map)?;
            &copied
        };
        let mut count = 0;
        for (key, value) in DictEntries::new(dict) {
            if let Err(error) = entry(self, &key, &value) {
                return Err(error.inside(Segment::of_key(&key)));
            }
            count += 1;
        }
        same_size(dict.len(), count)
    }

    fn key(
        &mut self,
        kind: &Kind,
        object: &mut S::OpenObject,
        key: &Bound<'py, PyAny>,
    ) -> Result<()> {
        match kind {
            Kind::String => {
                if let Ok(text) = key.cast::<PyString>() {
                    self.utf8(text)?;
                    return self.sink.key(object, Key::Text(text));
                }
                let text = self.other_text(key)?;
                let text = text.cast::<PyString>().map_err(|_| not_a("a str", key))?;
                return self.sink.key(object, Key::Text(text));
            }
            Kind::I32(Some(class)) if self.options.enum_names => {
                if let Some(name) = class.name_of(self.py, narrow(key)?)? {
                    return self.sink.key(object, Key::Text(&name));
                }
            }
            Kind::Converted(converted) => return self.key(&converted.kind, object, key),
            Kind::Uuid => {
                return uuids::with_text(key, |text| self.sink.key(object, Key::Plain(text)));
            }
            Kind::Binary if self.options.base64 => {
                let mut text = Vec::new();
                self.with_bytes(key, |_, bytes| {
                    base64::encode(bytes, |piece| text.extend_from_slice(piece));
                })?;
                return self.sink.key(object, Key::Plain(ascii(&text)));
            }
            Kind::Bool
            | Kind::I8
            | Kind::I16
            | Kind::I32(_)
            | Kind::I64
            | Kind::Double
            | Kind::Binary
            | Kind::Struct(_)
            | Kind::List(_)
            | Kind::Array(_)
            | Kind::Set(_)
            | Kind::Map(_) => {}
        }
        if !self.options.text_keys {
            return self.own_key(kind, object, key);
        }
        let number = match kind.scalar() {
            ScalarKind::Bool => {
                let text = if truth(key)? { "true" } else { "false" };
                return self.sink.key(object, Key::Plain(text));
            }
            ScalarKind::Double => {
                let value = self.checked_double(key)?;
                let mut key = Ok(());
                shortest::format(value, |text| {
                    key = self.sink.key(object, Key::Plain(ascii(text)));
                });
                return key;
            }
            ScalarKind::Bytes => {
                let text = self.with_bytes(key, |_, bytes| {
                    let mut text = Vec::new();
                    base64::encode(bytes, |piece| text.extend_from_slice(piece));
                    text
                })?;
                return self.sink.key(object, Key::Plain(ascii(&text)));
            }
            whole => whole_key(whole, key)?,
        };
        let digits = Digits::of(number);
        self.sink.key(object, Key::Plain(ascii(digits.as_bytes())))
    }

    /// A key as it is, for a dict.
    fn own_key(
        &mut self,
        kind: &Kind,
        object: &mut S::OpenObject,
        key: &Bound<'py, PyAny>,
    ) -> Result<()> {
        let py = self.py;
        let own = match kind.scalar() {
            ScalarKind::Bool => pyo3::types::PyBool::new(py, truth(key)?)
                .to_owned()
                .into_any(),
            ScalarKind::Double => PyFloat::new(py, self.checked_double(key)?).into_any(),
            ScalarKind::Bytes => self
                .with_bytes(key, |_, bytes| PyBytes::new(py, bytes))?
                .into_any(),
            whole => Quiet::new(py, false).int(whole_key(whole, key)?),
        };
        self.sink.key(object, Key::Own(own))
    }
}

/// A key that is a whole number, or is taken for one.
fn whole_key(kind: ScalarKind, key: &Bound<'_, PyAny>) -> Result<i64> {
    match kind {
        ScalarKind::I8 => Ok(narrow::<i8>(key)?.into()),
        ScalarKind::I16 => Ok(narrow::<i16>(key)?.into()),
        ScalarKind::I64 => integer(key),
        ScalarKind::I32
        | ScalarKind::Bool
        | ScalarKind::Double
        | ScalarKind::Str
        | ScalarKind::Bytes
        | ScalarKind::Other => Ok(narrow::<i32>(key)?.into()),
    }
}

/// Whether a value is of the very type that Python has for its kind. Structs
/// are known by their plan.
fn is_exact(kind: &Kind, value: &Bound<'_, PyAny>) -> bool {
    match kind {
        Kind::String => value.is_exact_instance_of::<PyString>(),
        Kind::I8 | Kind::I16 | Kind::I32(_) | Kind::I64 => ffi::exact_i64(value).is_some(),
        Kind::Double => value.is_exact_instance_of::<PyFloat>(),
        Kind::Bool => value.is_exact_instance_of::<pyo3::types::PyBool>(),
        Kind::Binary => value.is_exact_instance_of::<PyBytes>(),
        Kind::Uuid => false,
        // What is made of another kind is looked at as that.
        Kind::Struct(_) | Kind::Converted(_) => true,
        Kind::List(_) | Kind::Array(_) => {
            value.is_exact_instance_of::<PyList>() || value.is_exact_instance_of::<PyTuple>()
        }
        Kind::Set(element) => {
            // What is equal is written once, and a double may equal nothing.
            let is_simple = is_scalar(element) && !matches!(**element, Kind::Double);
            value.is_exact_instance_of::<PySet>()
                || value.is_exact_instance_of::<PyFrozenSet>()
                || (is_simple && value.is_exact_instance_of::<PyList>())
        }
        Kind::Map(_) => value.is_exact_instance_of::<PyDict>(),
    }
}

/// Refuses an object that keeps fields without names, for a protocol that has
/// nothing else.
fn check_keeps_nothing(object: &Bound<'_, PyAny>) -> Result<()> {
    let Some(kept) = UnknownFields::of(object)? else {
        return Ok(());
    };
    let id = kept.get().fields().first().map_or(0, |field| field.id);
    Err(CodecError::value(format!(
        "{} keeps the unknown field {id}, and this protocol needs the names of fields; write it in \
         the protocol in which it came",
        object.get_type().name()?
    )))
}

#[cold]
fn not_exact() -> CodecError {
    CodecError::value("of another type than the usual one")
}

/// Whether Python can hash the plain data of a type, with tuples for lists: not dicts,
/// nor what has them in it.
fn has_hash(kind: &Kind) -> bool {
    match kind.within() {
        Within::Nothing => true,
        Within::Elements(element) => has_hash(element),
        Within::Struct(_) | Within::Entries(..) => false,
    }
}

fn is_scalar(kind: &Kind) -> bool {
    !matches!(kind.scalar(), ScalarKind::Other)
}

/// Whether keys of a type can be text.
pub fn has_text(kind: &Kind) -> bool {
    is_scalar(kind) || matches!(kind, Kind::Uuid)
}

fn copied_dict<'py>(map: &Bound<'py, PyAny>) -> Result<Bound<'py, PyDict>> {
    let py = map.py();
    let dict = PyDict::new(py);
    let items = map.getattr_opt(intern!(py, "items"))?;
    let source = match &items {
        Some(items) => items.call0(),
        None => map.call_method0(intern!(py, "keys")),
    };
    let length = answer_of(map, "a dict", map.len())?;
    let entries = answer_of(map, "a dict", source.and_then(|source| source.try_iter()))?;
    let mut count = 0;
    for entry in entries {
        let entry = entry?;
        if count == length {
            return Err(changed_size());
        }
        count += 1;
        if items.is_some() {
            let (key, value) = entry.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()?;
            dict.set_item(key, value)?;
        } else {
            let value = map.get_item(&entry)?;
            dict.set_item(entry, value)?;
        }
    }
    same_size(length, count)?;
    Ok(dict)
}

/// Text that was made of ASCII.
fn ascii(text: &[u8]) -> &str {
    std::str::from_utf8(text).unwrap_or_default()
}
