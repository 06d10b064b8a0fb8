//! The types that the wire knows: one table, from which their numbers, names,
//! what they hold, and sizes in each protocol come.

macro_rules! wire_types {
    ($(
        #[doc = $doc:literal]
        $name:ident = $number:literal, $text:literal, scalar $is_scalar:literal,
        binary $binary:tt, compact $compact_number:literal $compact:tt,
        json $json_name:literal $json:literal;
    )*) => {
        /// The type of a value on the wire, numbered as in the binary protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum WireType {
            $(
                #[doc = $doc]
                $name = $number,
            )*
        }

        impl WireType {
            /// Every type.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The type with this number in the binary protocol.
            #[inline]
            #[must_use]
            pub const fn from_binary(number: u8) -> Option<Self> {
                Some(match number {
                    $($number => Self::$name,)*
                    _ => return None,
                })
            }

            /// The number of the type in the compact protocol; that of true for
            /// bools, whose two values have numbers there.
            #[inline]
            pub(super) const fn to_compact(self) -> u8 {
                match self {
                    $(Self::$name => $compact_number,)*
                }
            }

            /// Thrift's name of the type, for messages.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Whether a value holds no others.
            #[inline]
            #[must_use]
            pub const fn is_scalar(self) -> bool {
                match self {
                    $(Self::$name => $is_scalar,)*
                }
            }

            /// What Apache's JSON calls the type.
            #[inline]
            #[must_use]
            pub const fn json_name(self) -> &'static str {
                match self {
                    $(Self::$name => $json_name,)*
                }
            }

            /// The type that Apache's JSON calls so.
            #[inline]
            pub(super) fn from_json(name: &[u8]) -> Option<Self> {
                $(
                    if name == const { $json_name.as_bytes() } {
                        return Some(Self::$name);
                    }
                )*
                None
            }

            /// The fewest bytes that a value takes inside a container of Apache's
            /// JSON, with the comma or colon at it.
            pub(super) const fn least_json_size(self) -> usize {
                match self {
                    $(Self::$name => $json,)*
                }
            }

            /// What a value takes in the binary protocol.
            #[inline]
            pub(super) const fn binary_size(self) -> ValueSize {
                match self {
                    $(Self::$name => size!($binary),)*
                }
            }

            /// What a value takes in the compact protocol.
            #[inline]
            pub(super) const fn compact_size(self) -> ValueSize {
                match self {
                    $(Self::$name => size!($compact),)*
                }
            }
        }

        /// The types by the low four bits of their compact number: a table, for
        /// a `match` would be a jump that is hard to foretell.
        const BY_COMPACT: [Option<WireType>; 16] = {
            let mut types = [None; 16];
            $(types[$compact_number] = Some(WireType::$name);)*
            types[COMPACT_FALSE as usize] = Some(WireType::Bool);
            types
        };
    };
}

macro_rules! size {
    ([$bytes:literal]) => {
        ValueSize {
            least: $bytes,
            fixed: true,
        }
    };
    ([$bytes:literal ..]) => {
        ValueSize {
            least: $bytes,
            fixed: false,
        }
    };
}

/// How many bytes a value takes in a protocol.
#[derive(Clone, Copy, Debug)]
pub(super) struct ValueSize {
    /// The least, in bytes.
    pub least: usize,
    /// Whether every value takes as many.
    fixed: bool,
}

impl ValueSize {
    /// The size, where all values have the same.
    #[inline]
    pub const fn fixed(self) -> Option<usize> {
        if self.fixed { Some(self.least) } else { None }
    }
}

/// The compact number of false; true has that of bools.
pub(super) const COMPACT_FALSE: u8 = 2;

wire_types! {
    /// `bool`
    Bool = 2, "bool", scalar true, binary [1], compact 1 [1], json "tf" 2;
    /// `i8`, also called `byte`
    I8 = 3, "i8", scalar true, binary [1], compact 3 [1], json "i8" 2;
    /// `double`
    Double = 4, "double", scalar true, binary [8], compact 7 [8], json "dbl" 2;
    /// `i16`
    I16 = 6, "i16", scalar true, binary [2], compact 4 [1..], json "i16" 2;
    /// `i32`, and every enum
    I32 = 8, "i32", scalar true, binary [4], compact 5 [1..], json "i32" 2;
    /// `i64`
    I64 = 10, "i64", scalar true, binary [8], compact 6 [1..], json "i64" 2;
    /// `string` and `binary`
    String = 11, "string", scalar true, binary [4..], compact 8 [1..], json "str" 3;
    /// structs, unions and exceptions
    Struct = 12, "struct", scalar false, binary [1..], compact 12 [1..], json "rec" 3;
    /// `map<K, V>`
    Map = 13, "map", scalar false, binary [6..], compact 11 [1..], json "map" 14;
    /// `set<T>`
    Set = 14, "set", scalar false, binary [5..], compact 10 [1..], json "set" 8;
    /// `list<T>`
    List = 15, "list", scalar false, binary [5..], compact 9 [1..], json "lst" 8;
    /// `uuid`
    Uuid = 16, "uuid", scalar true, binary [16], compact 13 [16], json "uid" 35;
}

impl WireType {
    /// The number that marks the end of a struct's fields.
    pub const STOP: u8 = 0;

    /// The type with this number in the compact protocol, of which the low
    /// four bits are taken.
    #[inline]
    pub(super) const fn from_compact(number: u8) -> Option<Self> {
        BY_COMPACT[(number & 0x0f) as usize]
    }
}
