//! What must hold for any bytes and any value: asserted here for random ones,
//! and by the fuzz targets for those that the fuzzer finds.

use fastthrift::wire::{Error, WireType};

use crate::protocols::{Lax, Protocol, Short, Strict, Text};
use crate::shape::Shape;
use crate::value::Value;

/// Any bytes are read or refused, as a struct and as a message. What is read
/// holds no more values than there were bytes, and can be written and read
/// again.
pub fn bytes_are_read_or_refused<P: Protocol>(bytes: &[u8]) {
    if let Ok((header, length)) = P::read_message(bytes) {
        assert!(length <= bytes.len());
        assert!(header.name.len() < length);
    }
    if let Ok((value, length)) = P::decode(bytes, WireType::Struct) {
        assert!(length <= bytes.len());
        assert!(value.count() <= length);
        value_comes_back::<P>(&value);
    }
}

/// A value is read as it was written, to its last byte and no further.
pub fn value_comes_back<P: Protocol>(value: &Value) {
    let mut bytes = P::encode(value).expect("nested no deeper than what can be read");
    let length = bytes.len();
    bytes.extend_from_slice(b"the next message");
    let wire_type = value.wire_type();
    let (read, taken) = P::decode(&bytes, wire_type).expect("what was written");
    assert_eq!(&read, value);
    assert_eq!(taken, length);
    assert_eq!(P::skip(&bytes, wire_type).ok(), Some(length));
    let [raw, of_stream] = P::raw(&bytes, wire_type).expect("what was written");
    assert_eq!(raw.bytes, bytes[..length]);
    assert_eq!(raw, of_stream);
    // One level deeper than it was.
    if let Ok(expected) = P::encode(&in_field(value)) {
        assert_eq!(P::write_raw(&raw).ok(), Some(expected));
    }
}

fn in_field(value: &Value) -> Value {
    Value::Struct(vec![(7, value.clone())])
}

/// A value is the same in JSON, as far as JSON can hold it.
pub fn json_holds_the_same(bytes: &[u8]) {
    if let Ok((value, _)) = Strict::decode(bytes, WireType::Struct) {
        let value = value.in_json();
        assert_eq!(transcoded::<Text>(&value), value);
    }
    if let Ok((value, _)) = Text::decode(bytes, WireType::Struct) {
        assert_eq!(transcoded::<Strict>(&value), value);
    }
}

/// A value of one protocol is the same in the other.
pub fn transcoding_changes_nothing(bytes: &[u8]) {
    if let Ok((value, _)) = Strict::decode(bytes, WireType::Struct) {
        assert_eq!(transcoded::<Short>(&value), value.clone().in_compact());
        assert_eq!(transcoded::<Lax>(&value), value);
        let field = in_field(&value).in_compact();
        if let Ok(expected) = Short::encode(&field) {
            let [raw, _] = Strict::raw(bytes, WireType::Struct).expect("what was read");
            assert_eq!(Short::write_raw(&raw).ok(), Some(expected));
        }
    }
    if let Ok((value, _)) = Short::decode(bytes, WireType::Struct) {
        assert_eq!(transcoded::<Strict>(&value), value);
    }
}

fn transcoded<P: Protocol>(value: &Value) -> Value {
    let bytes = P::encode(value).expect("nested no deeper than what can be read");
    let (value, length) = P::decode(&bytes, value.wire_type()).expect("what was written");
    assert_eq!(length, bytes.len());
    value
}

/// Reading, skipping and reading by a schema, from memory and from a stream,
/// accept the same bytes and end at the same one.
pub fn all_readers_agree<P: Protocol>(bytes: &[u8], shape: &Shape) {
    let wire_type = shape.wire_type();
    let bytes = P::of_stream(bytes);
    let read = P::decode(bytes, wire_type);
    let end = read.as_ref().map(|(_, length)| *length);
    let same_end = |other: Result<usize, Error>| match (&end, other) {
        (Ok(expected), Ok(found)) => assert_eq!(*expected, found),
        (Err(_), Err(_)) => {}
        (expected, found) => panic!("{expected:?}, but {found:?}"),
    };
    same_end(P::skip(bytes, wire_type));
    same_end(P::skip_stream(bytes, wire_type));
    same_end(P::decode_as(bytes, shape).map(|(_, length)| length));
    assert_eq!(P::decode_stream(bytes, wire_type).ok(), read.ok());
}
