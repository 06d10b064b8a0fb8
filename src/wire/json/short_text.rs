//! The text of one number, without an allocation.

use std::fmt;

/// A text with room for the longest number.
pub struct ShortText {
    bytes: [u8; 40],
    length: usize,
}

impl ShortText {
    pub const fn new() -> Self {
        Self {
            bytes: [0; 40],
            length: 0,
        }
    }

    pub fn put(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl fmt::Write for ShortText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}
