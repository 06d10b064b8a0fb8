//! The linked, checked model of a set of Thrift IDL files.
//!
//! ```text
//! load: Sources -> idl::parse (each file once) -> link -> Schema
//! ```
//!
//! [`load`] reads a file and all it includes, then links them: every name is
//! resolved, every constant is a value of its type, and nothing is left to be
//! patched. Mistakes come back as [`Diagnostic`]s, as many as can be told
//! apart in one run.
#![forbid(unsafe_code)]

mod breaking;
mod counterparts;
mod json;
mod link;
mod load;
mod loaded;
mod model;
mod rules;
mod same;
mod sources;
mod uuid;

pub use crate::idl::{Diagnostic, Reserved};
pub use breaking::{Breaking, ChangedPlace};
pub use load::{MissingInclude, Options, load};
pub use model::{
    Annotation, Const, ConstId, Definition, Enum, EnumId, EnumItem, Field, Function, Include,
    Namespace, Program, ProgramId, Requiredness, Schema, Service, ServiceId, Struct, StructId,
    StructKind, Type, TypeParts, Typedef, TypedefId, Value,
};
pub use rules::{Category, Rule};
pub use sources::{FileSystem, Located, Memory, Sources, Unresolved};
pub use uuid::UuidText;
