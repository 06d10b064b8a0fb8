//! A value of any type, written and read with nothing known about it.

use fastthrift::wire::{Nesting, Reader, Result, Scalar, WireType, Writer};

/// A value of any type. A double is its bits, so that values equal themselves.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    Double(u64),
    Bytes(Vec<u8>),
    Uuid([u8; 16]),
    Struct(Vec<(i16, Value)>),
    List(WireType, Vec<Value>),
    Set(WireType, Vec<Value>),
    Map(WireType, WireType, Vec<(Value, Value)>),
}

impl Value {
    /// The type by which the wire announces the value.
    pub fn wire_type(&self) -> WireType {
        match self {
            Self::Bool(_) => WireType::Bool,
            Self::I8(_) => WireType::I8,
            Self::I16(_) => WireType::I16,
            Self::I32(_) => WireType::I32,
            Self::I64(_) => WireType::I64,
            Self::Double(_) => WireType::Double,
            Self::Bytes(_) => WireType::String,
            Self::Uuid(_) => WireType::Uuid,
            Self::Struct(_) => WireType::Struct,
            Self::List(..) => WireType::List,
            Self::Set(..) => WireType::Set,
            Self::Map(..) => WireType::Map,
        }
    }

    /// The value as a scalar, if it is one.
    pub fn scalar(&self) -> Option<Scalar<'_>> {
        Some(match self {
            Self::Bool(value) => Scalar::Bool(*value),
            Self::I8(value) => Scalar::I8(*value),
            Self::I16(value) => Scalar::I16(*value),
            Self::I32(value) => Scalar::I32(*value),
            Self::I64(value) => Scalar::I64(*value),
            Self::Double(bits) => Scalar::Double(f64::from_bits(*bits)),
            Self::Bytes(value) => Scalar::Bytes(value),
            _ => return None,
        })
    }

    /// Writes the value.
    pub fn write<W: Writer>(&self, writer: &mut W) -> Result<()> {
        if let Some(value) = self.scalar() {
            return writer.scalar(value);
        }
        match self {
            Self::Uuid(value) => writer.uuid(*value),
            Self::Struct(fields) => {
                writer.enter(Nesting::WRITE_STRUCT)?;
                let mut last_id = 0;
                for (id, value) in fields {
                    if let Some(value) = value.scalar() {
                        writer.scalar_field(value, *id, &mut last_id)?;
                    } else {
                        writer.field(value.wire_type(), *id, &mut last_id);
                        value.write(writer)?;
                    }
                }
                writer.stop();
                writer.leave();
            }
            Self::List(element, items) | Self::Set(element, items) => {
                writer.enter(Nesting::WRITE_CONTAINER)?;
                writer.list(*element, items.len())?;
                for item in items {
                    item.write(writer)?;
                }
                writer.leave();
            }
            Self::Map(key, value, entries) => {
                writer.enter(Nesting::WRITE_CONTAINER)?;
                writer.map(*key, *value, entries.len())?;
                for (key, value) in entries {
                    key.write(writer)?;
                    value.write(writer)?;
                }
                writer.leave();
            }
            _ => unreachable!("a scalar, written above"),
        }
        Ok(())
    }

    /// Reads a value of a type.
    pub fn read<R: Reader>(reader: &mut R, wire_type: WireType) -> Result<Self> {
        Ok(match wire_type {
            WireType::Bool => Self::Bool(reader.bool()?),
            WireType::I8 => Self::I8(reader.i8()?),
            WireType::I16 => Self::I16(reader.i16()?),
            WireType::I32 => Self::I32(reader.i32()?),
            WireType::I64 => Self::I64(reader.i64()?),
            WireType::Double => Self::Double(reader.double()?.to_bits()),
            WireType::String => Self::Bytes(reader.bytes()?.to_vec()),
            WireType::Uuid => Self::Uuid(reader.uuid()?),
            WireType::Struct => {
                reader.enter(Nesting::READ_STRUCT)?;
                let mut fields = Vec::new();
                let mut last_id = 0;
                while let Some(field) = reader.field(&mut last_id)? {
                    fields.push((field.id, Self::read(reader, field.wire_type)?));
                }
                reader.leave()?;
                Self::Struct(fields)
            }
            WireType::List | WireType::Set => {
                reader.enter(Nesting::READ_CONTAINER)?;
                let header = reader.list()?;
                let element = header.element.unwrap_or(WireType::Bool);
                let items = (0..header.count)
                    .map(|_| Self::read(reader, element))
                    .collect::<Result<_>>()?;
                reader.leave()?;
                if wire_type == WireType::List {
                    Self::List(element, items)
                } else {
                    Self::Set(element, items)
                }
            }
            WireType::Map => {
                reader.enter(Nesting::READ_CONTAINER)?;
                let header = reader.map()?;
                let key = header.key.unwrap_or(WireType::Bool);
                let value = header.value.unwrap_or(WireType::Bool);
                let entries = (0..header.count)
                    .map(|_| Ok((Self::read(reader, key)?, Self::read(reader, value)?)))
                    .collect::<Result<_>>()?;
                reader.leave()?;
                Self::Map(key, value, entries)
            }
        })
    }

    /// How many values this one consists of.
    pub fn count(&self) -> usize {
        1 + match self {
            Self::Struct(fields) => fields.iter().map(|(_, value)| value.count()).sum(),
            Self::List(_, items) | Self::Set(_, items) => items.iter().map(Self::count).sum(),
            Self::Map(_, _, entries) => entries
                .iter()
                .map(|(key, value)| key.count() + value.count())
                .sum::<usize>(),
            _ => 0,
        }
    }

    /// The value as JSON can hold it: strings are text, and a NaN is a NaN.
    #[must_use]
    pub fn in_json(self) -> Self {
        let all = |items: Vec<Self>| items.into_iter().map(Self::in_json).collect();
        match self {
            Self::Bytes(bytes) => Self::Bytes(String::from_utf8_lossy(&bytes).into_owned().into()),
            Self::Double(bits) if f64::from_bits(bits).is_nan() => Self::Double(f64::NAN.to_bits()),
            Self::Struct(fields) => Self::Struct(
                fields
                    .into_iter()
                    .map(|(id, value)| (id, value.in_json()))
                    .collect(),
            ),
            Self::List(element, items) => Self::List(element, all(items)),
            Self::Set(element, items) => Self::Set(element, all(items)),
            Self::Map(key, value, entries) => Self::Map(
                key,
                value,
                entries
                    .into_iter()
                    .map(|(key, value)| (key.in_json(), value.in_json()))
                    .collect(),
            ),
            base => base,
        }
    }

    /// The value as the compact protocol gives it back: a map without entries
    /// has no types there.
    #[must_use]
    pub fn in_compact(self) -> Self {
        let all = |items: Vec<Self>| items.into_iter().map(Self::in_compact).collect();
        match self {
            Self::Struct(fields) => Self::Struct(
                fields
                    .into_iter()
                    .map(|(id, value)| (id, value.in_compact()))
                    .collect(),
            ),
            Self::List(element, items) => Self::List(element, all(items)),
            Self::Set(element, items) => Self::Set(element, all(items)),
            Self::Map(_, _, entries) if entries.is_empty() => {
                Self::Map(WireType::Bool, WireType::Bool, entries)
            }
            Self::Map(key, value, entries) => Self::Map(
                key,
                value,
                entries
                    .into_iter()
                    .map(|(key, value)| (key.in_compact(), value.in_compact()))
                    .collect(),
            ),
            base => base,
        }
    }
}
