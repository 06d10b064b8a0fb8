//! Doubles as Python writes them: the fewest digits that give the same double.

use std::fmt::Write;

use super::short_text::ShortText;

/// A double as `repr` and `json` of Python write it; `put` gets the text. What
/// is no number becomes a word: `NaN`, `Infinity`, `-Infinity`.
pub fn format(value: f64, put: impl FnOnce(&[u8])) {
    // Beyond these there is an exponent.
    const LARGE: f64 = 1e16;
    const SMALL: f64 = 1e-4;
    if value.is_nan() {
        return put(b"NaN");
    }
    if value.is_infinite() {
        return put(if value > 0.0 {
            b"Infinity"
        } else {
            b"-Infinity"
        });
    }
    let size = value.abs();
    if size == 0.0 || (SMALL..LARGE).contains(&size) {
        return put(zmij::Buffer::new().format_finite(value).as_bytes());
    }
    let mut text = ShortText::new();
    // Writing to a `ShortText` cannot fail.
    let _ = write!(text, "{value:e}");
    let all = text.as_bytes();
    let end = all.iter().position(|byte| *byte == b'e').unwrap_or(0);
    let exponent = &all[end..];
    let mut out = ShortText::new();
    out.put(&all[..end]);
    let digits = if let [b'e', b'-', digits @ ..] = exponent {
        out.put(b"e-");
        digits
    } else {
        out.put(b"e+");
        &exponent[1..]
    };
    if digits.len() < 2 {
        out.put(b"0");
    }
    out.put(digits);
    put(out.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::format;

    #[test]
    fn doubles_are_those_of_python() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (12.3456, "12.3456"),
            (1e15, "1000000000000000.0"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (1e22, "1e+22"),
            (0.0001, "0.0001"),
            (0.000_099_9, "9.99e-05"),
            (1e-5, "1e-05"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::NAN, "NaN"),
        ] {
            format(value, |found| {
                assert_eq!(std::str::from_utf8(found), Ok(text));
            });
        }
    }
}
