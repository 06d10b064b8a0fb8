//! Lists of numbers that become arrays.

use pyo3::prelude::*;

use super::numbers::{Filling, wrong_number};
use super::{Decoder, UNPROVEN_CAPACITY};
use crate::py::error::Result;
use crate::py::ffi::{ArrayItem, new_array, vectorised};
use crate::py::structs::Kind;
use crate::wire::{Input, ListHeader, Nesting, Reader};

impl<'py, R: Reader> Decoder<'_, 'py, R> {
    /// Reads a list of numbers into an array.
    // On its own: its frame is needed at no level of nesting but the last.
    #[inline(never)]
    pub(super) fn array(&mut self, element: &Kind) -> Result<Bound<'py, PyAny>> {
        self.reader.enter(Nesting::READ_CONTAINER)?;
        let header = self.reader.list()?;
        let array = self.array_items(element, header)?;
        self.reader.leave()?;
        Ok(array)
    }

    /// Reads the numbers of a list, if they are of its type.
    pub(super) fn array_items(
        &mut self,
        element: &Kind,
        header: ListHeader,
    ) -> Result<Bound<'py, PyAny>> {
        match element {
            Kind::I8 => self.array_of::<i8>(header),
            Kind::I16 => self.array_of::<i16>(header),
            Kind::I32(_) => self.array_of::<i32>(header),
            Kind::I64 => self.array_of::<i64>(header),
            Kind::Double => self.array_of::<f64>(header),
            other => self.list_items(other, header),
        }
    }

    fn array_of<N: ArrayItem>(&mut self, header: ListHeader) -> Result<Bound<'py, PyAny>> {
        if header.element == Some(N::WIRE_TYPE) {
            return self.numbers::<N>(header.count);
        }
        self.passed_over |= header.count > 0;
        self.reader.skip_elements(header)?;
        self.numbers::<N>(0)
    }

    /// Reads numbers, of which as many were announced.
    fn numbers<N: ArrayItem>(&mut self, count: usize) -> Result<Bound<'py, PyAny>> {
        let py = self.quiet.calls();
        if self.reader.input().in_memory().is_some() {
            // So many can be there, and no code runs while they are read.
            let reader = &mut *self.reader;
            let fill = |numbers: &mut [N]| vectorised(Filling { reader, numbers });
            let (array, filled) = new_array(py, count, fill)?;
            return match filled {
                Ok(()) => Ok(array),
                Err((index, error)) => Err(wrong_number(0, index, error)),
            };
        }
        let mut numbers = Vec::new();
        while numbers.len() < count {
            let before = numbers.len();
            numbers.resize(count.min(before + UNPROVEN_CAPACITY), N::default());
            let read = self.reader.numbers(&mut numbers[before..]);
            read.map_err(|(index, error)| wrong_number(before, index, error))?;
        }
        let copy = |array: &mut [N]| array.copy_from_slice(&numbers);
        Ok(new_array(py, count, copy)?.0)
    }
}
