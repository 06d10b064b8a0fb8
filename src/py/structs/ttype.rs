//! The numbers of `TType`: those of the wire, and those that stand in a
//! `thrift_spec` only.

use crate::wire::WireType;

pub const BOOL: u8 = WireType::Bool as u8;
pub const BYTE: u8 = WireType::I8 as u8;
pub const DOUBLE: u8 = WireType::Double as u8;
pub const I16: u8 = WireType::I16 as u8;
pub const I32: u8 = WireType::I32 as u8;
pub const I64: u8 = WireType::I64 as u8;
pub const STRING: u8 = WireType::String as u8;
pub const STRUCT: u8 = WireType::Struct as u8;
pub const MAP: u8 = WireType::Map as u8;
pub const SET: u8 = WireType::Set as u8;
pub const LIST: u8 = WireType::List as u8;
pub const UUID: u8 = WireType::Uuid as u8;
/// Tells `binary` from `string`.
pub const BINARY: u8 = 18;
/// fbthrift's; the codec refuses it.
pub const FLOAT: u8 = 19;

/// The names that thriftpy2 has for them; of two for one number the first is
/// the one that texts use.
pub const NAMES: [(&str, u8); 18] = [
    ("STOP", WireType::STOP),
    ("VOID", 1),
    ("BOOL", BOOL),
    ("BYTE", BYTE),
    ("I08", BYTE),
    ("DOUBLE", DOUBLE),
    ("I16", I16),
    ("I32", I32),
    ("I64", I64),
    ("STRING", STRING),
    ("UTF7", STRING),
    ("STRUCT", STRUCT),
    ("MAP", MAP),
    ("SET", SET),
    ("LIST", LIST),
    // The number that Thrift has given to `uuid` since.
    ("UTF8", UUID),
    ("UTF16", 17),
    ("BINARY", BINARY),
];
