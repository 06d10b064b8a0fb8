//! thriftpy2's JSON protocol: a plan's walk over text where all of it is as
//! usual, and over objects of Python where anything is not.

use std::mem::MaybeUninit;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::build::PlainReader;
use super::dump::PlainWriter;
use super::options::{AnyText, BuildOptions, DumpOptions};
use super::sink::{PythonSink, TextSink};
use super::source::PythonSource;
use super::text_source::TextSource;
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

/// Fills a struct from the text that thriftpy2's JSON protocol has for it;
/// whether all of it is as usual. Otherwise some fields may be set already.
pub fn read_thriftpy(object: &Bound<'_, PyAny>, text: &[u8], limits: Limits) -> bool {
    let options = BuildOptions::of_thriftpy(None, affordable(limits));
    let mut source = TextSource::new(text, true);
    let many = text.len() >= COLLECTOR_MATTERS;
    let built = PlainReader::new(object.py(), &mut source, options, many).object(object, ());
    built.is_ok_and(|filled| filled) && source.end().is_ok()
}

/// Fills a struct from the payload of a message, as [`read_thriftpy`] does.
pub fn read_thriftpy_message(object: &Bound<'_, PyAny>, text: &[u8], limits: Limits) -> bool {
    let py = object.py();
    let options = BuildOptions::of_thriftpy(None, affordable(limits));
    let mut source = TextSource::new(text, true);
    let many = text.len() >= COLLECTOR_MATTERS;
    let Some(mut message) = source.begin_object() else {
        return false;
    };
    if source.name(&mut message).as_deref() != Some(b"metadata")
        || PlainReader::new(py, &mut source, options, false)
            .skip(())
            .is_err()
        || source.name(&mut message).as_deref() != Some(b"payload")
    {
        return false;
    }
    let built = PlainReader::new(py, &mut source, options, many).object(object, ());
    built.is_ok_and(|filled| filled) && source.ends_with(&mut message)
}

/// The two parts of a message of thriftpy2's JSON protocol, `metadata` and
/// `payload`, as text; none where it is not as usual, or nests deeper than
/// `levels` of JSON.
pub fn split_thriftpy<'a>(py: Python<'_>, text: &'a [u8], levels: u32) -> Option<[&'a [u8]; 2]> {
    let limits = affordable(Limits {
        depth: levels,
        string: text.len(),
        message: text.len(),
    });
    let options = BuildOptions::of_thriftpy(None, limits);
    let mut source = TextSource::new(text, true);
    let mut object = source.begin_object()?;
    let mut parts = [&text[..0]; 2];
    for (part, name) in parts.iter_mut().zip([&b"metadata"[..], b"payload"]) {
        if source.name(&mut object)? != name {
            return None;
        }
        let start = source.position() as usize;
        PlainReader::new(py, &mut source, options, false)
            .skip(())
            .ok()?;
        *part = &text[start..source.position() as usize];
    }
    if !parts[1].trim_ascii_start().starts_with(b"{") {
        return None;
    }
    source.ends_with(&mut object).then_some(parts)
}
