//! What protocols read and write, for any dialect: structs, headers of
//! messages, and values without a struct around them.

use pyo3::intern;
use pyo3::prelude::*;

use crate::py::codec::{self, Decoder, Direction, Encoder, Read, Strings, Write};
use crate::py::error::Result;
use crate::py::structs::{Kind, Plan, ttype};
use crate::wire::{Error, Input, MessageHeader, Reader, WireType, Writer};

/// The fields of a struct, to be read into an object.
pub struct ReadStruct<'a, 'py> {
    /// The object's plan.
    pub plan: &'a Plan,
    /// The object.
    pub object: &'a Bound<'py, PyAny>,
    /// What strings become.
    pub strings: Strings,
}

impl<'py> Read<'py> for ReadStruct<'_, 'py> {
    type Taken = ();

    #[expect(clippy::inline_always, reason = "measured, as `codec::read_bytes`")]
    #[inline(always)]
    fn read<R: Reader>(self, py: Python<'py>, reader: &mut R) -> Result<()> {
        let mut decoder = Decoder::new(py, reader, self.strings);
        decoder.struct_of_object(self.plan, self.object)?;
        let undeclared = decoder.undeclared_exception();
        codec::check(self.plan, self.object, Direction::Read, reader.depth())?;
        if let Some(field) = undeclared
            && self.plan.is_result()
        {
            // For the client, which asks the result for it.
            self.object
                .setattr(intern!(py, "_undeclared_exception"), field)?;
        }
        Ok(())
    }
}

/// A struct, to be written.
pub struct WriteStruct<'a, 'py>(pub &'a Bound<'py, PyAny>);

impl<'py> Write<'py> for WriteStruct<'_, 'py> {
    fn write<W: Writer>(self, py: Python<'py>, writer: W) -> Result<()> {
        Encoder::new(py, writer).struct_of_any(self.0)
    }
}

/// The header of a message, to be read.
pub struct ReadMessage;

impl Read<'_> for ReadMessage {
    type Taken = MessageHeader;

    fn read<R: Reader>(self, _: Python<'_>, reader: &mut R) -> Result<MessageHeader> {
        let header = reader.message()?;
        reader.input_mut().end_header()?;
        Ok(header)
    }
}

impl Write<'_> for MessageHeader {
    fn write<W: Writer>(self, _: Python<'_>, mut writer: W) -> Result<()> {
        Ok(writer.message(&self.name, self.message_type, self.sequence_id)?)
    }
}

/// A value of a `TType`, to be passed over.
pub struct SkipValue(pub u8);

impl Read<'_> for SkipValue {
    type Taken = ();

    fn read<R: Reader>(self, _: Python<'_>, reader: &mut R) -> Result<()> {
        match self.0 {
            WireType::STOP => Ok(()),
            number => Ok(reader.skip(wire_type(number)?)?),
        }
    }
}

/// The wire type of a `TType`.
pub fn wire_type(ttype: u8) -> Result<WireType> {
    match ttype {
        ttype::BINARY => Ok(WireType::String),
        number => WireType::from_binary(number).ok_or_else(|| Error::unknown_type(number).into()),
    }
}

/// A value without a struct around it, to be read.
pub struct ReadValue {
    /// What kind of value.
    pub kind: Kind,
    /// What strings become.
    pub strings: Strings,
}

impl<'py> Read<'py> for ReadValue {
    type Taken = Bound<'py, PyAny>;

    fn read<R: Reader>(self, py: Python<'py>, reader: &mut R) -> Result<Self::Taken> {
        let value = Decoder::new(py, reader, self.strings).value(&self.kind)?;
        codec::check_value(&self.kind, &value, Direction::Read, reader.depth())?;
        Ok(value)
    }
}

/// A value without a struct around it, to be written.
pub struct WriteValue<'a, 'py> {
    /// What kind of value.
    pub kind: Kind,
    /// The value.
    pub value: &'a Bound<'py, PyAny>,
}

impl<'py> Write<'py> for WriteValue<'_, 'py> {
    fn write<W: Writer>(self, py: Python<'py>, mut writer: W) -> Result<()> {
        let depth = *writer.depth();
        codec::check_value(&self.kind, self.value, Direction::Written, depth)?;
        Encoder::new(py, writer).value(&self.kind, self.value)
    }
}
