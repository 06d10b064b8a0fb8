//! What the types are called in the text.

use crate::wire::wire_type::WireType;

/// The name of a type.
#[inline]
pub const fn of(wire_type: WireType) -> &'static str {
    match wire_type {
        WireType::Bool => "tf",
        WireType::I8 => "i8",
        WireType::I16 => "i16",
        WireType::I32 => "i32",
        WireType::I64 => "i64",
        WireType::Double => "dbl",
        WireType::String => "str",
        WireType::Struct => "rec",
        WireType::Map => "map",
        WireType::Set => "set",
        WireType::List => "lst",
        WireType::Uuid => "uid",
    }
}

/// The type of a name.
#[inline]
pub fn find(name: &[u8]) -> Option<WireType> {
    Some(match name {
        b"tf" => WireType::Bool,
        b"i8" => WireType::I8,
        b"i16" => WireType::I16,
        b"i32" => WireType::I32,
        b"i64" => WireType::I64,
        b"dbl" => WireType::Double,
        b"str" => WireType::String,
        b"rec" => WireType::Struct,
        b"map" => WireType::Map,
        b"set" => WireType::Set,
        b"lst" => WireType::List,
        b"uid" => WireType::Uuid,
        _ => return None,
    })
}

/// The fewest bytes that a value of this type takes inside a container, with
/// the comma or colon at it.
pub const fn least_size(wire_type: WireType) -> usize {
    match wire_type {
        WireType::String | WireType::Struct => 3,
        WireType::List | WireType::Set => 8,
        WireType::Map => 14,
        WireType::Uuid => 35,
        _ => 2,
    }
}
