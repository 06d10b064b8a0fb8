//! Structs of files that were loaded with `strict=True`, looked at as a whole before
//! they are written and after they were read: what is required is set, and exactly
//! one field of a union; before that, values fit their types. All that is wrong is
//! told at once.

use std::fmt::Write;

use pyo3::exceptions::{PyAssertionError, PyAttributeError, PyOverflowError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyFloat, PyString, PyType};

use super::coerce::{attribute, integer, narrow, not_a, other_double, sized, string_of, uuid_of};
use super::unknown::UnknownFields;
use crate::py::error::{Cause, CodecError, Result, Segment};
use crate::py::ffi;
use crate::py::imports;
use crate::py::structs::{Kind, Plan, PlanField, StructClass};

/// Deeper than any limit of levels that a protocol has by itself: what is nested
/// deeper is for the codec to refuse.
const MOST_LEVELS: u32 = 4096;

/// Whether a struct is about to be written, or was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Its values may be anything.
    Written,
    /// Its values are of their types.
    Read,
}

/// Looks at an object, if its class was loaded so.
#[inline]
pub fn check(plan: &Plan, object: &Bound<'_, PyAny>, direction: Direction) -> Result<()> {
    if !plan.is_strict() {
        return Ok(());
    }
    check_object(plan, object, direction)
}

#[cold]
fn check_object(plan: &Plan, object: &Bound<'_, PyAny>, direction: Direction) -> Result<()> {
    let mut check = StructCheck::new(object.py(), direction);
    check.object(plan, object, None)?;
    check.finish(plan)
}

/// Looks at a struct without an object, if its class was loaded so.
#[inline]
pub fn check_fields<'py>(
    py: Python<'py>,
    plan: &Plan,
    direction: Direction,
    value_of: impl Fn(&PlanField) -> Option<Bound<'py, PyAny>>,
) -> Result<()> {
    if !plan.is_strict() {
        return Ok(());
    }
    let mut check = StructCheck::new(py, direction);
    check.fields(plan, None, 0, |field| Ok(value_of(field)))?;
    check.finish(plan)
}

/// Where a value is: a step, and what it is a step from.
struct ValuePlace<'a> {
    from: Option<&'a Self>,
    step: ValueStep<'a>,
    level: u32,
}

enum ValueStep<'a> {
    Field(&'a PlanField),
    Index(usize),
    Key(&'a Bound<'a, PyAny>),
}

impl<'a> ValuePlace<'a> {
    fn new(from: Option<&'a Self>, step: ValueStep<'a>) -> Self {
        let level = from.map_or(0, |from| from.level + 1);
        Self { from, step, level }
    }

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
}

struct StructCheck<'py> {
    py: Python<'py>,
    direction: Direction,
    /// Each with its path and what is wrong.
    problems: Vec<(String, String)>,
}

impl<'py> StructCheck<'py> {
    fn new(py: Python<'py>, direction: Direction) -> Self {
        Self {
            py,
            direction,
            problems: Vec::new(),
        }
    }

    fn finish(self, plan: &Plan) -> Result<()> {
        if self.problems.is_empty() {
            return Ok(());
        }
        let py = self.py;
        let name = plan.class().bind(py).name()?;
        let made = imports::invalid_struct(py)?.call1((name, self.problems))?;
        Err(PyErr::from_value(made).into())
    }

    fn problem(&mut self, place: Option<&ValuePlace<'_>>, text: String) {
        let mut path = String::new();
        if let Some(place) = place {
            place.describe(self.py, &mut path);
        }
        self.problems.push((path, text));
    }

    fn object(
        &mut self,
        plan: &Plan,
        object: &Bound<'py, PyAny>,
        place: Option<&ValuePlace<'_>>,
    ) -> Result<()> {
        let slots = plan.slots(object);
        // Of a union the one field that is set may be of a newer file.
        let kept = match plan.keeping() {
            Some(_) => UnknownFields::of(object)?.map_or(0, |kept| kept.get().fields().len()),
            None => 0,
        };
        self.fields(plan, place, kept, |field| match (field.slot, slots) {
            (Some(slot), Some(slots)) => Ok(slots.get(slot)),
            _ => attribute(object, field),
        })
    }

    fn fields(
        &mut self,
        plan: &Plan,
        place: Option<&ValuePlace<'_>>,
        kept: usize,
        value_of: impl Fn(&PlanField) -> Result<Option<Bound<'py, PyAny>>>,
    ) -> Result<()> {
        let mut count = kept;
        for field in plan.fields() {
            let here = ValuePlace::new(place, ValueStep::Field(field));
            match value_of(field)?.filter(|value| !value.is_none()) {
                Some(value) => {
                    count += 1;
                    self.value(&field.kind, &value, &here)?;
                }
                None if field.required => {
                    self.problem(Some(&here), "is required, and not set".to_owned());
                }
                None => {}
            }
        }
        if plan.is_union() && count != 1 {
            let text = format!("a union must have exactly one field set, not {count}");
            self.problem(place, text);
        }
        Ok(())
    }

    fn value(
        &mut self,
        kind: &Kind,
        value: &Bound<'py, PyAny>,
        place: &ValuePlace<'_>,
    ) -> Result<()> {
        if place.level >= MOST_LEVELS || ffi::stack_is_short() {
            return Ok(());
        }
        match kind {
            Kind::Converted(converted) => self.value(&converted.kind, value, place),
            Kind::Struct(class) => self.structure(class, value, place),
            kind if self.direction == Direction::Read && !has_structs(kind) => Ok(()),
            Kind::List(element) | Kind::Array(element) | Kind::Set(element) => {
                self.elements(element, value, place)
            }
            Kind::Map(entry) => self.entries(&entry.0, &entry.1, value, place),
            kind => {
                let fits = fits(kind, value);
                self.note(place, fits)
            }
        }
    }

    /// Notes a value that does not fit; other errors pass.
    fn note(&mut self, place: &ValuePlace<'_>, fits: Result<()>) -> Result<()> {
        let Err(mut error) = fits else {
            return Ok(());
        };
        let raised = error.raised(self.py);
        let is_wrong = raised.as_ref().is_none_or(|raised| {
            raised.is_instance_of::<PyTypeError>()
                || raised.is_instance_of::<PyAttributeError>()
                || raised.is_instance_of::<PyAssertionError>()
                || raised.is_instance_of::<PyOverflowError>()
        });
        if !is_wrong {
            return Err(error);
        }
        let text = match (raised, error.into_parts(self.py).0) {
            (Some(raised), _) => raised.to_string(),
            (None, Cause::Value(reason)) => reason,
            (None, _) => "does not fit its type".to_owned(),
        };
        self.problem(Some(place), text);
        Ok(())
    }

    fn structure(
        &mut self,
        class: &StructClass,
        value: &Bound<'py, PyAny>,
        place: &ValuePlace<'_>,
    ) -> Result<()> {
        if let Some(plan) = class.plan(self.py)?
            && plan.get().is_of(value)
        {
            return self.object(plan.get(), value, Some(place));
        }
        match Plan::of_object(value) {
            Ok(plan) if !value.is_instance_of::<PyType>() => {
                self.object(plan.get(), value, Some(place))
            }
            _ => self.note(place, Err(not_a("a struct", value))),
        }
    }

    fn elements(
        &mut self,
        kind: &Kind,
        value: &Bound<'py, PyAny>,
        place: &ValuePlace<'_>,
    ) -> Result<()> {
        let items = match sized(value, true) {
            Ok((length, items)) => items.take(length),
            Err(error) => return self.note(place, Err(error)),
        };
        for (index, item) in items.enumerate() {
            let here = ValuePlace::new(Some(place), ValueStep::Index(index));
            self.value(kind, &item?, &here)?;
        }
        Ok(())
    }

    fn entries(
        &mut self,
        key_kind: &Kind,
        value_kind: &Kind,
        map: &Bound<'py, PyAny>,
        place: &ValuePlace<'_>,
    ) -> Result<()> {
        let Ok(dict) = map.cast::<PyDict>() else {
            let is_map = map.hasattr(intern!(self.py, "keys"))?;
            let fits = if is_map {
                Ok(())
            } else {
                Err(not_a("a dict", map))
            };
            return self.note(place, fits);
        };
        // A copy: looking may run code, which may change the dict.
        for entry in dict.items() {
            let (key, value) = entry.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()?;
            let here = ValuePlace::new(Some(place), ValueStep::Key(&key));
            self.value(key_kind, &key, &here)?;
            self.value(value_kind, &value, &here)?;
        }
        Ok(())
    }
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
        let utf8 = text.to_str().map(drop);
        return utf8.map_err(|_| CodecError::value("has half of a surrogate pair"));
    }
    let known = value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyByteArray>()
        || ffi::Buffer::of(value).is_ok();
    if known {
        return Ok(());
    }
    string_of(expected, value).map(drop)
}

/// Whether there may be structs in the values of a type.
fn has_structs(kind: &Kind) -> bool {
    match kind {
        Kind::Struct(_) => true,
        Kind::List(element) | Kind::Set(element) => has_structs(element),
        Kind::Map(entry) => has_structs(&entry.0) || has_structs(&entry.1),
        Kind::Converted(converted) => has_structs(&converted.kind),
        _ => false,
    }
}
