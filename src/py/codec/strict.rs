//! Structs of files that were loaded with `strict=True`, looked at as a whole before
//! they are written and after they were read: what is required is set, and exactly
//! one field of a union; before that, values fit their types. All that is wrong is
//! told at once.

use std::collections::HashMap;
use std::fmt::Write;

use pyo3::exceptions::{PyAssertionError, PyAttributeError, PyOverflowError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyFloat, PyList, PyString, PyTuple};

use super::coerce::{
    attribute, entries_of, integer, misfits_of_buffer, narrow, not_a, other_double, plan_of_struct,
    sized, string_of, utf8_of,
};
use super::stand_in::StandIns;
use super::unknown::{Unknown, UnknownFields};
use super::uuids::uuid_of;
use crate::py::error::{Cause, CodecError, Result, Segment};
use crate::py::ffi::{self, DictEntries};
use crate::py::imports;
use crate::py::structs::{Kind, Plan, PlanField, StructClass, Within};
use crate::wire::{Depth, Nesting};

/// So many problems are told; that there are others is told, too.
const MOST_PROBLEMS: usize = 1000;

/// Whether a struct is about to be written, or was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Its values may be anything.
    Written,
    /// Its values are of their types.
    Read,
}

/// Looks at an object, if its class was loaded so. It may nest as deep as whoever
/// writes or has read it counts.
#[inline]
pub fn check(
    plan: &Plan,
    object: &Bound<'_, PyAny>,
    direction: Direction,
    depth: Depth,
) -> Result<()> {
    if !plan.is_strict() {
        return Ok(());
    }
    check_object(plan, object, direction, depth)
}

#[cold]
fn check_object(
    plan: &Plan,
    object: &Bound<'_, PyAny>,
    direction: Direction,
    depth: Depth,
) -> Result<()> {
    let mut check = StructCheck::new(object.py(), direction, depth);
    check.object(plan, plan, object, None)?;
    check.finish(plan)
}

/// Looks at a struct without an object, if its class was loaded so.
#[inline]
pub fn check_fields<'py>(
    py: Python<'py>,
    plan: &Plan,
    direction: Direction,
    depth: Depth,
    value_of: impl Fn(&PlanField) -> Option<Bound<'py, PyAny>>,
) -> Result<()> {
    if !plan.is_strict() {
        return Ok(());
    }
    let mut check = StructCheck::new(py, direction, depth);
    check.fields(plan, plan, None, &[], |field| Ok(value_of(field)))?;
    check.finish(plan)
}

/// Looks at a value without a struct around it, if classes in its type were loaded
/// so.
pub fn check_value(
    kind: &Kind,
    value: &Bound<'_, PyAny>,
    direction: Direction,
    depth: Depth,
) -> Result<()> {
    let py = value.py();
    let plan = match kind {
        // Of a struct whose class nobody said the object tells it.
        Kind::Struct(class) if class.plan(py)?.is_none() => plan_of_struct(value).ok(),
        kind => strict_plan_in(py, kind)?,
    };
    let Some(plan) = plan.filter(|plan| plan.get().is_strict()) else {
        return Ok(());
    };
    let mut check = StructCheck::new(py, direction, depth);
    check.value(kind, value, None)?;
    check.finish(plan.get())
}

/// The plan of a class in a type that was loaded so.
fn strict_plan_in<'py>(py: Python<'py>, kind: &Kind) -> Result<Option<Bound<'py, Plan>>> {
    match kind.within() {
        Within::Struct(class) => Ok(class.plan(py)?.filter(|plan| plan.get().is_strict())),
        Within::Elements(element) => strict_plan_in(py, element),
        Within::Entries(key, value) => match strict_plan_in(py, key)? {
            None => strict_plan_in(py, value),
            found => Ok(found),
        },
        Within::Nothing => Ok(None),
    }
}

/// Where a value is: a step, and what it is a step from.
struct ValuePlace<'a> {
    from: Option<&'a Self>,
    step: ValueStep<'a>,
}

enum ValueStep<'a> {
    Field(&'a PlanField),
    Index(usize),
    Key(&'a Bound<'a, PyAny>),
}

impl<'a> ValuePlace<'a> {
    fn describe(&self, py: Python<'_>, text: &mut String) {
        if let Some(from) = self.from {
            from.describe(py, text);
        }
        // Writing to a String cannot fail.
        let _ = match self.step {
            ValueStep::Field(field) if text.is_empty() => write!(text, "{}", field.name.bind(py)),
            ValueStep::Field(field) => write!(text, ".{}", field.name.bind(py)),
            ValueStep::Index(index) => write!(text, "[{index}]"),
            ValueStep::Key(key) => match Segment::of_key(key) {
                Segment::Key(key) => write!(text, "[{key}]"),
                _ => Ok(()),
            },
        };
    }

    /// An error that happened there.
    #[cold]
    fn fail(mut place: Option<&'a Self>, py: Python<'_>, mut error: CodecError) -> CodecError {
        while let Some(here) = place {
            error = error.inside(match here.step {
                ValueStep::Field(field) => Segment::Field(field.name.clone_ref(py)),
                ValueStep::Index(index) => Segment::Index(index),
                ValueStep::Key(key) => Segment::of_key(key),
            });
            place = here.from;
        }
        error
    }
}

struct StructCheck<'py> {
    py: Python<'py>,
    direction: Direction,
    depth: Depth,
    /// Each with its path and what is wrong.
    problems: Vec<(String, String)>,
    /// What others may hold too and is right, by its address and that of the type
    /// that it was looked at as; the object, so that no other one gets its address.
    right: HashMap<(usize, usize), Bound<'py, PyAny>>,
    stand_ins: StandIns<'py>,
}

impl<'py> StructCheck<'py> {
    fn new(py: Python<'py>, direction: Direction, depth: Depth) -> Self {
        Self {
            py,
            direction,
            depth,
            problems: Vec::new(),
            right: HashMap::new(),
            stand_ins: StandIns::default(),
        }
    }

    fn finish(mut self, plan: &Plan) -> Result<()> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let py = self.py;
        let name = plan.class().bind(py).name()?;
        let complete = self.problems.len() <= MOST_PROBLEMS;
        self.problems.truncate(MOST_PROBLEMS);
        let made = imports::invalid_struct(py)?.call1((name, self.problems, complete))?;
        Err(PyErr::from_value(made).into())
    }

    /// Whether nothing more has to be looked for.
    fn is_full(&self) -> bool {
        self.problems.len() > MOST_PROBLEMS
    }

    #[cold]
    #[inline(never)]
    fn problem(&mut self, place: Option<&ValuePlace<'_>>, text: String) {
        let mut path = String::new();
        if let Some(place) = place {
            place.describe(self.py, &mut path);
        }
        self.problems.push((path, text));
    }

    fn enter(
        &mut self,
        place: Option<&ValuePlace<'_>>,
        read: Nesting,
        written: Nesting,
    ) -> Result<()> {
        let what = match self.direction {
            Direction::Read => read,
            Direction::Written => written,
        };
        let py = self.py;
        let entered = self.depth.enter(what);
        entered.map_err(|error| ValuePlace::fail(place, py, error.into()))
    }

    /// Looks at an object that others may hold, too: once, where nothing is wrong.
    fn once(
        &mut self,
        object: &Bound<'py, PyAny>,
        as_type: usize,
        look: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        if !ffi::may_be_shared(object) {
            return look(self);
        }
        let key = (object.as_ptr().addr(), as_type);
        if self.right.contains_key(&key) {
            return Ok(());
        }
        let before = self.problems.len();
        look(self)?;
        if self.problems.len() == before {
            self.right.insert(key, object.clone());
        }
        Ok(())
    }

    /// Looks at an object by its own plan, with the rules of the class that it is one
    /// of, or stands for.
    fn object(
        &mut self,
        plan: &Plan,
        rules: &Plan,
        object: &Bound<'py, PyAny>,
        place: Option<&ValuePlace<'_>>,
    ) -> Result<()> {
        let slots = plan.slots(object);
        let kept = match plan.keeping() {
            Some(_) => UnknownFields::of(object)?,
            None => None,
        };
        let kept = kept.as_ref().map_or(&[][..], |kept| kept.get().fields());
        self.fields(plan, rules, place, kept, |field| {
            match (field.slot, slots) {
                (Some(slot), Some(slots)) => Ok(slots.get(slot)),
                _ => attribute(object, field),
            }
        })
    }

    fn fields(
        &mut self,
        plan: &Plan,
        rules: &Plan,
        place: Option<&ValuePlace<'_>>,
        kept: &[Unknown],
        value_of: impl Fn(&PlanField) -> Result<Option<Bound<'py, PyAny>>>,
    ) -> Result<()> {
        self.enter(place, Nesting::READ_STRUCT, Nesting::WRITE_STRUCT)?;
        // Of a union the one field that is set may be of a newer file.
        let mut count = kept.len();
        for field in plan.fields() {
            if self.is_full() {
                break;
            }
            let here = ValuePlace {
                from: place,
                step: ValueStep::Field(field),
            };
            match value_of(field)?.filter(|value| !value.is_none()) {
                Some(value) => {
                    count += 1;
                    self.value(&field.kind, &value, Some(&here))?;
                }
                None if field.required || rules.requires(field.id) => {
                    self.not_set(field, &here, kept);
                }
                None => {}
            }
        }
        if rules.is_union() && count != 1 {
            self.not_one(count, place, kept);
        }
        self.depth.leave();
        Ok(())
    }

    #[cold]
    fn not_set(&mut self, field: &PlanField, here: &ValuePlace<'_>, kept: &[Unknown]) {
        let mut text = "is required, and not set".to_owned();
        if let Some(kept) = kept.iter().find(|kept| kept.id == field.id) {
            let found = kept.value.wire_type.name();
            let id = field.id;
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                ": unknown field {id} is kept in its place, a {found} of another type"
            );
        }
        self.problem(Some(here), text);
    }

    #[cold]
    fn not_one(&mut self, count: usize, place: Option<&ValuePlace<'_>>, kept: &[Unknown]) {
        let mut text = not_one_set(count);
        for (index, field) in kept.iter().enumerate() {
            let before = if index == 0 { ", with" } else { "," };
            // Writing to a String cannot fail.
            let _ = write!(text, "{before} unknown field {}", field.id);
        }
        self.problem(place, text);
    }

    fn value(
        &mut self,
        kind: &Kind,
        value: &Bound<'py, PyAny>,
        place: Option<&ValuePlace<'_>>,
    ) -> Result<()> {
        match kind {
            Kind::Converted(converted) => self.value(&converted.kind, value, place),
            Kind::Struct(class) => self.structure(class, value, place),
            kind if self.direction == Direction::Read && !kind.has_structs() => Ok(()),
            Kind::List(element) | Kind::Array(element) | Kind::Set(element) => {
                let is_list = !matches!(kind, Kind::Set(_));
                self.once(value, std::ptr::from_ref(kind).addr(), |this| {
                    if is_list && this.numbers(element, value, place) {
                        return Ok(());
                    }
                    this.elements(element, value, place)
                })
            }
            Kind::Map(entry) => self.once(value, std::ptr::from_ref(kind).addr(), |this| {
                this.entries(&entry.0, &entry.1, value, place)
            }),
            kind => match fits(kind, value) {
                Ok(()) => Ok(()),
                Err(error) => self.note(place, error),
            },
        }
    }

    /// Notes a value that does not fit; other errors pass.
    #[cold]
    #[inline(never)]
    fn note(&mut self, place: Option<&ValuePlace<'_>>, mut error: CodecError) -> Result<()> {
        let raised = error.raised(self.py);
        let is_wrong = raised.as_ref().is_none_or(|raised| {
            raised.is_instance_of::<PyTypeError>()
                || raised.is_instance_of::<PyAttributeError>()
                || raised.is_instance_of::<PyAssertionError>()
                || raised.is_instance_of::<PyOverflowError>()
        });
        if !is_wrong {
            return Err(ValuePlace::fail(place, self.py, error));
        }
        let text = match (raised, error.into_parts(self.py).0) {
            (Some(raised), _) => raised.to_string(),
            (None, Cause::Value(reason)) => reason,
            (None, _) => "does not fit its type".to_owned(),
        };
        self.problem(place, text);
        Ok(())
    }

    fn structure(
        &mut self,
        class: &StructClass,
        value: &Bound<'py, PyAny>,
        place: Option<&ValuePlace<'_>>,
    ) -> Result<()> {
        // Whatever it is looked at as, it is so by its own plan.
        const ANY_TYPE: usize = 0;
        let wanted = class.plan(self.py)?;
        if let Some(plan) = &wanted
            && plan.get().is_of(value)
        {
            return self.once(value, ANY_TYPE, |this| {
                this.object(plan.get(), plan.get(), value, place)
            });
        }
        let own = match plan_of_struct(value) {
            Ok(plan) => plan,
            Err(error) => return self.note(place, error),
        };
        let Some(wanted) = wanted.filter(|_| self.direction == Direction::Written) else {
            return self.once(value, ANY_TYPE, |this| {
                this.object(own.get(), own.get(), value, place)
            });
        };
        if !self.stand_ins.may_be(value, &own, &wanted)? {
            let text = other_struct(&wanted, &own)?;
            self.problem(place, text);
            return Ok(());
        }
        self.once(value, wanted.as_ptr().addr(), |this| {
            this.object(own.get(), wanted.get(), value, place)
        })
    }

    /// Looks at a list whose value has a buffer of numbers that elements of this kind
    /// may be; whether that is so.
    #[inline(never)]
    fn numbers(
        &mut self,
        kind: &Kind,
        value: &Bound<'py, PyAny>,
        place: Option<&ValuePlace<'_>>,
    ) -> bool {
        if value.is_exact_instance_of::<PyList>() || value.is_exact_instance_of::<PyTuple>() {
            return false;
        }
        let Some(misfits) = misfits_of_buffer(kind, value, MOST_PROBLEMS + 1) else {
            return false;
        };
        for index in misfits {
            let here = ValuePlace {
                from: place,
                step: ValueStep::Index(index),
            };
            self.problem(Some(&here), "out of range".to_owned());
        }
        true
    }

    fn elements(
        &mut self,
        kind: &Kind,
        value: &Bound<'py, PyAny>,
        place: Option<&ValuePlace<'_>>,
    ) -> Result<()> {
        self.enter(place, Nesting::READ_CONTAINER, Nesting::WRITE_CONTAINER)?;
        // Bytes are numbers, and texts no lists of their characters.
        let is_bytes = value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyByteArray>();
        let are_numbers = is_bytes && kind.is_number();
        let items = match sized(value, !are_numbers) {
            Ok((_, items)) if items.is(value) => Err(CodecError::value(
                "can be gone through only once: give a list",
            )),
            Ok((length, items)) => Ok(items.take(length)),
            Err(error) => Err(error),
        };
        let items = match items {
            Ok(items) => items,
            Err(error) => {
                self.depth.leave();
                return self.note(place, error);
            }
        };
        for (index, item) in items.enumerate() {
            if self.is_full() {
                break;
            }
            let here = ValuePlace {
                from: place,
                step: ValueStep::Index(index),
            };
            match item {
                Ok(item) => self.value(kind, &item, Some(&here))?,
                Err(error) => self.note(Some(&here), error.into())?,
            }
        }
        self.depth.leave();
        Ok(())
    }

    fn entries(
        &mut self,
        key_kind: &Kind,
        value_kind: &Kind,
        map: &Bound<'py, PyAny>,
        place: Option<&ValuePlace<'_>>,
    ) -> Result<()> {
        self.enter(place, Nesting::READ_CONTAINER, Nesting::WRITE_CONTAINER)?;
        if let Ok(dict) = map.cast_exact::<PyDict>() {
            for (key, value) in DictEntries::new(dict) {
                self.entry((key_kind, &key), (value_kind, &value), place)?;
            }
        } else {
            match entries_of(map) {
                Ok((length, entries)) => {
                    for entry in entries.take(length) {
                        match entry {
                            Ok((key, value)) => {
                                self.entry((key_kind, &key), (value_kind, &value), place)?;
                            }
                            Err(error) => self.note(place, error)?,
                        }
                    }
                }
                Err(error) => self.note(place, error)?,
            }
        }
        self.depth.leave();
        Ok(())
    }

    fn entry(
        &mut self,
        (key_kind, key): (&Kind, &Bound<'py, PyAny>),
        (value_kind, value): (&Kind, &Bound<'py, PyAny>),
        place: Option<&ValuePlace<'_>>,
    ) -> Result<()> {
        if self.is_full() {
            return Ok(());
        }
        let here = ValuePlace {
            from: place,
            step: ValueStep::Key(key),
        };
        self.value(key_kind, key, Some(&here))?;
        self.value(value_kind, value, Some(&here))
    }
}

/// What is told of a union with no field that is set, or with several.
#[cold]
pub fn not_one_set(count: usize) -> String {
    format!("a union must have exactly one field set, not {count}")
}

/// What is told of an object that is no struct of the class that is needed.
#[cold]
fn other_struct(wanted: &Bound<'_, Plan>, own: &Bound<'_, Plan>) -> Result<String> {
    let py = own.py();
    let wanted = wanted.get().class().bind(py).name()?.to_string();
    let own = own.get().class().bind(py).name()?.to_string();
    let article = if wanted.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    let found = if wanted == own {
        "one of another file, which has other fields"
    } else {
        &own
    };
    Ok(format!("needs {article} {wanted}, not {found}"))
}

/// Whether a value of a scalar type is one, or stands for one.
fn fits(kind: &Kind, value: &Bound<'_, PyAny>) -> Result<()> {
    match kind {
        Kind::Bool if value.hasattr(intern!(value.py(), "__bool__"))? => Ok(()),
        Kind::Bool => Err(not_a("a bool", value)),
        Kind::I8 => narrow::<i8>(value).map(drop),
        Kind::I16 => narrow::<i16>(value).map(drop),
        Kind::I32(_) => narrow::<i32>(value).map(drop),
        Kind::I64 => integer(value).map(drop),
        Kind::Double if value.is_exact_instance_of::<PyFloat>() => Ok(()),
        Kind::Double => other_double(value).map(drop),
        Kind::String => bytes("a str", value),
        Kind::Binary => bytes("bytes", value),
        Kind::Uuid => uuid_of(value).map(drop),
        Kind::Struct(_)
        | Kind::List(_)
        | Kind::Array(_)
        | Kind::Set(_)
        | Kind::Map(_)
        | Kind::Converted(_) => Ok(()),
    }
}

fn bytes(expected: &str, value: &Bound<'_, PyAny>) -> Result<()> {
    if let Ok(text) = value.cast::<PyString>() {
        return utf8_of(text).map(drop);
    }
    let known = value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyByteArray>()
        || ffi::Buffer::like_bytes(value).is_ok();
    if known {
        return Ok(());
    }
    string_of(expected, value).map(drop)
}
