//! The numbers of `TType`: those of the wire, and those that stand in a
//! `thrift_spec` only.

use crate::wire::WireType;

/// What a type is called: by the IDL, by Apache's JSON, and by Python, which has no
/// one class for what is made of other types.
pub type TypeNames = (&'static str, &'static str, Option<&'static str>);

/// Tells `binary` from `string`.
pub const BINARY: u8 = 18;
/// fbthrift's; the codec refuses it.
pub const FLOAT: u8 = 19;

/// What the values of `binary` are, which are strings on the wire.
pub const BINARY_NAMES: TypeNames = ("binary", WireType::String.json_name(), Some("bytes"));

macro_rules! types {
    ($(
        $number:ident = $wire_type:ident, $($name:literal)+, word $word:literal, class $class:expr;
    )*) => {
        $(pub const $number: u8 = WireType::$wire_type as u8;)*

        /// What a type of the wire is called.
        pub const fn names_of(wire_type: WireType) -> TypeNames {
            let (word, class) = match wire_type {
                $(WireType::$wire_type => ($word, $class),)*
            };
            (word, wire_type.json_name(), class)
        }

        /// The names that thriftpy2 has for them; of two for one number the first is
        /// the one that texts use.
        pub const NAMES: &[(&str, u8)] = &[
            ("STOP", WireType::STOP),
            ("VOID", 1),
            $($(($name, $number),)+)*
            ("UTF16", 17),
            ("BINARY", BINARY),
        ];
    };
}

types! {
    BOOL = Bool, "BOOL", word "bool", class Some("bool");
    // thriftpy2's word.
    BYTE = I8, "BYTE" "I08", word "byte", class Some("int");
    DOUBLE = Double, "DOUBLE", word "double", class Some("float");
    I16 = I16, "I16", word "i16", class Some("int");
    I32 = I32, "I32", word "i32", class Some("int");
    I64 = I64, "I64", word "i64", class Some("int");
    STRING = String, "STRING" "UTF7", word "string", class Some("str");
    STRUCT = Struct, "STRUCT", word "struct", class None;
    MAP = Map, "MAP", word "map", class None;
    SET = Set, "SET", word "set", class None;
    LIST = List, "LIST", word "list", class None;
    // The number that Thrift has given to `uuid` since.
    UUID = Uuid, "UTF8", word "uuid", class Some("UUID");
}
