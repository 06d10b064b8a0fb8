//! What texts are to Python: its keywords, and how it writes them, as thriftpy2's
//! messages do (`%r`).

use std::fmt::Write;

/// Whether Python keeps a word for itself. Asked of every name that a file
/// gives, so it looks at few letters of most.
#[must_use]
pub fn is_keyword(word: &str) -> bool {
    match word.len() {
        2 => matches!(word, "as" | "if" | "in" | "is" | "or"),
        3 => matches!(word, "and" | "def" | "del" | "for" | "not" | "try"),
        4 => matches!(
            word,
            "None" | "True" | "elif" | "else" | "from" | "pass" | "with"
        ),
        5 => matches!(
            word,
            "False" | "async" | "await" | "break" | "class" | "raise" | "while" | "yield"
        ),
        6 => matches!(
            word,
            "assert" | "except" | "global" | "import" | "lambda" | "return"
        ),
        7 => word == "finally",
        8 => matches!(word, "continue" | "nonlocal"),
        _ => false,
    }
}

/// `repr()` of a `str`.
pub(crate) fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut result = String::with_capacity(text.len() + 2);
    result.push(quote);
    for character in text.chars() {
        match character {
            '\n' => result.push_str("\\n"),
            '\r' => result.push_str("\\r"),
            '\t' => result.push_str("\\t"),
            '\\' => result.push_str("\\\\"),
            _ if character == quote => result.extend(['\\', quote]),
            _ if character.is_control() && u32::from(character) < 0x100 => {
                // Writing to a String cannot fail.
                let _ = write!(result, "\\x{:02x}", u32::from(character));
            }
            // Python escapes what it cannot print; the byte order mark is
            // the one such character that IDL files meet in practice.
            '\u{feff}' => result.push_str("\\ufeff"),
            _ => result.push(character),
        }
    }
    result.push(quote);
    result
}

/// `repr()` of a `float`.
pub(crate) fn repr_double(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = exponent
            .strip_prefix('-')
            .map_or(("+", exponent), |digits| ("-", digits));
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        assert_eq!(repr("a"), "'a'");
        assert_eq!(repr("it's"), "\"it's\"");
        assert_eq!(repr("'\"\n\u{1}"), "'\\'\"\\n\\x01'");
    }

    #[test]
    fn keywords() {
        assert!(is_keyword("from") && is_keyword("None") && !is_keyword("print"));
    }

    #[test]
    fn doubles() {
        assert_eq!(repr_double(1.0), "1.0");
        assert_eq!(repr_double(1e16), "1e+16");
        assert_eq!(repr_double(-1.5e-5), "-1.5e-05");
        assert_eq!(repr_double(0.0001), "0.0001");
        assert_eq!(repr_double(f64::INFINITY), "inf");
    }
}
