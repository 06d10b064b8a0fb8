//! Writing messages whose structs have no object: the values of their fields,
//! by slot.

use pyo3::prelude::*;

use super::json;
use crate::py::codec::{self, Direction, Encoder, Write};
use crate::py::error::Result;
use crate::py::protocol::original_writer;
use crate::py::structs::{Plan, PlanField};
use crate::py::transport::{self, ToSend};
use crate::wire::Writer;

/// A message to be written.
pub struct WriteMessage<'a, V> {
    /// The name of the method.
    pub name: &'a str,
    /// One of [`message_type`].
    pub message_type: u8,
    /// The id that pairs call and reply.
    pub sequence_id: i32,
    /// The plan of the struct.
    pub plan: &'a Plan,
    /// Gives the value in a slot; none where it has none.
    pub value_of: V,
}

impl<'py, V> WriteMessage<'_, V>
where
    V: Fn(usize) -> Option<Bound<'py, PyAny>>,
{
    /// Writes it to a protocol and takes what there is to send; straight into
    /// the `bytes` to be sent where nothing else is in between. None, and
    /// nothing was written, where the protocol has to be asked by its methods.
    pub fn output(self, oprot: &Bound<'py, PyAny>) -> PyResult<Option<ToSend<'py>>> {
        let Some((settings, trans)) = original_writer(oprot)? else {
            let numbers = (self.message_type, self.sequence_id);
            return json::output(oprot, self.name, numbers, self.plan, self.value_of);
        };
        if let Some(below) = transport::below_empty_buffer(&trans)? {
            let plan = self.plan;
            let message = codec::write_new(trans.py(), &settings, plan.expected_size(), self)?;
            let size = message.as_bytes().len();
            codec::check_message(trans.py(), &settings, size)?;
            plan.note_size(size);
            return Ok(Some((Some(message), below)));
        }
        codec::write(&settings, &trans, self)?;
        transport::take_output(trans).map(Some)
    }
}

impl<'py, V> Write<'py> for WriteMessage<'_, V>
where
    V: Fn(usize) -> Option<Bound<'py, PyAny>>,
{
    fn write<W: Writer>(self, py: Python<'py>, mut writer: W) -> Result<()> {
        writer.message(self.name.as_bytes(), self.message_type, self.sequence_id)?;
        let value_of =
            |field: &PlanField| field.slot.and_then(|slot| (self.value_of)(slot.index()));
        let depth = *writer.depth();
        codec::check_fields(py, self.plan, Direction::Written, depth, value_of)?;
        let mut encoder = Encoder::new(py, writer);
        encoder.struct_by_fields(self.plan, value_of)?;
        encoder.end_message();
        Ok(())
    }
}
