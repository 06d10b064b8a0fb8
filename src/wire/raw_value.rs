//! Values that nobody looks into: taken as the bytes that they are, written again
//! as they were, or as another protocol has them.

use super::binary::Binary;
use super::compact::Compact;
use super::error::{Error, ErrorKind, Nesting, Result};
use super::input::{Input, SliceInput};
use super::json::Json;
use super::limits::Limits;
use super::output::Output;
use super::raw::RawForm;
use super::reader::Reader;
use super::wire_type::WireType;
use super::writer::{Scalar, Writer};

/// The value of a field as its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawValue {
    /// The protocol of the bytes.
    pub form: RawForm,
    /// The type of the value.
    pub wire_type: WireType,
    /// The value, without the header of its field.
    pub bytes: Vec<u8>,
}

impl RawValue {
    /// Writes it as a field: the bytes that came where the protocol is the one
    /// that they came in. They are read for that, as far as the limits of the
    /// writer allow.
    pub fn write_field<W: Writer>(&self, id: i16, last_id: &mut i16, writer: &mut W) -> Result<()> {
        let limits = Limits {
            string: writer.longest_string(),
            ..Limits::default()
        };
        let input = SliceInput::new(&self.bytes);
        match self.form {
            RawForm::Binary => {
                let reader = Binary::new(input, limits, false);
                self.write_with(reader, id, last_id, writer)
            }
            RawForm::Compact => self.write_with(Compact::new(input, limits), id, last_id, writer),
            RawForm::Json => self.write_with(Json::new(input, limits), id, last_id, writer),
        }
    }

    fn write_with<R: Reader, W: Writer>(
        &self,
        mut reader: R,
        id: i16,
        last_id: &mut i16,
        writer: &mut W,
    ) -> Result<()> {
        reader.state_mut().continue_at(*writer.depth());
        if self.wire_type == WireType::Bool {
            let value = reader.bool()?;
            writer.scalar_field(Scalar::Bool(value), id, last_id)?;
        } else {
            writer.field(self.wire_type, id, last_id);
            if W::FORM == self.form {
                reader.skip(self.wire_type)?;
                writer.output().put(&self.bytes);
            } else {
                copy(&mut reader, writer, self.wire_type)?;
            }
        }
        if reader.input().remaining() != Some(0) {
            return Err(Error::malformed("a kept value has bytes behind it"));
        }
        Ok(())
    }
}

/// Writes what is read, in another protocol.
fn copy<R: Reader, W: Writer>(reader: &mut R, writer: &mut W, wire_type: WireType) -> Result<()> {
    match wire_type {
        WireType::Bool => writer.bool(reader.bool()?),
        WireType::I8 => writer.i8(reader.i8()?),
        WireType::I16 => writer.i16(reader.i16()?),
        WireType::I32 => writer.i32(reader.i32()?),
        WireType::I64 => writer.i64(reader.i64()?),
        WireType::Double => writer.double(reader.double()?),
        WireType::Uuid => writer.uuid(reader.uuid()?),
        WireType::String => {
            if R::IS_TEXT != W::IS_TEXT {
                return Err(ErrorKind::TextOrBinary.into());
            }
            writer.bytes(reader.bytes()?)?;
        }
        WireType::Struct => copy_fields(reader, writer)?,
        WireType::List | WireType::Set => {
            reader.enter(Nesting::WRITE_CONTAINER)?;
            writer.enter(Nesting::WRITE_CONTAINER)?;
            let header = reader.list()?;
            // Where there are none, no reader asks what they are.
            let element = header.element.unwrap_or(WireType::Bool);
            writer.list(element, header.count)?;
            for _ in 0..header.count {
                copy(reader, writer, element)?;
            }
            reader.leave()?;
            writer.leave();
        }
        WireType::Map => {
            reader.enter(Nesting::WRITE_CONTAINER)?;
            writer.enter(Nesting::WRITE_CONTAINER)?;
            let header = reader.map()?;
            let key = header.key.unwrap_or(WireType::Bool);
            let value = header.value.unwrap_or(WireType::Bool);
            writer.map(key, value, header.count)?;
            for _ in 0..header.count {
                copy(reader, writer, key)?;
                copy(reader, writer, value)?;
            }
            reader.leave()?;
            writer.leave();
        }
    }
    Ok(())
}

fn copy_fields<R: Reader, W: Writer>(reader: &mut R, writer: &mut W) -> Result<()> {
    reader.enter(Nesting::WRITE_STRUCT)?;
    writer.enter(Nesting::WRITE_STRUCT)?;
    let (mut last_read, mut last_written) = (0, 0);
    while let Some(field) = reader.field(&mut last_read)? {
        if field.wire_type == WireType::Bool {
            let value = Scalar::Bool(reader.bool()?);
            writer.scalar_field(value, field.id, &mut last_written)?;
        } else {
            writer.field(field.wire_type, field.id, &mut last_written);
            copy(reader, writer, field.wire_type)?;
        }
    }
    writer.stop();
    reader.leave()?;
    writer.leave();
    Ok(())
}
