//! Bytes in pieces to whole messages: where a value ends, frames, and what the
//! first bytes of a connection speak. No Python, no sockets, no waiting.
//!
//! A driver moves bytes and asks what is whole. There are three kinds.
//!
//! - One that reads as much as it gets (a server in native code) feeds an
//!   [`Inbound`] and takes messages from it until there is none.
//! - One that owns its buffer (asyncio) shows a [`Scan`] what has come since,
//!   and decodes once, when the end is found.
//! - One that may take no byte of the next message (over a transport of
//!   somebody else) asks for as many bytes as the scan says are
//!   [wanted](Scan::wanted), and for no more.
//!
//! Invariants:
//! - a scan ends where [`Reader::skip`](crate::wire::Reader::skip) ends, with
//!   the same error at the same offset, for it reads headers and sizes by the
//!   same readers; of JSON it finds the end of the text, and leaves what is in
//!   it to the decoder;
//! - however the bytes are cut, each header is read twice at most and the
//!   bytes of strings and numbers not at all;
//! - no more bytes are asked for than the value takes;
//! - what a frame of `THeader` says of itself is believed only within the
//!   frame, and within the limit of its message when it is decompressed.
#![forbid(unsafe_code)]

mod arrived;
mod detect;
mod frame;
mod header;
mod inbound;
mod scan;

pub use detect::{Opening, Speech, detect, detect_struct, guess};
pub use frame::{
    FRAME_HEADER, finish_frame, frame_end, frame_header, frame_length, unsigned_header,
    unsigned_length,
};
pub use header::{
    CLIENT_TYPES, HeaderError, HeaderFrame, HeaderPairs, keep_headers, refused_client,
};
pub use inbound::{Framing, Inbound};
pub use scan::{Protocol, Scan, Target};
