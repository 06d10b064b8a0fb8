//! Bytes to and from Thrift events: the binary, compact and JSON protocols.
//!
//! [`Reader`] and [`Writer`] are the two traits that [`Binary`], [`Compact`] and
//! [`Json`] implement; everything above this room is generic over them.
//! A reader takes its bytes from an [`Input`], a writer puts them into an
//! [`Output`].
//!
//! Invariants:
//! - sizes read from the wire are checked against what the input can hold
//!   before anyone allocates for them;
//! - nesting is counted by one counter, [`Depth`], in readers, writers and
//!   [`skip`](Reader::skip) alike;
//! - no input makes this room panic.
#![forbid(unsafe_code)]

mod binary;
mod compact;
mod depth;
mod distinct;
mod error;
mod input;
pub mod json;
mod limits;
mod message;
mod number;
mod output;
mod raw;
mod raw_value;
mod reader;
mod run;
mod varint;
mod wire_type;
mod writer;

pub use binary::{Binary, BinaryWriter};
pub use compact::{Compact, CompactWriter};
pub use depth::Depth;
pub use error::{Error, ErrorKind, Nesting, Result};
pub use input::{CutInput, Input, SliceInput};
pub use json::{Json, JsonWriter, TextEnd};
pub use limits::Limits;
#[allow(
    unused_imports,
    reason = "the rooms that write signatures are not always built"
)]
pub(crate) use limits::{default_depth, default_size};
pub use message::{MessageHeader, message_type};
pub use number::Numeric;
pub use output::Output;
pub use raw::RawForm;
pub use raw_value::RawValue;
pub use reader::{FieldHeader, ListHeader, MapHeader, Reader, State};
pub use run::{Level, Walk};
pub use wire_type::WireType;
pub use writer::{Scalar, Writer, checked_size};
