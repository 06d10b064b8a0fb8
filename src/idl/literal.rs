//! What the text of a literal token stands for.

use std::borrow::Cow;

/// An integer of the IDL. Its size has no limit in thriftpy2.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ParsedInteger {
    /// One that fits 64 bits.
    Small(i64),
    /// One that does not: its sign and digits as in the file, without `+` and
    /// leading zeros (`-0x` and lower case for a hexadecimal or binary one).
    /// Python's `int(text, 0)` reads it.
    Big(String),
}

/// The value of an integer token; 0 for a text that is none.
#[must_use]
pub fn integer(text: &str) -> ParsedInteger {
    // As nearly all of them are: decimal, and within 64 bits.
    if let Ok(value) = text.parse() {
        return ParsedInteger::Small(value);
    }
    let (sign, magnitude) = match text.as_bytes().first() {
        Some(b'-') => ("-", &text[1..]),
        Some(b'+') => ("", &text[1..]),
        _ => ("", text),
    };
    let (prefix, digits, radix) = match magnitude.get(..2) {
        Some("0x" | "0X") => ("0x", Cow::Borrowed(&magnitude[2..]), 16),
        Some("0b" | "0B") => ("0x", Cow::Owned(binary_as_hexadecimal(&magnitude[2..])), 16),
        _ => ("", Cow::Borrowed(magnitude), 10),
    };
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return ParsedInteger::Small(0);
    }
    // 39 digits hold every number that fits; longer ones need no parsing.
    let parsed = (digits.len() <= 39)
        .then(|| i128::from_str_radix(digits, radix).ok())
        .flatten()
        .map(|value| if sign.is_empty() { value } else { -value })
        .and_then(|value| i64::try_from(value).ok());
    parsed.map_or_else(
        || ParsedInteger::Big(format!("{sign}{prefix}{}", digits.to_ascii_lowercase())),
        ParsedInteger::Small,
    )
}

fn binary_as_hexadecimal(digits: &str) -> String {
    let bits = digits.as_bytes();
    let hexadecimal = bits.rchunks(4).rev().map(|four| {
        let value = four
            .iter()
            .fold(0, |value, bit| 2 * value + u32::from(*bit == b'1'));
        char::from_digit(value, 16).unwrap_or('0')
    });
    hexadecimal.collect()
}

/// The value of a number token.
#[must_use]
pub fn double(text: &str) -> f64 {
    text.parse().unwrap_or_default()
}

/// The double nearest to an integer; infinite if it is beyond all doubles.
#[must_use]
#[allow(
    clippy::cast_precision_loss,
    reason = "the nearest double is what is asked for"
)]
pub fn integer_as_double(integer: &ParsedInteger) -> f64 {
    let text = match integer {
        ParsedInteger::Small(value) => return *value as f64,
        ParsedInteger::Big(text) => text,
    };
    let (sign, magnitude) = text
        .strip_prefix('-')
        .map_or((1.0, text.as_str()), |rest| (-1.0, rest));
    let Some(digits) = magnitude.strip_prefix("0x") else {
        return sign * double(magnitude);
    };
    sign * hexadecimal_as_double(digits)
}

/// Rounds once, to even: 64 leading bits, the last of them set if any bit
/// after them is, are more than a double keeps.
#[allow(
    clippy::cast_precision_loss,
    reason = "the nearest double is what is asked for"
)]
fn hexadecimal_as_double(digits: &str) -> f64 {
    let (head, tail) = digits.split_at(digits.len().min(16));
    let mut leading = u64::from_str_radix(head, 16).unwrap_or_default();
    if tail.bytes().any(|byte| byte != b'0') {
        leading |= 1;
    }
    // 2^1024 is beyond every double, so larger exponents need not be exact.
    let exponent = i32::try_from(tail.len() * 4).unwrap_or(i32::MAX).min(2048);
    leading as f64 * 2f64.powi(exponent)
}

/// What an escape stands for.
enum Escape {
    Character(char),
    /// One byte, as it is.
    Byte(u8),
    /// Nothing: the text goes on in the next line.
    LineEnd,
}

/// What a backslash before this text stands for, and how much of the text
/// belongs to it.
fn escape(text: &str) -> Option<(Escape, usize)> {
    let hexadecimal = |digits: usize| {
        let digits = text.get(1..=digits)?;
        let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| all)
    };
    let character = |character| Some((Escape::Character(character), 1));
    match text.chars().next()? {
        't' => character('\t'),
        'r' => character('\r'),
        'n' => character('\n'),
        same @ ('\\' | '\'' | '"') => character(same),
        '\n' => Some((Escape::LineEnd, 1)),
        '\r' if text.starts_with("\r\n") => Some((Escape::LineEnd, 2)),
        'x' => Some((Escape::Byte(hexadecimal(2)? as u8), 3)),
        'u' => Some((Escape::Character(char::from_u32(hexadecimal(4)?)?), 5)),
        _ => None,
    }
}

/// Whether Apache's compiler and thriftpy2 know the escape with this character;
/// others are fbthrift's.
fn is_common_escape(character: char) -> bool {
    matches!(character, 't' | 'r' | 'n' | '\\' | '\'' | '"')
}

/// What is between the quotes.
fn inner(token: &str) -> &str {
    let quotes = if is_triple_quoted(token) { 3 } else { 1 };
    token
        .get(quotes..token.len().saturating_sub(quotes))
        .unwrap_or_default()
}

fn is_triple_quoted(token: &str) -> bool {
    token.len() >= 6 && token.starts_with("\"\"\"")
}

/// The text a literal token stands for: without quotes, escapes replaced. An
/// unknown escape stays as it is written: fbthrift means it so where a capital
/// letter follows, and others the parser has reported.
#[must_use]
pub fn text(token: &str) -> Cow<'_, str> {
    let inner = inner(token);
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    match String::from_utf8(bytes(inner)) {
        Ok(text) => Cow::Owned(text),
        Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

/// Whether the bytes that a literal token stands for, some of them by their
/// number, are a text.
#[must_use]
pub fn is_text(token: &str) -> bool {
    !token.contains("\\x") || String::from_utf8(bytes(inner(token))).is_ok()
}

fn bytes(inner: &str) -> Vec<u8> {
    let mut result = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(start) = rest.find('\\') {
        result.extend_from_slice(&rest.as_bytes()[..start]);
        rest = &rest[start + 1..];
        let Some((escape, length)) = escape(rest) else {
            result.push(b'\\');
            continue;
        };
        match escape {
            Escape::Character(character) => {
                result.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Escape::Byte(byte) => result.push(byte),
            Escape::LineEnd => {}
        }
        rest = &rest[length..];
    }
    result.extend_from_slice(rest.as_bytes());
    result
}

/// The first escape of a literal token that means nothing: its offset in the
/// token and the character after the backslash. Those that only fbthrift has
/// mean something where `fbthrift` says so.
#[must_use]
pub fn unknown_escape(token: &str, fbthrift: bool) -> Option<(usize, char)> {
    let mut characters = token.char_indices();
    while let Some((offset, character)) = characters.next() {
        if character == '\\' {
            let (at, escaped) = characters.next()?;
            let is_known = is_common_escape(escaped)
                || fbthrift && (escaped.is_ascii_uppercase() || escape(&token[at..]).is_some());
            if !is_known {
                return Some((offset, escaped));
            }
        }
    }
    None
}

/// The text of a doc comment token: without its delimiters, without the
/// column of stars, and without the indentation that all lines share.
#[must_use]
pub fn doc(token: &str) -> String {
    let inner = token.strip_prefix("/**").unwrap_or(token);
    let inner = inner.strip_suffix("*/").unwrap_or(inner);
    let inner = inner.trim_end_matches('*');
    let mut lines: Vec<&str> = inner.lines().map(str::trim_end).collect();
    if let Some(first) = lines.first_mut() {
        *first = first.trim_start();
    }
    let rest = lines.get_mut(1..).unwrap_or_default();
    let starred = rest
        .iter()
        .filter(|line| !line.is_empty())
        .all(|line| line.trim_start().starts_with('*'));
    if starred {
        for line in rest.iter_mut() {
            *line = line.trim_start().strip_prefix('*').unwrap_or("");
        }
    }
    let indentation = rest
        .iter()
        .filter(|line| !line.is_empty())
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
        .min()
        .unwrap_or(0);
    for line in rest.iter_mut() {
        *line = line.get(indentation..).unwrap_or("");
    }
    let first = lines.iter().position(|line| !line.is_empty());
    let last = lines.iter().rposition(|line| !line.is_empty());
    match (first, last) {
        (Some(first), Some(last)) => lines[first..=last].join("\n"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        assert_eq!(integer("12"), ParsedInteger::Small(12));
        assert_eq!(integer("+010"), ParsedInteger::Small(10));
        assert_eq!(integer("-0x1F"), ParsedInteger::Small(-31));
        assert_eq!(integer("0X1f"), ParsedInteger::Small(31));
        assert_eq!(integer("-0b101"), ParsedInteger::Small(-5));
        assert_eq!(integer("0B0"), ParsedInteger::Small(0));
        assert_eq!(
            integer("-9223372036854775808"),
            ParsedInteger::Small(i64::MIN)
        );
        assert_eq!(
            integer("009223372036854775808"),
            ParsedInteger::Big("9223372036854775808".into())
        );
        assert_eq!(
            integer("0xFFFFFFFFFFFFFFFF"),
            ParsedInteger::Big("0xffffffffffffffff".into())
        );
        assert_eq!(
            integer(&format!("-0b0{}", "1".repeat(65))),
            ParsedInteger::Big("-0x1ffffffffffffffff".into())
        );
    }

    #[test]
    fn integers_as_doubles() {
        let of = |text: &str| integer_as_double(&integer(text)).to_bits();
        assert_eq!(of("3"), 3f64.to_bits());
        assert_eq!(of("-0x10000000000000000"), (-(2f64.powi(64))).to_bits());
        assert_eq!(of("18446744073709551616"), 2f64.powi(64).to_bits());
        assert_eq!(of(&"9".repeat(400)), f64::INFINITY.to_bits());
        assert_eq!(
            of(&format!("0x{}", "f".repeat(4000))),
            f64::INFINITY.to_bits()
        );
    }

    #[test]
    fn texts() {
        assert_eq!(text(r#""a 'b'""#), "a 'b'");
        assert_eq!(text(r#"'it\'s\t\\ \"'"#), "it's\t\\ \"");
        assert_eq!(unknown_escape(r"'\\\q'", true), Some((3, 'q')));
        assert_eq!(unknown_escape(r"'\\\n'", false), None);
    }

    #[test]
    fn texts_of_fbthrift() {
        assert_eq!(text(r#""""a "b" c""""#), r#"a "b" c"#);
        assert_eq!(text("'one\\\ntwo\nthree'"), "onetwo\nthree");
        assert_eq!(text("'one\\\r\ntwo'"), "onetwo");
        assert_eq!(text(r"'caf\xc3\xa9 \u00e9 \u2603 \x'"), "café é ☃ \\x");
        assert_eq!(text(r"'\My\Name'"), r"\My\Name");
        assert!(is_text(r"'\xc3\xa9'") && !is_text(r"'\xc3'"));
        for known in [r"'\x41'", r"'\u0041'", r"'\Name'", "'\\\n'"] {
            assert_eq!(unknown_escape(known, true), None, "{known}");
            assert!(unknown_escape(known, false).is_some(), "{known}");
        }
        for unknown in [r"'\x4'", r"'\ud800'", r"'\u12'", r"'\x+1'", r"'\a'"] {
            assert!(unknown_escape(unknown, true).is_some(), "{unknown}");
        }
    }

    #[test]
    fn docs() {
        assert_eq!(doc("/** One line. */"), "One line.");
        assert_eq!(
            doc("/**\n   * First.\n   *\n   *   indented\n   */"),
            "First.\n\n  indented"
        );
        assert_eq!(
            doc("/** First,\n    second\n      third **/"),
            "First,\nsecond\n  third"
        );
        assert_eq!(doc("/** * */"), "*");
    }
}
