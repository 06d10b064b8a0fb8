//! Where a text ends.

use crate::wire::error::{Error, ErrorKind, Nesting, Result};

/// Finds the end of a JSON array or object whose bytes come in pieces: follows
/// brackets and strings until the outermost bracket closes.
#[derive(Debug)]
pub struct TextEnd {
    open: usize,
    deepest: usize,
    limit: u32,
    in_string: bool,
    escaped: bool,
    /// Whether a closing bracket came too much, or none has opened.
    started: bool,
    /// How many bytes were looked at.
    position: usize,
}

impl TextEnd {
    /// Of a text whose structs and containers nest no deeper than `limit`.
    #[must_use]
    pub const fn new(limit: u32) -> Self {
        Self {
            open: 0,
            // A level of Thrift takes up to three of JSON.
            deepest: 3 * limit as usize + 8,
            limit,
            in_string: false,
            escaped: false,
            started: false,
            position: 0,
        }
    }

    /// How many bytes of the text were looked at: where it ends, once that is
    /// found, or behind what is wrong.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// How many bytes there are to the end at least: the brackets and the
    /// quote.
    #[must_use]
    pub fn missing(&self) -> usize {
        let open = self.open + usize::from(self.in_string) + usize::from(self.escaped);
        open.max(1)
    }

    /// Where the text ends in the next bytes of it; none where it does not.
    pub fn find(&mut self, bytes: &[u8]) -> Result<Option<usize>> {
        let mut position = 0;
        let closed = self.look(bytes, &mut position);
        self.position += position;
        Ok(closed?.then_some(position))
    }

    /// Looks on from a position; whether the outermost bracket closes there.
    fn look(&mut self, bytes: &[u8], position: &mut usize) -> Result<bool> {
        while let Some(byte) = bytes.get(*position) {
            *position += 1;
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                let start = *position - 1;
                *position = start + string_part(&bytes[start..]);
                match bytes.get(*position) {
                    Some(b'"') => self.in_string = false,
                    Some(_) => self.escaped = true,
                    None => return Ok(false),
                }
                *position += 1;
            } else {
                match byte {
                    b' ' | b'\t' | b'\r' | b'\n' => {}
                    b'[' | b'{' => {
                        self.started = true;
                        self.open += 1;
                        if self.open > self.deepest {
                            let what = Nesting::READ_CONTAINER;
                            let limit = self.limit;
                            return Err(ErrorKind::Depth { what, limit }.into());
                        }
                    }
                    _ if !self.started => return Err(no_start(*byte)),
                    b'"' => self.in_string = true,
                    b']' | b'}' => {
                        self.open -= 1;
                        if self.open == 0 {
                            return Ok(true);
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(false)
    }
}

/// How many bytes of a string stand before a quote or a backslash.
#[inline]
fn string_part(bytes: &[u8]) -> usize {
    let mut start = 0;
    loop {
        start += super::text::plain(&bytes[start..]).0;
        match bytes.get(start) {
            None | Some(b'"' | b'\\') => return start,
            // A control character, for the reader to refuse.
            Some(_) => start += 1,
        }
    }
}

#[cold]
fn no_start(byte: u8) -> Error {
    let found = char::from(byte).escape_default();
    Error::malformed(format!(
        "a message cannot start with '{found}': needs '[' or '{{'"
    ))
}

#[cfg(test)]
mod tests {
    use super::TextEnd;

    #[test]
    fn the_end_is_found_however_the_bytes_are_cut() {
        let texts = [
            r#"[1,"a",1,1,{"1":{"i32":1}}]"#,
            r#" {"7":{"str":"]}\"[{\\"}}"#,
            "\r\n[\"é😀\\\\\"]",
            "{}",
        ];
        for text in texts {
            let bytes = [text.as_bytes(), b"]} and more"].concat();
            for size in 1..=bytes.len() {
                let mut end = TextEnd::new(64);
                let mut before = 0;
                let found = bytes.chunks(size).find_map(|piece| {
                    let least = end.missing();
                    assert!(before + least <= text.len());
                    let found = end.find(piece).unwrap().map(|end| before + end);
                    before += piece.len();
                    found
                });
                assert_eq!(found, Some(text.len()));
                assert_eq!(end.position(), text.len());
            }
        }
    }

    #[test]
    fn deep_texts_and_other_starts_are_refused() {
        assert!(TextEnd::new(64).find(&[b'['; 1000]).is_err());
        assert!(TextEnd::new(64).find(&[b'['; 200]).is_ok());
        for text in ["x", "5", "]", "\"a\""] {
            assert!(TextEnd::new(64).find(text.as_bytes()).is_err());
        }
    }
}
