//! The bytes that have arrived, as an input of readers.

use crate::wire::{Error, Input, Result};

/// Bytes of a stream, and how far it was read or passed over: possibly behind
/// what has arrived. Positions are counted from the start of the stream.
#[derive(Debug)]
pub(super) struct Arrived<'a> {
    bytes: &'a [u8],
    /// Where the bytes start.
    start: usize,
    position: usize,
}

impl<'a> Arrived<'a> {
    /// Reads on at `position`, which is not before the `start` of the bytes.
    pub(super) const fn new(start: usize, bytes: &'a [u8], position: usize) -> Self {
        Self {
            bytes,
            start,
            position,
        }
    }

    /// How many bytes lie before what is read next.
    pub(super) const fn position(&self) -> usize {
        self.position
    }

    /// Passes over bytes, whether they have arrived or not.
    pub(super) const fn pass(&mut self, count: usize) {
        self.position = self.position.saturating_add(count);
    }
}

impl Input for Arrived<'_> {
    #[inline]
    fn take(&mut self, count: usize) -> Result<&[u8]> {
        let available = self.buffered().len();
        if count > available {
            return Err(Error::truncated(count, available));
        }
        let from = self.position - self.start;
        self.position += count;
        Ok(&self.bytes[from..from + count])
    }

    #[inline]
    fn discard(&mut self, count: usize) -> Result<()> {
        self.pass(count);
        Ok(())
    }

    #[inline]
    fn buffered(&self) -> &[u8] {
        self.bytes
            .get(self.position - self.start..)
            .unwrap_or_default()
    }

    fn remaining(&self) -> Option<usize> {
        None
    }

    fn offset(&self) -> u64 {
        self.position as u64
    }
}
