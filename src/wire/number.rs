//! Numbers of one type, many at once.

use std::cell::Cell;

use super::output::Output;
use super::wire_type::WireType;

/// Which number.
#[derive(Clone, Copy)]
pub enum NumberType {
    /// `i8`
    I8,
    /// `i16`
    I16,
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `double`
    Double,
}

mod sealed {
    pub trait Bits {}
}

/// A number of the wire, as memory has it.
pub trait Numeric: Copy + Default + sealed::Bits {
    /// Its type on the wire.
    const WIRE_TYPE: WireType;

    /// Its type, of those that are numbers.
    const NUMBER: NumberType;

    /// The bytes that it takes in memory.
    const SIZE: usize = size_of::<Self>();

    /// The number of 64 bits as one of this type; none where it does not fit, and
    /// for doubles.
    fn from_i64(value: i64) -> Option<Self>;

    /// The number as one of 64 bits; of a double its bits.
    fn to_i64(self) -> i64;

    /// The inverse of [`to_i64`](Self::to_i64), for numbers that come from there.
    fn of_i64(value: i64) -> Self;

    /// Fills numbers from bytes that have the highest one first, as far as they go.
    fn copy_big_endian(bytes: &[u8], values: &mut [Self]);

    /// Fills numbers from bytes that have the lowest one first, as far as they go.
    fn copy_little_endian(bytes: &[u8], values: &mut [Self]);

    /// Writes numbers with the highest byte first.
    fn put_big_endian<O: Output>(values: &[Cell<Self>], out: &mut O);

    /// Writes numbers with the lowest byte first.
    fn put_little_endian<O: Output>(values: &[Cell<Self>], out: &mut O);
}

macro_rules! numbers {
    ($($type:ident, $wire_type:ident, $to_i64:expr, $of_i64:expr, $from_i64:expr;)*) => {$(
        impl sealed::Bits for $type {}

        impl Numeric for $type {
            const WIRE_TYPE: WireType = WireType::$wire_type;

            const NUMBER: NumberType = NumberType::$wire_type;

            #[inline]
            fn to_i64(self) -> i64 {
                $to_i64(self)
            }

            #[inline]
            fn of_i64(value: i64) -> Self {
                $of_i64(value)
            }

            #[inline]
            fn from_i64(value: i64) -> Option<Self> {
                $from_i64(value)
            }

            #[inline(always)]
            fn copy_big_endian(bytes: &[u8], values: &mut [Self]) {
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                    *value = Self::from_be_bytes(*bytes);
                }
            }

            #[inline(always)]
            fn copy_little_endian(bytes: &[u8], values: &mut [Self]) {
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                    *value = Self::from_le_bytes(*bytes);
                }
            }

            #[inline(always)]
            fn put_big_endian<O: Output>(values: &[Cell<Self>], out: &mut O) {
                out.put_items(values, Self::to_be_bytes);
            }

            #[inline(always)]
            fn put_little_endian<O: Output>(values: &[Cell<Self>], out: &mut O) {
                out.put_items(values, Self::to_le_bytes);
            }
        }
    )*};
}

numbers! {
    i8, I8, i64::from, |value| value as i8, |value| i8::try_from(value).ok();
    i16, I16, i64::from, |value| value as i16, |value| i16::try_from(value).ok();
    i32, I32, i64::from, |value| value as i32, |value| i32::try_from(value).ok();
    i64, I64, i64::from, |value| value, Some;
    f64, Double, |value: f64| value.to_bits().cast_signed(),
        |value: i64| f64::from_bits(value.cast_unsigned()), |_| None;
}
