//! The wire, without Python: what is written is read, skipping agrees with
//! reading, and no bytes make a reader panic, hang or trust a promise.

use fastthrift::wire::{
    Binary, BinaryWriter, Compact, CompactWriter, ErrorKind, Input, Limits, MessageHeader, Nesting,
    Reader, Result, SliceInput, WireType, Writer,
};

/// A value of any type.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    Double(f64),
    Bytes(Vec<u8>),
    Uuid([u8; 16]),
    Struct(Vec<(i16, Value)>),
    List(WireType, Vec<Value>),
    Set(WireType, Vec<Value>),
    Map(WireType, WireType, Vec<(Value, Value)>),
}

impl Value {
    fn wire_type(&self) -> WireType {
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

    fn write<W: Writer>(&self, writer: &mut W) -> Result<()> {
        match self {
            Self::Bool(value) => writer.bool(*value),
            Self::I8(value) => writer.i8(*value),
            Self::I16(value) => writer.i16(*value),
            Self::I32(value) => writer.i32(*value),
            Self::I64(value) => writer.i64(*value),
            Self::Double(value) => writer.double(*value),
            Self::Bytes(value) => writer.bytes(value)?,
            Self::Uuid(value) => writer.uuid(*value),
            Self::Struct(fields) => {
                writer.enter(Nesting::WRITE_STRUCT)?;
                let mut last_id = 0;
                for (id, value) in fields {
                    if let Self::Bool(value) = value {
                        writer.bool_field(*value, *id, &mut last_id);
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
        }
        Ok(())
    }

    fn read<R: Reader>(reader: &mut R, wire_type: WireType) -> Result<Self> {
        Ok(match wire_type {
            WireType::Bool => Self::Bool(reader.bool()?),
            WireType::I8 => Self::I8(reader.i8()?),
            WireType::I16 => Self::I16(reader.i16()?),
            WireType::I32 => Self::I32(reader.i32()?),
            WireType::I64 => Self::I64(reader.i64()?),
            WireType::Double => Self::Double(reader.double()?),
            WireType::String => Self::Bytes(reader.bytes()?.to_vec()),
            WireType::Uuid => Self::Uuid(reader.uuid()?),
            WireType::Struct => {
                reader.enter(Nesting::READ_STRUCT)?;
                let mut fields = Vec::new();
                let mut last_id = 0;
                while let Some(field) = reader.field(&mut last_id)? {
                    fields.push((field.id, Self::read(reader, field.wire_type)?));
                }
                reader.leave();
                Self::Struct(fields)
            }
            WireType::List | WireType::Set => {
                reader.enter(Nesting::READ_CONTAINER)?;
                let header = reader.list()?;
                let element = header.element.unwrap_or(WireType::Bool);
                let items = (0..header.count)
                    .map(|_| Self::read(reader, element))
                    .collect::<Result<_>>()?;
                reader.leave();
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
                reader.leave();
                Self::Map(key, value, entries)
            }
        })
    }
}

/// What the tests do with each protocol.
trait Protocol {
    fn encode(value: &Value) -> Result<Vec<u8>>;
    fn decode(bytes: &[u8], wire_type: WireType) -> Result<(Value, usize)>;
    fn skip(bytes: &[u8], wire_type: WireType) -> Result<usize>;
    fn message(header: &MessageHeader) -> Vec<u8>;
    fn read_message(bytes: &[u8]) -> Result<MessageHeader>;
}

macro_rules! protocol {
    ($name:ident, $bytes:ident, $limits:ident => $writer:expr, $reader:expr) => {
        struct $name;

        impl Protocol for $name {
            fn encode(value: &Value) -> Result<Vec<u8>> {
                let mut out = Vec::new();
                let ($bytes, $limits) = (&mut out, Limits::DEFAULT);
                value.write(&mut $writer)?;
                Ok(out)
            }

            fn decode(bytes: &[u8], wire_type: WireType) -> Result<(Value, usize)> {
                let ($bytes, $limits) = (SliceInput::new(bytes), Limits::DEFAULT);
                let mut reader = $reader;
                let value = Value::read(&mut reader, wire_type)?;
                Ok((value, reader.input().offset() as usize))
            }

            fn skip(bytes: &[u8], wire_type: WireType) -> Result<usize> {
                let ($bytes, $limits) = (SliceInput::new(bytes), Limits::DEFAULT);
                let mut reader = $reader;
                reader.skip(wire_type)?;
                Ok(reader.input().offset() as usize)
            }

            fn message(header: &MessageHeader) -> Vec<u8> {
                let mut out = Vec::new();
                let ($bytes, $limits) = (&mut out, Limits::DEFAULT);
                $writer
                    .message(&header.name, header.message_type, header.sequence_id)
                    .expect("a short name");
                out
            }

            fn read_message(bytes: &[u8]) -> Result<MessageHeader> {
                let ($bytes, $limits) = (SliceInput::new(bytes), Limits::DEFAULT);
                let mut reader = $reader;
                reader.message()
            }
        }
    };
}

protocol!(Strict, bytes, limits =>
    BinaryWriter::new(bytes, limits, true), Binary::new(bytes, limits, true));
protocol!(Lax, bytes, limits =>
    BinaryWriter::new(bytes, limits, false), Binary::new(bytes, limits, false));
protocol!(Short, bytes, limits =>
    CompactWriter::new(bytes, limits), Compact::new(bytes, limits));

/// Numbers that need no library and are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }

    /// Small and large magnitudes alike.
    fn number(&mut self) -> i64 {
        let shift = self.below(64);
        (self.next() >> shift) as i64 * if self.below(2) == 0 { 1 } else { -1 }
    }

    fn wire_type(&mut self, depth: usize) -> WireType {
        const TYPES: [WireType; 12] = [
            WireType::Bool,
            WireType::I8,
            WireType::I16,
            WireType::I32,
            WireType::I64,
            WireType::Double,
            WireType::String,
            WireType::Uuid,
            WireType::Struct,
            WireType::List,
            WireType::Set,
            WireType::Map,
        ];
        TYPES[self.below(if depth == 0 { 8 } else { TYPES.len() })]
    }

    fn value(&mut self, wire_type: WireType, depth: usize) -> Value {
        let below = depth.saturating_sub(1);
        match wire_type {
            WireType::Bool => Value::Bool(self.below(2) == 1),
            WireType::I8 => Value::I8(self.next() as i8),
            WireType::I16 => Value::I16(self.number() as i16),
            WireType::I32 => Value::I32(self.number() as i32),
            WireType::I64 => Value::I64(self.number()),
            WireType::Double => Value::Double(f64::from(self.number() as i32) / 3.0),
            WireType::String => {
                let length = self.below(40);
                Value::Bytes((0..length).map(|_| self.next() as u8).collect())
            }
            WireType::Uuid => Value::Uuid(std::array::from_fn(|_| self.next() as u8)),
            WireType::Struct => {
                let count = self.below(6);
                let fields = (0..count).map(|_| {
                    let wire_type = self.wire_type(below);
                    (self.number() as i16, self.value(wire_type, below))
                });
                Value::Struct(fields.collect())
            }
            WireType::List | WireType::Set => {
                let element = self.wire_type(below);
                // Enough for the short and the long form of compact.
                let count = self.below(20) + 1;
                let items = (0..count).map(|_| self.value(element, below)).collect();
                if wire_type == WireType::List {
                    Value::List(element, items)
                } else {
                    Value::Set(element, items)
                }
            }
            WireType::Map => {
                let (key, value) = (self.wire_type(below), self.wire_type(below));
                let count = self.below(5) + 1;
                let entries = (0..count)
                    .map(|_| (self.value(key, below), self.value(value, below)))
                    .collect();
                Value::Map(key, value, entries)
            }
        }
    }
}

fn values() -> Vec<Value> {
    let mut random = Random(0x1234_5678_9abc_def1);
    (0..400)
        .map(|_| random.value(WireType::Struct, 4))
        .collect()
}

fn round_trips<P: Protocol>() {
    for value in values() {
        let bytes = P::encode(&value).expect("nested four deep");
        let wire_type = value.wire_type();
        assert_eq!(P::decode(&bytes, wire_type).unwrap(), (value, bytes.len()));
        assert_eq!(P::skip(&bytes, wire_type).unwrap(), bytes.len());
    }
}

#[test]
fn what_is_written_is_read_and_skipped() {
    round_trips::<Strict>();
    round_trips::<Short>();
}

fn refuses_every_prefix<P: Protocol>() {
    for value in &values()[..60] {
        let bytes = P::encode(value).unwrap();
        for length in 0..bytes.len() {
            assert!(P::decode(&bytes[..length], WireType::Struct).is_err());
            assert!(P::skip(&bytes[..length], WireType::Struct).is_err());
        }
    }
}

#[test]
fn a_message_that_ends_early_is_an_error() {
    refuses_every_prefix::<Strict>();
    refuses_every_prefix::<Short>();
}

/// A mutated message is read or refused, and skipping takes the same bytes as
/// reading. (Skipping may accept more: it looks at no uuid or string.)
fn survives_mutations<P: Protocol>() {
    let mut random = Random(42);
    for value in &values()[..60] {
        let bytes = P::encode(value).unwrap();
        for _ in 0..100 {
            let mut mutated = bytes.clone();
            let place = random.below(mutated.len());
            mutated[place] = random.next() as u8;
            let read = P::decode(&mutated, WireType::Struct);
            let skipped = P::skip(&mutated, WireType::Struct);
            if let Ok((_, length)) = read {
                assert_eq!(skipped.unwrap(), length);
            }
        }
    }
}

#[test]
fn mutated_messages_are_read_or_refused() {
    survives_mutations::<Strict>();
    survives_mutations::<Short>();
}

fn messages<P: Protocol>() {
    for (message_type, sequence_id) in [(1, 0), (2, 1), (3, i32::MAX), (4, -1), (1, i32::MIN)] {
        let header = MessageHeader {
            name: "méthode".into(),
            message_type,
            sequence_id,
        };
        let bytes = P::message(&header);
        assert_eq!(P::read_message(&bytes).unwrap(), header);
        for length in 0..bytes.len() {
            assert!(P::read_message(&bytes[..length]).is_err());
        }
    }
}

#[test]
fn message_headers() {
    messages::<Strict>();
    messages::<Lax>();
    messages::<Short>();
}

#[test]
fn a_strict_reader_wants_a_version() {
    let header = MessageHeader {
        name: b"ping".to_vec(),
        message_type: 1,
        sequence_id: 0,
    };
    let error = Strict::read_message(&Lax::message(&header)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::BadVersion(_)));
    assert_eq!(
        Lax::read_message(&Strict::message(&header)).unwrap(),
        header
    );
}

fn nested<P: Protocol>() {
    let chain = |depth: u32| {
        (1..depth).fold(Value::Struct(vec![]), |inner, _| {
            Value::Struct(vec![(1, inner)])
        })
    };
    let limit = Limits::DEFAULT_DEPTH;
    let deepest = P::encode(&chain(limit)).unwrap();
    assert!(P::decode(&deepest, WireType::Struct).is_ok());
    assert!(P::skip(&deepest, WireType::Struct).is_ok());
    let error = P::encode(&chain(limit + 1)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Depth { .. }));
}

#[test]
fn nesting_is_bounded_everywhere() {
    nested::<Strict>();
    nested::<Short>();
    // 100,000 structs, as field 1 of each other, in either protocol.
    let binary = [12, 0, 1].repeat(100_000);
    let compact = vec![0x1c; 100_000];
    for error in [
        Strict::decode(&binary, WireType::Struct).unwrap_err(),
        Short::decode(&compact, WireType::Struct).unwrap_err(),
    ] {
        assert!(matches!(error.kind(), ErrorKind::Depth { .. }), "{error}");
    }
    assert!(Strict::skip(&binary, WireType::Struct).is_err());
    assert!(Short::skip(&compact, WireType::Struct).is_err());
}

#[test]
fn promised_sizes_are_checked_before_anyone_allocates() {
    let cases: [(&[u8], WireType); 6] = [
        // Binary: a string, a list and a map of 2^31 - 1.
        (&[0x7f, 0xff, 0xff, 0xff], WireType::String),
        (&[10, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3], WireType::List),
        (&[8, 11, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3], WireType::Map),
        // And of -1.
        (&[0xff; 4], WireType::String),
        (&[10, 0xff, 0xff, 0xff, 0xff], WireType::List),
        (&[8, 11, 0xff, 0xff, 0xff, 0xff], WireType::Map),
    ];
    for (bytes, wire_type) in cases {
        assert!(Strict::decode(bytes, wire_type).is_err());
        assert!(Strict::skip(bytes, wire_type).is_err());
    }
    // Compact: the same sizes as varints.
    for size in [
        [0xff, 0xff, 0xff, 0xff, 0x07],
        [0xff, 0xff, 0xff, 0xff, 0x0f],
    ] {
        assert!(Short::decode(&size, WireType::String).is_err());
        assert!(Short::skip(&[&[0xf5], &size[..]].concat(), WireType::List).is_err());
        assert!(Short::skip(&[&size[..], &[0x55]].concat(), WireType::Map).is_err());
    }
}

#[test]
fn elements_of_no_type_are_accepted_in_empty_containers_only() {
    assert!(Strict::skip(&[0, 0, 0, 0, 0], WireType::List).is_ok());
    assert!(Strict::skip(&[0, 0, 0, 0, 1], WireType::List).is_err());
    assert!(Strict::skip(&[0, 0, 0, 0, 0, 0], WireType::Map).is_ok());
    assert!(Short::skip(&[0x00], WireType::List).is_ok());
    assert!(Short::skip(&[0x10], WireType::List).is_err());
}

#[test]
fn errors_tell_the_offset() {
    let error = Strict::decode(&[8, 0, 1, 0, 0], WireType::Struct).unwrap_err();
    assert!(matches!(
        error.kind(),
        ErrorKind::Truncated {
            needed: 4,
            available: 2
        }
    ));
}
