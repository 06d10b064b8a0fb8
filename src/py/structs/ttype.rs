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

/// What a type is called: by the IDL, by Apache's JSON, and by Python, which has no
/// one class for what is made of other types.
pub type TypeNames = (&'static str, &'static str, Option<&'static str>);

/// What the values of `binary` are, which are strings on the wire.
pub const BINARY_NAMES: TypeNames = ("binary", WireType::String.json_name(), Some("bytes"));

/// What a type of the wire is called.
pub const fn names_of(wire_type: WireType) -> TypeNames {
    let (word, python) = match wire_type {
        WireType::Bool => ("bool", Some("bool")),
        // thriftpy2's word, as `BYTE` is.
        WireType::I8 => ("byte", Some("int")),
        WireType::I16 | WireType::I32 | WireType::I64 => (wire_type.name(), Some("int")),
        WireType::Double => ("double", Some("float")),
        WireType::String => ("string", Some("str")),
        WireType::Uuid => ("uuid", Some("UUID")),
        WireType::Struct | WireType::Map | WireType::Set | WireType::List => {
            (wire_type.name(), None)
        }
    };
    (word, wire_type.json_name(), python)
}

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

/// Every type of the wire has a name here.
const _: () = {
    let mut type_index = 0;
    while type_index < WireType::ALL.len() {
        let mut name_index = 0;
        while NAMES[name_index].1 != WireType::ALL[type_index] as u8 {
            name_index += 1;
        }
        type_index += 1;
    }
};
