//! What the first bytes of a connection say that it speaks.

use super::frame::{FRAME_HEADER, frame_end};
use crate::wire::message_type;

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// The binary protocol, with a version on its messages.
    Binary,
    /// The binary protocol without versions, as before Thrift 0.2.
    OldBinary,
    /// The compact protocol.
    Compact,
    /// thriftpy2's JSON protocol: a length, then an object.
    Json,
    /// Apache's JSON protocol: an array.
    ApacheJson,
    /// `THeader`, which is in frames itself.
    Header,
    /// HTTP, of a client.
    HttpRequest,
    /// HTTP, of a server.
    HttpResponse,
    /// TLS, at the start of a connection.
    TlsHandshake,
    /// TLS, that something is wrong.
    TlsAlert,
    /// SASL's negotiation.
    Sasl,
    /// Something that zlib has compressed: by [`guess`] alone, as all below.
    Zlib,
    /// A mail client, which greets.
    Smtp,
    /// SSH, which greets.
    Ssh,
    /// Text of another kind.
    Text,
}

impl Speech {
    /// What it is called where it is told of.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::OldBinary => "old binary",
            Self::Compact => "compact",
            Self::Json => "JSON",
            Self::ApacheJson => "Apache JSON",
            Self::Header => "THeader",
            Self::HttpRequest => "HTTP request",
            Self::HttpResponse => "HTTP response",
            Self::TlsHandshake => "TLS handshake",
            Self::TlsAlert => "TLS alert",
            Self::Sasl => "SASL",
            Self::Zlib => "zlib",
            Self::Smtp => "SMTP greeting",
            Self::Ssh => "SSH greeting",
            Self::Text => "text",
        }
    }
}

/// What the first bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// So few that they may be several things.
    More,
    /// Nothing that is known here.
    Unknown,
    /// This.
    Known {
        /// What is spoken.
        speech: Speech,
        /// Whether in frames.
        framed: bool,
    },
}

/// As many bytes tell whatever can be told, unless a message without a version
/// has a long name.
const ENOUGH: usize = 16;

/// What speaks otherwise than Thrift's protocols, by its start. Of each the
/// first four bytes are enough.
const OTHERS: [(&[u8], Speech); 12] = [
    (b"GET ", Speech::HttpRequest),
    (b"POST ", Speech::HttpRequest),
    (b"PUT ", Speech::HttpRequest),
    (b"HEAD ", Speech::HttpRequest),
    (b"OPTIONS ", Speech::HttpRequest),
    (b"DELETE ", Speech::HttpRequest),
    (b"PATCH ", Speech::HttpRequest),
    (b"PRI ", Speech::HttpRequest),
    (b"HTTP/", Speech::HttpResponse),
    (b"\x16\x03", Speech::TlsHandshake),
    (b"\x15\x03", Speech::TlsAlert),
    (b"\x01\0\0\0", Speech::Sasl),
];

/// Tells by the first bytes that came what the other side speaks, where frames
/// and messages have `longest` bytes at most: what begins as the length of a
/// longer one begins none.
#[must_use]
pub fn detect(come: &[u8], longest: usize) -> Opening {
    let mut more = come.is_empty();
    for (start, speech) in OTHERS {
        if come.starts_with(start) || come == &start[..start.len().min(FRAME_HEADER)] {
            return known(speech, false);
        }
        more |= start.starts_with(come);
    }
    match message_at(come, longest) {
        Opening::Known { speech, framed } => return known(speech, framed),
        Opening::More => more = true,
        Opening::Unknown => {}
    }
    let framed = come.get(FRAME_HEADER..).unwrap_or_default();
    // Of a frame that is there as a whole no more comes.
    let goes_on = may_be_length(come, longest)
        && frame_end(come).is_none_or(|end| end - FRAME_HEADER > framed.len());
    // A length with its highest bit set is negative.
    if come.first().is_some_and(|first| *first < 0x80) {
        match message_at(framed, longest) {
            Opening::Known { speech, .. } => return known(speech, true),
            Opening::More => more |= goes_on,
            Opening::Unknown => {}
        }
    }
    for (is_framed, come) in [(false, come), (true, framed)] {
        match old_binary(come, longest) {
            Opening::Known { speech, .. } => return known(speech, is_framed),
            Opening::More => more |= goes_on || !is_framed,
            Opening::Unknown => {}
        }
    }
    if more && come.len() < ENOUGH {
        Opening::More
    } else {
        Opening::Unknown
    }
}

/// Whether they begin the length of something, in four bytes, that is there
/// and has `longest` bytes at most.
fn may_be_length(come: &[u8], longest: usize) -> bool {
    let filled = |with| {
        let mut length = [with; FRAME_HEADER];
        for (byte, come) in length.iter_mut().zip(come) {
            *byte = *come;
        }
        u32::from_be_bytes(length) as usize
    };
    filled(0) <= longest && filled(0xff) > 0
}

/// What bytes look like, and whether in a frame, for the text of an error: what
/// they were taken for by nobody. More is guessed than [`detect`] tells, by
/// which connections are served.
#[must_use]
pub fn guess(come: &[u8], longest: usize) -> Option<(Speech, bool)> {
    let told = |come: &[u8]| match detect(come, longest) {
        Opening::Known { speech, framed } => Some((speech, framed)),
        Opening::More | Opening::Unknown => None,
    };
    told(come)
        .or_else(|| {
            // A frame with a name alone is a message without a version, whose type is not in the
            // frame.
            let is_whole = frame_end(come) == Some(come.len());
            is_whole.then(|| told(&[come, &[message_type::CALL]].concat()))?
        })
        .or_else(|| is_compressed(come).then_some((Speech::Zlib, false)))
        .or_else(|| Some((text(come)?, false)))
}

/// Whether bytes begin as a stream of zlib does: by its method, and a number
/// that 31 divides.
fn is_compressed(come: &[u8]) -> bool {
    match come {
        [b'x', second, ..] => u16::from_be_bytes([b'x', *second]).is_multiple_of(31),
        _ => false,
    }
}

/// What text these bytes begin, where they begin any.
fn text(come: &[u8]) -> Option<Speech> {
    let start = come.first_chunk::<4>()?.to_ascii_uppercase();
    let is_printed = |byte: &u8| matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~');
    if !come.iter().all(is_printed) {
        return None;
    }
    Some(match start.as_slice() {
        b"EHLO" | b"HELO" => Speech::Smtp,
        b"SSH-" => Speech::Ssh,
        _ => Speech::Text,
    })
}

/// The JSON that a struct is in which has no message around it, and whether in
/// a frame; `framed` says whether these bytes are taken for one. Nothing where
/// it is no JSON: structs of the other protocols begin with any byte.
#[must_use]
pub fn detect_struct(bytes: &[u8], framed: bool) -> Option<(Speech, bool)> {
    let bytes = if framed {
        bytes.get(FRAME_HEADER..).unwrap_or_default()
    } else {
        bytes
    };
    let text = bytes.trim_ascii_start();
    match text.first() {
        // It comes without its length, or with it, which looks like that of a frame.
        Some(b'{') if is_object_of_json(text) => Some((Speech::Json, false)),
        Some(b'{' | b'[') => Some((Speech::ApacheJson, framed)),
        _ => is_object_of_json(bytes.get(FRAME_HEADER..)?.trim_ascii_start())
            .then_some((Speech::Json, framed)),
    }
}

/// Whether a text looks like an object of thriftpy2's JSON.
fn is_object_of_json(text: &[u8]) -> bool {
    let has = |key: &[u8]| text.windows(key.len()).any(|at| at == key);
    text.starts_with(b"{") && has(b"\"payload\"") && has(b"\"metadata\"")
}

const fn known(speech: Speech, framed: bool) -> Opening {
    Opening::Known { speech, framed }
}

/// What a message starts with that has nothing before it.
fn message_at(come: &[u8], longest: usize) -> Opening {
    let unframed = |speech| known(speech, false);
    match come {
        [0x80, 0x01, 0 | 1, kind, ..] => {
            if (message_type::CALL..=message_type::ONEWAY).contains(kind) {
                unframed(Speech::Binary)
            } else {
                Opening::Unknown
            }
        }
        [0x82, second, ..] if second & 0x1f == 1 => unframed(Speech::Compact),
        [0x0f, 0xff, ..] => unframed(Speech::Header),
        [b'[', b'1', b',', ..] => unframed(Speech::ApacheJson),
        [_, _, _, _, b'{', b'"', ..] => unframed(Speech::Json),
        [] | [0x80 | 0x82 | 0x0f | b'['] | [b'[', b'1'] | [0x80, 0x01] | [0x80, 0x01, 0 | 1] => {
            Opening::More
        }
        [_, _, _, _] | [_, _, _] | [_, _] | [_] | [_, _, _, _, b'{']
            if come[0] < 0x80 && may_be_length(come, longest) =>
        {
            Opening::More
        }
        _ => Opening::Unknown,
    }
}

/// Whether it is a message without a version: a name that looks like one, a
/// message type.
fn old_binary(come: &[u8], longest: usize) -> Opening {
    if !may_be_length(come, longest) {
        return Opening::Unknown;
    }
    let Some((length, rest)) = come.split_first_chunk::<4>() else {
        return Opening::More;
    };
    let length = u32::from_be_bytes(*length) as usize;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:".contains(byte);
    if !rest.iter().take(length).all(is_name) {
        return Opening::Unknown;
    }
    match rest.get(length) {
        None => Opening::More,
        Some(kind) if (message_type::CALL..=message_type::ONEWAY).contains(kind) => {
            known(Speech::OldBinary, false)
        }
        Some(_) => Opening::Unknown,
    }
}
