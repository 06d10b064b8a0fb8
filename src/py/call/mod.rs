//! Calls, from the arguments to one message and from one message to the
//! result, with no object in between.
//!
//! ```text
//! client:  arguments -> bind -> write_call ... read_reply -> result or exception
//! server:  read_call -> the handler's arguments ... its value -> write_result
//! ```
//!
//! What blocks (`...` above) is left to Python; see `fastthrift/_calls/wait.py`.
//! Each function declines, before anything was read or written, where a
//! protocol, a payload or a service is not ours as it was made; its caller
//! then goes by the public methods.

mod client;
mod fields;
mod json;
mod message;
mod method;
mod original_methods;
mod server;

pub use client::{bind, read_reply, write_call};
pub use method::{Method, find_method};
pub use original_methods::OriginalMethods;
pub use server::{read_call, write_result};
