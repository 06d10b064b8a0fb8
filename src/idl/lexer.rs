//! Text to tokens.
//!
//! [`Lexer`] yields every byte of the text in exactly one token, blanks and
//! comments included.

use super::source::Span;
use super::token::{Keyword, Token, TokenKind};

/// Yields the tokens of a text, without gaps, and stops after the last byte.
#[derive(Debug)]
pub struct Lexer<'s> {
    text: &'s str,
    bytes: &'s [u8],
    at: usize,
    lines: OverLines,
}

/// What is known of quotes further on, so that no text is searched twice.
#[derive(Clone, Copy, Debug, Default)]
struct OverLines {
    /// Up to here no text over several lines starts, for `"` and for `'`.
    none_before: [usize; 2],
    /// There are no more `"""`.
    no_triple: bool,
}

impl<'s> Lexer<'s> {
    /// A lexer at the start of a text of less than 4 GiB.
    #[must_use]
    pub fn new(text: &'s str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            lines: OverLines::default(),
        }
    }

    fn peek(&self, ahead: usize) -> u8 {
        // NUL starts no token, so it serves as the end of the text as well.
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn skip_while(&mut self, accept: impl Fn(u8) -> bool) {
        let mut at = self.at;
        while at < self.bytes.len() && accept(self.bytes[at]) {
            at += 1;
        }
        self.at = at;
    }

    /// Passes blanks and line ends.
    pub(super) fn skip_blanks(&mut self) {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    }

    fn take(&mut self, length: usize, kind: TokenKind) -> TokenKind {
        self.at += length;
        kind
    }

    fn scan(&mut self, first: u8) -> TokenKind {
        match first {
            b' ' | b'\t' | b'\r' | b'\n' => {
                self.skip_blanks();
                TokenKind::Whitespace
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            b'0'..=b'9' | b'+' | b'-' | b'.' => self.number(),
            b'"' | b'\'' => self.literal(first),
            b'#' => self.line_comment(),
            b'/' if self.peek(1) == b'/' => self.line_comment(),
            b'/' if self.peek(1) == b'*' => self.block_comment(),
            b'{' => self.take(1, TokenKind::OpenBrace),
            b'}' => self.take(1, TokenKind::CloseBrace),
            b'(' => self.take(1, TokenKind::OpenParen),
            b')' => self.take(1, TokenKind::CloseParen),
            b'[' => self.take(1, TokenKind::OpenBracket),
            b']' => self.take(1, TokenKind::CloseBracket),
            b'<' => self.take(1, TokenKind::Less),
            b'>' => self.take(1, TokenKind::Greater),
            b',' => self.take(1, TokenKind::Comma),
            b';' => self.take(1, TokenKind::Semicolon),
            b':' => self.take(1, TokenKind::Colon),
            b'=' => self.take(1, TokenKind::Equal),
            b'*' => self.take(1, TokenKind::Star),
            b'&' => self.take(1, TokenKind::Ampersand),
            b'@' => self.take(1, TokenKind::At),
            _ if self.at == 0 && self.text.starts_with('\u{feff}') => {
                self.take('\u{feff}'.len_utf8(), TokenKind::ByteOrderMark)
            }
            _ => self.illegal(),
        }
    }

    fn illegal(&mut self) -> TokenKind {
        let character = self.text[self.at..].chars().next();
        self.take(character.map_or(1, char::len_utf8), TokenKind::Illegal)
    }

    fn word(&mut self) -> TokenKind {
        let start = self.at;
        loop {
            self.skip_while(is_of_name);
            // A dot belongs to the name only if the name goes on after it.
            if self.peek(0) == b'.' && is_of_name(self.peek(1)) {
                self.at += 1;
            } else {
                break;
            }
        }
        let word = &self.text[start..self.at];
        if word.len() > Keyword::LONGEST || !self.bytes[start].is_ascii_lowercase() {
            return TokenKind::Identifier;
        }
        Keyword::from_text(word).map_or(TokenKind::Identifier, TokenKind::Keyword)
    }

    /// Numbers as in all compilers: thriftpy2 adds `1.`, Apache the sign of
    /// a hexadecimal number, fbthrift `0X`, `0b` and `0B`. What follows a
    /// number starts a new token.
    fn number(&mut self) -> TokenKind {
        let start = self.at;
        if matches!(self.peek(0), b'+' | b'-') {
            self.at += 1;
        }
        if self.peek(0) == b'0' {
            let is_digit: fn(u8) -> bool = match self.peek(1) {
                b'x' | b'X' => |byte| byte.is_ascii_hexdigit(),
                b'b' | b'B' => |byte| matches!(byte, b'0' | b'1'),
                _ => |_| false,
            };
            if is_digit(self.peek(2)) {
                self.at += 2;
                self.skip_while(is_digit);
                return TokenKind::Integer;
            }
        }
        let digits = self.at;
        self.skip_while(|byte| byte.is_ascii_digit());
        let has_digits = self.at > digits;
        let mut kind = TokenKind::Integer;
        if self.peek(0) == b'.' && (has_digits || self.peek(1).is_ascii_digit()) {
            kind = TokenKind::Double;
            self.at += 1;
            self.skip_while(|byte| byte.is_ascii_digit());
        } else if !has_digits {
            self.at = start;
            return self.illegal();
        }
        if matches!(self.peek(0), b'e' | b'E') {
            let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
            if self.peek(1 + sign).is_ascii_digit() {
                kind = TokenKind::Double;
                self.at += 1 + sign;
                self.skip_while(|byte| byte.is_ascii_digit());
            }
        }
        kind
    }

    fn literal(&mut self, quote: u8) -> TokenKind {
        if quote == b'"'
            && let Some(kind) = self.triple_quoted()
        {
            return kind;
        }
        let start = self.at;
        self.at += 1;
        loop {
            self.skip_while(|byte| byte != quote && !matches!(byte, b'\\' | b'\n'));
            match self.bytes.get(self.at) {
                Some(b'\\') if !matches!(self.bytes.get(self.at + 1), None | Some(b'\n')) => {
                    // The character after the backslash may be several bytes;
                    // those after its first are skipped as ordinary ones.
                    self.at += 2;
                }
                Some(&byte) if byte == quote => return self.take(1, TokenKind::Literal),
                Some(b'\\') => self.at += 1,
                Some(_) => {
                    let Some(end) = self.end_on_another_line(start, quote) else {
                        return TokenKind::UnterminatedLiteral;
                    };
                    self.at = end;
                    return TokenKind::LiteralOverLines;
                }
                None => return TokenKind::UnterminatedLiteral,
            }
        }
    }

    /// `"""text"""`, over any lines. Without its end it is an empty text.
    fn triple_quoted(&mut self) -> Option<TokenKind> {
        const QUOTES: &str = "\"\"\"";
        if self.lines.no_triple || !self.bytes[self.at..].starts_with(QUOTES.as_bytes()) {
            return None;
        }
        let Some(length) = self.text[self.at + QUOTES.len()..].find(QUOTES) else {
            self.lines.no_triple = true;
            return None;
        };
        Some(self.take(length + 2 * QUOTES.len(), TokenKind::Literal))
    }

    /// The end of a text that does not end on its line, as fbthrift has them.
    /// More often its quote was forgotten: then the next one opens another
    /// text, and what is behind it does not follow a value.
    fn end_on_another_line(&mut self, start: usize, quote: u8) -> Option<usize> {
        let none_before = &mut self.lines.none_before[usize::from(quote == b'\'')];
        if start < *none_before {
            return None;
        }
        let mut at = self.at;
        while at < self.bytes.len() && self.bytes[at] != quote {
            at += 1 + usize::from(self.bytes[at] == b'\\');
        }
        *none_before = at;
        (at < self.bytes.len() && self.ends_a_value(at + 1)).then_some(at + 1)
    }

    /// Whether what is here may follow a value.
    fn ends_a_value(&self, at: usize) -> bool {
        let behind = &self.bytes[at..];
        let blanks = behind.iter().take_while(|byte| b" \t".contains(byte));
        let blanks = blanks.count();
        match behind.get(blanks) {
            None => true,
            Some(b'/' | b'#') => blanks > 0,
            Some(byte) => b",;:)]}\r\n".contains(byte),
        }
    }

    /// A lone carriage return ends the comment: in a file whose lines end in
    /// nothing else, the rest of the file would be lost otherwise.
    fn line_comment(&mut self) -> TokenKind {
        self.skip_while(|byte| byte != b'\n' && byte != b'\r');
        TokenKind::LineComment
    }

    fn block_comment(&mut self) -> TokenKind {
        let Some(length) = self.text[self.at + 2..].find("*/") else {
            self.at = self.bytes.len();
            return TokenKind::UnterminatedComment;
        };
        let comment = &self.bytes[self.at..self.at + length + 4];
        self.at += comment.len();
        // `/**/` and `/*****/` are rulers, not documentation.
        let is_doc = comment.len() > 4
            && comment[2] == b'*'
            && !comment[3..comment.len() - 1]
                .iter()
                .all(|&byte| byte == b'*');
        if is_doc {
            TokenKind::DocComment
        } else {
            TokenKind::BlockComment
        }
    }
}

/// Whether a byte may be part of a name, dots aside.
const fn is_of_name(byte: u8) -> bool {
    const TABLE: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < table.len() {
            table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
            byte += 1;
        }
        table
    };
    TABLE[byte as usize]
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    #[inline]
    fn next(&mut self) -> Option<Token> {
        let start = self.at;
        let first = *self.bytes.get(start)?;
        let kind = self.scan(first);
        debug_assert!(self.text.is_char_boundary(self.at));
        Some(Token {
            kind,
            span: Span::new(start as u32, self.at as u32),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
        Lexer::new(text)
            .filter(|token| token.kind != TokenKind::Whitespace)
            .map(|token| (token.kind, &text[token.span.range()]))
            .collect()
    }

    #[test]
    fn numbers() {
        use TokenKind::{Double, Identifier, Illegal, Integer};
        assert_eq!(
            kinds("12 -1 +3 0x1F -0X1f 0b10 -0B1 1.5 1. .5 -.5 1e9 1.5E-3 1e 0x 0b2 - ."),
            [
                (Integer, "12"),
                (Integer, "-1"),
                (Integer, "+3"),
                (Integer, "0x1F"),
                (Integer, "-0X1f"),
                (Integer, "0b10"),
                (Integer, "-0B1"),
                (Double, "1.5"),
                (Double, "1."),
                (Double, ".5"),
                (Double, "-.5"),
                (Double, "1e9"),
                (Double, "1.5E-3"),
                (Integer, "1"),
                (Identifier, "e"),
                (Integer, "0"),
                (Identifier, "x"),
                (Integer, "0"),
                (Identifier, "b2"),
                (Illegal, "-"),
                (Illegal, "."),
            ]
        );
    }

    #[test]
    fn names_may_hold_dots_but_not_end_in_one() {
        assert_eq!(
            kinds("a.b_1.C e10 struct structure x."),
            [
                (TokenKind::Identifier, "a.b_1.C"),
                (TokenKind::Identifier, "e10"),
                (TokenKind::Keyword(Keyword::Struct), "struct"),
                (TokenKind::Identifier, "structure"),
                (TokenKind::Identifier, "x"),
                (TokenKind::Illegal, "."),
            ]
        );
    }

    #[test]
    fn comments() {
        use TokenKind::{BlockComment, DocComment, Identifier, LineComment};
        assert_eq!(
            kinds("# a\n// b\r/* * / */ /**/ /***/ /** doc */ x /*/ y */ z"),
            [
                (LineComment, "# a"),
                (LineComment, "// b"),
                (BlockComment, "/* * / */"),
                (BlockComment, "/**/"),
                (BlockComment, "/***/"),
                (DocComment, "/** doc */"),
                (Identifier, "x"),
                (BlockComment, "/*/ y */"),
                (Identifier, "z"),
            ]
        );
        assert_eq!(kinds("/* a")[0].0, TokenKind::UnterminatedComment);
        assert_eq!(kinds("/*/")[0].0, TokenKind::UnterminatedComment);
    }

    #[test]
    fn literals() {
        use TokenKind::{Identifier, Literal, UnterminatedLiteral};
        assert_eq!(
            kinds(r#"'it\'s' "a 'b' \\" 'x"#),
            [
                (Literal, r"'it\'s'"),
                (Literal, r#""a 'b' \\""#),
                (UnterminatedLiteral, "'x"),
            ]
        );
        assert_eq!(
            kinds("'a\\\nb"),
            [(UnterminatedLiteral, "'a\\"), (Identifier, "b")]
        );
        assert_eq!(kinds("'\\é"), [(UnterminatedLiteral, "'\\é")]);
    }
}
