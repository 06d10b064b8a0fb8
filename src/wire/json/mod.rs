//! JSON text: its strings, numbers, base64 and uuids.

pub mod base64;
pub mod number;
pub mod shortest;
pub mod text;
pub mod uuid;
