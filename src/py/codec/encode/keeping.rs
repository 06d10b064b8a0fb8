//! Structs that keep the fields which their IDL does not know.

use pyo3::prelude::*;

use super::{Encoder, attribute, field_error};
use crate::py::codec::coerce::truth;
use crate::py::codec::unknown::{Unknown, UnknownFields};
use crate::py::error::{CodecError, Result};
use crate::py::structs::{Keeping, Kind, Plan, PlanField};
use crate::wire::{ErrorKind, Nesting, Scalar, Writer};

impl<'py, W: Writer> Encoder<'py, W> {
    /// Writes a struct, with what it keeps at the place where it came.
    #[inline(never)]
    pub(super) fn keeping_struct(
        &mut self,
        plan: &Plan,
        keeping: &Keeping,
        object: &Bound<'py, PyAny>,
    ) -> Result<()> {
        let kept = UnknownFields::of(object)?;
        let mut unknown = kept.as_ref().map_or(&[][..], |kept| kept.get().fields());
        let known_too = unknown.iter().any(|kept| plan.find(kept.id).is_some());
        let all = unknown;
        let slots = keeping.slots(object);
        self.writer.enter(Nesting::WRITE_STRUCT)?;
        let mut last_id = 0;
        self.unknown_behind(None, &mut unknown, &mut last_id)?;
        for field in plan.fields() {
            let value = match (field.slot, slots) {
                (Some(slot), Some(slots)) => slots.get(slot),
                _ => attribute(object, field)?,
            };
            if let Some(value) = value.filter(|value| !value.is_none()) {
                if known_too && all.iter().any(|kept| kept.takes_place_of(field)) {
                    return Err(field_error(plan, field, value, kept_already()));
                }
                self.known(plan, field, value, &mut last_id)?;
            }
            self.unknown_behind(Some(field.id), &mut unknown, &mut last_id)?;
        }
        // What came in another order than that of the IDL.
        for field in unknown {
            self.unknown(field, &mut last_id)?;
        }
        self.writer.stop();
        self.writer.leave();
        Ok(())
    }

    /// Writes a field as the loop over the fields of other structs does, which is
    /// slower where it shares this with others.
    fn known(
        &mut self,
        plan: &Plan,
        field: &PlanField,
        value: Bound<'py, PyAny>,
        last_id: &mut i16,
    ) -> Result<()> {
        let written = match &field.kind {
            Kind::Bool => truth(&value).and_then(|value| {
                let value = Scalar::Bool(value);
                Ok(self.writer.scalar_field(value, field.id, last_id)?)
            }),
            kind => {
                self.writer.field(field.wire_type, field.id, last_id);
                self.value(kind, &value)
            }
        };
        written.map_err(|error| field_error(plan, field, value, error))
    }

    /// Writes those that came behind a field, and leaves the rest.
    fn unknown_behind(
        &mut self,
        known: Option<i16>,
        unknown: &mut &[Unknown],
        last_id: &mut i16,
    ) -> Result<()> {
        while let Some((field, rest)) = unknown.split_first()
            && field.behind == known
        {
            self.unknown(field, last_id)?;
            *unknown = rest;
        }
        Ok(())
    }

    fn unknown(&mut self, field: &Unknown, last_id: &mut i16) -> Result<()> {
        let written = field.value.write_field(field.id, last_id, &mut self.writer);
        written.map_err(|error| match error.kind() {
            ErrorKind::TextOrBinary => {
                CodecError::value(format!("the unknown field {}: {error}", field.id))
            }
            _ => error.into(),
        })
    }
}

#[cold]
fn kept_already() -> CodecError {
    CodecError::value(
        "came with elements of another type, which are kept, and readers take one of both: set it \
         to None, or drop what is kept (__thrift_unknown__)",
    )
}
