//! Runs of scalars of the compact protocol that are passed over at once.
//!
//! A run ends before whatever is not usual: a value that is not whole in memory,
//! a long one, one that may be wrong, anything nested. The reader takes that
//! by its own rules, so that these are written once.

use super::varint;
use super::wire_type::WireType;

/// Type numbers of the compact protocol.
const TRUE: u8 = WireType::Bool.to_compact();
const FALSE: u8 = super::wire_type::COMPACT_FALSE;
const I8: u8 = WireType::I8.to_compact();
const I16: u8 = WireType::I16.to_compact();
const I32: u8 = WireType::I32.to_compact();
const I64: u8 = WireType::I64.to_compact();
const DOUBLE: u8 = WireType::Double.to_compact();
const STRING: u8 = WireType::String.to_compact();

/// Passes over fields that are scalars with a short header: where the first byte
/// is that none of them takes, and the id of the last. Strings are of `longest`
/// bytes at most.
#[inline]
pub fn fields(bytes: &[u8], longest: usize, last_id: &mut i16) -> usize {
    let mut end = 0;
    while let Some(header) = bytes.get(end) {
        let delta = i16::from(header >> 4);
        let number = header & 0x0f;
        let next = match number {
            // The value is in the header.
            TRUE | FALSE => Some(end + 1),
            _ => scalar(bytes, end + 1, number, longest),
        };
        match (next, last_id.checked_add(delta)) {
            (Some(next), Some(id)) if delta != 0 => {
                end = next;
                *last_id = id;
            }
            _ => break,
        }
    }
    end
}

/// Passes over up to `count` elements of a list: where the first byte is that none
/// of them takes, and how many there were.
#[inline]
pub fn elements(bytes: &[u8], longest: usize, element: WireType, count: usize) -> (usize, usize) {
    let number = element.to_compact();
    let (mut end, mut passed) = (0, 0);
    while passed < count
        && let Some(next) = scalar(bytes, end, number, longest)
    {
        end = next;
        passed += 1;
    }
    (end, passed)
}

/// The end of a scalar that starts at a position, if it is a usual one.
#[expect(clippy::inline_always, reason = "measured: the body of both loops")]
#[inline(always)]
fn scalar(bytes: &[u8], at: usize, number: u8, longest: usize) -> Option<usize> {
    let end = match number {
        I8 => at + 1,
        // As many bytes as hold no number that is too large for the type.
        I16 => number_end(bytes, at, 2)?,
        I32 => number_end(bytes, at, 4)?,
        I64 => number_end(bytes, at, 8)?,
        DOUBLE => at + 8,
        STRING => {
            let length = usize::from(*bytes.get(at)?);
            if length >= 0x80 || length > longest {
                return None;
            }
            at + 1 + length
        }
        _ => return None,
    };
    (end <= bytes.len()).then_some(end)
}

#[expect(clippy::inline_always, reason = "measured, as `scalar`")]
#[inline(always)]
fn number_end(bytes: &[u8], at: usize, most: usize) -> Option<usize> {
    // Where the next value starts is foretold by branches, since messages repeat
    // themselves; computed, each value would have to wait for the one before.
    let rest = bytes.get(at..)?;
    let length = match *rest {
        [..0x80, ..] => 1,
        [_, ..0x80, ..] => 2,
        [_, _, ..0x80, ..] => 3,
        [_, _, _, ..0x80, ..] => 4,
        _ => varint::length(u64::from_le_bytes(*rest.first_chunk()?))?,
    };
    (length <= most).then_some(at + length)
}
