//! Reading structs that get no object: the values of their fields, by slot.

use pyo3::prelude::*;

use crate::py::codec::{self, Decoder, Direction, Read, Strings};
use crate::py::error::Result;
use crate::py::structs::Plan;
use crate::wire::Reader;

/// The fields of a struct, to be read: by slot, none where none came.
pub struct ReadFields<'a> {
    /// The plan of the struct.
    pub plan: &'a Plan,
    /// What strings become.
    pub strings: Strings,
}

/// The fields of a struct by slot.
pub type ValuesBySlot<'py> = Vec<Option<Bound<'py, PyAny>>>;

/// A value for each slot of a struct, none of which has come yet.
pub fn no_values<'py>(plan: &Plan) -> ValuesBySlot<'py> {
    // A spec that was assigned may have fewer fields than the class has slots.
    let slots = plan
        .layout()
        .map_or(0, |layout| layout.slots().slots().len());
    vec![None; slots]
}

impl<'py> Read<'py> for ReadFields<'_> {
    /// The values, and of a result the field that holds an exception which it
    /// does not declare.
    type Taken = (ValuesBySlot<'py>, Option<i16>);

    fn read<R: Reader>(self, py: Python<'py>, reader: &mut R) -> Result<Self::Taken> {
        let mut values = no_values(self.plan);
        let mut decoder = Decoder::new(py, reader, self.strings);
        decoder.struct_by_fields(self.plan, |_, field, value| {
            if let Some(slot) = field.slot {
                values[slot.index()] = Some(value);
            }
            Ok(())
        })?;
        let undeclared = decoder.undeclared_exception();
        let depth = reader.depth();
        codec::check_fields(py, self.plan, Direction::Read, depth, |field| {
            values.get(field.slot?.index())?.clone()
        })?;
        Ok((values, undeclared))
    }
}
