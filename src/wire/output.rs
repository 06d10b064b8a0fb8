//! Where a writer's bytes go.

use std::cell::Cell;

/// A sink of bytes that grows as needed.
pub trait Output {
    /// Writes bytes.
    fn put(&mut self, bytes: &[u8]);

    /// Writes the first `length` bytes, 8 at most, of a word whose lowest
    /// byte is the first.
    ///
    /// Most values of a message and their headers fit: they are put together
    /// in a register, and an output has its room checked once for them.
    fn put_short(&mut self, word: u64, length: usize);

    /// Writes the first `length` bytes, 16 at most, of a word whose lowest byte
    /// is the first.
    fn put_long(&mut self, word: u128, length: usize);

    /// Writes the first `length` bytes of a word, and `bytes` behind them.
    #[inline]
    fn put_headed(&mut self, word: u64, length: usize, bytes: &[u8]) {
        self.put_short(word, length);
        self.put(bytes);
    }

    /// Writes items as the bytes that are made of each.
    fn put_items<T: Copy, const N: usize>(
        &mut self,
        items: &[Cell<T>],
        bytes: impl Fn(T) -> [u8; N],
    );

    /// How many bytes it holds.
    fn length(&self) -> usize;

    /// The bytes from a position on.
    fn since(&self, position: usize) -> &[u8];

    /// Takes back the bytes from a position on.
    fn truncate(&mut self, position: usize);
}

impl Output for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    #[inline]
    fn put_short(&mut self, word: u64, length: usize) {
        let end = self.len() + length;
        self.extend_from_slice(&word.to_le_bytes());
        Vec::truncate(self, end);
    }

    #[inline]
    fn put_long(&mut self, word: u128, length: usize) {
        let end = self.len() + length;
        self.extend_from_slice(&word.to_le_bytes());
        Vec::truncate(self, end);
    }

    fn put_items<T: Copy, const N: usize>(
        &mut self,
        items: &[Cell<T>],
        bytes: impl Fn(T) -> [u8; N],
    ) {
        self.extend(items.iter().flat_map(|item| bytes(item.get())));
    }

    #[inline]
    fn length(&self) -> usize {
        self.len()
    }

    fn since(&self, position: usize) -> &[u8] {
        self.get(position..).unwrap_or_default()
    }

    fn truncate(&mut self, position: usize) {
        Vec::truncate(self, position);
    }
}
