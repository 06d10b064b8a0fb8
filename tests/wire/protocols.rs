//! The protocols behind one trait, for tests that do the same with each.

use fastthrift::wire::{
    Binary, BinaryWriter, Compact, CompactWriter, Error, Input, Json, JsonWriter, Limits,
    MessageHeader, Nesting, RawValue, Reader, Result, SliceInput, TextEnd, WireType, Writer,
};

use crate::shape::Shape;
use crate::value::Value;

/// What the tests do with each protocol. Reading also gives the offset behind
/// what was read.
pub trait Protocol {
    /// The bytes of a value.
    fn encode(value: &Value) -> Result<Vec<u8>>;
    /// The value of bytes.
    fn decode(bytes: &[u8], wire_type: WireType) -> Result<(Value, usize)>;
    /// The value of bytes that come one after the other.
    fn decode_stream(bytes: &[u8], wire_type: WireType) -> Result<(Value, usize)>;
    /// As many of the bytes as a stream gives for a value: what is behind it is
    /// the next one's there, where memory has nothing else.
    fn of_stream(bytes: &[u8]) -> &[u8] {
        bytes
    }
    /// The value of bytes, as far as a schema knows it.
    fn decode_as(bytes: &[u8], shape: &Shape) -> Result<(Value, usize)>;
    /// Passes over a value.
    fn skip(bytes: &[u8], wire_type: WireType) -> Result<usize>;
    /// Passes over a value whose bytes come one after the other.
    fn skip_stream(bytes: &[u8], wire_type: WireType) -> Result<usize>;
    /// The bytes of a message's header.
    /// Takes a value as its bytes, from memory and from a stream.
    fn raw(bytes: &[u8], wire_type: WireType) -> Result<[RawValue; 2]>;

    /// Writes a struct whose field 7 is a value of any protocol.
    fn write_raw(value: &RawValue) -> Result<Vec<u8>>;

    fn message(header: &MessageHeader) -> Vec<u8>;
    /// The header of a message.
    fn read_message(bytes: &[u8]) -> Result<(MessageHeader, usize)>;
}

/// An input that does not know how much will come, as a socket's.
pub struct Stream<'a> {
    bytes: &'a [u8],
    taken: usize,
    /// So many bytes are fetched at once; of none nothing is there before it is
    /// asked for.
    piece: usize,
}

impl<'a> Stream<'a> {
    /// Reads `bytes` from their start.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::in_pieces(bytes, 0)
    }

    /// Reads `bytes` from their start, of which so many come at once.
    pub fn in_pieces(bytes: &'a [u8], piece: usize) -> Self {
        Self {
            bytes,
            taken: 0,
            piece,
        }
    }
}

impl Input for Stream<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8]> {
        let available = self.bytes.len() - self.taken;
        if count > available {
            return Err(Error::truncated(count, available));
        }
        self.taken += count;
        Ok(&self.bytes[self.taken - count..self.taken])
    }

    fn discard(&mut self, count: usize) -> Result<()> {
        self.take(count).map(drop)
    }

    fn buffered(&self) -> &[u8] {
        let fetched = self.taken.next_multiple_of(self.piece.max(1));
        &self.bytes[self.taken..fetched.min(self.bytes.len())]
    }

    fn remaining(&self) -> Option<usize> {
        None
    }

    fn offset(&self) -> u64 {
        self.taken as u64
    }
}

/// Apache's JSON protocol. Its reader wants the whole text: of bytes that come
/// one after the other the end is found first.
pub struct Text;

impl Text {
    fn reader(bytes: &[u8]) -> Json<'_> {
        Json::new(SliceInput::new(bytes), Limits::DEFAULT)
    }

    /// The text at the start of bytes that come one after the other.
    fn whole(bytes: &[u8]) -> Result<&[u8]> {
        let mut end = TextEnd::new(Limits::DEFAULT_DEPTH);
        for (index, byte) in bytes.iter().enumerate() {
            if end.find(&[*byte])?.is_some() {
                return Ok(&bytes[..=index]);
            }
        }
        Err(Error::truncated(end.missing(), 0))
    }
}

impl Protocol for Text {
    fn encode(value: &Value) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        value.write(&mut JsonWriter::new(&mut out, Limits::DEFAULT))?;
        Ok(out)
    }

    fn decode(bytes: &[u8], wire_type: WireType) -> Result<(Value, usize)> {
        let mut reader = Self::reader(bytes);
        let value = Value::read(&mut reader, wire_type)?;
        Ok((value, reader.input().offset() as usize))
    }

    fn of_stream(bytes: &[u8]) -> &[u8] {
        Self::whole(bytes).unwrap_or(bytes)
    }

    fn decode_stream(bytes: &[u8], wire_type: WireType) -> Result<(Value, usize)> {
        Self::decode(Self::whole(bytes)?, wire_type)
    }

    fn decode_as(bytes: &[u8], shape: &Shape) -> Result<(Value, usize)> {
        let mut reader = Self::reader(bytes);
        let value = shape.read(&mut reader)?;
        Ok((value, reader.input().offset() as usize))
    }

    fn skip(bytes: &[u8], wire_type: WireType) -> Result<usize> {
        let mut reader = Self::reader(bytes);
        reader.skip(wire_type)?;
        Ok(reader.input().offset() as usize)
    }

    fn skip_stream(bytes: &[u8], wire_type: WireType) -> Result<usize> {
        Self::skip(Self::whole(bytes)?, wire_type)
    }

    fn raw(bytes: &[u8], wire_type: WireType) -> Result<[RawValue; 2]> {
        let value = take_raw(Self::reader(bytes), wire_type)?;
        Ok([value.clone(), value])
    }

    fn write_raw(value: &RawValue) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        write_raw(JsonWriter::new(&mut out, Limits::DEFAULT), value)?;
        Ok(out)
    }

    fn message(header: &MessageHeader) -> Vec<u8> {
        let mut out = Vec::new();
        JsonWriter::new(&mut out, Limits::DEFAULT)
            .message(&header.name, header.message_type, header.sequence_id)
            .expect("a short name");
        out
    }

    fn read_message(bytes: &[u8]) -> Result<(MessageHeader, usize)> {
        let mut reader = Self::reader(bytes);
        let header = reader.message()?;
        Ok((header, reader.input().offset() as usize))
    }
}

fn take_raw<R: Reader>(mut reader: R, wire_type: WireType) -> Result<RawValue> {
    let bytes = reader.raw(wire_type)?;
    let form = R::FORM;
    Ok(RawValue {
        form,
        wire_type,
        bytes,
    })
}

fn write_raw<W: Writer>(mut writer: W, value: &RawValue) -> Result<()> {
    writer.enter(Nesting::WRITE_STRUCT)?;
    value.write_field(7, &mut 0, &mut writer)?;
    writer.stop();
    writer.leave();
    Ok(())
}

macro_rules! protocol {
    ($(#[$doc:meta])* $name:ident, $input:ident, $limits:ident => $writer:expr, $reader:expr) => {
        $(#[$doc])*
        pub struct $name;

        impl Protocol for $name {
            fn encode(value: &Value) -> Result<Vec<u8>> {
                let mut out = Vec::new();
                let ($input, $limits) = (&mut out, Limits::DEFAULT);
                value.write(&mut $writer)?;
                Ok(out)
            }

            fn decode(bytes: &[u8], wire_type: WireType) -> Result<(Value, usize)> {
                let ($input, $limits) = (SliceInput::new(bytes), Limits::DEFAULT);
                let mut reader = $reader;
                let value = Value::read(&mut reader, wire_type)?;
                Ok((value, reader.input().offset() as usize))
            }

            fn decode_stream(bytes: &[u8], wire_type: WireType) -> Result<(Value, usize)> {
                let ($input, $limits) = (Stream::new(bytes), Limits::DEFAULT);
                let mut reader = $reader;
                let value = Value::read(&mut reader, wire_type)?;
                Ok((value, reader.input().offset() as usize))
            }

            fn decode_as(bytes: &[u8], shape: &Shape) -> Result<(Value, usize)> {
                let ($input, $limits) = (SliceInput::new(bytes), Limits::DEFAULT);
                let mut reader = $reader;
                let value = shape.read(&mut reader)?;
                Ok((value, reader.input().offset() as usize))
            }

            fn skip(bytes: &[u8], wire_type: WireType) -> Result<usize> {
                let ($input, $limits) = (SliceInput::new(bytes), Limits::DEFAULT);
                let mut reader = $reader;
                reader.skip(wire_type)?;
                Ok(reader.input().offset() as usize)
            }

            fn skip_stream(bytes: &[u8], wire_type: WireType) -> Result<usize> {
                let [of_bytes, of_pieces @ ..] = [0, 7, 40, 1000].map(|piece| {
                    let ($input, $limits) = (Stream::in_pieces(bytes, piece), Limits::DEFAULT);
                    let mut reader = $reader;
                    reader.skip(wire_type)?;
                    Ok(reader.input().offset() as usize)
                });
                let text = |result: &Result<usize>| format!("{result:?}");
                for other in &of_pieces {
                    assert_eq!(text(other), text(&of_bytes));
                }
                of_bytes
            }

            fn raw(bytes: &[u8], wire_type: WireType) -> Result<[RawValue; 2]> {
                let ($input, $limits) = (SliceInput::new(bytes), Limits::DEFAULT);
                let in_memory = take_raw($reader, wire_type)?;
                let ($input, $limits) = (Stream::new(bytes), Limits::DEFAULT);
                Ok([in_memory, take_raw($reader, wire_type)?])
            }

            fn write_raw(value: &RawValue) -> Result<Vec<u8>> {
                let mut out = Vec::new();
                let ($input, $limits) = (&mut out, Limits::DEFAULT);
                write_raw($writer, value)?;
                Ok(out)
            }

            fn message(header: &MessageHeader) -> Vec<u8> {
                let mut out = Vec::new();
                let ($input, $limits) = (&mut out, Limits::DEFAULT);
                $writer
                    .message(&header.name, header.message_type, header.sequence_id)
                    .expect("a short name");
                out
            }

            fn read_message(bytes: &[u8]) -> Result<(MessageHeader, usize)> {
                let ($input, $limits) = (SliceInput::new(bytes), Limits::DEFAULT);
                let mut reader = $reader;
                let header = reader.message()?;
                Ok((header, reader.input().offset() as usize))
            }
        }
    };
}

protocol!(
    /// The binary protocol, with versions.
    Strict, input, limits =>
    BinaryWriter::new(input, limits, true), Binary::new(input, limits, true));
protocol!(
    /// The binary protocol of old, without versions.
    Lax, input, limits =>
    BinaryWriter::new(input, limits, false), Binary::new(input, limits, false));
protocol!(
    /// The compact protocol.
    Short, input, limits =>
    CompactWriter::new(input, limits), Compact::new(input, limits));
