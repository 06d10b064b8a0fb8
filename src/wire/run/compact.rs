//! What is usual of the compact protocol.

use super::super::varint;
use super::super::wire_type::{COMPACT_FALSE, WireType};
use super::{Bounds, Walk};

/// A list of this many elements and more has its size in a varint.
pub const LONG_LIST: u8 = 15;

/// Type numbers of the compact protocol.
const TRUE: u8 = WireType::Bool.to_compact();
const FALSE: u8 = COMPACT_FALSE;
const I8: u8 = WireType::I8.to_compact();
const I16: u8 = WireType::I16.to_compact();
const I32: u8 = WireType::I32.to_compact();
const I64: u8 = WireType::I64.to_compact();
const DOUBLE: u8 = WireType::Double.to_compact();
const UUID: u8 = WireType::Uuid.to_compact();
const STRING: u8 = WireType::String.to_compact();
const LIST: u8 = WireType::List.to_compact();
const SET: u8 = WireType::Set.to_compact();
const STRUCT: u8 = WireType::Struct.to_compact();

/// The types whose values are varints, a bit each.
const NUMBERS: u16 = 1 << I16 | 1 << I32 | 1 << I64;

/// A header that is smaller has no id in it, or ends a struct.
const SHORTEST_DELTA: u8 = 1 << 4;

/// As many bytes are looked at without asking whether they are there: more than the
/// header of a field and the longest number behind it.
const WINDOW: usize = 16;

impl Walk {
    /// Passes over what is usual, up to the end of the last struct: how many bytes
    /// that takes.
    #[inline(never)]
    pub(in crate::wire) fn pass_compact(&mut self, bytes: &[u8], bounds: Bounds) -> usize {
        let mut rest = bytes;
        let mut last_id = i32::from(self.level.last_id);
        let mut largest_id = self.largest_id();
        while let Some(window) = rest.first_chunk::<WINDOW>() {
            let header = window[0];
            if header < SHORTEST_DELTA {
                if header != WireType::STOP || !self.close() {
                    break;
                }
                last_id = self.level.last_id.into();
                largest_id = self.largest_id();
                rest = &rest[1..];
                continue;
            }
            let id = last_id + i32::from(header >> 4);
            if id > largest_id {
                break;
            }
            let number = header & 0x0f;
            if NUMBERS >> number & 1 != 0 {
                rest = if window[1] < 0x80 {
                    &rest[2..]
                } else if window[2] < 0x80 {
                    &rest[3..]
                } else if let Some(size) = long_number(window, number) {
                    &rest[size..]
                } else {
                    break;
                };
                last_id = id;
                continue;
            }
            let size = match number {
                // The value is in the header.
                TRUE | FALSE => 1,
                I8 => 2,
                DOUBLE => 9,
                UUID => 17,
                STRING => match usize::from(window[1]) {
                    length @ ..0x80 if length <= bounds.string => 2 + length,
                    _ => break,
                },
                STRUCT => {
                    if !self.push(id as i16, 1, 0) {
                        break;
                    }
                    last_id = 0;
                    largest_id = i16::MAX.into();
                    rest = &rest[1..];
                    continue;
                }
                LIST | SET if window[1] & 0x0f == STRUCT && window[1] >= 1 << 4 => {
                    let Some((start, count @ 1..)) = list(window) else {
                        break;
                    };
                    let elements = &rest[start..];
                    if count as usize > elements.len().min(bounds.list)
                        || !self.push(id as i16, 2, count - 1)
                    {
                        break;
                    }
                    last_id = 0;
                    largest_id = i16::MAX.into();
                    rest = elements;
                    continue;
                }
                LIST | SET if self.depth.has_levels(1) => {
                    let size = if let Some(size) = few_numbers(window) {
                        size
                    } else if let Some(size) = list_of_scalars(rest, bounds) {
                        size
                    } else {
                        break;
                    };
                    if size > bounds.list {
                        break;
                    }
                    size
                }
                _ => break,
            };
            let Some(behind) = rest.get(size..) else {
                break;
            };
            last_id = id;
            rest = behind;
        }
        self.level.last_id = last_id as i16;
        bytes.len() - rest.len()
    }

    /// The largest id of a field that is passed over where it is.
    #[inline]
    fn largest_id(&self) -> i32 {
        let largest = i32::from(i16::MAX);
        if self.is_outermost() {
            largest.min(self.before - 1)
        } else {
            largest
        }
    }
}

/// The size of a field that is a number of more than two bytes, with its header.
#[expect(clippy::inline_always, reason = "measured: in the loop over fields")]
#[inline(always)]
fn long_number(window: &[u8; WINDOW], number: u8) -> Option<usize> {
    let size = match *window {
        [_, _, _, ..0x80, ..] => 3,
        [_, _, _, _, ..0x80, ..] => 4,
        _ => varint::length(u64::from_le_bytes(*window[1..].first_chunk()?))?,
    };
    (size <= most_bytes(number) as usize).then_some(1 + size)
}

/// Where the elements of a list start that is a field, and how many there are.
#[expect(clippy::inline_always, reason = "measured: in the loop over fields")]
#[inline(always)]
fn list(window: &[u8; WINDOW]) -> Option<(usize, u32)> {
    let count = window[1] >> 4;
    if count < LONG_LIST {
        return Some((2, count.into()));
    }
    let [low, middle, high] = *window[2..].first_chunk()?;
    let count = u32::from(low & 0x7f);
    if low < 0x80 {
        return Some((3, count));
    }
    let count = count | u32::from(middle & 0x7f) << 7;
    if middle < 0x80 {
        return Some((4, count));
    }
    (high < 0x80).then_some((5, count | u32::from(high) << 14))
}

/// The size of a field that is a list of numbers, with its header, where they are
/// few and all are short.
#[expect(clippy::inline_always, reason = "measured: in the loop over fields")]
#[inline(always)]
fn few_numbers(window: &[u8; WINDOW]) -> Option<usize> {
    let (count, number) = (window[1] >> 4, window[1] & 0x0f);
    if NUMBERS >> number & 1 == 0 {
        return None;
    }
    let word = u64::from_le_bytes(*window[2..].first_chunk()?);
    Some(2 + varint::length_of(word, count.into(), most_bytes(number))?)
}

/// The size of a field that is a list, with its header, where its elements are
/// usual and no structs.
#[inline(never)]
fn list_of_scalars(field: &[u8], bounds: Bounds) -> Option<usize> {
    let window = field.first_chunk()?;
    let (start, count) = list(window)?;
    let (number, count) = (window[1] & 0x0f, count as usize);
    let size = match number {
        TRUE | FALSE | I8 => count,
        DOUBLE => 8 * count,
        UUID => 16 * count,
        // Of any other type when there are none.
        _ => match elements(&field[start..], bounds.string, number, count) {
            (size, passed) if passed == count => size,
            _ => return None,
        },
    };
    Some(start + size)
}

/// Passes over up to `count` elements of a list, of which sizes differ: where the
/// first byte is that none of them takes, and how many there were.
pub fn elements(bytes: &[u8], longest: usize, number: u8, count: usize) -> (usize, usize) {
    if NUMBERS >> number & 1 != 0 {
        return varint::pass(bytes, count, most_bytes(number));
    }
    let (mut end, mut passed) = (0, 0);
    if number == STRING {
        while passed < count
            && let Some(&[length @ ..0x80, ref rest @ ..]) = bytes.get(end..)
            && usize::from(length) <= longest.min(rest.len())
        {
            end += 1 + usize::from(length);
            passed += 1;
        }
    }
    (end, passed)
}

/// As many bytes as hold no number that is too large for its type.
#[expect(clippy::inline_always, reason = "measured: in the loop over fields")]
#[inline(always)]
const fn most_bytes(number: u8) -> u32 {
    match number {
        I64 => 8,
        I32 => 4,
        _ => 2,
    }
}
