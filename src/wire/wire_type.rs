//! The types that the wire knows: one table, from which their numbers, names
//! and sizes in each protocol come.

macro_rules! wire_types {
    ($(
        #[doc = $doc:literal]
        $name:ident = $number:literal, $text:literal,
        binary $binary:tt, compact $compact_number:literal $compact:tt;
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
    Bool = 2, "bool", binary [1], compact 1 [1];
    /// `i8`, also called `byte`
    I8 = 3, "i8", binary [1], compact 3 [1];
    /// `double`
    Double = 4, "double", binary [8], compact 7 [8];
    /// `i16`
    I16 = 6, "i16", binary [2], compact 4 [1..];
    /// `i32`, and every enum
    I32 = 8, "i32", binary [4], compact 5 [1..];
    /// `i64`
    I64 = 10, "i64", binary [8], compact 6 [1..];
    /// `string` and `binary`
    String = 11, "string", binary [4..], compact 8 [1..];
    /// structs, unions and exceptions
    Struct = 12, "struct", binary [1..], compact 12 [1..];
    /// `map<K, V>`
    Map = 13, "map", binary [6..], compact 11 [1..];
    /// `set<T>`
    Set = 14, "set", binary [5..], compact 10 [1..];
    /// `list<T>`
    List = 15, "list", binary [5..], compact 9 [1..];
    /// `uuid`
    Uuid = 16, "uuid", binary [16], compact 13 [16];
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
