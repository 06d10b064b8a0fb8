//! Messages out of pieces, frames, and what first bytes speak. Where a value
//! ends is looked at in `tests/wire.rs`.

#[path = "wire/choices.rs"]
#[allow(dead_code, reason = "the tests of the wire use all of it")]
mod choices;
#[path = "wire/cuts.rs"]
#[allow(dead_code, reason = "the tests of the wire use all of it")]
mod cuts;
#[path = "wire/protocols.rs"]
#[allow(dead_code, reason = "the tests of the wire use all of it")]
mod protocols;
#[path = "wire/shape.rs"]
#[allow(dead_code, reason = "the tests of the wire use all of it")]
mod shape;
#[path = "wire/value.rs"]
#[allow(dead_code, reason = "the tests of the wire use all of it")]
mod value;

use choices::{Choices, Random};
use fastthrift::stream::{
    Framing, Inbound, Opening, Protocol as Dialect, Speech, detect, detect_struct, finish_frame,
    frame_end, frame_header, frame_length, guess, unsigned_header, unsigned_length,
};
use fastthrift::wire::{ErrorKind, Limits, MessageHeader, WireType};
use protocols::{Protocol, Short, Strict, Text};

const STRICT: Dialect = Dialect::Binary { strict: true };

/// Messages with random structs, and what stands behind each.
fn messages<P: Protocol>(random: &mut Random, count: usize, end: &[u8]) -> Vec<Vec<u8>> {
    (0..count)
        .map(|number| {
            let mut bytes = P::message(&MessageHeader {
                name: b"method".to_vec(),
                message_type: 1,
                sequence_id: number as i32,
            });
            let value = random.value(WireType::Struct, 4).in_json();
            bytes.extend(P::encode(&value).unwrap());
            bytes.extend(end);
            bytes
        })
        .collect()
}

/// Messages of each protocol.
fn messages_of_each(random: &mut Random, count: usize) -> [(Dialect, Vec<Vec<u8>>); 4] {
    let sized = |text: Vec<u8>| [&(text.len() as u32).to_be_bytes()[..], &text].concat();
    let texts = messages::<Text>(random, count, b"]");
    [
        (STRICT, messages::<Strict>(random, count, b"")),
        (Dialect::Compact, messages::<Short>(random, count, b"")),
        (Dialect::ApacheJson, texts.clone()),
        (Dialect::Json, texts.into_iter().map(sized).collect()),
    ]
}

/// The messages that come of pieces of a size, and how it ends.
fn taken(framing: Framing, dialect: Dialect, bytes: &[u8], size: usize) -> (Vec<Vec<u8>>, String) {
    let mut inbound = Inbound::new(framing, dialect, Limits::DEFAULT);
    let mut messages = Vec::new();
    for piece in bytes.chunks(size) {
        inbound.feed(piece);
        loop {
            match inbound.next() {
                Ok(Some(message)) => messages.push(message.to_vec()),
                Ok(None) => break,
                Err(error) => return (messages, error.kind().to_string()),
            }
        }
    }
    (messages, format!("b\"{}\"", inbound.rest().escape_ascii()))
}

#[test]
fn any_cut_gives_the_messages_of_none() {
    let mut random = Random(0x5eed_0001);
    let tight = Limits {
        depth: 4,
        string: 40,
        message: 120,
    };
    for _ in 0..60 {
        for (dialect, messages) in messages_of_each(&mut random, 4) {
            let mut bytes = messages.concat();
            let whole = taken(Framing::Unframed, dialect, &bytes, bytes.len());
            assert_eq!(whole, (messages, r#"b"""#.to_owned()));
            let place = random.below(bytes.len());
            for damaged in [false, true] {
                if damaged {
                    bytes[place] = random.next() as u8;
                }
                let whole = taken(Framing::Unframed, dialect, &bytes, bytes.len());
                for size in [1, 2, 7, 50] {
                    assert_eq!(taken(Framing::Unframed, dialect, &bytes, size), whole);
                }
                cuts::pieces_change_nothing(&bytes, Limits::DEFAULT, &mut random);
                cuts::pieces_change_nothing(&bytes, tight, &mut random);
            }
        }
    }
}

#[test]
fn a_message_that_promises_to_be_too_long_is_refused_before_it_has_come() {
    let limits = Limits {
        message: 50,
        ..Limits::DEFAULT
    };
    let mut bytes = Strict::message(&MessageHeader {
        name: b"method".to_vec(),
        message_type: 1,
        sequence_id: 1,
    });
    bytes.extend(b"\x0b\0\x01\0\0\0\x64");
    let mut inbound = Inbound::new(Framing::Unframed, STRICT, limits);
    inbound.feed(&bytes);
    let error = inbound.next().unwrap_err();
    assert!(matches!(
        error.kind(),
        ErrorKind::SizeLimit {
            what: "message",
            limit: 50,
            ..
        }
    ));
}

#[test]
fn texts_are_limited_by_size_and_by_depth() {
    let limits = Limits {
        depth: 4,
        message: 50,
        ..Limits::DEFAULT
    };
    let refused = |dialect, bytes: &[u8]| {
        let mut inbound = Inbound::new(Framing::Unframed, dialect, limits);
        inbound.feed(bytes);
        inbound.next().expect_err("refused").into_kind()
    };
    // The length counts the text alone.
    let mut inbound = Inbound::new(Framing::Unframed, Dialect::Json, limits);
    inbound.feed(&[&[0, 0, 0, 50][..], &[b' '; 50]].concat());
    assert_eq!(inbound.next().unwrap().unwrap().len(), 54);
    assert!(matches!(
        refused(Dialect::Json, &[0, 0, 0, 51]),
        ErrorKind::SizeLimit {
            size: 51,
            limit: 50,
            ..
        }
    ));
    let long = [&b"[\""[..], &[b'x'; 50]].concat();
    assert!(matches!(
        refused(Dialect::ApacheJson, &long),
        ErrorKind::SizeLimit { limit: 50, .. }
    ));
    assert!(matches!(
        refused(Dialect::ApacheJson, &[b'['; 40]),
        ErrorKind::Depth { limit: 4, .. }
    ));
    assert!(matches!(
        refused(Dialect::ApacheJson, b"  x"),
        ErrorKind::Malformed(_)
    ));
}

#[test]
fn frames_are_messages_however_they_are_cut() {
    let limit = 1000;
    let mut bytes = Vec::new();
    let frames: Vec<Vec<u8>> = (1..40).map(|length| vec![length; length.into()]).collect();
    for frame in &frames {
        bytes.extend(frame_header(frame.len(), limit).unwrap());
        bytes.extend(frame);
    }
    let framing = Framing::Framed { limit };
    for size in [1, 3, 4, 5, 100, bytes.len()] {
        let (got, rest) = taken(framing, STRICT, &bytes, size);
        assert_eq!((got, &*rest), (frames.clone(), r#"b"""#));
    }
}

#[test]
fn a_length_that_is_none_is_refused_before_the_frame_comes() {
    assert_eq!(frame_length(5_i32.to_be_bytes(), 5), Ok(5));
    for size in [0_i32, -1, 6] {
        assert_eq!(frame_length(size.to_be_bytes(), 5), Err(size));
        let framing = Framing::Framed { limit: 5 };
        let mut inbound = Inbound::new(framing, STRICT, Limits::DEFAULT);
        inbound.feed(&size.to_be_bytes());
        assert!(inbound.next().is_err());
    }
    assert!(frame_header(6, 5).is_err());
}

#[test]
fn a_frame_that_was_written_behind_its_room_gets_its_length() {
    let mut frame = *b"????frame";
    finish_frame(&mut frame, 5).expect("no longer than it may be");
    assert_eq!(&frame, b"\0\0\0\x05frame");
    assert!(finish_frame(&mut frame, 4).is_err());
}

#[test]
fn frames_of_sasl_may_be_empty_and_have_lengths_without_a_sign() {
    for size in [0_usize, 5] {
        let header = unsigned_header(size).expect("a short one");
        assert_eq!(unsigned_length(header, 5), Ok(size));
    }
    for size in [6, 1 << 31, u32::MAX] {
        let header = unsigned_header(size as usize).expect("32 bits");
        assert_eq!(unsigned_length(header, 5), Err(size));
    }
    assert_eq!(unsigned_header(1 << 32), None);
}

#[test]
fn where_a_frame_ends_is_known_when_its_length_has_come() {
    assert_eq!(frame_end(b"\0\0\0\x05"), Some(9));
    assert_eq!(frame_end(b"\0\0\0\x05more than the frame"), Some(9));
    for none in [&b""[..], b"\0\0\0", b"\0\0\0\0frame", b"\x80\x01\0\x01"] {
        assert_eq!(frame_end(none), None);
    }
}

/// The longest frame, or message, in tests of first bytes.
const LONGEST: usize = Limits::DEFAULT_SIZE;

#[test]
fn first_bytes_tell_what_is_spoken() {
    let known = |speech, framed| Opening::Known { speech, framed };
    let cases: &[(&[u8], Opening)] = &[
        (
            b"\x80\x01\0\x01\0\0\0\x04ping",
            known(Speech::Binary, false),
        ),
        (b"\0\0\0\x11\x80\x01\0\x01\0\0", known(Speech::Binary, true)),
        (
            b"\0\0\0\x04ping\x01\0\0\0\0",
            known(Speech::OldBinary, false),
        ),
        (
            b"\0\0\0\x11\0\0\0\x04ping\x01\0\0\0\0",
            known(Speech::OldBinary, true),
        ),
        (b"\x82\x21\0\x04ping", known(Speech::Compact, false)),
        (b"\0\0\0\x09\x82\x21\0\x04", known(Speech::Compact, true)),
        (b"[1,\"ping\",1,0,{}]", known(Speech::ApacheJson, false)),
        (b"\0\0\0\x20{\"metadata\"", known(Speech::Json, false)),
        (b"\0\0\0\x24\0\0\0\x20{\"m", known(Speech::Json, true)),
        (b"\0\0\0\x20\x0f\xff\0\0", known(Speech::Header, true)),
        (b"GET / HTTP/1.1\r\n", known(Speech::HttpRequest, false)),
        (b"HTTP/1.1 200 OK", known(Speech::HttpResponse, false)),
        (b"\x16\x03\x01\x02", known(Speech::TlsHandshake, false)),
        (b"\x15\x03\x03\0", known(Speech::TlsAlert, false)),
        (b"\x01\0\0\0\x05PLAIN", known(Speech::Sasl, false)),
        (b"SSH-2.0-OpenSSH_9.2", Opening::Unknown),
        (
            b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6\xf5\xf4\xf3\xf2\xf1\xf0",
            Opening::Unknown,
        ),
    ];
    for (bytes, expected) in cases {
        assert_eq!(
            detect(bytes, LONGEST),
            *expected,
            "{}",
            bytes.escape_ascii()
        );
        // Fewer bytes tell less, but nothing else.
        for length in 0..bytes.len() {
            let found = detect(&bytes[..length], LONGEST);
            assert!(
                found == Opening::More || found == *expected,
                "{}: {found:?}",
                bytes[..length].escape_ascii()
            );
        }
    }
}

#[test]
fn what_can_become_no_message_is_known_as_soon_as_it_cannot() {
    // Each with how many of its bytes leave something open.
    let cases: &[(&[u8], usize)] = &[
        (b"EHLO mail.example\r\n", 0),
        (b"HELO mail.example\r\n", 2),
        (b"hello", 0),
        (b"\r\n\r\n", 0),
        (b"GOT / HTTP/1.1\r\n", 1),
        (b"\xff\xfe\xfd\xfc", 0),
        (b"\x80\x02\0\x01", 1),
        (b"\x80\x01\0\x05", 3),
        (b"\x82\x22\0", 1),
        (b"[2,\"ping\"", 1),
        (b"\x0f\xfe\0\0", 1),
        // A length above the limit, by a byte: of a frame, a name, a text.
        (b"\x06\x40\0\x01\x80\x01\0", 3),
        // No length at all.
        (b"\0\0\0\0\x80\x01\0", 3),
        // A frame that is there as a whole.
        (b"\0\0\0\x02\x80\x01", 5),
        // In a frame as without one.
        (b"\0\0\0\x20\xff\xff", 4),
        (b"\0\0\0\x20\x80\x01\x02", 6),
        // A name of a method ends where a type of messages stands.
        (b"\0\0\0\x02EHLO", 6),
    ];
    for (bytes, open) in cases {
        for length in 0..=bytes.len() {
            let expected = if length <= *open || length == 0 {
                Opening::More
            } else {
                Opening::Unknown
            };
            let found = detect(&bytes[..length], LONGEST);
            assert_eq!(found, expected, "{}", bytes[..length].escape_ascii());
        }
    }
    // Whoever allows longer ones waits for them.
    assert_eq!(detect(b"EHLO", i32::MAX as usize), Opening::More);
}

#[test]
fn what_nobody_expects_is_guessed() {
    type Guess = Option<(Speech, bool)>;
    let cases: &[(&[u8], Guess)] = &[
        // What is told for certain is guessed, too.
        (b"\x82\x21\0\x04ping", Some((Speech::Compact, false))),
        (
            b"\0\0\0\x11\x80\x01\0\x01\0\0",
            Some((Speech::Binary, true)),
        ),
        // A name alone, in a frame that is there.
        (b"\0\0\0\x08\0\0\0\x04ping", Some((Speech::OldBinary, true))),
        (b"\0\0\0\x09\0\0\0\x04ping", None),
        (b"x\x9c\xcb\x48", Some((Speech::Zlib, false))),
        (b"x\x9d\xcb\x48", None),
        (b"x", None),
        (b"ehlo mail.example\r\n", Some((Speech::Smtp, false))),
        (b"HELO mail.example\r\n", Some((Speech::Smtp, false))),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Some((Speech::Ssh, false))),
        (b"status\r\n", Some((Speech::Text, false))),
        (b"sta", None),
        (b"status\0", None),
        (b"stat\xfcs", None),
        (b"", None),
    ];
    for (bytes, expected) in cases {
        let found = guess(bytes, LONGEST);
        assert_eq!(found, *expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn the_json_of_a_struct_is_told_from_the_other_protocols() {
    let json = br#" {"metadata": {"version": 1}, "payload": {}}"#;
    let apache = br#"{"1":{"str":"payload"}}"#;
    let framed = |text: &[u8]| [&(text.len() as u32).to_be_bytes()[..], text].concat();
    let told = [
        (json.to_vec(), false, Some((Speech::Json, false))),
        // Its length looks like that of a frame.
        (framed(json), false, Some((Speech::Json, false))),
        (framed(json), true, Some((Speech::Json, false))),
        (framed(&framed(json)), true, Some((Speech::Json, true))),
        (apache.to_vec(), false, Some((Speech::ApacheJson, false))),
        (framed(apache), true, Some((Speech::ApacheJson, true))),
        (framed(apache), false, None),
        (b"[1]".to_vec(), false, Some((Speech::ApacheJson, false))),
        (b"\x08\0\x01\0\0\0\x05\0".to_vec(), false, None),
        (b"\0\0\0\x01\0".to_vec(), true, None),
        (b"\0".to_vec(), false, None),
        (b"\0".to_vec(), true, None),
        (Vec::new(), false, None),
    ];
    for (bytes, framed, expected) in told {
        let found = detect_struct(&bytes, framed);
        assert_eq!(found, expected, "{}", bytes.escape_ascii());
    }
}
