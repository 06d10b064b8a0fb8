//! The wire, without Python: what is written is read, skipping agrees with
//! reading, no bytes make a reader panic, hang or trust a promise, and where a
//! message ends is found however its bytes are cut.

#[path = "wire/checks.rs"]
mod checks;
#[path = "wire/choices.rs"]
mod choices;
#[path = "wire/cuts.rs"]
#[allow(dead_code, reason = "the tests of streams use all of it")]
mod cuts;
#[path = "wire/linear.rs"]
mod linear;
#[path = "wire/protocols.rs"]
mod protocols;
#[path = "wire/shape.rs"]
mod shape;
#[path = "wire/value.rs"]
mod value;

use choices::{Choices, Random};
use fastthrift::stream::{Protocol as Dialect, Scan, Target};
use fastthrift::wire::{
    BinaryWriter, CompactWriter, Error, ErrorKind, JsonWriter, Limits, MessageHeader, Scalar,
    WireType, Writer,
};
use protocols::{Lax, Protocol, Short, Strict, Text};
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
        checks::value_comes_back::<Text>(&value.in_json());
    }
}

#[test]
fn all_protocols_hold_the_same_values() {
    for value in values() {
        checks::json_holds_the_same(&Strict::encode(&value).unwrap());
        checks::json_holds_the_same(&Text::encode(&value.clone().in_json()).unwrap());
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
    let json = [true, false].map(|whole| {
        let mut out = Vec::new();
        let mut writer = JsonWriter::new(&mut out, Limits::DEFAULT);
        write_fields(&mut writer, &fields, whole);
        out
    });
    assert_eq!(json[0], json[1]);
}

fn refuses_every_prefix<P: Protocol>() {
    for value in &values()[..60] {
        let bytes = P::encode(&value.clone().in_json()).unwrap();
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
    refuses_every_prefix::<Text>();
}

/// A mutated message is read or refused, and skipping and reading by whatever
/// schema accept the same messages and take the same bytes.
fn survives_mutations<P: Protocol>() {
    let mut random = Random(42);
    for value in &values()[..60] {
        let bytes = P::encode(&value.clone().in_json()).unwrap();
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
    survives_mutations::<Text>();
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
    messages::<Text>();
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

/// Structs, lists, sets and maps of `depth` levels.
fn chains(depth: u32) -> [Value; 4] {
    let levels = 1..depth;
    [
        levels.clone().fold(Value::Struct(vec![]), |inner, _| {
            Value::Struct(vec![(1, inner)])
        }),
        levels
            .clone()
            .fold(Value::List(WireType::List, vec![]), |inner, _| {
                Value::List(WireType::List, vec![inner])
            }),
        levels
            .clone()
            .fold(Value::Set(WireType::Set, vec![]), |inner, _| {
                Value::Set(WireType::Set, vec![inner])
            }),
        levels.fold(
            Value::Map(WireType::I8, WireType::Map, vec![(Value::I8(0), no_map())]),
            |inner, _| Value::Map(WireType::I8, WireType::Map, vec![(Value::I8(0), inner)]),
        ),
    ]
}

fn no_map() -> Value {
    Value::Map(WireType::Bool, WireType::Bool, vec![])
}

fn nested<P: Protocol>(bombs: [(WireType, &[u8]); 4]) {
    let limit = Limits::DEFAULT_DEPTH;
    let [structs, lists, sets, _] = chains(limit);
    // The innermost map is one level more.
    let [.., maps] = chains(limit - 1);
    for value in [structs, lists, sets, maps] {
        let deepest = P::encode(&value).unwrap();
        assert!(P::decode(&deepest, value.wire_type()).is_ok());
        assert!(P::skip(&deepest, value.wire_type()).is_ok());
        assert!(P::skip_stream(&deepest, value.wire_type()).is_ok());
    }
    for value in chains(limit + 1) {
        let error = P::encode(&value).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Depth { .. }), "{error}");
    }
    for (wire_type, level) in bombs {
        let bytes = level.repeat(100_000);
        for error in [
            P::decode(&bytes, wire_type).unwrap_err(),
            P::skip(&bytes, wire_type).unwrap_err(),
            P::skip_stream(&bytes, wire_type).unwrap_err(),
        ] {
            let is_depth = matches!(error.kind(), ErrorKind::Depth { .. });
            assert!(is_depth, "{wire_type:?}: {error}");
        }
    }
}

#[test]
fn nesting_is_bounded_everywhere() {
    // One level each: a struct as field 1, a list and a set of one, a map of
    // one from an i8.
    nested::<Strict>([
        (WireType::Struct, &[12, 0, 1]),
        (WireType::List, &[15, 0, 0, 0, 1]),
        (WireType::Set, &[14, 0, 0, 0, 1]),
        (WireType::Map, &[3, 13, 0, 0, 0, 1, 0]),
    ]);
    nested::<Short>([
        (WireType::Struct, &[0x1c]),
        (WireType::List, &[0x19]),
        (WireType::Set, &[0x1a]),
        (WireType::Map, &[1, 0x3b, 0]),
    ]);
    nested::<Text>([
        (WireType::Struct, br#"{"1":{"rec":"#),
        (WireType::List, br#"["lst",1,"#),
        (WireType::Set, br#"["set",1,"#),
        (WireType::Map, br#"["i8","map",1,{"0":"#),
    ]);
}

/// Values whose sizes are at the borders of what is passed over at once.
fn bordering() -> Vec<Value> {
    let numbers = |wire_type, count: usize| {
        let wide = |index: usize| i64::MIN.wrapping_shr((index * 5 % 64) as u32) ^ index as i64;
        let number = |index| match wire_type {
            WireType::I16 => Value::I16(wide(index) as i16),
            WireType::I32 => Value::I32(wide(index) as i32),
            // Most are short.
            _ if index % 90 < 80 => Value::I64(index as i64 % 60),
            _ => Value::I64(wide(index)),
        };
        Value::List(wire_type, (0..count).map(number).collect())
    };
    let text = |length| Value::Bytes(vec![b'x'; length]);
    let one = || Value::Struct(vec![(1, Value::I32(7)), (15, text(3)), (16, text(127))]);
    let mut values = vec![];
    for count in [0, 1, 2, 7, 8, 9, 14, 15, 16, 80, 127, 128, 300, 20_000] {
        values.push(Value::List(WireType::Struct, vec![one(); count]));
        values.extend([WireType::I16, WireType::I32, WireType::I64].map(|of| numbers(of, count)));
        values.push(Value::List(WireType::Bool, vec![Value::Bool(true); count]));
        values.push(Value::Set(WireType::Double, vec![Value::Double(9); count]));
        values.push(Value::Set(
            WireType::Uuid,
            vec![Value::Uuid([8; 16]); count],
        ));
        values.push(Value::List(WireType::String, vec![text(count); count % 20]));
        values.push(Value::List(
            WireType::List,
            vec![numbers(WireType::I32, 3); count % 20],
        ));
    }
    let mut deep = one();
    for level in 0..20 {
        deep = match level % 3 {
            0 => Value::List(WireType::Struct, vec![one(), one(), deep.clone(), one()]),
            _ => Value::Struct(vec![
                (level, numbers(WireType::I16, 4)),
                (300, deep),
                (301, one()),
            ]),
        };
        if level % 3 != 0 {
            values.push(deep.clone());
        }
    }
    values.push(Value::Map(
        WireType::String,
        WireType::Struct,
        vec![(text(2), one())],
    ));
    values
}

fn passes_over_what_borders<P: Protocol>() {
    let mut random = Random(7);
    for value in bordering() {
        // In a struct, with other fields behind it and before it.
        let fields = vec![
            (1, Value::I8(-1)),
            (2, value.clone()),
            (40, value),
            (41, Value::I64(i64::MIN)),
            (42, Value::Bool(false)),
        ];
        let value = Value::Struct(fields);
        checks::value_comes_back::<P>(&value);
        let bytes = P::encode(&value).unwrap();
        for _ in 0..60 {
            let mut mutated = bytes.clone();
            let place = random.below(mutated.len().min(2000));
            mutated[place] = random.next() as u8;
            mutated.truncate(2000);
            let shape = random.shape(WireType::Struct, 3);
            checks::all_readers_agree::<P>(&mutated, &shape);
        }
    }
}

#[test]
fn what_is_passed_over_at_once_is_what_is_read() {
    passes_over_what_borders::<Strict>();
    passes_over_what_borders::<Short>();
}

/// How a size is refused: for its sign, or for the bytes that are there. Who
/// was allowed to allocate for it would notice later that they end.
fn refused<P: Protocol>(bytes: &[u8], wire_type: WireType, is_negative: bool) {
    for error in [
        P::decode(bytes, wire_type).unwrap_err(),
        P::skip(bytes, wire_type).unwrap_err(),
    ] {
        let is_right = match (error.kind(), wire_type) {
            (ErrorKind::NegativeSize(_), _) => is_negative,
            (ErrorKind::SizeLimit { what: "string", .. }, WireType::String)
            | (ErrorKind::ImpossibleCount { .. }, WireType::List | WireType::Map) => !is_negative,
            _ => false,
        };
        assert!(is_right, "{wire_type:?}: {error}");
    }
}

#[test]
fn promised_sizes_are_checked_before_anyone_allocates() {
    // Of 2^31 - 1 and of -1, as an i32 of binary and a varint of compact.
    for (is_negative, fixed, varint) in [
        (
            false,
            [0x7f, 0xff, 0xff, 0xff],
            [0xff, 0xff, 0xff, 0xff, 0x07],
        ),
        (true, [0xff; 4], [0xff, 0xff, 0xff, 0xff, 0x0f]),
    ] {
        let binary = |before: &[u8]| [before, &fixed[..], &[1, 2, 3]].concat();
        refused::<Strict>(&binary(&[]), WireType::String, is_negative);
        refused::<Strict>(&binary(&[10]), WireType::List, is_negative);
        refused::<Strict>(&binary(&[8, 11]), WireType::Map, is_negative);
        let compact = |before: &[u8], after: &[u8]| [before, &varint[..], after].concat();
        refused::<Short>(&compact(&[], &[]), WireType::String, is_negative);
        refused::<Short>(&compact(&[0xf5], &[]), WireType::List, is_negative);
        refused::<Short>(&compact(&[], &[0x55]), WireType::Map, is_negative);
    }
    // A string below the limit, of which little has come.
    for error in [
        Strict::decode(&[0, 0x10, 0, 0, 1], WireType::String).unwrap_err(),
        Short::decode(&[0x80, 0x80, 0x40, 1], WireType::String).unwrap_err(),
    ] {
        assert!(
            matches!(
                error.kind(),
                ErrorKind::Truncated {
                    needed: 0x10_0000,
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[test]
fn promised_counts_of_json_are_those_that_come() {
    for text in [
        r#"["i32",2147483647,1]"#,
        r#"["i32",-1]"#,
        r#"["i32",2,1]"#,
        r#"["i32",1,1,2]"#,
        r#"["i32"]"#,
        r#"["rec",9,{}]"#,
    ] {
        assert!(
            Text::decode(text.as_bytes(), WireType::List).is_err(),
            "{text}"
        );
        assert!(
            Text::skip(text.as_bytes(), WireType::List).is_err(),
            "{text}"
        );
    }
    for text in [
        r#"["str","i32",2147483647,{"a":1}]"#,
        r#"["str","i32",2,{"a":1}]"#,
        r#"["str","i32",0,{"a":1}]"#,
        r#"["str","i32",1,{"a":1},2]"#,
    ] {
        assert!(
            Text::decode(text.as_bytes(), WireType::Map).is_err(),
            "{text}"
        );
        assert!(
            Text::skip(text.as_bytes(), WireType::Map).is_err(),
            "{text}"
        );
    }
}

#[test]
fn json_is_that_of_apache() {
    let value = Value::Struct(vec![
        (1, Value::Bool(true)),
        (-2, Value::I8(-128)),
        (3, Value::I64(i64::MIN)),
        (4, Value::Double(0.1_f64.to_bits())),
        (5, Value::Bytes("é\"\n".into())),
        (
            6,
            Value::Uuid(std::array::from_fn(|index| index as u8 * 17)),
        ),
        (
            7,
            Value::List(WireType::Struct, vec![Value::Struct(vec![])]),
        ),
        (8, Value::Set(WireType::Bool, vec![])),
        (
            9,
            Value::Map(
                WireType::I32,
                WireType::Map,
                vec![(
                    Value::I32(5),
                    Value::Map(
                        WireType::List,
                        WireType::Double,
                        vec![(
                            Value::List(WireType::I32, vec![Value::I32(1)]),
                            Value::Double(f64::NAN.to_bits()),
                        )],
                    ),
                )],
            ),
        ),
    ]);
    let text = concat!(
        r#"{"1":{"tf":1},"-2":{"i8":-128},"3":{"i64":-9223372036854775808},"#,
        r#""4":{"dbl":0.10000000000000001},"5":{"str":"é\"\n"},"#,
        r#""6":{"uid":"00112233-4455-6677-8899-aabbccddeeff"},"7":{"lst":["rec",1,{}]},"#,
        r#""8":{"set":["tf",0]},"#,
        r#""9":{"map":["i32","map",1,{"5":["lst","dbl",1,{["i32",1,1]:"NaN"}]}]}}"#,
    );
    assert_eq!(
        String::from_utf8(Text::encode(&value).unwrap()).unwrap(),
        text
    );
    // Spaces stand wherever JSON allows them.
    let spaced = text
        .replace(',', " ,\r\n ")
        .replace(':', "\t: ")
        .replace('}', " } ");
    assert_eq!(
        Text::decode(spaced.as_bytes(), WireType::Struct).unwrap().0,
        value
    );
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
    // A byte that is wrong itself is where it stands.
    let offset = |error: Error| error.offset();
    let wrong = |found: Result<usize, Error>| found.map_err(offset).unwrap_err();
    assert_eq!(wrong(Strict::skip(&[77], WireType::Struct)), Some(0));
    assert_eq!(
        wrong(Strict::skip(&[77, 0, 0, 0, 1], WireType::List)),
        Some(0)
    );
    assert_eq!(
        wrong(Short::skip(&[0xff, 0x80, 0x02], WireType::List)),
        Some(0)
    );
    let header = |bytes: &[u8]| Short::read_message(bytes).map(drop).map_err(offset);
    assert_eq!(header(&[0x81, 0x21]), Err(Some(0)));
    assert_eq!(header(&[0x82, 0x22]), Err(Some(1)));
}

#[test]
fn where_a_message_ends_is_found_however_it_is_cut() {
    let mut random = Random(0x0dd0_feed_5eed_0001);
    let tight = Limits {
        depth: 4,
        string: 40,
        message: 60,
    };
    let header = MessageHeader {
        name: b"the_name_of_a_method".to_vec(),
        message_type: 1,
        sequence_id: -7,
    };
    for value in values().iter().step_by(4) {
        let bare = [
            Strict::encode(value).unwrap(),
            Short::encode(value).unwrap(),
        ];
        let headers = [
            Strict::message(&header),
            Lax::message(&header),
            Short::message(&header),
        ];
        let calls = headers
            .iter()
            .flat_map(|head| bare.iter().map(|body| [&**head, body].concat()));
        for mut bytes in calls.chain(bare.iter().cloned()) {
            bytes.extend_from_slice(b"the next message");
            cuts::cuts_change_nothing(&bytes, Limits::DEFAULT, &mut random);
            cuts::cuts_change_nothing(&bytes, tight, &mut random);
            // Some bytes damaged, or the end missing.
            for _ in 0..4 {
                let mut bytes = bytes.clone();
                let place = random.next() as usize % bytes.len();
                bytes[place] = random.next() as u8;
                cuts::cuts_change_nothing(&bytes, Limits::DEFAULT, &mut random);
                cuts::cuts_change_nothing(&bytes[..place], tight, &mut random);
            }
        }
    }
}

#[test]
fn a_search_reads_no_byte_of_a_string_twice() {
    // A struct of one string, whose bytes come one at a time: the search is
    // shown all of them each time, and waits without looking until they are there.
    let text = vec![b'x'; 1 << 16];
    let mut bytes = vec![11, 0, 1];
    bytes.extend_from_slice(&(text.len() as u32).to_be_bytes());
    bytes.extend_from_slice(&text);
    bytes.push(0);
    let part = Target::Value(WireType::Struct);
    let mut scan = Scan::new(Dialect::Binary { strict: true }, part, Limits::DEFAULT);
    let mut asked = Vec::new();
    let mut arrived = 0;
    while scan.advance(0, &bytes[..arrived]).unwrap().is_none() {
        asked.push(scan.wanted());
        arrived = scan.wanted();
    }
    assert_eq!(arrived, bytes.len());
    assert!(asked.len() < 8, "{asked:?}");
}
