//! Lists that are given as buffers of numbers.

use std::cell::Cell;

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use super::Encoder;
use crate::py::codec::coerce::out_of_range;
use crate::py::error::{Result, Segment};
use crate::py::ffi::{FromNumbers, Loop, NumberBuffer, ScalarKind, vectorised};
use crate::py::structs::Kind;
use crate::wire::Writer;

/// As many numbers are copied and written at a time.
const BLOCK: usize = 256;

impl<'py, W: Writer> Encoder<'py, W> {
    /// Writes a list, header and elements, whose value has a buffer of numbers that
    /// elements of this kind may be; whether that is so. Nothing is written
    /// otherwise: elements are asked for one by one then.
    #[inline(never)]
    pub(super) fn array(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<bool> {
        match kind.plain_scalar() {
            ScalarKind::I8 => self.array_of::<i8>(kind, value),
            ScalarKind::I16 => self.array_of::<i16>(kind, value),
            ScalarKind::I32 => self.array_of::<i32>(kind, value),
            ScalarKind::I64 => self.array_of::<i64>(kind, value),
            ScalarKind::Double => self.array_of::<f64>(kind, value),
            ScalarKind::Bool => self.array_of::<bool>(kind, value),
            ScalarKind::Str | ScalarKind::Bytes | ScalarKind::Other => Ok(false),
        }
    }

    fn array_of<N: Element>(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<bool> {
        let is_bytes = value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyByteArray>();
        if W::IS_TEXT && is_bytes {
            // Never elements to a protocol of text.
            return Ok(false);
        }
        let Some(numbers) = NumberBuffer::of(value).filter(N::takes) else {
            return Ok(false);
        };
        let length = numbers.len();
        self.writer.list(kind.wire_type(), length)?;
        if let Some(cells) = N::cells(&numbers) {
            let writer = &mut self.writer;
            vectorised(Writing { cells, writer });
            return Ok(true);
        }
        let mut block = [N::default(); BLOCK];
        for from in (0..length).step_by(BLOCK) {
            let written = vectorised(Copying {
                numbers: &numbers,
                from,
                block: &mut block[..BLOCK.min(length - from)],
                writer: &mut self.writer,
            });
            if let Err(place) = written {
                return Err(out_of_range().inside(Segment::Index(from + place)));
            }
        }
        Ok(true)
    }
}

/// What an element is that a buffer may hold.
trait Element: FromNumbers + Copy + Default {
    /// Writes elements.
    fn write<W: Writer>(elements: &[Cell<Self>], writer: &mut W);
}

macro_rules! elements {
    ($($type:ident)*) => {$(
        impl Element for $type {
            #[inline(always)]
            fn write<W: Writer>(elements: &[Cell<Self>], writer: &mut W) {
                writer.numbers(elements);
            }
        }
    )*};
}

elements! { i8 i16 i32 i64 f64 }

impl Element for bool {
    #[expect(clippy::inline_always, reason = "compiled for more than one processor")]
    #[inline(always)]
    fn write<W: Writer>(elements: &[Cell<Self>], writer: &mut W) {
        for element in elements {
            writer.bool(element.get());
        }
    }
}

/// Elements that are copied and written.
struct Copying<'a, 'py, W, N> {
    numbers: &'a NumberBuffer<'py>,
    from: usize,
    block: &'a mut [N],
    writer: &'a mut W,
}

impl<W: Writer, N: Element> Loop for Copying<'_, '_, W, N> {
    type Outcome = std::result::Result<(), usize>;

    #[expect(clippy::inline_always, reason = "compiled for more than one processor")]
    #[inline(always)]
    fn run(self) -> Self::Outcome {
        N::fill(self.numbers, self.from, self.block)?;
        N::write(Cell::from_mut(self.block).as_slice_of_cells(), self.writer);
        Ok(())
    }
}

/// Elements that are written from where they are.
struct Writing<'a, W, N> {
    cells: &'a [Cell<N>],
    writer: &'a mut W,
}

impl<W: Writer, N: Element> Loop for Writing<'_, W, N> {
    type Outcome = ();

    #[expect(clippy::inline_always, reason = "compiled for more than one processor")]
    #[inline(always)]
    fn run(self) {
        N::write(self.cells, self.writer);
    }
}
