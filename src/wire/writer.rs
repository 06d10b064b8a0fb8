//! The trait that every protocol writes through.

use std::cell::Cell;

use super::depth::Depth;
use super::distinct::first_of_each;
use super::error::{ErrorKind, Nesting, Result};
use super::limits::MAX_SIZE;
use super::number::{NumberType, Numeric};
use super::output::Output;
use super::raw::RawForm;
use super::wire_type::WireType;

/// A value that holds no others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// A bool.
    Bool(bool),
    /// An i8.
    I8(i8),
    /// An i16.
    I16(i16),
    /// An i32.
    I32(i32),
    /// An i64.
    I64(i64),
    /// A double.
    Double(f64),
    /// A string.
    Bytes(&'a [u8]),
    /// A binary.
    Binary(&'a [u8]),
}

impl Scalar<'_> {
    /// The type on the wire.
    #[inline]
    #[must_use]
    pub const fn wire_type(&self) -> WireType {
        match self {
            Self::Bool(_) => WireType::Bool,
            Self::I8(_) => WireType::I8,
            Self::I16(_) => WireType::I16,
            Self::I32(_) => WireType::I32,
            Self::I64(_) => WireType::I64,
            Self::Double(_) => WireType::Double,
            Self::Bytes(_) | Self::Binary(_) => WireType::String,
        }
    }
}

/// Writes one protocol.
///
/// Inside a struct the caller keeps the id of the last field, starting at 0,
/// as in [`Reader`](super::Reader).
pub trait Writer {
    /// Where the bytes go.
    type Out: Output;

    /// Whether the protocol is text. A string that it holds is text too, in
    /// which halves of surrogate pairs may stand alone: each as three bytes
    /// that UTF-8 does not have.
    const IS_TEXT: bool = false;

    /// What the bytes of its values are.
    const FORM: RawForm;

    /// The output, for what is the same in every protocol.
    fn output(&mut self) -> &mut Self::Out;

    /// The counter of nesting.
    fn depth(&mut self) -> &mut Depth;

    /// The longest string or binary that may be written.
    fn longest_string(&self) -> usize;

    /// The length of a string or binary, refused where the peer would.
    #[inline]
    fn check_string(&self, length: usize) -> Result<i32> {
        checked_size("string", length, self.longest_string())
    }

    /// Writes the header of a message.
    fn message(&mut self, name: &[u8], message_type: u8, sequence_id: i32) -> Result<()>;

    /// Marks the end of a message, behind its struct.
    #[inline]
    fn end_message(&mut self) {}

    /// Writes the header of a field whose value is no [`Scalar`].
    fn field(&mut self, wire_type: WireType, id: i16, last_id: &mut i16);

    /// Writes a field as a whole; nothing of it when that fails.
    fn scalar_field(&mut self, value: Scalar<'_>, id: i16, last_id: &mut i16) -> Result<()>;

    /// Writes a value inside a container, or of a field whose header was
    /// written; nothing of it when that fails.
    #[inline]
    fn scalar(&mut self, value: Scalar<'_>) -> Result<()> {
        match value {
            Scalar::Bool(value) => self.bool(value),
            Scalar::I8(value) => self.i8(value),
            Scalar::I16(value) => self.i16(value),
            Scalar::I32(value) => self.i32(value),
            Scalar::I64(value) => self.i64(value),
            Scalar::Double(value) => self.double(value),
            Scalar::Binary(value) if Self::IS_TEXT => return self.binary(value),
            // One call, which is worth its place in the caller.
            Scalar::Bytes(value) | Scalar::Binary(value) => return self.bytes(value),
        }
        Ok(())
    }

    /// Marks the end of a struct's fields.
    fn stop(&mut self);

    /// Writes a bool inside a container.
    fn bool(&mut self, value: bool);

    /// Writes an i8.
    fn i8(&mut self, value: i8);

    /// Writes an i16.
    fn i16(&mut self, value: i16);

    /// Writes an i32.
    fn i32(&mut self, value: i32);

    /// Writes an i64.
    fn i64(&mut self, value: i64);

    /// Writes a double.
    fn double(&mut self, value: f64);

    /// Writes numbers of a container.
    fn numbers<N: Numeric>(&mut self, values: &[Cell<N>])
    where
        Self: Sized,
    {
        for value in values {
            let value = value.get().to_i64();
            match N::NUMBER {
                NumberType::I8 => self.i8(value as i8),
                NumberType::I16 => self.i16(value as i16),
                NumberType::I32 => self.i32(value as i32),
                NumberType::I64 => self.i64(value),
                NumberType::Double => self.double(f64::of_i64(value)),
            }
        }
    }

    /// Writes several i32.
    fn i32s(&mut self, values: impl Iterator<Item = i32>) {
        for value in values {
            self.i32(value);
        }
    }

    /// Writes several i64.
    fn i64s(&mut self, values: impl Iterator<Item = i64>) {
        for value in values {
            self.i64(value);
        }
    }

    /// Writes several doubles.
    fn doubles(&mut self, values: impl Iterator<Item = f64>) {
        for value in values {
            self.double(value);
        }
    }

    /// Writes a uuid given in network byte order.
    #[inline]
    fn uuid(&mut self, value: [u8; 16]) {
        self.output().put(&value);
    }

    /// Writes a string.
    fn bytes(&mut self, value: &[u8]) -> Result<()>;

    /// Writes a binary, where it is not what a string is.
    #[inline]
    fn binary(&mut self, value: &[u8]) -> Result<()> {
        self.bytes(value)
    }

    /// Writes the header of a list or set.
    fn list(&mut self, element: WireType, count: usize) -> Result<()>;

    /// Writes the header of a map.
    fn map(&mut self, key: WireType, value: WireType, count: usize) -> Result<()>;

    /// Leaves each element of a set once that was just written, its header at
    /// `start` and its elements from `body` on, each up to one of `ends`, which
    /// count from there.
    fn keep_distinct(
        &mut self,
        element: WireType,
        start: usize,
        body: usize,
        ends: &[usize],
    ) -> Result<()> {
        let written = self.output().since(body);
        // An output without memory for it has dropped what was written.
        if ends.last() != Some(&written.len()) {
            return Ok(());
        }
        let Some(kept) = first_of_each(written, ends) else {
            return Ok(());
        };
        let written = written.to_vec();
        self.output().truncate(start);
        self.list(element, kept.len())?;
        for range in kept {
            self.output().put(&written[range]);
        }
        Ok(())
    }

    /// Enters a struct or container.
    #[inline]
    fn enter(&mut self, what: Nesting) -> Result<()> {
        self.depth().enter(what)
    }

    /// Leaves the struct or container entered last.
    #[inline]
    fn leave(&mut self) {
        self.depth().leave();
    }
}

/// A size within a limit, as the wire has it: never more than 31 bits.
#[inline]
pub fn checked_size(what: &'static str, size: usize, limit: usize) -> Result<i32> {
    match i32::try_from(size) {
        Ok(checked) if size <= limit => Ok(checked),
        _ => Err(ErrorKind::SizeLimit {
            what,
            size: size as u64,
            limit: limit.min(MAX_SIZE) as u64,
        }
        .into()),
    }
}
