//! Variable-length integers: seven bits a byte, the lowest first.

use std::cell::Cell;

use wide::i8x16;

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

/// A window, and behind it the rest of a varint that begins in it.
type Window = [u8; WINDOW + 16];

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
        && let Some(window) = bytes[start..].first_chunk()
    {
        let ends = ends_of(window);
        if let Some(room) = values[count..].first_chunk_mut()
            && let Some((taken, found)) = many(window, ends, room)
        {
            start += taken;
            count += found;
            continue;
        }
        let mut offset = 0;
        let mut left = ends;
        for value in &mut values[count..] {
            if left == 0 {
                break;
            }
            let end = left.trailing_zeros() as usize + 1;
            let Some(found) = whole(window, offset, end).and_then(N::from_i64) else {
                return (start + offset, count);
            };
            *value = found;
            count += 1;
            offset = end;
            left &= left - 1;
        }
        if offset == 0 {
            break;
        }
        start += offset;
    }
    (start, count)
}

/// Reads many zigzag numbers of a window in which they end at these places: how many
/// bytes they take, and how many there were; none if one is wrong or does not fit.
/// Behind them the values are anything.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
fn many<N: Numeric>(
    window: &Window,
    ends: u64,
    values: &mut [N; WINDOW],
) -> Option<(usize, usize)> {
    if ends == u64::MAX {
        for (value, byte) in values.iter_mut().zip(window) {
            // Of seven bits, so that it fits.
            *value = N::from_i64(unzigzag(u64::from(*byte))).unwrap_or_default();
        }
        return Some((WINDOW, WINDOW));
    }
    let unused = ends.leading_zeros();
    if ends == 0 || runs(!ends, u64::BITS / 8, 1) & (u64::MAX >> unused) != 0 {
        return of_any_size(window, ends, values);
    }
    let found = ends.count_ones() as usize;
    let fit = of_a_word(window, ends, found, values);
    fit.then_some((WINDOW - unused as usize, found))
}

/// Reads so many zigzag numbers of eight bytes at most that end at these places of a
/// window; whether all fit into their type.
#[inline(always)]
fn of_a_word<N: Numeric>(
    window: &Window,
    ends: u64,
    count: usize,
    values: &mut [N; WINDOW],
) -> bool {
    /// As many words as the registers of common processors have room for.
    const TOGETHER: usize = 4;
    let mut left = ends;
    let mut start = 0;
    let mut fit = true;
    let (parts, _) = values.as_chunks_mut::<TOGETHER>();
    for part in parts.iter_mut().take(count.div_ceil(TOGETHER)) {
        let mut next = || {
            let word = word_at(window, start);
            start = left.trailing_zeros() as usize + 1;
            left &= left.wrapping_sub(1);
            word
        };
        // All of them are there before one is put together, so that one register has all.
        let words = [next(), next(), next(), next()];
        let numbers = words.map(|word| N::from_i64(unzigzag(gather(first_of(word)))));
        // Behind the last one is a part of another, which fits if that does.
        fit &= numbers.iter().all(Option::is_some);
        *part = numbers.map(Option::unwrap_or_default);
    }
    fit
}

/// Reads as many zigzag numbers as are in any window, the first of those that end at
/// these places.
///
/// One way for all of up to ten bytes: how long they are is hard to foretell.
#[inline(always)]
fn of_any_size<N: Numeric>(
    window: &Window,
    ends: u64,
    values: &mut [N; WINDOW],
) -> Option<(usize, usize)> {
    const COUNT: usize = WINDOW / MAX_BYTES;
    let mut left = ends;
    let mut start = 0;
    let mut fit = true;
    let mut highs = 0;
    for value in &mut values[..COUNT] {
        let word = word_at(window, start);
        let behind = &window[start % WINDOW + size_of::<u64>()..];
        let behind = behind
            .first_chunk()
            .map_or(0, |two| u16::from_le_bytes(*two));
        let (ninth, tenth) = (u64::from(behind & 0x7f), u64::from(behind >> 8));
        let two = u64::from(behind >> 7 & 1).wrapping_neg();
        let more = u64::from(!word & CONTINUES == 0).wrapping_neg();
        // Of the tenth byte there is room for one bit, and none says that more follow.
        let high = (ninth | (tenth << 7 & two)) & more;
        highs |= high;
        let number = N::from_i64(unzigzag(gather(first_of(word)) | high << 56));
        fit &= number.is_some();
        *value = number.unwrap_or_default();
        start = left.trailing_zeros() as usize + 1;
        left &= left.wrapping_sub(1);
    }
    // With fewer ends than numbers one was too long.
    let are_there = ends.count_ones() as usize >= COUNT;
    (fit && are_there && highs < 1 << 8).then_some((start, COUNT))
}

/// The eight bytes from a place of a window on.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
fn word_at(window: &Window, place: usize) -> u64 {
    // Below the size of a window anyway: said so, it needs no checks.
    let bytes = window[place % WINDOW..].first_chunk();
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// The bytes of the varint that a word begins with, or all of them where it is longer.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
const fn first_of(word: u64) -> u64 {
    let ends = !word & CONTINUES;
    word & (ends ^ ends.wrapping_sub(1))
}

/// Which bytes of a window are the last of a varint, a bit each.
#[inline(always)]
fn ends_of(window: &Window) -> u64 {
    /// As many bytes as common processors have a register for.
    const LANES: usize = 16;
    let mut continued = 0;
    for (index, bytes) in window[..WINDOW].as_chunks::<LANES>().0.iter().enumerate() {
        // The sign is the bit that says that another byte follows.
        let signs = i8x16::new(bytes.map(u8::cast_signed)).to_bitmask();
        continued |= u64::from(signs as u16) << (LANES * index);
    }
    !continued
}

/// The zigzag number between two places of a window, of ten bytes at most.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
fn whole(window: &Window, start: usize, end: usize) -> Option<i64> {
    let word = word_at(window, start);
    let length = end - start;
    if length <= 8 {
        return Some(unzigzag(gather(word & (u64::MAX >> (64 - 8 * length)))));
    }
    let high = match window[start % WINDOW..][8..length] {
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
const TOGETHER: usize = 64;

/// Of numbers by how many bits of 64 they leave unused: how long their varints are,
/// and a word with the bits that say so.
static LENGTHS: ([u8; 65], [u64; 65]) = {
    let mut lengths = ([1; 65], [0; 65]);
    let mut unused = 0;
    while unused < 64 {
        let length = (u64::BITS as usize - unused).div_ceil(7);
        lengths.0[unused] = length as u8;
        lengths.1[unused] =
            CONTINUES & u64::MAX.unbounded_shr(8 * 9_u32.saturating_sub(length as u32));
        unused += 1;
    }
    lengths
};

/// Writes zigzag numbers, many at once; a rest is left.
///
/// Their bits are put in their places for several of them at once, and how long they
/// are is looked up.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
pub(super) fn write<'v, N: Numeric, O: Output>(
    values: &'v [Cell<N>],
    out: &mut O,
) -> &'v [Cell<N>] {
    let mut block = Block::default();
    let mut numbers = [0; TOGETHER];
    let (parts, rest) = values.as_chunks::<TOGETHER>();
    for part in parts {
        let mut all = 0;
        for (number, value) in numbers.iter_mut().zip(part) {
            *number = zigzag(value.get().to_i64());
            all |= *number;
        }
        let end = if all < 1 << 7 {
            for (byte, number) in block.bytes.iter_mut().zip(numbers) {
                *byte = number as u8;
            }
            TOGETHER
        } else if all <= LOW {
            block.put::<false>(&numbers)
        } else {
            block.put::<true>(&numbers)
        };
        out.put(&block.bytes[..end]);
    }
    rest
}

/// Where varints are put together.
struct Block {
    bytes: [u8; MAX_BYTES * TOGETHER + size_of::<u64>()],
    words: [u64; TOGETHER],
    highs: [u16; TOGETHER],
}

impl Default for Block {
    fn default() -> Self {
        Self {
            bytes: [0; MAX_BYTES * TOGETHER + size_of::<u64>()],
            words: [0; TOGETHER],
            highs: [0; TOGETHER],
        }
    }
}

impl Block {
    /// Puts numbers together, of which none has more than eight bytes unless they are
    /// long: how many bytes there are.
    #[inline(always)]
    fn put<const LONG: bool>(&mut self, numbers: &[u64; TOGETHER]) -> usize {
        const WORD: usize = size_of::<u64>();
        for (word, number) in self.words.iter_mut().zip(numbers) {
            *word = scatter(number & LOW);
        }
        if LONG {
            for (high, number) in self.highs.iter_mut().zip(numbers) {
                // The highest bit is that of the ninth byte which says that there is a
                // tenth.
                let bits = number >> 56;
                *high = (bits + ((bits & 0x80) << 1)) as u16;
            }
        }
        let mut end = 0;
        for ((number, word), high) in numbers.iter().zip(&self.words).zip(&self.highs) {
            let unused = number.leading_zeros() as usize;
            let word = word | LENGTHS.1[unused];
            self.bytes[end..end + WORD].copy_from_slice(&word.to_le_bytes());
            if LONG {
                let behind = end + WORD;
                self.bytes[behind..behind + 2].copy_from_slice(&high.to_le_bytes());
            }
            end += usize::from(LENGTHS.0[unused]);
        }
        end
    }
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
    let unused = value.leading_zeros() as usize;
    (
        scatter(value) | LENGTHS.1[unused],
        LENGTHS.0[unused] as usize,
    )
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
                let cells: Vec<_> = numbers.iter().copied().map(Cell::new).collect();
                let rest = write(&cells, &mut out);
                out.extend(rest.iter().flat_map(|number| by_the_book(&number.get())));
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
                let numbers = vec![Cell::new(1_000_000); 300];
                numbers[at].set(long);
                let mut out = Vec::new();
                let rest = write(&numbers, &mut out);
                out.extend(
                    rest.iter()
                        .flat_map(|number| by_the_book(zigzag(number.get()))),
                );
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
    fn a_run_ends_before_a_varint_that_is_wrong() {
        let too_large = [&[0xff; 9][..], &[2]].concat();
        let more_follows = [&[0x80; 9][..], &[0x81, 0]].concat();
        for wrong in [too_large, more_follows, vec![0x80; 100]] {
            for usual in [1_i64, 1 << 40, i64::MAX, i64::MIN] {
                for at in 0..100 {
                    let bytes = by_the_book(zigzag(usual));
                    let mut out = bytes.repeat(at);
                    out.extend(&wrong);
                    out.extend(bytes.repeat(100 - at));
                    out.extend([0; WINDOW + 16]);
                    let mut read = [0; 101];
                    assert_eq!(run(&out, &mut read), (at * bytes.len(), at));
                    assert!(read[..at].iter().all(|number| *number == usual));
                }
            }
        }
    }

    #[test]
    fn a_run_has_encodings_that_are_longer_than_need_be() {
        for length in 2..=MAX_BYTES {
            let mut bytes = vec![0x80; length];
            bytes[0] = 0x82;
            bytes[length - 1] = 0;
            let mut out = bytes.repeat(100);
            out.extend([0; WINDOW + 16]);
            let mut read = [0; 100];
            assert_eq!(run(&out, &mut read), (length * 100, 100));
            assert_eq!(read, [1; 100]);
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
