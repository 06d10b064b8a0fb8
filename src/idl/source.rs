//! A source file: its text, and where in it something is.

use std::fmt;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A half-open range of byte offsets in one source file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The range from `start` up to, not including, `end`.
    #[must_use]
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The smallest range that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// Whether `other` lies within this range.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// As a range that indexes a slice.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// A place for people: both numbers count from 1, the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One file: where it came from and what is in it.
///
/// The text is always valid UTF-8. Bytes that were not are replaced one for
/// one, so that offsets stay those of the file, and remembered: a comment may
/// hold them, a literal may not.
#[derive(Debug)]
pub struct SourceFile {
    path: PathBuf,
    text: String,
    /// Offsets of the bytes that were not UTF-8, ascending.
    invalid: Vec<u32>,
    line_starts: OnceLock<Vec<u32>>,
}

/// Stands for a byte that was not UTF-8. No token may start with it.
const REPLACEMENT: u8 = 0x1a;

/// Offsets are 32 bits wide; one is kept free for the end of the text.
const MAX_LENGTH: usize = u32::MAX as usize - 1;

impl SourceFile {
    /// The file `path` with these contents. What lies beyond 4 GiB is not
    /// kept; [`crate::schema::load`] refuses such a file before it gets here.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Self {
        let mut bytes = bytes;
        bytes.truncate(MAX_LENGTH);
        let mut invalid = Vec::new();
        let text = String::from_utf8(bytes).unwrap_or_else(|error| {
            let mut bytes = error.into_bytes();
            replace_invalid(&mut bytes, &mut invalid);
            // The loop above left nothing invalid; should it be wrong, losing
            // offsets is better than a panic.
            String::from_utf8(bytes)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        });
        Self {
            path: path.into(),
            text,
            invalid,
            line_starts: OnceLock::new(),
        }
    }

    /// Where the file came from, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a range; empty if it is no range of this file.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// The last offset, up to this one, at which a character starts.
    pub(super) fn boundary_before(&self, offset: u32) -> u32 {
        let mut offset = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset as u32
    }

    /// Whether a byte within the range was not UTF-8.
    #[must_use]
    pub fn has_invalid_utf8(&self, span: Span) -> bool {
        let first = self.invalid.partition_point(|&at| at < span.start);
        self.invalid.get(first).is_some_and(|&at| at < span.end)
    }

    /// The line, from 1, that holds an offset. `\n`, `\r\n` and a lone `\r`
    /// end a line, as when Python reads a text file.
    #[must_use]
    pub fn line(&self, offset: u32) -> u32 {
        self.line_starts().partition_point(|&start| start <= offset) as u32
    }

    /// The line of an offset that is likely to be in this line or soon after.
    #[must_use]
    pub fn line_near(&self, line: u32, offset: u32) -> u32 {
        /// How many lines are worth a look, one by one.
        const NEAR: usize = 8;
        if offset < self.line_start(line) {
            return self.line(offset);
        }
        let after = self.line_starts().iter().skip(line as usize).take(NEAR);
        match after.copied().position(|start| start > offset) {
            Some(lines) => line + lines as u32,
            None => self.line(offset),
        }
    }

    /// Line and column of an offset.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let line = self.line(offset);
        let start = self.line_start(line);
        let before = self.text.get(start as usize..offset as usize);
        Position {
            line,
            column: before.map_or(1, |text| text.chars().count() as u32 + 1),
        }
    }

    /// The offset at which a line, counted from 1, starts; the end of the
    /// text for a line after the last.
    #[must_use]
    pub fn line_start(&self, line: u32) -> u32 {
        let index = (line as usize).saturating_sub(1);
        let starts = self.line_starts();
        starts.get(index).copied().unwrap_or(self.text.len() as u32)
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let bytes = self.text.as_bytes();
            let mut starts = vec![0];
            // Eight bytes at a time; the last ones are filled up with zeros.
            let (words, rest) = bytes.as_chunks::<8>();
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            for (number, word) in words.iter().chain([&last]).enumerate() {
                let mut found = line_ends(u64::from_le_bytes(*word));
                while found != 0 {
                    let index = number * 8 + found.trailing_zeros() as usize / 8;
                    if bytes[index] == b'\n' || bytes.get(index + 1) != Some(&b'\n') {
                        starts.push(index as u32 + 1);
                    }
                    found &= found - 1;
                }
            }
            starts
        })
    }
}

/// A piece of the text of a file, which it keeps: as good as a `String`, and
/// there is nothing to copy.
#[derive(Clone)]
pub struct Text {
    source: Arc<SourceFile>,
    span: Span,
}

impl Text {
    /// The text of a range; empty if it is no range of this file.
    #[must_use]
    pub fn new(source: &Arc<SourceFile>, span: Span) -> Self {
        Self {
            source: Arc::clone(source),
            span,
        }
    }

    /// Where in its file it is.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The path of its file, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// Line and column of its start.
    #[must_use]
    pub fn position(&self) -> Position {
        self.source.position(self.span.start)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.source.slice(self.span)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl<T: AsRef<str> + ?Sized> PartialEq<T> for Text {
    fn eq(&self, other: &T) -> bool {
        **self == *other.as_ref()
    }
}

/// The highest bit of each of eight bytes that is a `\n` or a `\r`.
const fn line_ends(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const LOW: u64 = ONES * 0x7f;
    // The highest bit of each byte that is not zero, with no carry from one to
    // the next.
    const fn not_zero(word: u64) -> u64 {
        ((word & LOW) + LOW) | word
    }
    let newline = not_zero(word ^ (ONES * b'\n' as u64));
    let carriage_return = not_zero(word ^ (ONES * b'\r' as u64));
    !(newline & carriage_return) & !LOW
}

fn replace_invalid(bytes: &mut [u8], invalid: &mut Vec<u32>) {
    let mut valid_to = 0;
    while let Err(error) = std::str::from_utf8(&bytes[valid_to..]) {
        let start = valid_to + error.valid_up_to();
        let length = error.error_len().unwrap_or(bytes.len() - start);
        for (offset, byte) in bytes[start..start + length].iter_mut().enumerate() {
            *byte = REPLACEMENT;
            invalid.push((start + offset) as u32);
        }
        valid_to = start + length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_in_python_text_files() {
        let source = SourceFile::new("x", b"a\nb\r\nc\rd".to_vec());
        let lines: Vec<u32> = (0..8).map(|offset| source.line(offset)).collect();
        assert_eq!(lines, [1, 1, 2, 2, 2, 3, 3, 4]);
    }

    #[test]
    fn a_line_is_found_from_any_other() {
        let text = "a\n\nbc\r\n".repeat(20);
        let source = SourceFile::new("x", text.into_bytes());
        let end = source.text().len() as u32;
        for offset in 0..=end {
            for line in 1..=source.line(end) {
                assert_eq!(source.line_near(line, offset), source.line(offset));
            }
        }
    }

    #[test]
    fn columns_count_characters() {
        let source = SourceFile::new("x", "// é\n  é x".as_bytes().to_vec());
        let offset = source.text().find('x').unwrap() as u32;
        assert_eq!(source.position(offset), Position { line: 2, column: 5 });
    }

    #[test]
    fn invalid_bytes_keep_the_offsets() {
        let source = SourceFile::new("x", b"# \xe9t\xe9\nend\xff".to_vec());
        assert_eq!(source.text().len(), 10);
        assert!(source.has_invalid_utf8(Span::new(0, 5)));
        assert!(!source.has_invalid_utf8(Span::new(5, 9)));
        assert!(source.has_invalid_utf8(Span::new(9, 10)));
    }
}
