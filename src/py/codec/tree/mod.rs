//! Values as plain data, and back: one walk of a plan, over Python's dicts and
//! lists or JSON text.
//!
//! [`PlainWriter`](dump::PlainWriter) walks values and hands what it finds to a
//! [`Sink`](sink::Sink); [`PlainReader`](build::PlainReader) asks a
//! [`Source`](source::Source) for what a plan needs.

use std::mem::MaybeUninit;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

mod build;
mod dump;
mod options;
mod sink;
mod source;
mod text_source;

use super::affordable;
use crate::py::error::{self, CodecError};
use crate::py::ffi::{BytesOutput, Raised, Scratch};
use crate::py::structs::Plan;
use crate::stream::{FRAME_HEADER, unsigned_header};
use crate::wire::{Limits, Output};
use build::PlainReader;
use dump::PlainWriter;
use sink::{PythonSink, TextSink};
use source::PythonSource;
use text_source::TextSource;

pub use options::{BuildOptions, DumpOptions};

/// A text of fewer bytes makes too few objects to wake the garbage collector
/// more than once.
const COLLECTOR_MATTERS: usize = 2048;

/// A struct as a dict.
pub fn to_dict<'py>(
    plan: &Plan,
    object: &Bound<'py, PyAny>,
    options: DumpOptions,
) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let limits = affordable(options.limits);
    let options = DumpOptions { limits, ..options };
    let dumped = PlainWriter::new(py, PythonSink { py }, options).structure(plan, object);
    dumped.map_err(|error| error::from_codec(py, error))
}

/// A struct as JSON text.
pub fn to_json<'py>(
    plan: &Plan,
    object: &Bound<'py, PyAny>,
    options: DumpOptions,
) -> Result<Bound<'py, PyBytes>, Raised<'py>> {
    let py = object.py();
    let limits = affordable(options.limits);
    let options = DumpOptions { limits, ..options };
    let mut scratch: Scratch = [MaybeUninit::uninit(); _];
    let mut out = BytesOutput::new(py, &mut scratch, 0);
    let sink = TextSink::<_, false> { py, out: &mut out };
    if let Err(error) = PlainWriter::new(py, sink, options).structure(plan, object) {
        return Err(Raised::new(py, error::from_codec(py, error)));
    }
    out.finish()
}

/// A struct of a dict, or of what else has keys.
pub fn from_dict<'py>(
    class: &Bound<'py, PyType>,
    data: &Bound<'py, PyAny>,
    options: BuildOptions,
) -> PyResult<Bound<'py, PyAny>> {
    let py = data.py();
    let limits = affordable(options.limits);
    let options = BuildOptions { limits, ..options };
    let mut source = PythonSource { py };
    let built = PlainReader::new(py, &mut source, options, false).class(class, data.clone());
    built.map_err(|error| error::from_plain(py, error))
}

/// A struct of JSON text.
pub fn from_json<'py>(
    class: &Bound<'py, PyType>,
    text: &[u8],
    options: BuildOptions,
) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let limits = affordable(options.limits);
    let options = BuildOptions { limits, ..options };
    let mut source = TextSource::new(text, options.nan);
    let many = text.len() >= COLLECTOR_MATTERS;
    let built = PlainReader::new(py, &mut source, options, many).class(class, ());
    let built = built.and_then(|object| source.end().map(|()| object));
    built.map_err(|error: CodecError| error::from_plain(py, error.at(source.position())))
}

/// A struct as a message of thriftpy2's JSON protocol, behind its length in 4
/// bytes; none where a value is of another type than the usual one, or beyond a
/// limit.
pub fn write_thriftpy_message<'py>(
    object: &Bound<'py, PyAny>,
    metadata: &[u8],
    limits: Limits,
) -> Result<Option<Bound<'py, PyBytes>>, Raised<'py>> {
    let py = object.py();
    let Some(plan) = Plan::of_payload(object).filter(|plan| plan.get().is_of(object)) else {
        return Ok(None);
    };
    let options = DumpOptions::of_thriftpy(affordable(limits));
    let mut scratch: Scratch = [MaybeUninit::uninit(); _];
    let mut out = BytesOutput::new(py, &mut scratch, plan.get().expected_size());
    out.put(&[0; FRAME_HEADER]);
    out.put(b"{\"metadata\": ");
    out.put(metadata);
    out.put(b", \"payload\": ");
    let sink = TextSink::<_, true> { py, out: &mut out };
    if PlainWriter::new(py, sink, options)
        .structure(plan.get(), object)
        .is_err()
    {
        return Ok(None);
    }
    out.put(b"}");
    let size = out.length() - FRAME_HEADER;
    let Some(header) = unsigned_header(size) else {
        return Ok(None);
    };
    out.replace(0, &header);
    let message = out.finish()?;
    plan.get().note_size(size + FRAME_HEADER);
    Ok(Some(message))
}

/// Fills a struct from the text that thriftpy2's JSON protocol has for it;
/// whether all of it is as usual. Otherwise some fields may be set already.
pub fn read_thriftpy(object: &Bound<'_, PyAny>, text: &[u8], limits: Limits) -> bool {
    let options = BuildOptions::of_thriftpy(affordable(limits));
    let mut source = TextSource::new(text, true);
    let many = text.len() >= COLLECTOR_MATTERS;
    let built = PlainReader::new(object.py(), &mut source, options, many).object(object, ());
    built.is_ok_and(|filled| filled) && source.end().is_ok()
}

/// Fills a struct from the payload of a message, as [`read_thriftpy`] does.
pub fn read_thriftpy_message(object: &Bound<'_, PyAny>, text: &[u8], limits: Limits) -> bool {
    let py = object.py();
    let options = BuildOptions::of_thriftpy(affordable(limits));
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
    let options = BuildOptions::of_thriftpy(limits);
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
