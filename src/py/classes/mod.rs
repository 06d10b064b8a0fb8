//! From a linked schema to Python classes and values.
//!
//! ```text
//! load_schema -> Schema (Python object) -> build -> one Program per file
//! ```
//!
//! Classes refer to each other through their `thrift_spec`, in circles too:
//! they are all made first, with empty specs, which are then filled.

mod builder;
mod built;
mod diagnostic;
mod diagnostic_state;
mod enums;
mod functions;
mod load;
mod members;
mod names;
mod options;
mod printing;
mod program;
mod schema;
mod services;
mod sources;
mod spec;
mod structs;
mod values;

pub use diagnostic::PyDiagnostic;
pub use load::load_schema;
pub use printing::format_text;
pub use program::PyProgram;
pub use schema::PySchema;
