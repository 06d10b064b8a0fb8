//! Variable-length integers: seven bits a byte, the lowest first.

use bytes::BufMut;

use super::error::{Error, Result};
use super::input::Input;
use super::wire_type::WireType;

/// The longest encoding of 64 bits.
pub(super) const MAX_BYTES: usize = 10;

/// Reads a varint of at most 64 bits.
#[inline]
pub(super) fn read<I: Input>(input: &mut I) -> Result<u64> {
    let first = input.byte()?;
    if first < 0x80 {
        return Ok(u64::from(first));
    }
    read_rest(input, first)
}

fn read_rest<I: Input>(input: &mut I, first: u8) -> Result<u64> {
    let mut value = u64::from(first & 0x7f);
    for index in 1..MAX_BYTES {
        let byte = input.byte()?;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            // The tenth byte has room for one bit.
            if index == MAX_BYTES - 1 && byte > 1 {
                return Err(Error::varint(WireType::I64));
            }
            return Ok(value);
        }
    }
    Err(Error::varint(WireType::I64))
}

/// Writes a varint.
#[inline]
pub(super) fn write<B: BufMut>(out: &mut B, mut value: u64) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// Maps small magnitudes of both signs to small numbers.
#[inline]
pub(super) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The inverse of [`zigzag`].
#[inline]
pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::SliceInput;

    #[test]
    fn round_trips_at_every_width() {
        for shift in 0..64 {
            for value in [1u64 << shift, (1u64 << shift) - 1, u64::MAX >> shift] {
                let mut out = Vec::new();
                write(&mut out, value);
                let mut input = SliceInput::new(&out);
                assert_eq!(read(&mut input).unwrap(), value);
                assert_eq!(input.remaining(), Some(0));
                assert_eq!(unzigzag(zigzag(value as i64)), value as i64);
            }
        }
    }

    #[test]
    fn refuses_more_than_ten_bytes_and_more_than_64_bits() {
        assert!(read(&mut SliceInput::new(&[0x80; 1000])).is_err());
        let mut too_large = [0xff; 10];
        too_large[9] = 2;
        assert!(read(&mut SliceInput::new(&too_large)).is_err());
        too_large[9] = 1;
        assert_eq!(read(&mut SliceInput::new(&too_large)).unwrap(), u64::MAX);
    }
}
