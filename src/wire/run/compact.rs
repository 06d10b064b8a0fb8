//! Values of the compact protocol that are passed over at once.
//!
//! What is usual is passed over here, as far as it is in memory. Before whatever is
//! not, a pass ends: a value that is not whole in memory, a long one, one that may
//! be wrong, a map. The reader takes that by its own rules, so that these are
//! written once.

use super::depth::Depth;
use super::varint;
use super::wire_type::{COMPACT_FALSE, WireType};

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

/// So many structs around another one are remembered.
const ROOM: usize = 8;

/// What may be passed over.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The longest string, in bytes.
    pub string: usize,
    /// The most bytes that a list may have, and the most elements.
    pub list: usize,
}

/// A struct whose fields are passed over.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// The structs that come behind it in its list.
    left: u32,
    /// The levels of nesting that end with it: its list is one more.
    levels: u16,
    /// The compact protocol counts ids from the last one.
    last_id: i16,
}

/// Structs in structs, as far as they were passed over.
#[derive(Debug)]
pub struct Walk {
    level: Level,
    outer: [Level; ROOM],
    height: usize,
    depth: Depth,
}

impl Walk {
    /// Begins with the first of so many structs that stand one behind the other,
    /// which was entered.
    #[inline]
    pub const fn over(count: u32, depth: Depth) -> Self {
        Self::new(count.saturating_sub(1), 0, depth)
    }

    /// Begins in a struct, behind the field of this id.
    #[inline]
    pub const fn behind(last_id: i16, depth: Depth) -> Self {
        Self::new(0, last_id, depth)
    }

    #[inline]
    const fn new(left: u32, last_id: i16, depth: Depth) -> Self {
        let level = Level {
            left,
            levels: 1,
            last_id,
        };
        Self {
            level,
            outer: [level; ROOM],
            height: 0,
            depth,
        }
    }

    /// The id of the field before the next one.
    #[inline]
    pub const fn last_id(&mut self) -> &mut i16 {
        &mut self.level.last_id
    }

    /// Whether it is where it began, and not in a struct within.
    #[inline]
    pub const fn is_outermost(&self) -> bool {
        self.height == 0
    }

    /// How deep it is.
    #[inline]
    pub const fn depth(&self) -> Depth {
        self.depth
    }

    /// Goes into a struct of the last field, if it can be remembered and entered.
    #[inline]
    pub fn open(&mut self) -> bool {
        self.push(self.level.last_id, 1, 0)
    }

    /// Goes into a struct of a field, with `left` others behind it in a list.
    #[expect(clippy::inline_always, reason = "measured: in the loop over fields")]
    #[inline(always)]
    fn push(&mut self, id: i16, levels: u16, left: u32) -> bool {
        let Some(outer) = self.outer.get_mut(self.height) else {
            return false;
        };
        if !self.depth.enter_levels(levels.into()) {
            return false;
        }
        *outer = Level {
            last_id: id,
            ..self.level
        };
        self.height += 1;
        self.level = Level {
            left,
            levels,
            last_id: 0,
        };
        true
    }

    /// Goes on behind the end of a struct, unless it is the last one.
    #[expect(clippy::inline_always, reason = "measured: in the loop over fields")]
    #[inline(always)]
    pub fn close(&mut self) -> bool {
        if self.level.left > 0 {
            self.level.left -= 1;
            self.level.last_id = 0;
            return true;
        }
        let Some(height) = self.height.checked_sub(1) else {
            return false;
        };
        self.depth.leave_levels(self.level.levels.into());
        self.height = height;
        self.level = self.outer[height % ROOM];
        true
    }

    /// Passes over what is usual, up to the end of the last struct: how many bytes
    /// that takes.
    #[inline(never)]
    pub fn pass(&mut self, bytes: &[u8], bounds: Bounds) -> usize {
        let mut rest = bytes;
        let mut last_id = i32::from(self.level.last_id);
        while let Some(window) = rest.first_chunk::<WINDOW>() {
            let header = window[0];
            if header < SHORTEST_DELTA {
                if header != WireType::STOP || !self.close() {
                    break;
                }
                last_id = self.level.last_id.into();
                rest = &rest[1..];
                continue;
            }
            let id = last_id + i32::from(header >> 4);
            if id > i32::from(i16::MAX) {
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
