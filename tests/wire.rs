//! The wire, without Python: what is written is read, skipping agrees with
//! reading, and no bytes make a reader panic, hang or trust a promise.

#[path = "wire/checks.rs"]
mod checks;
#[path = "wire/choices.rs"]
mod choices;
#[path = "wire/protocols.rs"]
mod protocols;
#[path = "wire/shape.rs"]
mod shape;
#[path = "wire/value.rs"]
mod value;

use choices::{Choices, Random};
use fastthrift::wire::{
    BinaryWriter, CompactWriter, ErrorKind, Limits, MessageHeader, Scalar, WireType, Writer,
};
use protocols::{Lax, Protocol, Short, Strict};
use value::Value;

fn values() -> Vec<Value> {
    let mut random = Random(0x1234_5678_9abc_def1);
    (0..400)
        .map(|_| random.value(WireType::Struct, 4))
        .collect()
}

#[test]
fn what_is_written_is_read_and_skipped() {
    for value in values() {
        checks::value_comes_back::<Strict>(&value);
        checks::value_comes_back::<Short>(&value);
    }
}

#[test]
fn both_protocols_hold_the_same_values() {
    for value in values() {
        checks::transcoding_changes_nothing(&Strict::encode(&value).unwrap());
        checks::transcoding_changes_nothing(&Short::encode(&value).unwrap());
    }
}

/// The fields of a struct, each written as a whole, or its header and value.
fn write_fields<W: Writer>(writer: &mut W, fields: &[(i16, Scalar<'_>)], whole: bool) {
    let mut last_id = 0;
    for (id, value) in fields {
        // A bool is in the header of its field.
        if whole || matches!(value, Scalar::Bool(_)) {
            writer.scalar_field(*value, *id, &mut last_id).unwrap();
        } else {
            writer.field(value.wire_type(), *id, &mut last_id);
            writer.scalar(*value).unwrap();
        }
    }
}

#[test]
fn a_field_written_as_a_whole_is_its_header_and_its_value() {
    let long = [b'x'; 300];
    let mut values = vec![Scalar::Bytes(b""), Scalar::Bytes(&long), Scalar::Bool(true)];
    for shift in 0..64 {
        for value in [
            i64::MIN >> shift,
            i64::MAX >> shift,
            (i64::MAX >> shift).wrapping_add(1),
        ] {
            values.extend([
                Scalar::I8(value as i8),
                Scalar::I16(value as i16),
                Scalar::I32(value as i32),
                Scalar::I64(value),
                Scalar::Double(f64::from_bits(value as u64)),
            ]);
        }
    }
    // The next id, a short and a long way off, and back.
    let ids = [1, 2, 17, 33, i16::MAX, i16::MIN, -1, 0, 300];
    let fields: Vec<_> = ids.iter().copied().cycle().zip(values).collect();
    let binary = [true, false].map(|whole| {
        let mut out = Vec::new();
        let mut writer = BinaryWriter::new(&mut out, Limits::DEFAULT, true);
        write_fields(&mut writer, &fields, whole);
        out
    });
    assert_eq!(binary[0], binary[1]);
    let compact = [true, false].map(|whole| {
        let mut out = Vec::new();
        let mut writer = CompactWriter::new(&mut out, Limits::DEFAULT);
        write_fields(&mut writer, &fields, whole);
        out
    });
    assert_eq!(compact[0], compact[1]);
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

/// A mutated message is read or refused, and skipping and reading by whatever
/// schema accept the same messages and take the same bytes.
fn survives_mutations<P: Protocol>() {
    let mut random = Random(42);
    for value in &values()[..60] {
        let bytes = P::encode(value).unwrap();
        for _ in 0..100 {
            let mut mutated = bytes.clone();
            let place = random.below(mutated.len());
            mutated[place] = random.next() as u8;
            checks::bytes_are_read_or_refused::<P>(&mutated);
            let shape = random.shape(WireType::Struct, 3);
            checks::all_readers_agree::<P>(&mutated, &shape);
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
        assert_eq!(P::read_message(&bytes).unwrap(), (header, bytes.len()));
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
        Lax::read_message(&Strict::message(&header)).unwrap().0,
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
