//! Thrift for Python with a Rust core.
//!
//! The layers, each knowing only those below it:
//!
//! ```text
//! py      Python objects <-> wire; classes; transports   (feature `python`)
//! schema  the linked, checked model of a set of files
//! idl     text -> syntax tree -> diagnostics
//! server  connections, and the calls that come on them    (feature `server`)
//! stream  where messages end, in bytes that come in pieces
//! wire    bytes <-> thrift events: binary, compact
//! ```
//!
//! All but `py` know nothing of Python: they build, test and bench with no
//! interpreter on the machine.

pub mod idl;
pub mod schema;
#[cfg(feature = "server")]
pub mod server;
pub mod stream;
pub mod wire;

#[cfg(feature = "python")]
mod py;
