//! What can be wrong with a message.

use std::error::Error as StdError;
use std::fmt;

use super::limits::MAX_SIZE;
use super::wire_type::WireType;

/// The result of reading or writing.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error with the byte offset where it was noticed. One pointer wide, so
/// that success costs nothing.
pub struct Error(Box<ErrorParts>);

struct ErrorParts {
    kind: ErrorKind,
    offset: Option<u64>,
}

/// The kinds of error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ended inside a value.
    #[error("message ends early: {needed} more bytes needed, {available} left")]
    Truncated {
        /// How many bytes the value takes.
        needed: usize,
        /// How many were there.
        available: usize,
    },
    /// A frame, which is a message as a whole, ended inside a value.
    #[error("the frame ended inside a value{}", lack(*.needed))]
    FrameEnded {
        /// How many bytes the frame lacks, where that is known.
        needed: Option<usize>,
    },
    /// A size below zero.
    #[error("negative size {0}")]
    NegativeSize(i64),
    /// A container announces more elements than the input can hold.
    #[error("a {what} of {count} elements cannot fit into the {available} bytes left")]
    ImpossibleCount {
        /// `list`, `set` or `map`.
        what: &'static str,
        /// The announced number of elements.
        count: u64,
        /// The bytes that are left.
        available: usize,
    },
    /// A size above the limit.
    #[error("{what} of {size} exceeds the limit of {limit}{}", option_for(what, *limit))]
    SizeLimit {
        /// What is too large.
        what: &'static str,
        /// Its size.
        size: u64,
        /// The limit that applies.
        limit: u64,
    },
    /// Nested deeper than the limit.
    #[error("maximum nesting depth exceeded while {what}: the limit is {limit} (max_depth)")]
    Depth {
        /// What was entered.
        what: Nesting,
        /// The limit that applies.
        limit: u32,
    },
    /// A type number that the protocol does not have.
    #[error("unknown wire type {0}")]
    UnknownType(u8),
    /// A varint that does not end, or is too large for its type.
    #[error("varint too long for {0}")]
    Varint(&'static str),
    /// The text is not JSON, or not what the protocol makes of it.
    #[error("{0}")]
    Malformed(String),
    /// A string of bytes that are no text, for a protocol that is.
    #[error("it is not UTF-8, which JSON text must be")]
    NotText,
    /// A string that nobody knows to be text or binary, on its way between a
    /// protocol in which these are the same and one in which they are not.
    #[error(
        "holds a string, of which nobody knows whether it is text or binary, and JSON has these in \
         different ways; write it in the protocol in which it came"
    )]
    TextOrBinary,
    /// The message is not of this protocol or version.
    #[error("{0}")]
    BadVersion(String),
    /// The source of the bytes failed.
    #[error(transparent)]
    Source(Box<dyn StdError + Send + Sync>),
}

/// What a frame lacks, as an error tells of it.
fn lack(needed: Option<usize>) -> String {
    needed.map_or_else(String::new, |needed| {
        format!(", of which {needed} more bytes are needed")
    })
}

/// What is entered, and to do what; for the text of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nesting(&'static str);

impl Nesting {
    /// A struct, to read it.
    pub const READ_STRUCT: Self = Self("reading a Thrift struct");
    /// A list, set or map, to read it.
    pub const READ_CONTAINER: Self = Self("reading a Thrift container");
    /// A struct, to write it.
    pub const WRITE_STRUCT: Self = Self("writing a Thrift struct");
    /// A list, set or map, to write it.
    pub const WRITE_CONTAINER: Self = Self("writing a Thrift container");
    /// A struct, to pass over it.
    pub const SKIP_STRUCT: Self = Self("skipping a Thrift struct");
    /// A list, set or map, to pass over it.
    pub const SKIP_CONTAINER: Self = Self("skipping a Thrift container");
}

impl fmt::Display for Nesting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The option that raises a limit, as text that follows it; none for what the
/// wire itself cannot express.
fn option_for(what: &str, limit: u64) -> &'static str {
    match what {
        _ if limit >= MAX_SIZE as u64 => "",
        "frame" => " (max_frame_size)",
        "string" => " (max_string_size)",
        _ => " (max_message_size)",
    }
}

impl Error {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Where it was noticed, in bytes from the start of the input: of a byte that is
    /// wrong itself where it is, and behind all else.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// Takes the error apart.
    #[must_use]
    pub fn into_kind(self) -> ErrorKind {
        self.0.kind
    }

    /// Adds the offset unless there is one already.
    #[cold]
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// The error for bytes that a size promised and the input lacks.
    #[cold]
    #[must_use]
    pub fn truncated(needed: usize, available: usize) -> Self {
        ErrorKind::Truncated { needed, available }.into()
    }

    /// The error for a text that is not what the protocol writes.
    #[cold]
    #[must_use]
    pub fn malformed(what: impl Into<String>) -> Self {
        ErrorKind::Malformed(what.into()).into()
    }

    /// The error for a type number unknown to the protocol.
    #[cold]
    #[must_use]
    pub fn unknown_type(number: u8) -> Self {
        ErrorKind::UnknownType(number).into()
    }

    /// The error for a varint that does not fit.
    #[cold]
    #[must_use]
    pub fn varint(wire_type: WireType) -> Self {
        ErrorKind::Varint(wire_type.name()).into()
    }
}

impl From<ErrorKind> for Error {
    #[cold]
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(ErrorParts { kind, offset: None }))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.kind, f)?;
        match self.0.offset {
            Some(offset) => write!(f, " (at byte {offset})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("offset", &self.0.offset)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.kind {
            ErrorKind::Source(source) => Some(&**source),
            _ => None,
        }
    }
}
