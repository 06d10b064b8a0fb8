//! Strings with their escapes.
//!
//! Text is UTF-8, in which also halves of surrogate pairs may stand alone, in
//! three bytes each: JSON can escape them, and Python can hold them.

const HEX: &[u8; 16] = b"0123456789abcdef";

/// What a hexadecimal digit stands for; for any other byte a number which
/// four digits cannot reach, wherever among them it stands.
static HEX_VALUES: [u32; 256] = {
    let mut values = [0x1_0000; 256];
    let mut digit = 0;
    while digit < HEX.len() {
        values[HEX[digit] as usize] = digit as u32;
        values[HEX[digit].to_ascii_uppercase() as usize] = digit as u32;
        digit += 1;
    }
    values
};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Sets the high bit of the first byte of a word that is a quote, a backslash
/// or a control character; of no byte before it.
#[inline]
const fn special(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    // The high bit of a byte is the same in all three.
    let below =
        quote.wrapping_sub(ONES) | backslash.wrapping_sub(ONES) | word.wrapping_sub(ONES * 0x20);
    below & !word & HIGH
}

/// How many bytes stand before the first quote, backslash or control
/// character, and whether all of them are ASCII.
#[inline]
#[must_use]
pub fn plain(bytes: &[u8]) -> (usize, bool) {
    let mut length = 0;
    let mut all = 0;
    // Two words at once: most strings end within them, wherever they do.
    let (pairs, _) = bytes.as_chunks::<16>();
    for pair in pairs {
        let (words, _) = pair.as_chunks::<8>();
        let [first, second] = [words[0], words[1]].map(u64::from_le_bytes);
        let (found, after) = (special(first), special(second));
        if found | after != 0 {
            let (word, found, whole, start) = match found {
                0 => (second, after, all | first, 8),
                found => (first, found, all, 0),
            };
            let inside = found.trailing_zeros() as usize / 8;
            let before = word & !(u64::MAX << (8 * inside));
            return (length + start + inside, (whole | before) & HIGH == 0);
        }
        all |= first | second;
        length += 16;
    }
    let mut ascii = all & HIGH == 0;
    for byte in &bytes[length..] {
        if matches!(byte, b'"' | b'\\' | 0..0x20) {
            break;
        }
        ascii &= byte.is_ascii();
        length += 1;
    }
    (length, ascii)
}

/// How long the well-formed start of a text is: UTF-8, or with halves of
/// surrogate pairs.
fn well_formed(text: &[u8]) -> usize {
    match std::str::from_utf8(text) {
        Ok(text) => text.len(),
        Err(error) => error.valid_up_to(),
    }
}

/// The half of a surrogate pair at the start of a text.
fn surrogate(text: &[u8]) -> Option<u16> {
    match text {
        [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, ..] => {
            Some(0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f))
        }
        _ => None,
    }
}

/// Whether a text can be written.
#[must_use]
pub fn is_text(mut text: &[u8]) -> bool {
    loop {
        text = &text[well_formed(text)..];
        if text.is_empty() {
            return true;
        }
        if surrogate(text).is_none() {
            return false;
        }
        text = &text[3..];
    }
}

/// Escapes a text that can be written; `put` gets it in pieces.
pub fn escape(mut text: &[u8], mut put: impl FnMut(&[u8])) {
    while !text.is_empty() {
        let (mut length, ascii) = plain(text);
        if !ascii {
            length = well_formed(&text[..length]);
        }
        put(&text[..length]);
        text = &text[length..];
        let Some(byte) = text.first() else {
            return;
        };
        if let Some(half) = surrogate(text) {
            put(&unicode(half));
            text = &text[3..];
            continue;
        }
        match byte {
            b'"' | b'\\' => put(&[b'\\', *byte]),
            b'\n' => put(b"\\n"),
            b'\r' => put(b"\\r"),
            b'\t' => put(b"\\t"),
            0x08 => put(b"\\b"),
            0x0c => put(b"\\f"),
            byte => put(&unicode(u16::from(*byte))),
        }
        text = &text[1..];
    }
}

/// How many bytes at the start are printable ASCII, without quotes and
/// backslashes.
#[inline]
#[must_use]
pub fn printable(bytes: &[u8]) -> usize {
    let mut length = 0;
    let (words, _) = bytes.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        let delete = word ^ (ONES * 0x7f);
        let found = special(word) | (word | delete.wrapping_sub(ONES) & !delete) & HIGH;
        if found != 0 {
            return length + found.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    length
        + bytes[length..]
            .iter()
            .take_while(|byte| plain(byte))
            .count()
}

/// Escapes a text so that all of it is ASCII, as `json` of Python does; `put`
/// gets it in pieces.
pub fn escape_ascii(text: &str, mut put: impl FnMut(&[u8])) {
    let mut rest = text;
    loop {
        let bytes = rest.as_bytes();
        let length = printable(bytes);
        put(&bytes[..length]);
        let mut characters = rest[length..].chars();
        let Some(character) = characters.next() else {
            return;
        };
        rest = characters.as_str();
        match character {
            '"' => put(b"\\\""),
            '\\' => put(b"\\\\"),
            '\n' => put(b"\\n"),
            '\r' => put(b"\\r"),
            '\t' => put(b"\\t"),
            '\u{8}' => put(b"\\b"),
            '\u{c}' => put(b"\\f"),
            character => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    put(&unicode(*unit));
                }
            }
        }
    }
}

/// `\u` and four digits.
fn unicode(unit: u16) -> [u8; 6] {
    let digit = |shift: u16| HEX[usize::from(unit >> shift & 0x0f)];
    [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]
}

/// What is wrong with a string.
pub enum Wrong {
    /// It does not end.
    Unfinished,
    /// It is not UTF-8; whether what comes in its place is half of a surrogate
    /// pair.
    NotUtf8 {
        /// Whether it is.
        half_pair: bool,
    },
    /// It is not JSON, with the reason.
    Malformed(&'static str),
}

/// Bytes that were found to be UTF-8.
#[derive(Clone, Copy)]
pub struct Utf8<'a> {
    bytes: &'a [u8],
    ascii: bool,
}

impl<'a> Utf8<'a> {
    /// The bytes.
    #[inline]
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Whether all of them are ASCII.
    #[inline]
    #[must_use]
    pub const fn is_ascii(self) -> bool {
        self.ascii
    }
}

/// A string behind its opening quote.
pub enum Found<'a> {
    /// It stands in the text as it is, without the quote.
    Plain(Utf8<'a>),
    /// It was put together: the length in the text with the closing quote.
    Unescaped(usize),
}

/// What takes a string apart from its escapes.
pub trait Unescaped {
    /// Forgets what it has.
    fn clear(&mut self);
    /// Takes text without escapes.
    fn text(&mut self, text: &str);
    /// Takes ASCII without escapes.
    fn ascii(&mut self, text: &[u8]);
    /// Takes a code point, which may be half of a surrogate pair.
    fn code(&mut self, code: u32);
}

/// UTF-8, or with halves of surrogate pairs.
impl Unescaped for Vec<u8> {
    fn clear(&mut self) {
        self.clear();
    }

    fn text(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }

    #[inline]
    fn ascii(&mut self, text: &[u8]) {
        self.extend_from_slice(text);
    }

    #[inline]
    fn code(&mut self, code: u32) {
        put_code(code, self);
    }
}

/// Code points.
impl Unescaped for Vec<u32> {
    fn clear(&mut self) {
        self.clear();
    }

    fn text(&mut self, text: &str) {
        self.extend(text.chars().map(u32::from));
    }

    #[inline]
    fn ascii(&mut self, text: &[u8]) {
        self.extend(text.iter().map(|byte| u32::from(*byte)));
    }

    #[inline]
    fn code(&mut self, code: u32) {
        self.push(code);
    }
}

/// Control characters within a string, which JSON must escape.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Controls {
    /// They are an error.
    Refused,
    /// They stand for themselves: Apache's libraries for Python and for Node
    /// write them so.
    Taken,
}

/// Reads a string behind its opening quote; where it has escapes, or control
/// characters that are taken, into `scratch`.
#[expect(clippy::inline_always, reason = "measured: the loops over strings")]
#[inline(always)]
pub fn read<'a>(
    text: &'a [u8],
    controls: Controls,
    scratch: &mut impl Unescaped,
) -> Result<Found<'a>, Wrong> {
    let (length, ascii) = plain(text);
    match text.split_at_checked(length) {
        Some((bytes, [b'"', ..])) => {
            if ascii || well_formed(bytes) == length {
                return Ok(Found::Plain(Utf8 { bytes, ascii }));
            }
            Err(not_utf8(bytes))
        }
        _ => unescape(text, (length, ascii), controls, scratch),
    }
}

/// A string of at most so many bytes behind its opening quote, as it stands in the
/// text, without the closing quote; none where that cannot be seen at once. Whether
/// it is well-formed is not looked at.
#[inline]
#[must_use]
pub fn quoted(text: &[u8], longest: usize) -> Option<&[u8]> {
    let text = &text[..text.len().min(longest + 1)];
    let mut length = 0;
    // Two words at once, as above.
    let (pairs, _) = text.as_chunks::<16>();
    for pair in pairs {
        let (words, _) = pair.as_chunks::<8>();
        let [first, second] = [words[0], words[1]].map(|word| quotes(u64::from_le_bytes(word)));
        if first | second != 0 {
            let inside = match first {
                0 => 8 + second.trailing_zeros() as usize / 8,
                first => first.trailing_zeros() as usize / 8,
            };
            return not_escaped(text, length + inside);
        }
        length += 16;
    }
    let inside = text[length..].iter().position(|byte| *byte == b'"')?;
    not_escaped(text, length + inside)
}

/// Sets the high bit of the first byte of a word that is a quote; of no byte before it.
#[inline]
const fn quotes(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    quote.wrapping_sub(ONES) & !quote & HIGH
}

/// What stands before a quote; none where a backslash does, which may be of the quote.
#[inline]
fn not_escaped(text: &[u8], quote: usize) -> Option<&[u8]> {
    let before = &text[..quote];
    (before.last() != Some(&b'\\')).then_some(before)
}

#[cold]
fn not_utf8(text: &[u8]) -> Wrong {
    let half_pair = surrogate(&text[well_formed(text)..]).is_some();
    Wrong::NotUtf8 { half_pair }
}

/// Reads a string whose start is `plain`. On its own: most strings have no escapes.
#[inline(never)]
fn unescape<'a>(
    text: &'a [u8],
    start: (usize, bool),
    controls: Controls,
    scratch: &mut impl Unescaped,
) -> Result<Found<'a>, Wrong> {
    scratch.clear();
    let mut rest = text;
    let (mut length, mut ascii) = start;
    loop {
        let before = &rest[..length];
        if ascii {
            scratch.ascii(before);
        } else if let Ok(text) = std::str::from_utf8(before) {
            scratch.text(text);
        } else {
            // It may be the end that is missing.
            return Err(if length == rest.len() {
                Wrong::Unfinished
            } else {
                not_utf8(before)
            });
        }
        rest = &rest[length..];
        match rest {
            [] | [b'\\'] => return Err(Wrong::Unfinished),
            [b'"', ..] => return Ok(Found::Unescaped(text.len() - rest.len() + 1)),
            [b'\\', b'u', hex @ ..] => {
                let unit = code_unit(hex)?;
                rest = &hex[4..];
                let mut code = u32::from(unit);
                if let (0xd800..0xdc00, [b'\\', b'u', hex @ ..]) = (unit, rest)
                    && let low @ 0xdc00..0xe000 = code_unit(hex)?
                {
                    code = 0x1_0000 + ((code - 0xd800) << 10) + u32::from(low - 0xdc00);
                    rest = &hex[4..];
                }
                scratch.code(code);
            }
            [b'\\', escaped, after @ ..] => {
                scratch.code(u32::from(match escaped {
                    b'"' | b'\\' | b'/' => *escaped,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    _ => return Err(Wrong::Malformed("a string has an escape unknown to JSON")),
                }));
                rest = after;
            }
            [control, after @ ..] if controls == Controls::Taken => {
                scratch.code(u32::from(*control));
                rest = after;
            }
            _ => {
                return Err(Wrong::Malformed(
                    "a string has a control character, which JSON must escape",
                ));
            }
        }
        // Escapes often stand in a row.
        (length, ascii) = match rest.first() {
            Some(b'\\') => (0, true),
            _ => plain(rest),
        };
    }
}

/// The four digits at the start of a text.
fn code_unit(text: &[u8]) -> Result<u16, Wrong> {
    let Some(digits) = text.first_chunk::<4>() else {
        return Err(Wrong::Unfinished);
    };
    let unit = digits
        .iter()
        .fold(0, |unit, byte| unit << 4 | HEX_VALUES[usize::from(*byte)]);
    u16::try_from(unit)
        .map_err(|_| Wrong::Malformed("a string has a \\u without four hexadecimal digits"))
}

/// Appends a code point, a half of a surrogate pair included.
fn put_code(code: u32, text: &mut Vec<u8>) {
    match char::from_u32(code) {
        Some(character) => {
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        None => text.extend_from_slice(&[
            0xe0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3f) as u8,
            0x80 | (code & 0x3f) as u8,
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::{Controls, Found, escape, is_text, plain, put_code, quoted, read};

    fn escaped(text: &[u8]) -> String {
        let mut out = Vec::new();
        escape(text, |piece| out.extend_from_slice(piece));
        String::from_utf8(out).unwrap()
    }

    fn unescaped(text: &str) -> Option<Vec<u8>> {
        let mut scratch: Vec<u8> = Vec::new();
        let mut codes: Vec<u32> = Vec::new();
        let of_codes = read(text.as_bytes(), Controls::Refused, &mut codes);
        match read(text.as_bytes(), Controls::Refused, &mut scratch) {
            Ok(Found::Plain(utf8)) => {
                assert_eq!(utf8.is_ascii(), utf8.as_bytes().is_ascii());
                Some(utf8.as_bytes().to_vec())
            }
            Ok(Found::Unescaped(length)) => {
                assert_eq!(text.as_bytes()[length - 1], b'"');
                assert!(matches!(of_codes, Ok(Found::Unescaped(same)) if same == length));
                let mut encoded = Vec::new();
                for code in &codes {
                    put_code(*code, &mut encoded);
                }
                assert_eq!(encoded, scratch);
                Some(scratch)
            }
            Err(_) => None,
        }
    }

    #[test]
    fn control_characters_are_refused_or_taken() {
        let text = b"a\0\n\x1f\\n\xc3\xa4\x01\"";
        let mut codes: Vec<u32> = Vec::new();
        let refused = read(text, Controls::Refused, &mut codes);
        assert!(matches!(refused, Err(super::Wrong::Malformed(_))));
        let mut taken: Vec<u8> = Vec::new();
        let found = read(text, Controls::Taken, &mut taken);
        assert!(matches!(found, Ok(Found::Unescaped(length)) if length == text.len()));
        assert_eq!(taken, b"a\0\n\x1f\n\xc3\xa4\x01");
        // One that does not end.
        let open = read(&text[..3], Controls::Taken, &mut taken);
        assert!(matches!(open, Err(super::Wrong::Unfinished)));
    }

    #[test]
    fn a_quoted_string_is_seen_wherever_it_ends() {
        for length in 0..40 {
            let text = ["a".repeat(length), "\"\"".to_owned(), "b".repeat(20)].concat();
            let text = text.as_bytes();
            for longest in 0..50 {
                let expected = (length <= longest).then_some(&text[..length]);
                assert_eq!(quoted(text, longest), expected);
            }
            assert_eq!(quoted(&text[..length], 99), None);
            // The byte behind a quote is no quote, whatever is borrowed from it.
            let text = text
                .iter()
                .map(|byte| if *byte == b'b' { b'#' } else { *byte });
            let text: Vec<u8> = text.collect();
            assert_eq!(quoted(&text, 99), Some(&text[..length]));
            assert_eq!(quoted(&text[length + 2..], 99), None);
        }
        assert_eq!(quoted(br#"\u00fcb\n","#, 99), Some(&br"\u00fcb\n"[..]));
        for escaped in [&br#"\"","#[..], br#"a\\""#, br#"01234567\"01234567""#] {
            assert_eq!(quoted(escaped, 99), None);
        }
    }

    #[test]
    fn special_bytes_are_found_wherever_they_stand() {
        for special in [b'"', b'\\', 0, b'\n', 0x1f] {
            for place in 0..40 {
                let mut bytes = [b'a'; 40];
                bytes[place] = special;
                assert_eq!(plain(&bytes), (place, true));
                bytes[place / 2] = 0xc3;
                let found = if place == 0 {
                    (40, false)
                } else {
                    (place, false)
                };
                assert_eq!(plain(&bytes), found);
            }
        }
        assert_eq!(plain(b"\x7f !#[]~"), (7, true));
    }

    #[test]
    fn texts_come_back() {
        let texts: [&[u8]; 6] = [
            b"",
            "Grüße 😀 \" \\ / \u{8}\u{c}\n\r\t \u{7f}".as_bytes(),
            b"\xed\xa0\x80",
            b"ab\xed\xb2\x80cd",
            b"\0\x01\x1f",
            &[b'"'; 30],
        ];
        for text in texts {
            assert!(is_text(text));
            let json = escaped(text) + "\"rest";
            assert_eq!(unescaped(&json).as_deref(), Some(text));
        }
        assert_eq!(escaped(b"\xed\xb2\x80\x0b"), "\\udc80\\u000b");
        assert!(!is_text(b"\xff"));
        assert!(!is_text(b"\xed\xa0"));
    }

    #[test]
    fn surrogate_pairs_are_joined() {
        assert_eq!(
            unescaped("\\ud83d\\ude00\"").as_deref(),
            Some("😀".as_bytes())
        );
        assert_eq!(
            unescaped("\\uD83D\"").as_deref(),
            Some(&b"\xed\xa0\xbd"[..])
        );
        for text in [
            "",
            "a",
            "\\\"",
            "\\x\"",
            "\\u12\"",
            "\\u12g4\"",
            "\n\"",
            "\\ud83d\\u12\"",
        ] {
            assert_eq!(unescaped(text), None, "{text}");
        }
    }
}
