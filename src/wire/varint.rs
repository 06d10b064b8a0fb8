//! Variable-length integers: seven bits a byte, the lowest first.

use super::error::{Error, Result};
use super::input::Input;
use super::number::Numeric;
use super::output::Output;
use super::wire_type::WireType;

/// The longest encoding of 64 bits.
pub(super) const MAX_BYTES: usize = 10;

/// The bit of each byte of a word that says that another byte follows.
const CONTINUES: u64 = 0x8080_8080_8080_8080;

/// Reads a varint of at most 64 bits.
#[expect(clippy::inline_always, reason = "measured: most take one byte")]
#[inline(always)]
pub(super) fn read<I: Input>(input: &mut I) -> Result<u64> {
    match input.buffered() {
        [byte @ ..0x80, ..] => {
            let value = u64::from(*byte);
            input.discard(1)?;
            Ok(value)
        }
        _ => read_more(input),
    }
}

/// Reads one of several bytes, from a word that has it whole.
#[inline(never)]
fn read_more<I: Input>(input: &mut I) -> Result<u64> {
    if let Some(bytes) = input.buffered().first_chunk() {
        let word = u64::from_le_bytes(*bytes);
        let ends = !word & CONTINUES;
        if ends != 0 {
            let last = ends.trailing_zeros();
            input.discard(last as usize / 8 + 1)?;
            return Ok(gather(word & (u64::MAX >> (63 - last))));
        }
    }
    read_bytes(input)
}

/// How many bytes a varint takes that a word begins with; none where it is longer.
#[inline]
pub(super) const fn length(word: u64) -> Option<usize> {
    let ends = !word & CONTINUES;
    if ends == 0 {
        return None;
    }
    Some(ends.trailing_zeros() as usize / 8 + 1)
}

/// How many bytes `count` varints take together that a word begins with; none where
/// it has fewer of them, or longer ones than `most` bytes and one.
#[expect(clippy::inline_always, reason = "measured: in the loop over fields")]
#[inline(always)]
pub(super) const fn length_of(word: u64, count: u32, most: u32) -> Option<usize> {
    if count == 0 || count > 8 {
        return None;
    }
    // Those of one byte each.
    if (word & CONTINUES) << (u64::BITS - 8 * count) == 0 {
        return Some(count as usize);
    }
    if most < 8 {
        return None;
    }
    let mut ends = !word & CONTINUES;
    let mut before = 1;
    while before < count {
        ends &= ends.wrapping_sub(1);
        before += 1;
    }
    if ends == 0 {
        return None;
    }
    Some(ends.trailing_zeros() as usize / 8 + 1)
}

/// The bits behind which so many are set, with itself: a power of two, of bits that
/// stand `apart` from each other.
#[expect(clippy::inline_always, reason = "measured: in the loop over fields")]
#[inline(always)]
const fn runs(mut bits: u64, most: u32, apart: u32) -> u64 {
    let mut found = 1;
    while found < most {
        bits &= bits >> (found * apart);
        found *= 2;
    }
    bits
}

/// Passes over up to `count` varints of up to `most` bytes: where the first byte is
/// that none of them takes, and how many there were.
pub(super) fn pass(bytes: &[u8], count: usize, most: u32) -> (usize, usize) {
    let (mut start, mut passed) = (0, 0);
    while passed < count
        && let Some(window) = bytes[start..].first_chunk()
    {
        let mut ends = ends_of(window);
        let long = runs(!ends, most, 1);
        if long != 0 {
            // Up to there.
            ends &= (long & long.wrapping_neg()) - 1;
        }
        while ends.count_ones() as usize > count - passed {
            ends &= u64::MAX >> (ends.leading_zeros() + 1);
        }
        if ends == 0 {
            return (start, passed);
        }
        start += u64::BITS as usize - ends.leading_zeros() as usize;
        passed += ends.count_ones() as usize;
    }
    while passed < count {
        let rest = &bytes[start..];
        let within = &rest[..rest.len().min(most as usize)];
        let Some(last) = within.iter().position(|byte| *byte < 0x80) else {
            break;
        };
        start += last + 1;
        passed += 1;
    }
    (start, passed)
}

/// The seven bits of each byte, side by side.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
const fn gather(word: u64) -> u64 {
    let pairs = (word & 0x007f_007f_007f_007f) | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let quads = (pairs & 0x0000_3fff_0000_3fff) | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    (quads & 0x0fff_ffff) | (quads & 0x0fff_ffff_0000_0000) >> 4
}

/// The inverse of [`gather`], for up to 56 bits.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
const fn scatter(value: u64) -> u64 {
    let quads = (value & 0x0fff_ffff) | (value & 0x00ff_ffff_f000_0000) << 4;
    let pairs = (quads & 0x0000_3fff_0000_3fff) | (quads & 0x0fff_c000_0fff_c000) << 2;
    (pairs & 0x007f_007f_007f_007f) | (pairs & 0x3f80_3f80_3f80_3f80) << 1
}

/// As many bytes are looked at together by [`run`].
const WINDOW: usize = 64;

/// Reads zigzag numbers that stand one behind the other, as many as are asked for
/// or as are whole, usual and not near the end: how many bytes they take, and how
/// many there were.
///
/// Where they end is found for many at once, so that none has to wait for the one
/// before it to be read.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
pub(super) fn run<N: Numeric>(bytes: &[u8], values: &mut [N]) -> (usize, usize) {
    let mut start = 0;
    let mut count = 0;
    while count < values.len()
        && let Some(window) = bytes[start..].first_chunk::<{ WINDOW + 16 }>()
    {
        let mut ends = ends_of(window);
        if let Some(short) = values[count..].first_chunk_mut::<WINDOW>() {
            if ends == u64::MAX {
                for (value, byte) in short.iter_mut().zip(window) {
                    // Of seven bits, so that it fits.
                    *value = N::from_i64(unzigzag(u64::from(*byte))).unwrap_or_default();
                }
                start += WINDOW;
                count += WINDOW;
                continue;
            }
            let end = WINDOW - ends.leading_zeros() as usize;
            let long = runs(!ends, u64::BITS / 8, 1);
            if end > 0 && long & (u64::MAX >> (WINDOW - end)) == 0 && words(window, ends, short) {
                start += end;
                count += ends.count_ones() as usize;
                continue;
            }
        }
        let mut offset = 0;
        for value in &mut values[count..] {
            if ends == 0 {
                break;
            }
            let end = ends.trailing_zeros() as usize + 1;
            let Some(found) = whole(window, offset, end).and_then(N::from_i64) else {
                return (start + offset, count);
            };
            *value = found;
            count += 1;
            offset = end;
            ends &= ends - 1;
        }
        if offset == 0 {
            break;
        }
        start += offset;
    }
    (start, count)
}

/// Reads zigzag numbers of eight bytes at most that end at these places of a window;
/// whether all fit into their type. Behind them the values are anything.
///
/// Each is a word first, so that those of some are put together at once.
#[inline(always)]
fn words<N: Numeric>(window: &[u8; WINDOW + 16], ends: u64, values: &mut [N; WINDOW]) -> bool {
    /// As many words as the registers of common processors have room for.
    const TOGETHER: usize = 4;
    let found = ends.count_ones() as usize;
    let mut left = ends;
    let mut start = 0;
    let mut fit = true;
    let (parts, _) = values.as_chunks_mut::<TOGETHER>();
    for part in parts.iter_mut().take(found.div_ceil(TOGETHER)) {
        let mut words = [0; TOGETHER];
        for word in &mut words {
            // Where none is left, one of no bytes.
            let end = if left == 0 {
                start
            } else {
                left.trailing_zeros() as usize + 1
            };
            left &= left.wrapping_sub(1);
            let bytes = window[start % WINDOW..].first_chunk();
            let unused = u64::BITS - 8 * (end - start) as u32;
            *word = bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
            *word &= u64::MAX.unbounded_shr(unused);
            start = end;
        }
        for (value, word) in part.iter_mut().zip(words) {
            let number = N::from_i64(unzigzag(gather(word)));
            fit &= number.is_some();
            *value = number.unwrap_or_default();
        }
    }
    fit
}

/// Which bytes of a window are the last of a varint, a bit each.
#[inline(always)]
fn ends_of(window: &[u8; WINDOW + 16]) -> u64 {
    // Gathers the lowest bit of each byte in the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut ends = 0;
    for (index, bytes) in window[..WINDOW].as_chunks().0.iter().enumerate() {
        let last = (!u64::from_le_bytes(*bytes) & CONTINUES) >> 7;
        ends |= (last.wrapping_mul(GATHER) >> 56) << (8 * index);
    }
    ends
}

/// The zigzag number between two places of a window, of ten bytes at most.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
fn whole(window: &[u8; WINDOW + 16], start: usize, end: usize) -> Option<i64> {
    // Below the size of a window anyway: said so, it needs no checks below.
    let bytes = &window[start % WINDOW..];
    let word = u64::from_le_bytes(*bytes.first_chunk()?);
    let length = end - start;
    if length <= 8 {
        return Some(unzigzag(gather(word & (u64::MAX >> (64 - 8 * length)))));
    }
    let high = match bytes[8..length] {
        [ninth] => u64::from(ninth),
        // The tenth byte has room for one bit.
        [ninth, tenth @ ..=1] => u64::from(ninth & 0x7f) | u64::from(tenth) << 7,
        _ => return None,
    };
    Some(unzigzag(gather(word) | high << 56))
}

/// Reads byte by byte: near the end of the input, and long or bad ones.
fn read_bytes<I: Input>(input: &mut I) -> Result<u64> {
    let mut value = 0;
    for index in 0..MAX_BYTES {
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

/// Numbers below this take seven bytes at most, so that a word has room for
/// one more.
pub(super) const SHORT: u64 = 1 << 49;

/// As many numbers are written together by [`write`].
const TOGETHER: usize = 32;

/// Writes zigzag numbers, many at once; a rest is left.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
pub(super) fn write<'v, N: Numeric, O: Output>(values: &'v [N], out: &mut O) -> &'v [N] {
    let (parts, rest) = values.as_chunks::<TOGETHER>();
    for part in parts {
        let numbers = part.map(|value| zigzag(value.to_i64()));
        let all = numbers.iter().fold(0, |all, number| all | number);
        if all < 1 << 7 {
            out.put(&numbers.map(|number| number as u8));
        } else if all < SHORT {
            put_words::<false, O>(numbers, out);
        } else {
            put_words::<true, O>(numbers, out);
        }
    }
    rest
}

/// Writes numbers, of which all are below [`SHORT`] unless they are long. Their bits
/// are put in their places for several of them at once.
#[inline(always)]
fn put_words<const LONG: bool, O: Output>(numbers: [u64; TOGETHER], out: &mut O) {
    const WORD: usize = size_of::<u64>();
    let mut block = [0; MAX_BYTES * TOGETHER + WORD];
    let mut end = 0;
    let words = numbers.map(|number| scatter(number & LOW));
    for (number, word) in numbers.into_iter().zip(words) {
        let before = ((number | 1).ilog2() / 7) as usize;
        let continues = if LONG && before >= WORD {
            CONTINUES
        } else {
            CONTINUES & ((1 << (8 * (before % WORD))) - 1)
        };
        block[end..end + WORD].copy_from_slice(&(word | continues).to_le_bytes());
        if LONG {
            // The highest bit is that of the ninth byte which says that there is a tenth.
            let high = number >> 56;
            let high = (high + ((high & 0x80) << 1)) as u16;
            block[end + WORD..end + MAX_BYTES].copy_from_slice(&high.to_le_bytes());
        }
        end += before + 1;
    }
    out.put(&block[..end]);
}

/// The bits of a number that the first eight bytes of its varint have.
const LOW: u64 = (1 << 56) - 1;

/// A number below [`SHORT`] as a word whose lowest byte is the first, and its
/// length.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
pub(super) const fn encode_short(value: u64) -> (u64, usize) {
    debug_assert!(value < SHORT);
    if value < 1 << 7 {
        return (value, 1);
    }
    // One way for all others: which of them comes is hard to foretell.
    let length = (value.ilog2() as usize) / 7 + 1;
    let continues = CONTINUES & (u64::MAX >> (72 - 8 * length));
    (scatter(value) | continues, length)
}

/// A number of any size as a varint, its first byte the lowest, and the number
/// of its bytes.
#[inline(never)]
pub(super) const fn encode_long(value: u64) -> (u128, usize) {
    long(value)
}

/// What [`encode_long`] gives, for loops.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
pub(super) const fn long(value: u64) -> (u128, usize) {
    let low = scatter(value & LOW) | CONTINUES;
    let high = value >> 56;
    match high {
        // Eight bytes, the last of which is the last.
        0 => ((low & (u64::MAX >> 1)) as u128, 8),
        1..0x80 => (low as u128 | (high as u128) << 64, 9),
        0x80.. => {
            let high = (high & 0x7f | 0x80) | high >> 7 << 8;
            (low as u128 | (high as u128) << 64, 10)
        }
    }
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

    /// The encoding by the book, a byte at a time.
    fn by_the_book(mut value: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value >= 0x80 {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }

    #[test]
    fn round_trips_at_every_width() {
        for shift in 0..64 {
            for value in [1u64 << shift, (1u64 << shift) - 1, u64::MAX >> shift] {
                let mut out = Vec::new();
                if value < SHORT {
                    let (word, length) = encode_short(value);
                    out.put_short(word, length);
                } else {
                    let (word, length) = encode_long(value);
                    out.put_long(word, length);
                }
                assert_eq!(out, by_the_book(value));
                // At the end of the input, and with more behind it.
                for behind in 0..12 {
                    let mut bytes = out.clone();
                    bytes.resize(out.len() + behind, 0xff);
                    let mut input = SliceInput::new(&bytes);
                    assert_eq!(read(&mut input).unwrap(), value);
                    assert_eq!(input.remaining(), Some(behind));
                }
                assert_eq!(unzigzag(zigzag(value as i64)), value as i64);
            }
        }
    }

    /// Numbers of all sizes in an order that has runs of some.
    fn numbers() -> Vec<i64> {
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut numbers = Vec::new();
        for most in [6, 13, 20, 27, 31, 40, 48, 49, 55, 56, 62, 63, 64] {
            for length in [1, 7, 31, 32, 33, 64, 150] {
                for _ in 0..length {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    // Most are as long as may be, and some are shorter.
                    let least = if random.is_multiple_of(5) {
                        random / 8 % most
                    } else {
                        0
                    };
                    numbers.push(unzigzag(random >> (64 - most) >> least));
                }
            }
        }
        numbers
    }

    /// What [`write`] and [`run`] make of numbers of a type is what single ones are.
    fn are_read_and_written<N: Numeric + PartialEq + std::fmt::Debug>() {
        let numbers: Vec<N> = numbers().into_iter().filter_map(N::from_i64).collect();
        for count in [0, 1, 31, 32, 40, 64, 100, numbers.len()] {
            for from in [0, 1, numbers.len() / 2, numbers.len() - count] {
                let numbers = &numbers[from..numbers.len().min(from + count)];
                let by_the_book = |number: &N| by_the_book(zigzag(number.to_i64()));
                let expected: Vec<u8> = numbers.iter().flat_map(by_the_book).collect();
                let mut out = Vec::new();
                let rest = write(numbers, &mut out);
                out.extend(rest.iter().flat_map(by_the_book));
                assert_eq!(out, expected);
                out.extend([0; WINDOW + 16]);
                let mut read = vec![N::default(); numbers.len()];
                assert_eq!(run(&out, &mut read), (expected.len(), numbers.len()));
                assert_eq!(read, numbers);
            }
        }
    }

    #[test]
    fn many_numbers_are_those_that_they_are_one_by_one() {
        are_read_and_written::<i64>();
        are_read_and_written::<i32>();
        are_read_and_written::<i16>();
    }

    #[test]
    fn a_run_ends_before_a_number_that_does_not_fit() {
        for at in 0..200 {
            for long in [1 << 31, 1 << 40, i64::MAX] {
                let mut numbers = vec![1_000_000; 300];
                numbers[at] = long;
                let mut out = Vec::new();
                let rest = write(&numbers, &mut out);
                out.extend(rest.iter().flat_map(|number| by_the_book(zigzag(*number))));
                out.extend([0; WINDOW + 16]);
                let mut read = [0_i32; 300];
                let (taken, count) = run(&out, &mut read);
                assert_eq!(count, at);
                assert_eq!(taken, at * by_the_book(zigzag(1_000_000)).len());
                assert!(read[..at].iter().all(|number| *number == 1_000_000));
            }
        }
    }

    #[test]
    fn reads_encodings_that_are_longer_than_need_be() {
        for length in 2..=MAX_BYTES {
            let mut bytes = vec![0x80; length];
            bytes[0] = 0x81;
            bytes[length - 1] = 0;
            assert_eq!(read(&mut SliceInput::new(&bytes)).unwrap(), 1);
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
