//! Bytes of values that nobody looks into, as they are taken from an input.

use super::error::Result;
use super::input::Input;

/// The protocol that the bytes of a value are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RawForm {
    /// The binary protocol.
    Binary,
    /// The compact protocol; a bool is the byte that it is in a container.
    Compact,
    /// Apache's JSON.
    Json,
}

/// An input that keeps what is taken of it.
///
/// What it takes from is not a parameter of its type: a reader of it can make
/// another one, and so on.
pub(super) struct Recorder<'a> {
    source: &'a mut dyn Input,
    taken: Vec<u8>,
}

impl<'a> Recorder<'a> {
    /// Keeps what is taken of `source`, behind what is in `taken`.
    pub(super) fn new(source: &'a mut dyn Input, taken: Vec<u8>) -> Self {
        Self { source, taken }
    }

    /// What was taken.
    pub(super) fn finish(self) -> Vec<u8> {
        self.taken
    }
}

impl Input for Recorder<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8]> {
        let taken = self.source.take(count)?;
        self.taken.extend_from_slice(taken);
        Ok(&self.taken[self.taken.len() - count..])
    }

    fn discard(&mut self, count: usize) -> Result<()> {
        self.take(count).map(drop)
    }

    fn buffered(&self) -> &[u8] {
        self.source.buffered()
    }

    fn remaining(&self) -> Option<usize> {
        self.source.remaining()
    }

    fn offset(&self) -> u64 {
        self.source.offset()
    }
}
