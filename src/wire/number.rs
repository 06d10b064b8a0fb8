//! Numbers of one type, many at once.

use super::error::{Error, Result};
use super::input::Input;
use super::reader::Reader;
use super::varint;
use super::wire_type::WireType;
use super::writer::Writer;

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

    /// Writes several.
    fn write<W: Writer>(values: &[Self], writer: &mut W);

    /// The number of 64 bits as one of this type; none where it does not fit, and
    /// for doubles.
    fn from_i64(value: i64) -> Option<Self>;

    /// Fills numbers from bytes that have the highest one first, as far as they go.
    fn copy_big_endian(bytes: &[u8], values: &mut [Self]);

    /// Fills numbers from bytes that have the lowest one first, as far as they go.
    fn copy_little_endian(bytes: &[u8], values: &mut [Self]);
}

macro_rules! numbers {
    ($($type:ident, $wire_type:ident, $read:ident, $write:ident, $from_i64:expr;)*) => {$(
        impl sealed::Sealed for $type {}

        impl Number for $type {
            const WIRE_TYPE: WireType = WireType::$wire_type;

            #[inline]
            fn read<R: Reader>(reader: &mut R) -> Result<Self> {
                reader.$read()
            }

            #[inline]
            fn write<W: Writer>(values: &[Self], writer: &mut W) {
                writer.$write(values.iter().copied());
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
        }
    )*};
}

numbers! {
    i8, I8, i8, i8s, |value| i8::try_from(value).ok();
    i16, I16, i16, i16s, |value| i16::try_from(value).ok();
    i32, I32, i32, i32s, |value| i32::try_from(value).ok();
    i64, I64, i64, i64s, Some;
    f64, Double, double, doubles, |_| None;
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
