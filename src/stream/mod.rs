//! Where a message ends, in bytes that come in pieces: no Python, no sockets,
//! no waiting.
//!
//! A [`Scan`] is shown what has arrived, as often as more has, and says where
//! the value ends, or how many bytes are missing for certain.
//!
//! Invariants:
//! - a scan ends where [`Reader::skip`](crate::wire::Reader::skip) ends, with
//!   the same error at the same offset, for it reads headers and sizes by the
//!   same readers;
//! - however the bytes are cut, each header is read twice at most and the
//!   bytes of strings and numbers not at all;
//! - no more bytes are asked for than the value takes.
#![forbid(unsafe_code)]

mod arrived;
mod scan;

pub use scan::{Part, Protocol, Scan};
