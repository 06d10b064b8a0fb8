//! From a protocol object to the right instance of the codec, for reading and
//! for writing in one shape: what the transport is ([`Endpoint`]), then one match
//! over the protocols.

use std::mem::MaybeUninit;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

mod coerce;
mod decode;
mod encode;
mod keys;
mod repeated;
mod settings;
mod stand_in;
mod strict;
mod tree;
mod unknown;
mod uuids;

use crate::py::error::{self, CodecError};
use crate::py::ffi::{self, BytesOutput, Raised, Scratch};
use crate::py::transport::{Endpoint, Fetch, ReadAhead, TransportInput, Underlying};
use crate::wire::{
    Binary, BinaryWriter, Compact, CompactWriter, Error, ErrorKind, Input, Json, JsonWriter,
    Limits, Output, Reader, SliceInput, TextEnd, Writer,
};

pub use coerce::type_name;
pub use decode::Decoder;
pub use encode::Encoder;
pub use settings::{Dialect, ProtocolSettings, Settings, Strings, copy_options};
pub(in crate::py) use settings::{default_text, of_every_protocol};
pub use strict::{Direction, check, check_fields, check_value};
pub use tree::{
    AnyText, BuildOptions, DumpOptions, UsualMessage, any_limits, any_struct, any_value,
    check_nesting, fill_any, fill_given, from_dict, from_json, message_by_fields, message_of,
    metadata_of, read_thriftpy_message, skip_any, to_dict, to_json, value_of_given,
};
pub use unknown::{UnknownField, UnknownFields, unknown_fields};

/// Something to read, from any protocol.
pub trait Read<'py> {
    /// What reading gives.
    type Taken;

    /// Reads it.
    fn read<R: Reader>(self, py: Python<'py>, reader: &mut R) -> Result<Self::Taken, CodecError>;
}

/// Something to write, to any protocol.
pub trait Write<'py> {
    /// Writes it.
    fn write<W: Writer>(self, py: Python<'py>, writer: W) -> Result<(), CodecError>;
}

/// Reads from a transport.
pub fn read<'py, J: Read<'py>>(
    settings: &Settings,
    trans: &Bound<'py, PyAny>,
    job: J,
) -> PyResult<J::Taken> {
    let py = trans.py();
    let limit = settings.limits.message;
    match Endpoint::of(trans)? {
        Endpoint::Memory(memory) => {
            let (bytes, position) = memory.try_borrow_mut()?.take();
            let input = SliceInput::new(&bytes[position..]);
            let taken = |input: SliceInput<'_>| input.offset() as usize;
            let (output, taken) = run(py, settings, input, job, taken)?;
            memory.try_borrow_mut()?.put_back(bytes, position + taken);
            Ok(output)
        }
        _ if settings.dialect == Dialect::ApacheJson => {
            let text = read_text(settings, trans)?;
            Ok(read_bytes(py, settings, &text, job)?)
        }
        Endpoint::Buffer(base) => {
            let input = base.try_borrow_mut()?.take_input(py, limit);
            // After an error nobody knows where the next message starts.
            let (output, input) = run(py, settings, input, job, |input| input)?;
            base.try_borrow_mut()?.put_input_back(input);
            Ok(output)
        }
        Endpoint::Foreign => {
            let input =
                TransportInput::new(trans.clone(), ReadAhead::default(), Fetch::Exact, limit);
            let (output, ()) = run(py, settings, input, job, drop)?;
            Ok(output)
        }
    }
}

/// Takes one text of JSON from a transport, and no byte behind it.
pub fn read_text(settings: &Settings, trans: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let py = trans.py();
    let limits = affordable(settings.limits);
    let mut end = TextEnd::new(limits.depth);
    let failed = |error| error::from_wire(py, error, None, "");
    match Endpoint::of(trans)? {
        Endpoint::Memory(memory) => {
            let (bytes, position) = memory.try_borrow_mut()?.take();
            let ahead = &bytes[position..];
            let ahead = &ahead[..ahead.len().min(limits.message)];
            let size = match end.find(ahead).map_err(failed)? {
                Some(size) => size,
                None if position + ahead.len() < bytes.len() => {
                    return Err(failed(too_long(limits.message, bytes.len() - position)));
                }
                None => return Err(failed(Error::truncated(end.missing(), 0))),
            };
            let text = ahead[..size].to_vec();
            memory.try_borrow_mut()?.put_back(bytes, position + size);
            Ok(text)
        }
        Endpoint::Buffer(base) => {
            let mut input = base.try_borrow_mut()?.take_input(py, limits.message);
            let text = input.take_text(&mut end).map_err(failed)?;
            base.try_borrow_mut()?.put_input_back(input);
            Ok(text)
        }
        Endpoint::Foreign => {
            let ahead = ReadAhead::default();
            let mut input = TransportInput::new(trans.clone(), ahead, Fetch::Exact, limits.message);
            input.take_text(&mut end).map_err(failed)
        }
    }
}

/// Reads from bytes in memory.
#[expect(clippy::inline_always, reason = "measured, as `run`")]
#[inline(always)]
pub fn read_bytes<'py, J: Read<'py>>(
    py: Python<'py>,
    settings: &Settings,
    bytes: &[u8],
    job: J,
) -> Result<J::Taken, Raised<'py>> {
    run(py, settings, SliceInput::new(bytes), job, drop).map(|(output, ())| output)
}

/// Reads from an input that may have to fetch more; gives it back.
pub fn read_input<'py, I: Input, J: Read<'py>>(
    py: Python<'py>,
    settings: &Settings,
    input: I,
    job: J,
) -> Result<(J::Taken, I), Raised<'py>> {
    run(py, settings, input, job, |input| input)
}

/// Reads from an input, of which `keep` is given what is left.
#[expect(
    clippy::inline_always,
    reason = "measured: moved settings and readers are loaded while they are still being stored"
)]
#[inline(always)]
fn run<'py, I: Input, J: Read<'py>, K>(
    py: Python<'py>,
    settings: &Settings,
    input: I,
    job: J,
    keep: impl FnOnce(I) -> K,
) -> Result<(J::Taken, K), Raised<'py>> {
    let mut input = input;
    let limits = affordable(settings.limits);
    let (error, offset) = match settings.dialect {
        Dialect::ApacheJson => {
            let (output, taken) = read_json(py, settings, input.buffered(), job)?;
            input
                .discard(taken)
                .map_err(|error| Raised::new(py, error::from_codec(py, error.into())))?;
            return Ok((output, keep(input)));
        }
        Dialect::Binary => {
            let mut reader = Binary::new(input, limits, settings.strict_read());
            match job.read(py, &mut reader) {
                Ok(output) => return Ok((output, keep(reader.into_input()))),
                Err(error) => (error, reader.input().offset()),
            }
        }
        Dialect::Compact => {
            let mut reader = Compact::new(input, limits);
            match job.read(py, &mut reader) {
                Ok(output) => return Ok((output, keep(reader.into_input()))),
                Err(error) => (error, reader.input().offset()),
            }
        }
    };
    Err(Raised::new(py, error::from_codec(py, error.at(offset))))
}

/// Reads from the start of a text; also gives how many bytes were taken.
#[inline(never)]
fn read_json<'py, J: Read<'py>>(
    py: Python<'py>,
    settings: &Settings,
    bytes: &[u8],
    job: J,
) -> Result<(J::Taken, usize), Raised<'py>> {
    let limits = affordable(settings.limits);
    let text = &bytes[..bytes.len().min(limits.message)];
    let mut reader = Json::new(SliceInput::new(text), limits);
    let error = match job.read(py, &mut reader) {
        Ok(output) => return Ok((output, reader.input().offset() as usize)),
        Err(error) => error,
    };
    // A text that nests too deep, or of which not all may be read, is wrong
    // before anything that it holds is.
    let error = match TextEnd::new(limits.depth).find(text) {
        Err(outline) if matches!(outline.kind(), ErrorKind::Depth { .. }) => outline.into(),
        Ok(None) if text.len() < bytes.len() => too_long(limits.message, bytes.len()).into(),
        _ => error.at(reader.input().offset()),
    };
    Err(Raised::new(py, error::from_codec(py, error)))
}

/// Refuses what goes on with the struct of a message that was read, in what is left of it.
pub fn end_of_message(py: Python<'_>, left: &[u8]) -> PyResult<()> {
    let mut reader = Json::new(SliceInput::new(left), Limits::DEFAULT);
    let ended = reader.end_of_message();
    ended.map_err(|error| error::from_wire(py, error, None, ""))
}

#[cold]
fn too_long(limit: usize, size: usize) -> Error {
    ErrorKind::SizeLimit {
        what: "message",
        size: size as u64,
        limit: limit as u64,
    }
    .into()
}

/// Writes to a transport: all of it, or nothing and an error.
pub fn write<'py, J: Write<'py>>(
    settings: &Settings,
    trans: &Bound<'py, PyAny>,
    job: J,
) -> PyResult<()> {
    let py = trans.py();
    match Endpoint::of(trans)? {
        Endpoint::Memory(memory) => {
            let (mut bytes, position) = memory.try_borrow_mut()?.take();
            // A message that was begun and failed is given up as a whole.
            write_bytes(py, settings, &mut bytes, job)?;
            memory.try_borrow_mut()?.put_back(bytes, position);
            Ok(())
        }
        Endpoint::Buffer(base) => {
            let mut bytes = base.try_borrow_mut()?.take_written();
            let before = bytes.len();
            write_bytes(py, settings, &mut bytes, job)?;
            check_message(py, settings, bytes.len() - before)?;
            base.try_borrow_mut()?.put_written_back(bytes);
            Ok(())
        }
        Endpoint::Foreign => {
            let mut bytes = Vec::new();
            write_bytes(py, settings, &mut bytes, job)?;
            check_message(py, settings, bytes.len())?;
            Underlying(trans.clone()).write(&bytes)
        }
    }
}

/// Refuses to send what the peer would refuse to read.
pub fn check_message(py: Python<'_>, settings: &Settings, size: usize) -> PyResult<()> {
    check_size(py, size, settings.limits.message)
}

/// Refuses a message that is longer than a limit, both in bytes.
pub fn check_size(py: Python<'_>, size: usize, limit: usize) -> PyResult<()> {
    if size <= limit {
        return Ok(());
    }
    Err(error::from_wire(py, too_long(limit, size), None, ""))
}

/// The limits, with no more levels than the stack of this thread has room for.
fn affordable(limits: Limits) -> Limits {
    Limits {
        depth: ffi::affordable_levels(limits.depth, Limits::DEFAULT_DEPTH),
        ..limits
    }
}

/// Writes to a new `bytes`, of which so many are expected.
#[expect(clippy::inline_always, reason = "measured, as `run`")]
#[inline(always)]
pub fn write_new<'py, J: Write<'py>>(
    py: Python<'py>,
    settings: &Settings,
    expected: usize,
    job: J,
) -> Result<Bound<'py, PyBytes>, Raised<'py>> {
    let mut scratch: Scratch = [MaybeUninit::uninit(); _];
    let mut bytes = BytesOutput::new(py, &mut scratch, expected);
    write_bytes(py, settings, &mut bytes, job)?;
    bytes.finish()
}

/// Writes to memory.
#[expect(clippy::inline_always, reason = "measured, as `run`")]
#[inline(always)]
fn write_bytes<'py, O: Output, J: Write<'py>>(
    py: Python<'py>,
    settings: &Settings,
    bytes: &mut O,
    job: J,
) -> Result<(), Raised<'py>> {
    let limits = affordable(settings.limits);
    let result = match settings.dialect {
        Dialect::Binary => {
            let strict = settings.strict_write();
            job.write(py, BinaryWriter::new(bytes, limits, strict))
        }
        Dialect::Compact => job.write(py, CompactWriter::new(bytes, limits)),
        Dialect::ApacheJson => write_json(py, settings, bytes, job),
    };
    result.map_err(|error| Raised::new(py, error::from_codec(py, error)))
}

/// Writes a text, no longer than a peer would read.
#[inline(never)]
fn write_json<'py, O: Output, J: Write<'py>>(
    py: Python<'py>,
    settings: &Settings,
    bytes: &mut O,
    job: J,
) -> Result<(), CodecError> {
    let limits = affordable(settings.limits);
    let before = bytes.length();
    job.write(py, JsonWriter::new(bytes, limits))?;
    // Wraps where memory for the output has run out since.
    let size = bytes.length().wrapping_sub(before);
    if size > limits.message && bytes.length() >= before {
        return Err(too_long(limits.message, size).into());
    }
    Ok(())
}
