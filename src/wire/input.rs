//! Where a reader's bytes come from.

use super::error::{Error, Result};

/// A source of bytes.
///
/// A reader asks for exactly what the next value takes, so an input that
/// fetches from elsewhere never takes a byte of the next message.
pub trait Input {
    /// The next `count` bytes in one piece. They stay valid until the next
    /// call.
    fn take(&mut self, count: usize) -> Result<&[u8]>;

    /// The next `N` bytes.
    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N]>
    where
        Self: Sized,
    {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// The next byte.
    #[inline]
    fn byte(&mut self) -> Result<u8>
    where
        Self: Sized,
    {
        Ok(self.array::<1>()?[0])
    }

    /// Passes over `count` bytes without keeping them.
    fn discard(&mut self, count: usize) -> Result<()>;

    /// The bytes that can be taken at once without fetching; may be fewer
    /// than will come.
    fn buffered(&self) -> &[u8];

    /// How many bytes are left, where that is known.
    fn remaining(&self) -> Option<usize>;

    /// That all of it lies in memory, so that taking bytes runs no other code,
    /// if that is so.
    #[inline]
    fn in_memory(&self) -> Option<InMemory> {
        None
    }

    /// How many bytes were taken since the input was made.
    fn offset(&self) -> u64;

    /// The header of a message was taken: an error where its struct is known
    /// not to follow, because the frame that they share has ended.
    #[inline]
    fn end_header(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The proof that an input lies in memory: only inputs of this room can give it.
#[derive(Clone, Copy, Debug)]
pub struct InMemory(());

/// An input that lies in memory as a whole.
#[derive(Clone, Debug)]
pub struct SliceInput<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> SliceInput<'a> {
    /// Reads `data` from its start.
    #[must_use]
    pub const fn new(data: &'a [u8]) -> Self {
        Self {
            rest: data,
            length: data.len(),
        }
    }

    /// What is left.
    #[inline]
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Passes over bytes that were seen to be there.
    #[inline]
    pub(super) fn advance(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }
}

impl Input for SliceInput<'_> {
    #[inline]
    fn take(&mut self, count: usize) -> Result<&[u8]> {
        match self.rest.split_at_checked(count) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(Error::truncated(count, self.rest.len())),
        }
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.rest.split_first_chunk::<N>() {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(*taken)
            }
            None => Err(Error::truncated(N, self.rest.len())),
        }
    }

    #[inline]
    fn discard(&mut self, count: usize) -> Result<()> {
        self.take(count).map(drop)
    }

    #[inline]
    fn buffered(&self) -> &[u8] {
        self.rest
    }

    #[inline]
    fn in_memory(&self) -> Option<InMemory> {
        Some(InMemory(()))
    }

    #[inline]
    fn remaining(&self) -> Option<usize> {
        Some(self.rest.len())
    }

    #[inline]
    fn offset(&self) -> u64 {
        (self.length - self.rest.len()) as u64
    }
}

/// Bytes whose end may be missing: containers are not held to what is left, so that
/// the elements before the end are read. No count is believed for that, since each
/// element takes a byte at least.
#[derive(Clone, Debug)]
pub struct CutInput<'a>(SliceInput<'a>);

impl<'a> CutInput<'a> {
    /// Reads `input` as far as it goes.
    #[must_use]
    pub const fn new(input: SliceInput<'a>) -> Self {
        Self(input)
    }
}

impl Input for CutInput<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8]> {
        self.0.take(count)
    }

    fn discard(&mut self, count: usize) -> Result<()> {
        self.0.discard(count)
    }

    fn buffered(&self) -> &[u8] {
        self.0.buffered()
    }

    fn remaining(&self) -> Option<usize> {
        None
    }

    fn offset(&self) -> u64 {
        self.0.offset()
    }
}
