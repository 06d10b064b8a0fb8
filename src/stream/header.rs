//! The frames of `THeader`, as rules over bytes.
//!
//! Behind its length a frame has the magic number 0x0FFF, flags, a sequence
//! id, and the size of its header in words of four bytes; then the header: the
//! protocol of the message, how it was transformed, and keys with values,
//! padded with zeros; then the message. Numbers in the header are varints,
//! texts have their length before them.
//!
//! Nothing is allocated by a number that was read: counts and lengths are
//! checked against the bytes of the header, and a compressed message is
//! decompressed as far as its limit.

use std::collections::BTreeMap;
use std::io::Write;

use bytes::Bytes;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};

/// The magic number, with which a frame begins behind its length.
const MAGIC: [u8; 2] = [0x0f, 0xff];
/// Magic number, flags, sequence id, words of the header.
const FIXED: usize = 10;
const WORD: usize = 4;
/// The most bytes that a header can have.
const LARGEST_HEADER: usize = 0xffff * WORD;
/// The transform that there is.
const ZLIB: u32 = 1;
// Of what the header says: keys with values for this message, and for all that
// follow.
const KEY_VALUE: u32 = 1;
const PERSISTENT_KEY_VALUE: u32 = 2;
/// The bytes of a varint of 32 bits.
const LONGEST_VARINT: usize = 5;
/// What is set aside first for a message that is decompressed.
const FIRST_PIECE: usize = 4096;
/// The most that a connection may say for all of its messages, in bytes; each
/// key with its value counts for some more than they have, as in HTTP/2. It is
/// so much for the time that they take: each message is given all of them, and
/// has them from a frame that need not name any.
const MOST_KEPT: usize = 1 << 18;
const EACH_PAIR: usize = 1 << 10;

/// Keys with their values. Of a key that came twice there is the last value.
pub type HeaderPairs = BTreeMap<Vec<u8>, Vec<u8>>;

/// What a frame holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderFrame {
    /// The message, not compressed.
    pub payload: Bytes,
    /// The protocol of the message: 0 is binary, 2 is compact.
    pub protocol_id: u32,
    /// The flags, of which none has a meaning here.
    pub flags: u16,
    /// The number of the call, which its answer has too.
    pub sequence_id: u32,
    /// Whether the message is compressed with zlib on the wire.
    pub zlib: bool,
    /// Keys with values for this message.
    pub headers: HeaderPairs,
    /// Keys with values for this message and all that follow on its connection.
    pub persistent: HeaderPairs,
}

/// What is wrong with a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// It is not what it says that it is.
    #[error("the frame of THeader is broken: it has {0}")]
    Broken(String),
    /// Its message is transformed by something that is not known here.
    #[error("transform {} of THeader is not known here: there is 1 (zlib)", told(*.0))]
    Transform(u32),
    /// Its message is in a protocol that is not known here.
    #[error("a message of THeader in protocol {0}: there are 0 (binary) and 2 (compact)")]
    Protocol(u32),
    /// Its message is too long when it is decompressed.
    #[error(
        "a message of THeader that has more than {0} bytes when it is decompressed; \
         max_frame_size allows more"
    )]
    MessageSize(usize),
    /// Keys and values that are more than a header can hold, of so many bytes.
    #[error("headers of {0} bytes: a message of THeader may have {LARGEST_HEADER}")]
    HeaderSize(usize),
    /// Keys and values for all messages of a connection that are more than it
    /// may keep, of so many bytes.
    #[error(
        "headers for all messages of a connection of THeader that take {0} bytes, {EACH_PAIR} \
         for each among them: at most {MOST_KEPT} are allowed"
    )]
    KeptSize(usize),
}

/// What the other side of a connection may speak, by the numbers of its types
/// of clients.
pub const CLIENT_TYPES: [&str; 5] = [
    "THeader",
    "framed binary",
    "binary without frames",
    "framed compact",
    "compact without frames",
];

/// What is said of who speaks what a server does not take, of its types of
/// clients.
#[must_use]
pub fn refused_client(spoken: &str, taken: [bool; CLIENT_TYPES.len()]) -> String {
    let allowed: Vec<&str> = (CLIENT_TYPES.into_iter().zip(taken))
        .filter_map(|(name, is_taken)| is_taken.then_some(name))
        .collect();
    format!(
        "the other side speaks {spoken}: allowed are {} (allowed_client_types)",
        allowed.join(", ")
    )
}

type Result<T> = std::result::Result<T, HeaderError>;

/// A transform as an error tells of it.
fn told(transform: u32) -> String {
    let name = match transform {
        2 => "hmac",
        3 => "snappy",
        4 => "qlz",
        5 => "zstd",
        _ => return transform.to_string(),
    };
    format!("{transform} ({name})")
}

impl HeaderFrame {
    /// What a frame holds, given without its length. A message that is
    /// compressed may have `limit` bytes when it is not.
    pub fn read(frame: &Bytes, limit: usize) -> Result<Self> {
        let mut read = Self::read_header(frame)?;
        if read.zlib {
            let (payload, is_whole) = decompressed(&read.payload, limit)?;
            if !is_whole {
                return Err(HeaderError::MessageSize(limit));
            }
            read.payload = payload;
        }
        read.require_message()
    }

    /// What a frame holds, given without its length, and of a message that is
    /// compressed the first `most` bytes alone, for who looks what it is.
    pub fn read_start(frame: &Bytes, most: usize) -> Result<Self> {
        let mut read = Self::read_header(frame)?;
        if read.zlib {
            (read.payload, _) = decompressed(&read.payload, most)?;
        }
        read.require_message()
    }

    fn require_message(self) -> Result<Self> {
        if self.payload.is_empty() {
            return Err(broken("no message".to_owned()));
        }
        Ok(self)
    }

    /// What a frame holds, with its message as it is there.
    fn read_header(frame: &Bytes) -> Result<Self> {
        let Some((fixed, rest)) = frame.split_first_chunk::<FIXED>() else {
            return Err(broken(format!(
                "a frame of {} bytes, which is less than its header has",
                frame.len()
            )));
        };
        let &[m0, m1, f0, f1, s0, s1, s2, s3, w0, w1] = fixed;
        if [m0, m1] != MAGIC {
            return Err(broken("another magic number than 0x0FFF".to_owned()));
        }
        let size = usize::from(u16::from_be_bytes([w0, w1])) * WORD;
        let Some(header) = rest.get(..size) else {
            return Err(broken(format!(
                "a header of {size} bytes in a frame that has {}",
                rest.len()
            )));
        };
        let mut header = HeaderBytes(header);
        let mut read = Self {
            payload: frame.slice(FIXED + size..),
            protocol_id: header.varint()?,
            flags: u16::from_be_bytes([f0, f1]),
            sequence_id: u32::from_be_bytes([s0, s1, s2, s3]),
            ..Self::default()
        };
        let mut repeated = false;
        for _ in 0..header.count(1)? {
            match header.varint()? {
                ZLIB => repeated |= std::mem::replace(&mut read.zlib, true),
                transform => return Err(HeaderError::Transform(transform)),
            }
        }
        if repeated {
            return Err(broken("the transform zlib more than once".to_owned()));
        }
        // Zeros fill the last word; what is not known here has no length that
        // could be skipped.
        while !header.0.is_empty() {
            let pairs = match header.varint()? {
                KEY_VALUE => &mut read.headers,
                PERSISTENT_KEY_VALUE => &mut read.persistent,
                _ => break,
            };
            for _ in 0..header.count(2)? {
                let key = header.text()?.to_vec();
                pairs.insert(key, header.text()?.to_vec());
            }
        }
        Ok(read)
    }

    /// The frame as bytes, without its length.
    pub fn write(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        self.append_to(&mut out)?;
        Ok(out)
    }

    /// Adds the frame, without its length.
    pub fn append_to(&self, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        out.extend(MAGIC);
        out.extend(self.flags.to_be_bytes());
        out.extend(self.sequence_id.to_be_bytes());
        out.extend([0; 2]);
        put_varint(out, self.protocol_id as usize);
        put_varint(out, usize::from(self.zlib));
        if self.zlib {
            put_varint(out, ZLIB as usize);
        }
        put_pairs(out, PERSISTENT_KEY_VALUE, &self.persistent);
        put_pairs(out, KEY_VALUE, &self.headers);
        let header = start + FIXED;
        let size = (out.len() - header).next_multiple_of(WORD);
        out.resize(header + size, 0);
        let words = u16::try_from(size / WORD).map_err(|_| HeaderError::HeaderSize(size))?;
        out[header - 2..header].copy_from_slice(&words.to_be_bytes());
        if self.zlib {
            compress(out, &self.payload);
        } else {
            out.extend_from_slice(&self.payload);
        }
        Ok(())
    }
}

/// Adds what a message says for all that follow to what those before it have
/// said.
///
/// An error where a connection would keep too much, and then it is to be
/// closed.
pub fn keep_headers(kept: &mut HeaderPairs, mut more: HeaderPairs) -> Result<()> {
    if more.is_empty() {
        return Ok(());
    }
    kept.append(&mut more);
    let size: usize = kept
        .iter()
        .map(|(key, value)| key.len() + value.len() + EACH_PAIR)
        .sum();
    if size > MOST_KEPT {
        return Err(HeaderError::KeptSize(size));
    }
    Ok(())
}

#[cold]
fn broken(what: String) -> HeaderError {
    HeaderError::Broken(what)
}

/// What is left of the header of a frame.
struct HeaderBytes<'a>(&'a [u8]);

impl<'a> HeaderBytes<'a> {
    fn varint(&mut self) -> Result<u32> {
        let mut value = 0;
        for index in 0..LONGEST_VARINT {
            let Some((byte, rest)) = self.0.split_first() else {
                return Err(broken("a header that ends within a number".to_owned()));
            };
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                return u32::try_from(value).map_err(|_| too_long());
            }
        }
        Err(too_long())
    }

    /// How many things follow, of at least so many bytes each.
    fn count(&mut self, least: usize) -> Result<usize> {
        let count = self.varint()? as usize;
        if count > self.0.len() / least {
            return Err(broken(format!(
                "{count} entries in the {} bytes that are left",
                self.0.len()
            )));
        }
        Ok(count)
    }

    fn text(&mut self) -> Result<&'a [u8]> {
        let size = self.count(1)?;
        let (text, rest) = self.0.split_at(size);
        self.0 = rest;
        Ok(text)
    }
}

#[cold]
fn too_long() -> HeaderError {
    broken("a number of more than 32 bits".to_owned())
}

fn put_varint(out: &mut Vec<u8>, mut value: usize) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_pairs(out: &mut Vec<u8>, kind: u32, pairs: &HeaderPairs) {
    if pairs.is_empty() {
        return;
    }
    put_varint(out, kind as usize);
    put_varint(out, pairs.len());
    for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
        put_varint(out, text.len());
        out.extend(text);
    }
}

/// Adds a message, compressed.
fn compress(out: &mut Vec<u8>, payload: &[u8]) {
    let mut stream = ZlibEncoder::new(out, Compression::default());
    stream
        .write_all(payload)
        .and_then(|()| stream.finish().map(drop))
        .expect("writing to memory does not fail");
}

/// A message that was compressed, or the start of one that has more than
/// `limit` bytes; whether it is whole. What stands behind it is none of it.
fn decompressed(payload: &[u8], limit: usize) -> Result<(Bytes, bool)> {
    let mut stream = Decompress::new(true);
    let mut out = Vec::new();
    loop {
        if out.len() == out.capacity() {
            // One more than there may be, to see that there are more.
            let room = limit.saturating_add(1) - out.len();
            out.reserve_exact(room.min(out.len().max(FIRST_PIECE)));
        }
        let (taken, given) = (stream.total_in(), stream.total_out());
        let rest = &payload[taken as usize..];
        let status = stream
            .decompress_vec(rest, &mut out, FlushDecompress::None)
            .map_err(|error| {
                broken(format!(
                    "a message that is not compressed with zlib as it says ({error})"
                ))
            })?;
        if out.len() > limit {
            out.truncate(limit);
            return Ok((out.into(), false));
        }
        if status == Status::StreamEnd {
            return Ok((out.into(), true));
        }
        let stands = (taken, given) == (stream.total_in(), stream.total_out());
        if stands && out.len() < out.capacity() {
            return Err(broken(
                "a compressed message that ends too early".to_owned(),
            ));
        }
    }
}
