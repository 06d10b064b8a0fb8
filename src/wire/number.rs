//! Numbers of one type, many at once.

use super::error::{Error, Result};
use super::input::Input;
use super::output::Output;
use super::reader::Reader;
use super::varint;
use super::wire_type::WireType;
use super::writer::Writer;

/// As many bytes are written at a time: they fit into registers.
const BLOCK: usize = 128;

mod sealed {
    pub trait Sealed {}
}

/// A number of the wire, as memory has it.
pub trait Number: Copy + Default + sealed::Sealed {
    /// Its type on the wire.
    const WIRE_TYPE: WireType;

    /// The bytes that it takes in memory.
    const SIZE: usize = size_of::<Self>();

    /// Reads one.
    fn read<R: Reader>(reader: &mut R) -> Result<Self>;

    /// Writes one.
    fn write<W: Writer>(self, writer: &mut W);

    /// The number of 64 bits as one of this type; none where it does not fit, and
    /// for doubles.
    fn from_i64(value: i64) -> Option<Self>;

    /// The number as one of 64 bits; of a double its bits.
    fn to_i64(self) -> i64;

    /// Fills numbers from bytes that have the highest one first, as far as they go.
    fn copy_big_endian(bytes: &[u8], values: &mut [Self]);

    /// Fills numbers from bytes that have the lowest one first, as far as they go.
    fn copy_little_endian(bytes: &[u8], values: &mut [Self]);

    /// Writes numbers with the highest byte first.
    fn put_big_endian<O: Output>(values: &[Self], out: &mut O);

    /// Writes numbers with the lowest byte first.
    fn put_little_endian<O: Output>(values: &[Self], out: &mut O);
}

macro_rules! numbers {
    ($($type:ident, $wire_type:ident, $read:ident, $to_i64:expr, $from_i64:expr;)*) => {$(
        impl sealed::Sealed for $type {}

        impl Number for $type {
            const WIRE_TYPE: WireType = WireType::$wire_type;

            #[inline]
            fn read<R: Reader>(reader: &mut R) -> Result<Self> {
                reader.$read()
            }

            #[inline]
            fn write<W: Writer>(self, writer: &mut W) {
                writer.$read(self);
            }

            #[inline]
            fn to_i64(self) -> i64 {
                $to_i64(self)
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
            fn put_big_endian<O: Output>(values: &[Self], out: &mut O) {
                let (blocks, rest) = values.as_chunks::<{ BLOCK / Self::SIZE }>();
                for block in blocks {
                    out.put(block.map(Self::to_be_bytes).as_flattened());
                }
                for value in rest {
                    out.put(&value.to_be_bytes());
                }
            }

            #[inline(always)]
            fn put_little_endian<O: Output>(values: &[Self], out: &mut O) {
                let (blocks, rest) = values.as_chunks::<{ BLOCK / Self::SIZE }>();
                for block in blocks {
                    out.put(block.map(Self::to_le_bytes).as_flattened());
                }
                for value in rest {
                    out.put(&value.to_le_bytes());
                }
            }
        }
    )*};
}

numbers! {
    i8, I8, i8, i64::from, |value| i8::try_from(value).ok();
    i16, I16, i16, i64::from, |value| i16::try_from(value).ok();
    i32, I32, i32, i64::from, |value| i32::try_from(value).ok();
    i64, I64, i64, i64::from, Some;
    f64, Double, double, |value: f64| value.to_bits().cast_signed(), |_| None;
}

/// Reads numbers that take as many bytes on the wire as in memory: those that are
/// there at once, and one for which more has to be fetched. An error comes with the
/// index of its number.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
pub(super) fn fixed<R: Reader, N: Number>(
    reader: &mut R,
    values: &mut [N],
    copy: impl Fn(&[u8], &mut [N]),
) -> std::result::Result<(), (usize, Error)> {
    let mut done = 0;
    while done < values.len() {
        let bytes = reader.input().buffered();
        let count = (bytes.len() / N::SIZE).min(values.len() - done);
        if count == 0 {
            values[done] = N::read(reader).map_err(|error| (done, error))?;
            done += 1;
        } else {
            copy(bytes, &mut values[done..done + count]);
            let taken = reader.input_mut().discard(count * N::SIZE);
            taken.map_err(|error| (done, error))?;
            done += count;
        }
    }
    Ok(())
}

/// Reads numbers that are varints: runs of those that are there at once, and others
/// by the reader's own rules.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
pub(super) fn varints<R: Reader, N: Number>(
    reader: &mut R,
    values: &mut [N],
) -> std::result::Result<(), (usize, Error)> {
    let mut done = 0;
    while done < values.len() {
        let (taken, count) = varint::run(reader.input().buffered(), &mut values[done..]);
        let taken = reader.input_mut().discard(taken);
        taken.map_err(|error| (done, error))?;
        done += count;
        if let Some(value) = values.get_mut(done) {
            *value = N::read(reader).map_err(|error| (done, error))?;
            done += 1;
        }
    }
    Ok(())
}
