//! What the first bytes of a connection say that it speaks.

use super::frame::FRAME_HEADER;
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

/// Tells by the first bytes that came what the other side speaks.
#[must_use]
pub fn detect(come: &[u8]) -> Opening {
    let mut more = come.is_empty();
    for (start, speech) in OTHERS {
        if come.starts_with(start) || come == &start[..start.len().min(FRAME_HEADER)] {
            return known(speech, false);
        }
        more |= start.starts_with(come);
    }
    match message_at(come) {
        Opening::Known { speech, framed } => return known(speech, framed),
        Opening::More => more = true,
        Opening::Unknown => {}
    }
    // A length with its highest bit set is negative.
    if come.first().is_some_and(|first| *first < 0x80) {
        match come.get(FRAME_HEADER..) {
            None => more = true,
            Some(framed) => match message_at(framed) {
                Opening::Known { speech, .. } => return known(speech, true),
                Opening::More => more = true,
                Opening::Unknown => {}
            },
        }
    }
    for (framed, come) in [
        (false, come),
        (true, come.get(FRAME_HEADER..).unwrap_or(b"")),
    ] {
        match old_binary(come) {
            Opening::Known { speech, .. } => return known(speech, framed),
            Opening::More => more = true,
            Opening::Unknown => {}
        }
    }
    if more && come.len() < ENOUGH {
        Opening::More
    } else {
        Opening::Unknown
    }
}

const fn known(speech: Speech, framed: bool) -> Opening {
    Opening::Known { speech, framed }
}

/// What a message starts with that has nothing before it.
fn message_at(come: &[u8]) -> Opening {
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
        [first, rest @ ..] if *first < 0x80 && rest.len() < FRAME_HEADER + 1 => match rest {
            [_, _, _, brace, ..] if *brace != b'{' => Opening::Unknown,
            _ => Opening::More,
        },
        _ => Opening::Unknown,
    }
}

/// Whether it is a message without a version: a name that looks like one, a
/// message type.
fn old_binary(come: &[u8]) -> Opening {
    let Some((length, rest)) = come.split_first_chunk::<4>() else {
        return Opening::More;
    };
    let length = u32::from_be_bytes(*length) as usize;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:".contains(byte);
    if length == 0 || !rest.iter().take(length).all(is_name) {
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
