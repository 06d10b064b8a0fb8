//! Apache's JSON protocol.
//!
//! A message is `[1,"method",type,seqid,{...}]`, a struct
//! `{"1":{"i32":7},"2":{"lst":["str",2,"a","b"]}}` with field ids as keys and
//! the type beside each value, a map `["str","i32",1,{"k":1}]`. What is
//! written is byte for byte what Apache's Python library writes, except where
//! that is no JSON: NaN and infinities are quoted and control characters
//! escaped, as by the C++ library.

pub mod base64;
mod context;
mod end;
pub mod number;
mod reader;
mod short_text;
pub mod shortest;
pub mod text;
pub mod uuid;
mod writer;

pub use end::TextEnd;
pub use reader::Json;
pub use writer::JsonWriter;
