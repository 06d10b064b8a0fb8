//! thriftpy2's JSON protocol: a plan's walk over text where all of it is as
//! usual, and over objects of Python where anything is not.

use std::mem::MaybeUninit;
use std::ops::Range;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::build::PlainReader;
use super::dump::PlainWriter;
use super::options::{AnyText, BuildOptions, DumpOptions};
use super::sink::{PythonSink, TextSink};
use super::source::PythonSource;
use super::text_source::{Begun, TextSource};
use super::{COLLECTOR_MATTERS, affordable};
use crate::py::codec::check_size;
use crate::py::error::{self, Result as CodecResult};
use crate::py::ffi::{BytesOutput, Raised, Scratch};
use crate::py::imports;
use crate::py::structs::{Kind, Plan};
use crate::stream::{FRAME_HEADER, unsigned_header};
use crate::wire::{ErrorKind, Limits, Output, TextEnd};

/// A struct as a message behind its length in 4 bytes.
pub fn message_of<'py>(
    object: &Bound<'py, PyAny>,
    metadata: &[u8],
    limits: Limits,
) -> Result<Bound<'py, PyBytes>, Raised<'py>> {
    let py = object.py();
    let raise = |error| Raised::new(py, error);
    let plan = Plan::of_payload(object).filter(|plan| plan.get().is_of(object));
    let expected = plan.as_ref().map_or(0, |plan| plan.get().expected_size());
    let mut scratch: Scratch = [MaybeUninit::uninit(); _];
    let mut out = BytesOutput::new(py, &mut scratch, expected);
    out.put(&[0; FRAME_HEADER]);
    out.put(b"{\"metadata\": ");
    out.put(metadata);
    out.put(b", \"payload\": ");
    let start = out.length();
    let options = DumpOptions::of_thriftpy(false, affordable(limits));
    let usual = plan.as_ref().is_some_and(|plan| {
        let sink = TextSink::<_, true> { py, out: &mut out };
        let written = PlainWriter::new(py, sink, options).structure(plan.get(), object);
        written.is_ok()
    });
    if !usual {
        let payload = any_struct(object, limits).map_err(raise)?;
        let text = error::depth_of_python(
            py,
            imports::json_dumps(py).and_then(|f| f.call1((payload,))),
        );
        out.truncate(start);
        out.put(
            text.and_then(|text| text.extract::<String>())
                .map_err(raise)?
                .as_bytes(),
        );
    }
    out.put(b"}");
    let size = out.length() - FRAME_HEADER;
    check_size(py, size, limits.message.min(u32::MAX as usize)).map_err(raise)?;
    if let Some(header) = unsigned_header(size) {
        out.replace(0, &header);
    }
    let message = out.finish()?;
    if let Some(plan) = plan {
        plan.get().note_size(size + FRAME_HEADER);
    }
    Ok(message)
}

fn dumped<'py>(
    py: Python<'py>,
    limits: Limits,
    dump: impl FnOnce(&mut PlainWriter<'py, PythonSink<'py>>) -> CodecResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let options = DumpOptions::of_thriftpy(true, affordable(limits));
    let dumped = dump(&mut PlainWriter::new(py, PythonSink { py }, options));
    error::depth_of_python(py, dumped.map_err(|error| error::from_codec(py, error)))
}

/// A struct, which may be any object with a `thrift_spec`, as a dict.
pub fn any_struct<'py>(object: &Bound<'py, PyAny>, limits: Limits) -> PyResult<Bound<'py, PyAny>> {
    dumped(object.py(), limits, |writer| writer.any_struct(object))
}

/// A value as what `json` writes.
pub fn any_value<'py>(
    kind: &Kind,
    value: &Bound<'py, PyAny>,
    limits: Limits,
) -> PyResult<Bound<'py, PyAny>> {
    dumped(value.py(), limits, |writer| writer.value(kind, value))
}

fn built<'py, T>(
    py: Python<'py>,
    text: AnyText,
    limits: Limits,
    read: impl FnOnce(&mut PlainReader<'_, 'py, PythonSource<'py>>) -> CodecResult<T>,
) -> PyResult<T> {
    let options = BuildOptions::of_thriftpy(Some(text), affordable(limits));
    let mut source = PythonSource { py };
    let built = read(&mut PlainReader::new(py, &mut source, options, false));
    error::depth_of_python(py, built.map_err(|error| error::from_mistyped(py, error)))
}

/// Fills an object with the fields that parsed JSON has.
pub fn fill_any<'py>(
    object: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    text: AnyText,
    limits: Limits,
) -> PyResult<()> {
    built(data.py(), text, limits, |reader| {
        reader.fill(object, data.clone())
    })
}

/// The value of a kind that parsed JSON stands for.
pub fn value_of_any<'py>(
    kind: &Kind,
    data: &Bound<'py, PyAny>,
    text: AnyText,
    limits: Limits,
) -> PyResult<Bound<'py, PyAny>> {
    built(data.py(), text, limits, |reader| {
        reader.value(kind, data.clone())
    })
}

/// Passes over parsed JSON, within the limits.
pub fn skip_any(data: &Bound<'_, PyAny>, limits: Limits) -> PyResult<()> {
    let text = AnyText {
        decode: true,
        strict: false,
    };
    built(data.py(), text, limits, |reader| reader.skip(data.clone()))
}

/// The error of a text that nests deeper than anything within the limits is
/// written, before `json` parses it: it does so by recursion.
pub fn check_nesting(py: Python<'_>, text: &[u8], limits: Limits) -> PyResult<()> {
    match TextEnd::new(affordable(limits).depth).find(text) {
        Err(error) if matches!(error.kind(), ErrorKind::Depth { .. }) => {
            Err(error::from_wire(py, error, None, ""))
        }
        // What is wrong otherwise `json` says better.
        _ => Ok(()),
    }
}

/// Fills a struct from the payload of a message; whether all of the message is
/// as usual. Otherwise some fields may be set already.
pub fn read_thriftpy_message(object: &Bound<'_, PyAny>, text: &[u8], limits: Limits) -> bool {
    let py = object.py();
    let limits = affordable(limits);
    let options = BuildOptions::of_thriftpy(None, limits);
    let mut source = TextSource::new(text, true);
    let many = text.len() >= COLLECTOR_MATTERS;
    let Some((mut message, _)) = to_payload(py, &mut source, limits) else {
        return false;
    };
    let built = PlainReader::new(py, &mut source, options, many).object(object, ());
    built.is_ok_and(|filled| filled) && source.ends_with(&mut message)
}

/// Where the metadata of a message is in its text; none where the message does
/// not look as usual. Its payload is looked at when it is read.
pub fn metadata_of(py: Python<'_>, text: &[u8], limits: Limits) -> Option<Range<usize>> {
    let mut source = TextSource::new(text, true);
    let (_, metadata) = to_payload(py, &mut source, affordable(limits))?;
    let payload = text.get(source.position() as usize..)?.trim_ascii();
    (payload.starts_with(b"{") && payload.ends_with(b"}")).then_some(metadata)
}

/// Goes to the payload of a message: what is left of the message then, and where
/// the metadata is.
fn to_payload(
    py: Python<'_>,
    source: &mut TextSource<'_>,
    limits: Limits,
) -> Option<(Begun, Range<usize>)> {
    let options = BuildOptions::of_thriftpy(None, limits);
    let mut message = source.begin_object()?;
    if source.name(&mut message)?.as_ref() != b"metadata" {
        return None;
    }
    let start = source.position() as usize;
    let skipped = PlainReader::new(py, source, options, false).skip(());
    skipped.ok()?;
    let metadata = start..source.position() as usize;
    (source.name(&mut message)?.as_ref() == b"payload").then_some((message, metadata))
}
