//! Strings.

use std::mem::MaybeUninit;

use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::copy::copy_bytes;
use super::raised::Raised;
use crate::wire::json::text::Utf8;

/// The bits of a string's state that say that its characters lie directly
/// behind its header, and are all ASCII: after two bits that tell whether it
/// is interned and three of the width of a character. The bits above them are
/// of no meaning, and not cleared.
const COMPACT_ASCII: u32 = 0b11 << 5;

/// Why there is no `str` of some bytes. It takes no memory, so that a result
/// with it fits into a register.
#[must_use = "an exception may be set"]
pub struct NoStr<'py>(Python<'py>);

impl<'py> NoStr<'py> {
    /// The exception that was set, which is that memory is out; none where the
    /// bytes are not UTF-8. No exception is made for that: it would be an object
    /// that wakes the garbage collector.
    #[cold]
    pub fn raised(self) -> Option<Raised<'py>> {
        Raised::if_set(self.0)
    }
}

/// A `str` of UTF-8 bytes.
#[inline]
pub fn new_str<'py>(py: Python<'py>, bytes: &[u8]) -> Result<Bound<'py, PyAny>, NoStr<'py>> {
    // CPython shares the strings of one character and the empty one.
    if bytes.len() < 2 || !cfg!(known_layouts) {
        return usual_str(py, bytes);
    }
    if !is_ascii(bytes) {
        return match std::str::from_utf8(bytes) {
            Ok(text) => other_str(py, text),
            Err(_) => Err(NoStr(py)),
        };
    }
    // SAFETY: all of them were found to be.
    unsafe { ascii_str(py, bytes) }
}

/// A `str` of bytes that are known to be UTF-8: they are not looked at again.
#[inline]
pub fn str_of_text<'py>(py: Python<'py>, text: Utf8<'_>) -> Result<Bound<'py, PyAny>, NoStr<'py>> {
    let bytes = text.as_bytes();
    if bytes.len() < 2 || !cfg!(known_layouts) {
        return usual_str(py, bytes);
    }
    debug_assert!(std::str::from_utf8(bytes).is_ok() && text.is_ascii() == bytes.is_ascii());
    // SAFETY: whoever made it has found that.
    unsafe {
        if text.is_ascii() {
            return ascii_str(py, bytes);
        }
        other_str(py, std::str::from_utf8_unchecked(bytes))
    }
}

/// A `str` of more than one byte.
///
/// # Safety
/// All of them are ASCII, and the layout of a `str` is known.
#[inline]
unsafe fn ascii_str<'py>(py: Python<'py>, bytes: &[u8]) -> Result<Bound<'py, PyAny>, NoStr<'py>> {
    // SAFETY: a new string of this length whose characters are at most 127
    // has one byte for each, directly behind its header; all of them are
    // written before anyone sees it, and all are ASCII.
    unsafe {
        let text = ffi::PyUnicode_New(bytes.len() as ffi::Py_ssize_t, 127);
        let Some(text) = Bound::from_owned_ptr_or_opt(py, text) else {
            return Err(NoStr(py));
        };
        let data = text.as_ptr().cast::<ffi::PyASCIIObject>().add(1);
        copy_bytes(bytes.as_ptr(), data.cast(), bytes.len());
        Ok(text)
    }
}

/// Whether all bytes are ASCII; for most lengths by words, of which the last one
/// overlaps the one before it.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    if let (8..=16, Some(first), Some(last)) =
        (bytes.len(), bytes.first_chunk(), bytes.last_chunk())
    {
        return (u64::from_le_bytes(*first) | u64::from_le_bytes(*last)) & HIGH == 0;
    }
    if let (4..8, Some(first), Some(last)) = (bytes.len(), bytes.first_chunk(), bytes.last_chunk())
    {
        return (u32::from_le_bytes(*first) | u32::from_le_bytes(*last)) & HIGH as u32 == 0;
    }
    // The one of Rust looks at up to 63 bytes at the end one after the other.
    if let (33.., (words, _), Some(last)) = (bytes.len(), bytes.as_chunks(), bytes.last_chunk()) {
        let both = |bits, word: &[u8; 16]| bits | u128::from_le_bytes(*word);
        let bits = both(words.iter().fold(0, both), last);
        return bits & (u128::from(HIGH) << 64 | u128::from(HIGH)) == 0;
    }
    bytes.is_ascii()
}

/// The exception that Python has for bytes that are not UTF-8.
#[cold]
pub fn not_utf8<'py>(py: Python<'py>, bytes: &[u8]) -> Raised<'py> {
    match str_of_utf8(py, bytes) {
        Err(raised) => raised,
        Ok(_) => Raised::new(py, PyValueError::new_err("the bytes are UTF-8")),
    }
}

/// The string that Python makes of the bytes, if they are UTF-8.
#[inline(never)]
fn usual_str<'py>(py: Python<'py>, bytes: &[u8]) -> Result<Bound<'py, PyAny>, NoStr<'py>> {
    match std::str::from_utf8(bytes) {
        Ok(_) => str_of_utf8(py, bytes).map_err(NoStr::from),
        Err(_) => Err(NoStr(py)),
    }
}

impl<'py> From<Raised<'py>> for NoStr<'py> {
    #[cold]
    fn from(raised: Raised<'py>) -> Self {
        Self(raised.keep_set())
    }
}

/// The string that Python makes of the bytes, or the exception it has for
/// them.
fn str_of_utf8<'py>(py: Python<'py>, bytes: &[u8]) -> Result<Bound<'py, PyAny>, Raised<'py>> {
    // SAFETY: the pointer is to so many bytes; the result is a new object, or
    // null with an exception set.
    unsafe {
        let length = bytes.len() as ffi::Py_ssize_t;
        let text = ffi::PyUnicode_FromStringAndSize(bytes.as_ptr().cast(), length);
        Raised::or_owned(py, text)
    }
}

/// A `str` of bytes that are not UTF-8, with U+FFFD in place of what is wrong.
///
/// The interpreter does this by itself: no code runs and no exception is made.
#[cold]
pub fn replaced<'py>(py: Python<'py>, bytes: &[u8]) -> Result<Bound<'py, PyAny>, Raised<'py>> {
    // SAFETY: the pointer is to so many bytes, the name ends with a zero; the
    // result is a new object, or null with an exception set.
    unsafe {
        let length = bytes.len() as ffi::Py_ssize_t;
        let text = ffi::PyUnicode_DecodeUTF8(bytes.as_ptr().cast(), length, c"replace".as_ptr());
        Raised::or_owned(py, text)
    }
}

/// A `str` of UTF-8 in which halves of surrogate pairs are written as characters
/// are; none where the bytes are not that.
///
/// `errors="surrogatepass"` would make an exception, which wakes the garbage
/// collector, and ask a handler that the program may have put in place.
#[cold]
pub(super) fn str_of_half_pairs<'py>(
    py: Python<'py>,
    bytes: &[u8],
) -> Option<Result<Bound<'py, PyAny>, Raised<'py>>> {
    let codes = codes_of_half_pairs(bytes)?;
    // SAFETY: the pointer is to so many code points of 4 bytes, none of which is
    // too large; the result is a new object, or null with an exception set.
    Some(unsafe {
        const FOUR_BYTES: std::ffi::c_int = 4;
        let length = codes.len() as ffi::Py_ssize_t;
        let text = ffi::PyUnicode_FromKindAndData(FOUR_BYTES, codes.as_ptr().cast(), length);
        Raised::or_owned(py, text)
    })
}

fn codes_of_half_pairs(bytes: &[u8]) -> Option<Vec<u32>> {
    let mut codes = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        let (text, behind) = match std::str::from_utf8(rest) {
            Ok(text) => (text, &[][..]),
            Err(error) => {
                let (text, behind) = rest.split_at(error.valid_up_to());
                (std::str::from_utf8(text).ok()?, behind)
            }
        };
        codes.extend(text.chars().map(u32::from));
        rest = match behind {
            [] => return Some(codes),
            [0xed, high @ 0xa0..=0xbf, low @ 0x80..=0xbf, behind @ ..] => {
                codes.push(0xd000 | u32::from(high & 0x3f) << 6 | u32::from(low & 0x3f));
                behind
            }
            _ => return None,
        };
    }
}

/// A `str` of text that is not all ASCII.
#[inline(never)]
fn other_str<'py>(py: Python<'py>, text: &str) -> Result<Bound<'py, PyAny>, NoStr<'py>> {
    // The first byte of a character tells how large it is at least and at
    // most. A character of two bytes and more is not shared by others, unless
    // it is alone in its string.
    let bytes = text.as_bytes();
    let (mut count, mut largest) = (0, 0);
    for byte in bytes {
        count += usize::from((*byte as i8) >= -0x40);
        largest = largest.max(*byte);
    }
    if count < 2 {
        return str_of_utf8(py, bytes).map_err(NoStr::from);
    }
    let codes = text.chars().map(u32::from);
    let text = match largest {
        0..0xc4 => filled(py, codes, count, 0xff, |code| code as u8),
        0xc4..0xf0 => filled(py, codes, count, 0xffff, |code| code as u16),
        _ => filled(py, codes, count, LARGEST_CODE, |code| code),
    };
    text.map_err(NoStr::from)
}

const LARGEST_CODE: u32 = 0x0010_ffff;

/// The bits that all halves of surrogate pairs have in common, and how they are set.
const HALVES: u32 = !0x7ff;
const FIRST_HALF: u32 = 0xd800;

/// A `str` of code points, none of which is half of a surrogate pair.
pub fn str_of_codes<'py>(py: Python<'py>, codes: &[u32]) -> Result<Bound<'py, PyAny>, NoStr<'py>> {
    // As many bits as the largest has.
    let (mut bits, mut halves) = (0, false);
    for code in codes {
        bits |= *code;
        halves |= *code & HALVES == FIRST_HALF;
    }
    if halves || (bits > 0xffff && codes.iter().any(|code| *code > LARGEST_CODE)) {
        return Err(NoStr(py));
    }
    if codes.len() < 2 || bits < 0x80 || !cfg!(known_layouts) {
        let text: String = codes
            .iter()
            .filter_map(|code| char::from_u32(*code))
            .collect();
        return new_str(py, text.as_bytes());
    }
    let units = codes.iter().copied();
    let text = match bits {
        0..0x100 => filled(py, units, codes.len(), 0xff, |code| code as u8),
        0x100..0x1_0000 => filled(py, units, codes.len(), 0xffff, |code| code as u16),
        _ => filled(py, units, codes.len(), LARGEST_CODE, |code| code),
    };
    text.map_err(NoStr::from)
}

/// A string of `count` code points, the largest of which needs all of `U`.
#[inline]
fn filled<U>(
    py: Python<'_>,
    codes: impl Iterator<Item = u32>,
    count: usize,
    largest: u32,
    unit: impl Fn(u32) -> U,
) -> Result<Bound<'_, PyAny>, Raised<'_>> {
    // SAFETY: a new string of characters that are not all ASCII has so many
    // units of this size directly behind its header; all of them are written
    // before anyone sees it. At least one needs the size, as is required.
    unsafe {
        let object = ffi::PyUnicode_New(count as ffi::Py_ssize_t, largest);
        let object = Raised::or_owned(py, object)?;
        let header = object.as_ptr().cast::<ffi::PyCompactUnicodeObject>();
        let units = header.add(1).cast::<MaybeUninit<U>>();
        let units = std::slice::from_raw_parts_mut(units, count);
        for (place, code) in units.iter_mut().zip(codes) {
            place.write(unit(code));
        }
        Ok(object)
    }
}

/// The characters of an object that is exactly a `str` of ASCII, as it keeps them;
/// none of anything else, and where the layout of a `str` is not known.
#[inline]
pub fn exact_ascii<'a>(object: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    // SAFETY: as below.
    let is_ascii = unsafe {
        let text = object.as_ptr();
        cfg!(known_layouts)
            && ffi::PyUnicode_CheckExact(text) != 0
            && (*text.cast::<ffi::PyASCIIObject>()).state & COMPACT_ASCII == COMPACT_ASCII
    };
    // What is compact ASCII is UTF-8 already.
    if is_ascii { exact_utf8(object) } else { None }
}

/// The UTF-8 of an object that is exactly a `str`, none when it has none.
/// Anything else gives none and runs no code.
#[expect(clippy::inline_always, reason = "measured: the loops over strings")]
#[inline(always)]
pub fn exact_utf8<'a>(object: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    // SAFETY: the memory is read as a str only after the type was found to be
    // exactly that. ASCII that is compact lies directly behind the header,
    // and a str never changes.
    unsafe {
        let text = object.as_ptr();
        if ffi::PyUnicode_CheckExact(text) == 0 {
            return None;
        }
        let header = text.cast::<ffi::PyASCIIObject>();
        if !cfg!(known_layouts) || (*header).state & COMPACT_ASCII != COMPACT_ASCII {
            return other_utf8(object);
        }
        Some(std::slice::from_raw_parts(
            header.add(1).cast(),
            (*header).length as usize,
        ))
    }
}

/// The UTF-8 of a `str` of other characters, which the `str` keeps.
#[cold]
fn other_utf8<'a>(text: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    if cfg!(known_layouts) {
        // SAFETY: a str that is not compact ASCII has this header; where its
        // UTF-8 was asked for before, the str keeps it, and never changes.
        unsafe {
            let header = text.as_ptr().cast::<ffi::PyCompactUnicodeObject>();
            if !(*header).utf8.is_null() {
                let length = (*header).utf8_length as usize;
                return Some(std::slice::from_raw_parts((*header).utf8.cast(), length));
            }
        }
    }
    // A lone surrogate has none. The exception that says so may wake the
    // garbage collector, and with it any code.
    let _kept = text.clone();
    text.cast::<PyString>()
        .ok()?
        .to_str()
        .ok()
        .map(str::as_bytes)
}
