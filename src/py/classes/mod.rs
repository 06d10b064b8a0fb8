//! From a linked schema to Python classes and values.
//!
//! ```text
//! load_schema -> Schema (Python object) -> build -> one Program per file
//! ```
//!
//! Classes refer to each other through their `thrift_spec`, in circles too:
//! they are all made first, with empty specs, which are then filled.

mod builder;
mod diagnostic;
mod enums;
mod functions;
mod kept;
mod linked;
mod loading;
mod names;
mod printing;
mod services;
mod spec;
mod structs;
mod values;

pub use diagnostic::Diagnostic;
pub use loading::{Program, Schema, load_schema};
pub use printing::format_text;
