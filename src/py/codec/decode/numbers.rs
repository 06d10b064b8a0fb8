//! Many numbers that are read at once: whole arrays, and lists of varints.

use pyo3::prelude::*;

use super::Decoder;
use crate::py::error::{CodecError, Result, Segment};
use crate::py::ffi::{Loop, ReadScalar, vectorised};
use crate::wire::{Error, Input, ListHeader, Numeric, RawForm, Reader};

/// So many varints of a list are read together.
const TOGETHER: usize = 1024;

/// Shorter lists are read one varint after the other.
const MANY: usize = 256;

impl<'py, R: Reader> Decoder<'_, 'py, R> {
    /// Reads a list of integers, which are of its type; `one` reads one of them.
    #[inline]
    pub(super) fn integers<N: Numeric>(
        &mut self,
        header: ListHeader,
        one: impl ReadScalar,
    ) -> Result<Bound<'py, PyAny>> {
        // Those of the binary protocol are read as fast one by one.
        if matches!(R::FORM, RawForm::Compact)
            && header.count >= MANY
            && self.reader.input().in_memory().is_some()
        {
            return self.many_varints::<N>(header);
        }
        self.scalars(header, one)
    }

    /// Reads a list of many varints, which lies in memory.
    #[inline(never)]
    fn many_varints<N: Numeric>(&mut self, header: ListHeader) -> Result<Bound<'py, PyAny>> {
        let mut list = self.new_list(header)?;
        let mut room = vec![N::default(); TOGETHER.min(header.count)];
        let mut before = 0;
        while before < header.count {
            room.truncate(header.count - before);
            let (reader, numbers) = (&mut *self.reader, &mut room[..]);
            vectorised(Filling { reader, numbers })
                .map_err(|(index, error)| wrong_number(before, index, error))?;
            list.add_ints(&room)?;
            before += room.len();
        }
        Ok(list.finish())
    }
}

/// Numbers that are read from memory.
pub(super) struct Filling<'a, R, N> {
    pub(super) reader: &'a mut R,
    pub(super) numbers: &'a mut [N],
}

impl<R: Reader, N: Numeric> Loop for Filling<'_, R, N> {
    type Outcome = std::result::Result<(), (usize, Error)>;

    #[expect(clippy::inline_always, reason = "compiled for more than one processor")]
    #[inline(always)]
    fn run(self) -> Self::Outcome {
        self.reader.numbers(self.numbers)
    }
}

#[cold]
pub(super) fn wrong_number(before: usize, index: usize, error: Error) -> CodecError {
    CodecError::from(error).inside(Segment::Index(before + index))
}
