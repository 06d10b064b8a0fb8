//! Structs that keep the fields which their IDL does not know.

use foldhash::{HashSet, HashSetExt};
use pyo3::prelude::*;

use super::{Decoder, field_error, matches, set_attribute};
use crate::py::codec::unknown::{Unknown, UnknownFields};
use crate::py::error::{CodecError, Result};
use crate::py::ffi::Quiet;
use crate::py::structs::{Keeping, Kind, Layout, Plan, PlanField};
use crate::wire::{Error, FieldHeader, Nesting, RawValue, Reader};

/// The value of a field that the IDL knows.
enum Known<'py> {
    Value(Bound<'py, PyAny>),
    /// Of another type than the IDL says, which is not seen before its header
    /// was read.
    Other(Vec<u8>),
}

impl<'py, R: Reader> Decoder<'_, 'py, R> {
    /// Reads a struct into an object that exists.
    #[inline(never)]
    pub(super) fn keeping_struct(
        &mut self,
        plan: &Plan,
        keeping: &Keeping,
        object: &Bound<'py, PyAny>,
    ) -> Result<()> {
        let slots = keeping.slots(object);
        let set = |quiet: &mut Quiet<'py>, field: &PlanField, value| match (field.slot, slots) {
            (Some(slot), Some(slots)) => {
                slots.set(slot, Some(value));
                Ok(())
            }
            _ => set_attribute(quiet.calls(), object, field, value),
        };
        let mut came = HashSet::new();
        let unknown = self.known_fields(plan, |quiet, field, value| {
            came.insert(field.id);
            set(quiet, field, value)
        })?;
        for field in self.of_other_types(plan, &unknown, |field| came.contains(&field.id))? {
            let none = self.quiet.none();
            set(&mut self.quiet, field, none)?;
        }
        self.quiet.calls();
        Ok(UnknownFields::attach(object, unknown)?)
    }

    /// Reads a struct into a new object that is allocated and filled.
    #[inline(never)]
    pub(super) fn new_keeping_struct(
        &mut self,
        plan: &Plan,
        layout: &Layout,
    ) -> Result<Bound<'py, PyAny>> {
        let object = layout.slots().allocate(&self.quiet)?;
        let mut unknown = Vec::new();
        if let Some(slots) = layout.slots().view_exact(object.object()) {
            unknown = self.known_fields(plan, |_, field, value| {
                if let Some(slot) = field.slot {
                    slots.set(slot, Some(value));
                }
                Ok(())
            })?;
            let came = |field: &PlanField| field.slot.is_some_and(|slot| !slots.is_empty(slot));
            for field in self.of_other_types(plan, &unknown, came)? {
                if let Some(slot) = field.slot {
                    slots.set(slot, Some(self.quiet.none()));
                }
            }
            layout.fill_defaults(slots, &mut self.quiet)?;
        }
        let object = object.finish();
        if !unknown.is_empty() {
            self.quiet.calls();
            UnknownFields::attach(&object, unknown)?;
        }
        Ok(object)
    }

    /// Reads the fields of a struct, handing each known one to `store`; gives
    /// the others.
    fn known_fields(
        &mut self,
        plan: &Plan,
        mut store: impl FnMut(&mut Quiet<'py>, &PlanField, Bound<'py, PyAny>) -> Result<()>,
    ) -> Result<Vec<Unknown>> {
        self.reader.enter(Nesting::READ_STRUCT)?;
        let passed_over = self.passed_over;
        let mut unknown = Vec::new();
        let mut behind = None;
        let mut last_id = 0;
        while let Some(header) = self.reader.field(&mut last_id)? {
            let found = plan.find(header.id).map(|(field, _)| field);
            let known = found.filter(|field| field.wire_type == header.wire_type);
            let other = match known {
                None => self.reader.raw(header.wire_type)?,
                Some(field) => match self.known(field) {
                    Ok(Known::Value(value)) => {
                        store(&mut self.quiet, field, value)?;
                        behind = Some(field.id);
                        continue;
                    }
                    Ok(Known::Other(bytes)) => bytes,
                    Err(error) => return Err(field_error(&mut self.quiet, field, error)),
                },
            };
            unknown.push(kept::<R>(behind, header, other));
        }
        self.passed_over = passed_over;
        self.reader.leave()?;
        Ok(unknown)
    }

    /// The fields that came with another type only, each once: they have no value,
    /// not their default either, which would be written beside what came.
    fn of_other_types<'p>(
        &mut self,
        plan: &'p Plan,
        unknown: &[Unknown],
        came: impl Fn(&PlanField) -> bool,
    ) -> Result<Vec<&'p PlanField>> {
        let mut found = Vec::new();
        let mut told = HashSet::new();
        for kept in unknown {
            let Some((field, _)) = plan.find(kept.id) else {
                continue;
            };
            if !came(field) {
                if told.insert(field.id) {
                    found.push(field);
                }
            } else if kept.takes_place_of(field) {
                return Err(field_error(&mut self.quiet, field, came_twice()));
            }
        }
        Ok(found)
    }

    /// Reads the value of a field, if it is what the IDL says.
    fn known(&mut self, field: &PlanField) -> Result<Known<'py>> {
        self.passed_over = false;
        let value = match &field.kind {
            Kind::List(element) | Kind::Set(element) | Kind::Array(element) => {
                self.reader.enter(Nesting::READ_CONTAINER)?;
                let header = self.reader.list()?;
                let known = if header.count == 0 || header.element == Some(element.wire_type()) {
                    Known::Value(if matches!(field.kind, Kind::Array(_)) {
                        self.array_items(element, header)?
                    } else {
                        self.list_items(element, header)?
                    })
                } else {
                    Known::Other(self.reader.raw_list(header)?)
                };
                self.reader.leave()?;
                known
            }
            Kind::Map(entry) => {
                self.reader.enter(Nesting::READ_CONTAINER)?;
                let header = self.reader.map()?;
                let known = if header.count == 0 || matches(header, &entry.0, &entry.1) {
                    Known::Value(self.map_entries(&entry.0, &entry.1, header)?)
                } else {
                    Known::Other(self.reader.raw_map(header)?)
                };
                self.reader.leave()?;
                known
            }
            kind => Known::Value(self.value(kind)?),
        };
        if self.passed_over {
            return Err(cannot_keep());
        }
        Ok(value)
    }
}

fn kept<R: Reader>(behind: Option<i16>, header: FieldHeader, bytes: Vec<u8>) -> Unknown {
    let value = RawValue {
        form: R::FORM,
        wire_type: header.wire_type,
        bytes,
    };
    Unknown {
        behind,
        id: header.id,
        value,
    }
}

#[cold]
fn cannot_keep() -> CodecError {
    let text = "a container in a container has elements of another type than the IDL says, which \
                keep_unknown cannot keep: load the IDL of who wrote them";
    Error::malformed(text).into()
}

#[cold]
fn came_twice() -> CodecError {
    let text = "came twice, with elements of different types, of which readers take the last: \
                keep_unknown cannot keep both";
    Error::malformed(text).into()
}
