//! What is usual of the binary protocol.

use super::super::wire_type::WireType;
use super::{Bounds, Walk};

/// The type numbers of values that are no numbers.
const STRING: u8 = WireType::String as u8;
const LIST: u8 = WireType::List as u8;
const SET: u8 = WireType::Set as u8;
const STRUCT: u8 = WireType::Struct as u8;

/// The bytes of a field's header, of one with the header of its list, and of a length.
const FIELD: usize = 3;
const LIST_FIELD: usize = 8;
const LENGTH: usize = 4;

/// As many bytes are looked at without asking whether they are there: a header and
/// that of a list.
const WINDOW: usize = LIST_FIELD;

/// The bytes of values by the number of their type; none where they differ, or there
/// is no such type.
const SIZES: [u8; 32] = {
    let mut sizes = [0; 32];
    let mut number = 0;
    while number < 32 {
        if let Some(wire_type) = WireType::from_binary(number)
            && let Some(size) = wire_type.binary_size().fixed()
        {
            sizes[number as usize] = size as u8;
        }
        number += 1;
    }
    sizes
};

/// The bytes that all values of a type take; 0 where they differ.
#[inline]
fn size_of(number: u8) -> usize {
    SIZES.get(usize::from(number)).copied().unwrap_or(0).into()
}

impl Walk {
    /// Passes over what is usual, up to the end of the last struct: how many bytes
    /// that takes.
    #[inline(never)]
    pub(in crate::wire) fn pass_binary(&mut self, bytes: &[u8], bounds: Bounds) -> usize {
        let mut rest = bytes;
        while let Some(window) = rest.first_chunk::<WINDOW>() {
            let number = window[0];
            if number == WireType::STOP {
                if !self.close() {
                    break;
                }
                rest = &rest[1..];
                continue;
            }
            let id = i16::from_be_bytes([window[1], window[2]]);
            if self.is_outermost() && (i32::from(id) <= self.after || i32::from(id) >= self.before)
            {
                break;
            }
            let fixed = size_of(number);
            let size = if fixed > 0 {
                FIELD + fixed
            } else {
                match number {
                    STRING => match length(&window[FIELD..]) {
                        Some(length) if length <= bounds.string => FIELD + LENGTH + length,
                        _ => break,
                    },
                    STRUCT => {
                        if !self.push(id, 1, 0) {
                            break;
                        }
                        rest = &rest[FIELD..];
                        continue;
                    }
                    LIST | SET => {
                        let Some(count) = length(&window[FIELD + 1..]) else {
                            break;
                        };
                        let (element, elements) = (window[FIELD], &rest[LIST_FIELD..]);
                        if element == STRUCT && count > 0 {
                            if count > elements.len().min(bounds.list)
                                || !self.push(id, 2, count as u32 - 1)
                            {
                                break;
                            }
                            rest = elements;
                            continue;
                        }
                        match scalars(elements, bounds, element, count) {
                            Some(size) if self.depth.has_levels(1) => {
                                size.saturating_add(LIST_FIELD)
                            }
                            _ => break,
                        }
                    }
                    _ => break,
                }
            };
            let Some(behind) = rest.get(size..) else {
                break;
            };
            self.level.last_id = id;
            rest = behind;
        }
        bytes.len() - rest.len()
    }
}

/// A length, unless it is negative.
#[inline]
fn length(bytes: &[u8]) -> Option<usize> {
    let length = i32::from_be_bytes(*bytes.first_chunk()?);
    usize::try_from(length).ok()
}

/// The size of the elements of a list, where they are usual and no structs.
#[inline]
fn scalars(bytes: &[u8], bounds: Bounds, element: u8, count: usize) -> Option<usize> {
    let fixed = size_of(element);
    let least = if fixed > 0 { fixed } else { LENGTH };
    if count.saturating_mul(least) > bounds.list {
        return None;
    }
    if fixed > 0 {
        return fixed.checked_mul(count);
    }
    if element != STRING {
        return None;
    }
    let (size, passed) = strings(bytes, bounds.string, count);
    (passed == count).then_some(size)
}

/// Passes over up to `count` strings: where the first byte is that none of them
/// takes, and how many there were.
pub fn strings(bytes: &[u8], longest: usize, count: usize) -> (usize, usize) {
    let (mut end, mut passed) = (0, 0);
    while passed < count
        && let Some((header, rest)) = bytes.get(end..).and_then(<[u8]>::split_first_chunk)
        && let Ok(length) = usize::try_from(i32::from_be_bytes(*header))
        && length <= longest.min(rest.len())
    {
        end += LENGTH + length;
        passed += 1;
    }
    (end, passed)
}
