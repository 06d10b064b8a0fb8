//! Reading as a schema directs: what the reader does not know, or knows
//! otherwise, is skipped, as the decoder of Python objects does.

use fastthrift::wire::{Nesting, Reader, Result, WireType};

use crate::value::Value;

/// What a reader expects.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A value that holds no others.
    Base(WireType),
    /// A struct with fields of these ids.
    Struct(Vec<(i16, Shape)>),
    /// A list.
    List(Box<Shape>),
    /// A set.
    Set(Box<Shape>),
    /// A map: keys, values.
    Map(Box<(Shape, Shape)>),
}

impl Shape {
    /// The type by which the wire announces what is expected.
    pub fn wire_type(&self) -> WireType {
        match self {
            Self::Base(wire_type) => *wire_type,
            Self::Struct(_) => WireType::Struct,
            Self::List(_) => WireType::List,
            Self::Set(_) => WireType::Set,
            Self::Map(_) => WireType::Map,
        }
    }

    /// Reads what is expected, and passes over all else.
    pub fn read<R: Reader>(&self, reader: &mut R) -> Result<Value> {
        match self {
            Self::Base(wire_type) => Value::read(reader, *wire_type),
            Self::Struct(fields) => {
                reader.enter(Nesting::READ_STRUCT)?;
                let mut found = Vec::new();
                let mut last_id = 0;
                while let Some(header) = reader.field(&mut last_id)? {
                    match fields.iter().find(|(id, _)| *id == header.id) {
                        Some((id, shape)) if shape.wire_type() == header.wire_type => {
                            found.push((*id, shape.read(reader)?));
                        }
                        _ => {
                            reader.skip(header.wire_type)?;
                            let ids = fields.iter().map(|(id, _)| *id);
                            let next_id = ids.filter(|id| *id > last_id).min();
                            reader.skip_before(next_id, &mut last_id)?;
                        }
                    }
                }
                reader.leave()?;
                Ok(Value::Struct(found))
            }
            Self::List(element) => Ok(Value::List(
                element.wire_type(),
                element.read_elements(reader)?,
            )),
            Self::Set(element) => Ok(Value::Set(
                element.wire_type(),
                element.read_elements(reader)?,
            )),
            Self::Map(entry) => {
                let (key, value) = &**entry;
                reader.enter(Nesting::READ_CONTAINER)?;
                let header = reader.map()?;
                let expected = (Some(key.wire_type()), Some(value.wire_type()));
                let mut entries = Vec::new();
                if (header.key, header.value) == expected {
                    for _ in 0..header.count {
                        entries.push((key.read(reader)?, value.read(reader)?));
                    }
                } else {
                    reader.skip_entries(header)?;
                }
                reader.leave()?;
                Ok(Value::Map(key.wire_type(), value.wire_type(), entries))
            }
        }
    }

    fn read_elements<R: Reader>(&self, reader: &mut R) -> Result<Vec<Value>> {
        reader.enter(Nesting::READ_CONTAINER)?;
        let header = reader.list()?;
        let mut items = Vec::new();
        if header.element == Some(self.wire_type()) {
            for _ in 0..header.count {
                items.push(self.read(reader)?);
            }
        } else {
            reader.skip_elements(header)?;
        }
        reader.leave()?;
        Ok(items)
    }
}
