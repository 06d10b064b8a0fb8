//! Lists that are given as buffers of numbers.

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use super::Encoder;
use crate::py::codec::coerce::out_of_range;
use crate::py::error::{Result, Segment};
use crate::py::ffi::{FromNumbers, Numbers, vectorised};
use crate::py::structs::Kind;
use crate::wire::{Number, Writer};

/// As many numbers are copied and written at a time.
const BLOCK: usize = 256;

impl<'py, W: Writer> Encoder<'py, W> {
    /// Writes a list, header and elements, whose value has a buffer of numbers that
    /// elements of this kind may be; whether that is so. Nothing is written
    /// otherwise: elements are asked for one by one then.
    #[inline(never)]
    pub(super) fn numbers_of_buffer(
        &mut self,
        kind: &Kind,
        value: &Bound<'py, PyAny>,
    ) -> Result<bool> {
        match kind {
            Kind::I8 => self.numbers_of::<i8>(kind, value),
            Kind::I16 => self.numbers_of::<i16>(kind, value),
            Kind::I32(_) => self.numbers_of::<i32>(kind, value),
            Kind::I64 => self.numbers_of::<i64>(kind, value),
            Kind::Double => self.numbers_of::<f64>(kind, value),
            Kind::Bool => self.bools_of(kind, value),
            _ => Ok(false),
        }
    }

    fn numbers_of<N: FromNumbers + Number>(
        &mut self,
        kind: &Kind,
        value: &Bound<'py, PyAny>,
    ) -> Result<bool> {
        let Some(numbers) = taken::<N, W>(value) else {
            return Ok(false);
        };
        self.writer.list(kind.wire_type(), numbers.len())?;
        self.blocks(&numbers, |writer, block| N::write(block, writer))
    }

    fn bools_of(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<bool> {
        let Some(numbers) = taken::<bool, W>(value) else {
            return Ok(false);
        };
        self.writer.list(kind.wire_type(), numbers.len())?;
        self.blocks(&numbers, |writer, block: &[bool]| {
            for value in block {
                writer.bool(*value);
            }
        })
    }

    /// Writes elements that are copied in blocks.
    fn blocks<N: FromNumbers + Copy + Default>(
        &mut self,
        numbers: &Numbers<'py>,
        write: impl Fn(&mut W, &[N]),
    ) -> Result<bool> {
        let length = numbers.len();
        let mut block = [N::default(); BLOCK];
        for from in (0..length).step_by(BLOCK) {
            let block = &mut block[..BLOCK.min(length - from)];
            let written = vectorised(|| {
                N::fill(numbers, from, block)?;
                write(&mut self.writer, block);
                Ok(())
            });
            if let Err(place) = written {
                let place: usize = place;
                return Err(out_of_range().inside(Segment::Index(from + place)));
            }
        }
        Ok(true)
    }
}

/// The numbers of a value that may be written as elements of a type.
fn taken<'py, N: FromNumbers, W: Writer>(value: &Bound<'py, PyAny>) -> Option<Numbers<'py>> {
    let is_bytes = value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyByteArray>();
    if W::IS_TEXT && is_bytes {
        // Never elements to a protocol of text.
        return None;
    }
    Numbers::of(value).filter(N::takes)
}
