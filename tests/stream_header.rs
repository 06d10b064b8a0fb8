//! Frames of `THeader`, read and written.

#[path = "wire/header_frames.rs"]
mod header_frames;

use bytes::Bytes;
use fastthrift::stream::{HeaderError, HeaderFrame, HeaderPairs, keep_headers};
use header_frames::what_is_read_is_written_again;

const LIMIT: usize = 1000;

/// What Apache's `THeaderTransport` (`PyPI` thrift 0.25.0) writes behind the
/// length, of the message of [`frame`].
const APACHE: &[u8] =
    b"\x0f\xff\0\0\0\0\0\x07\0\x04\x02\0\x01\x01\x06tenant\x04acmehello hello hello hello";
/// With the transform zlib.
const APACHE_ZLIB: &[u8] =
    b"\x0f\xff\0\0\0\0\0\x07\0\x05\x02\x01\x01\x01\x01\x06tenant\x04acme\0\0\0\
    \x78\x9c\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01\x68\x03\x08\xb1";

fn pairs(pairs: &[(&str, &str)]) -> HeaderPairs {
    pairs
        .iter()
        .map(|(key, value)| (key.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect()
}

fn frame(zlib: bool) -> HeaderFrame {
    HeaderFrame {
        payload: Bytes::from_static(b"hello hello hello hello"),
        protocol_id: 2,
        sequence_id: 7,
        zlib,
        headers: pairs(&[("tenant", "acme")]),
        ..HeaderFrame::default()
    }
}

fn read(frame: &[u8]) -> Result<HeaderFrame, HeaderError> {
    HeaderFrame::read(&Bytes::copy_from_slice(frame), LIMIT)
}

/// A frame with this header, padded, and this message.
fn with_header(header: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut header = header.to_vec();
    header.resize(header.len().next_multiple_of(4), 0);
    let words = (header.len() as u16 / 4).to_be_bytes();
    [b"\x0f\xff\0\0\0\0\0\x07", &words[..], &header, payload].concat()
}

/// What a header is refused with, whose message is empty.
fn refused(header: &[u8]) -> String {
    read(&with_header(header, b"")).unwrap_err().to_string()
}

#[test]
fn what_apache_writes_is_read_and_written_alike() {
    assert_eq!(read(APACHE), Ok(frame(false)));
    assert_eq!(frame(false).write().unwrap(), APACHE);
    assert_eq!(read(APACHE_ZLIB), Ok(frame(true)));
    // How zlib packs is its own business.
    let written = frame(true).write().unwrap();
    let packed = APACHE.len() - frame(false).payload.len() + 4;
    assert_eq!(written[..packed], APACHE_ZLIB[..packed]);
}

#[test]
fn what_is_written_is_read() {
    let many = HeaderFrame {
        payload: vec![b'x'; LIMIT].into(),
        protocol_id: u32::MAX,
        flags: 0xabcd,
        sequence_id: u32::MAX,
        headers: pairs(&[("", ""), ("a", &"v".repeat(300))]),
        persistent: pairs(&[("p", "q")]),
        zlib: false,
    };
    let few = HeaderFrame {
        payload: Bytes::from_static(b"m"),
        ..HeaderFrame::default()
    };
    for mut frame in [many, few] {
        for zlib in [false, true] {
            frame.zlib = zlib;
            let written = frame.write().unwrap();
            assert_eq!(read(&written), Ok(frame.clone()));
        }
    }
}

#[test]
fn a_frame_that_is_cut_is_refused() {
    let message_at = APACHE_ZLIB.len() - 16;
    for end in 0..APACHE_ZLIB.len() {
        let error = read(&APACHE_ZLIB[..end]).unwrap_err();
        assert!(matches!(error, HeaderError::Broken(_)), "{end}: {error}");
        let is_early = error.to_string().ends_with("ends too early");
        assert_eq!(is_early, end >= message_at, "{end}: {error}");
    }
}

#[test]
fn a_header_that_is_not_what_it_says_is_refused() {
    let broken = |what| format!("the frame of THeader is broken: it has {what}");
    for (header, what) in [
        (&b""[..], "a header that ends within a number"),
        (b"\0\xff\xff\xff", "a header that ends within a number"),
        (b"\0\0\x01\x7f", "127 entries in the 0 bytes that are left"),
        (
            b"\0\0\x02\x01\x05k\0\0",
            "5 entries in the 3 bytes that are left",
        ),
        (b"\xff\xff\xff\xff\xff\x01", "a number of more than 32 bits"),
        (b"\xff\xff\xff\xff\x1f\x01", "a number of more than 32 bits"),
        (b"\0\x02\x01\x01", "the transform zlib more than once"),
    ] {
        assert_eq!(refused(header), broken(what));
    }
    let other = read(&[b"\x0f\xfe", &APACHE[2..]].concat()).unwrap_err();
    assert_eq!(
        other.to_string(),
        broken("another magic number than 0x0FFF")
    );
    let text = read(&with_header(b"\0\x01\x01", b"hello")).unwrap_err();
    assert!(
        text.to_string()
            .contains("not compressed with zlib as it says"),
        "{text}"
    );
}

#[test]
fn a_frame_without_a_message_is_refused() {
    let why = "the frame of THeader is broken: it has no message";
    for zlib in [false, true] {
        let frame = HeaderFrame {
            payload: Bytes::new(),
            ..frame(zlib)
        };
        let written = Bytes::from(frame.write().unwrap());
        for read in [HeaderFrame::read, HeaderFrame::read_start] {
            assert_eq!(read(&written, LIMIT).unwrap_err().to_string(), why);
        }
    }
}

#[test]
fn what_a_connection_keeps_is_limited() {
    let one = |name: &str, size: usize| pairs(&[(name, &"v".repeat(size))]);
    let mut kept = HeaderPairs::new();
    for _ in 0..3 {
        // In the place of what it was.
        keep_headers(&mut kept, one("a", 200_000)).unwrap();
    }
    keep_headers(&mut kept, HeaderPairs::new()).unwrap();
    keep_headers(&mut kept, one("b", 262_144 - 200_000 - 2 * (1024 + 1))).unwrap();
    assert_eq!(kept.len(), 2);
    let error = keep_headers(&mut kept, one("c", 0)).unwrap_err();
    assert_eq!(error, HeaderError::KeptSize(262_144 + 1025));
    assert!(error.to_string().ends_with("at most 262144 are allowed"));
}

#[test]
fn a_transform_that_there_is_not_is_refused_by_name() {
    assert_eq!(
        refused(b"\0\x01\x03"),
        "transform 3 (snappy) of THeader is not known here: there is 1 (zlib)"
    );
    assert_eq!(
        refused(b"\0\x01\x09"),
        "transform 9 of THeader is not known here: there is 1 (zlib)"
    );
}

#[test]
fn what_is_not_known_ends_the_pairs() {
    let known = b"\0\0\x01\x01\x01k\x01v";
    let frame = read(&with_header(
        &[&known[..], b"\x07\xff\xff\xff"].concat(),
        b"message",
    ))
    .unwrap();
    assert_eq!(frame.headers, pairs(&[("k", "v")]));
}

#[test]
fn a_message_is_decompressed_as_far_as_its_limit() {
    let mut frame = frame(true);
    for (size, limit, fits) in [
        (LIMIT, LIMIT, true),
        (LIMIT + 1, LIMIT, false),
        (10 << 20, LIMIT, false),
        (10 << 20, 10 << 20, true),
        (10 << 20, usize::MAX, true),
        (1, 0, false),
    ] {
        frame.payload = vec![0; size].into();
        let written = frame.write().unwrap().into();
        let read = HeaderFrame::read(&written, limit);
        if fits {
            assert_eq!(read.as_ref(), Ok(&frame));
        } else {
            assert_eq!(read, Err(HeaderError::MessageSize(limit)));
        }
    }
}

#[test]
fn more_than_a_header_holds_is_not_written() {
    let mut frame = frame(false);
    let room = 0xffff * 4 - b"\x02\0\x01\x01\x01k...".len();
    frame.headers = pairs(&[("k", &"v".repeat(room))]);
    assert_eq!(read(&frame.write().unwrap()), Ok(frame.clone()));
    frame.headers = pairs(&[("k", &"v".repeat(room + 1))]);
    assert_eq!(frame.write(), Err(HeaderError::HeaderSize(0x10000 * 4)));
}

#[test]
fn damaged_frames_are_read_or_refused() {
    let mut read = 0;
    for whole in [APACHE, APACHE_ZLIB] {
        assert!(what_is_read_is_written_again(whole, LIMIT));
        for position in 0..whole.len() {
            for byte in [0, 1, 2, 3, 0x7f, 0x80, 0xff] {
                let mut damaged = whole.to_vec();
                damaged[position] = byte;
                read += usize::from(what_is_read_is_written_again(&damaged, LIMIT));
            }
        }
    }
    assert!(read > 0);
}

#[test]
fn of_a_message_the_start_may_be_enough() {
    for zlib in [false, true] {
        let whole = frame(zlib);
        let written = Bytes::from(whole.write().unwrap());
        assert_eq!(HeaderFrame::read_start(&written, LIMIT), Ok(whole.clone()));
        let start = HeaderFrame::read_start(&written, 5).unwrap();
        assert_eq!(
            start.payload.as_ref(),
            // What is not compressed is there as it is.
            if zlib {
                &whole.payload[..5]
            } else {
                &whole.payload[..]
            }
        );
    }
}
