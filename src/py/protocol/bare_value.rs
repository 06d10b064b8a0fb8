//! Values without a struct around them.

use pyo3::prelude::*;

use super::{NativeProtocol, parts};
use crate::py::codec::{self, Decoder, Encoder, Read, Strings, Write};
use crate::py::error::Result;
use crate::py::structs::{Kind, ttype};
use crate::wire::{Error, Reader, WireType, Writer};

/// A value of a `TType`, to be passed over.
pub struct SkipValue(pub u8);

impl Read<'_> for SkipValue {
    type Output = ();

    fn read<R: Reader>(self, _: Python<'_>, reader: &mut R) -> Result<()> {
        match self.0 {
            WireType::STOP => Ok(()),
            number => Ok(reader.skip(wire_type(number)?)?),
        }
    }
}

/// The wire type of a `TType`.
pub(super) fn wire_type(ttype: u8) -> Result<WireType> {
    match ttype {
        ttype::BINARY => Ok(WireType::String),
        number => WireType::from_binary(number).ok_or_else(|| Error::unknown_type(number).into()),
    }
}

struct ReadValue {
    kind: Kind,
    strings: Strings,
}

impl<'py> Read<'py> for ReadValue {
    type Output = Bound<'py, PyAny>;

    fn read<R: Reader>(self, py: Python<'py>, reader: &mut R) -> Result<Self::Output> {
        Decoder::new(py, reader, self.strings).value(&self.kind)
    }
}

struct WriteValue<'a, 'py> {
    kind: Kind,
    value: &'a Bound<'py, PyAny>,
}

impl<'py> Write<'py> for WriteValue<'_, 'py> {
    fn write<W: Writer>(self, py: Python<'py>, writer: W) -> Result<()> {
        Encoder::new(py, writer).value(&self.kind, self.value)
    }
}

/// Reads a bare value of a type as `thrift_spec` writes it.
#[pyfunction]
#[pyo3(signature = (protocol, ttype, spec = None))]
pub fn read_value<'py>(
    protocol: &Bound<'py, NativeProtocol>,
    ttype: &Bound<'py, PyAny>,
    spec: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (settings, trans) = parts(protocol)?;
    let kind = kind(ttype, spec)?;
    let strings = settings.strings();
    codec::read(&settings, &trans, ReadValue { kind, strings })
}

/// Writes a bare value of a type as `thrift_spec` writes it.
#[pyfunction]
#[pyo3(signature = (protocol, ttype, value, spec = None))]
pub fn write_value<'py>(
    protocol: &Bound<'py, NativeProtocol>,
    ttype: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
    spec: Option<&Bound<'py, PyAny>>,
) -> PyResult<()> {
    let (settings, trans) = parts(protocol)?;
    let kind = kind(ttype, spec)?;
    codec::write(&settings, &trans, WriteValue { kind, value })
}

fn kind(ttype: &Bound<'_, PyAny>, spec: Option<&Bound<'_, PyAny>>) -> PyResult<Kind> {
    let none = ttype.py().None().into_bound(ttype.py());
    Kind::compile(ttype, spec.unwrap_or(&none))
}
