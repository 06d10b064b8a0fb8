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
use crate::py::codec::strict::{Direction, check, check_value};
use crate::py::error::{self, Result as CodecResult};
use crate::py::ffi::{BytesOutput, Raised, Scratch};
use crate::py::imports;
use crate::py::structs::{Kind, Plan, PlanField};
use crate::stream::{FRAME_HEADER, unsigned_header};
use crate::wire::{Depth, ErrorKind, Limits, MessageHeader, Output, TextEnd};

/// Limits, which may be any numbers, as in thriftpy2: what is negative allows
/// nothing.
pub fn any_limits(max_depth: i64, max_string_size: i64, max_message_size: i64) -> Limits {
    let size = |limit: i64| usize::try_from(limit.max(0)).unwrap_or(usize::MAX);
    Limits {
        depth: u32::try_from(max_depth.max(0)).unwrap_or(u32::MAX),
        string: size(max_string_size),
        message: size(max_message_size),
    }
}

/// A struct as a message behind its length in 4 bytes.
pub fn message_of<'py>(
    object: &Bound<'py, PyAny>,
    metadata: &[u8],
    limits: Limits,
) -> Result<Bound<'py, PyBytes>, Raised<'py>> {
    let py = object.py();
    let raise = |error| Raised::new(py, error);
    let plan = Plan::of_payload(object)?.filter(|plan| plan.get().is_of(object));
    let expected = plan.as_ref().map_or(0, |plan| plan.get().expected_size());
    if let Some(plan) = &plan {
        let depth = Depth::new(affordable(limits).depth);
        check(plan.get(), object, Direction::Written, depth)
            .map_err(|error| raise(error::from_codec(py, error)))?;
    }
    let mut scratch: Scratch = [MaybeUninit::uninit(); _];
    let mut out = BytesOutput::new(py, &mut scratch, expected);
    begin_message(&mut out, metadata);
    let start = out.length();
    let options = DumpOptions::of_thriftpy(false, affordable(limits));
    let mut usual = None;
    if let Some(plan) = &plan {
        let sink = TextSink::<_, true> { py, out: &mut out };
        let written = PlainWriter::new(py, sink, options).struct_of_object(plan.get(), object);
        usual = if_usual(py, written).map_err(raise)?;
    }
    if usual.is_none() {
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
    end_message(py, &mut out, plan.as_ref().map(Bound::get), limits)
}

/// Writes what stands before the payload.
fn begin_message(out: &mut BytesOutput<'_, '_>, metadata: &[u8]) {
    out.put(&[0; FRAME_HEADER]);
    out.put(b"{\"metadata\": ");
    out.put(metadata);
    out.put(b", \"payload\": ");
}

/// Writes what stands behind the payload, a struct of this plan, and sets the
/// length.
fn end_message<'py>(
    py: Python<'py>,
    out: &mut BytesOutput<'_, 'py>,
    plan: Option<&Plan>,
    limits: Limits,
) -> Result<Bound<'py, PyBytes>, Raised<'py>> {
    out.put(b"}");
    let size = out.length() - FRAME_HEADER;
    check_size(py, size, limits.message.min(u32::MAX as usize))
        .map_err(|error| Raised::new(py, error))?;
    if let Some(header) = unsigned_header(size) {
        out.replace(0, &header);
    }
    let message = out.finish()?;
    if let Some(plan) = plan {
        plan.note_size(size + FRAME_HEADER);
    }
    Ok(message)
}

/// A message with the fields of a struct, object or not; none where not all of
/// it is as usual, or not within the limits.
pub fn message_by_fields<'py>(
    py: Python<'py>,
    plan: &Plan,
    metadata: &[u8],
    limits: Limits,
    value_of: impl Fn(&PlanField) -> Option<Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let mut scratch: Scratch = [MaybeUninit::uninit(); _];
    let mut out = BytesOutput::new(py, &mut scratch, plan.expected_size());
    begin_message(&mut out, metadata);
    let options = DumpOptions::of_thriftpy(false, affordable(limits));
    let sink = TextSink::<_, true> { py, out: &mut out };
    let mut writer = PlainWriter::new(py, sink, options);
    let written = writer.struct_by_fields(plan, |field| Ok(value_of(field)));
    if if_usual(py, written)?.is_none() {
        return Ok(None);
    }
    Ok(Some(end_message(py, &mut out, Some(plan), limits)?))
}

/// What the quick way came to; none where a value or the text is not as usual. What
/// other code raised, of a value or of a signal, is passed on: going the other way
/// would lose it.
fn if_usual<T>(py: Python<'_>, result: CodecResult<T>) -> PyResult<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(mut error) => match error.raised(py) {
            Some(_) => Err(error::from_codec(py, error)),
            None => Ok(None),
        },
    }
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
    dumped(object.py(), limits, |writer| writer.struct_of_any(object))
}

/// A value as what `json` writes.
pub fn any_value<'py>(
    kind: &Kind,
    value: &Bound<'py, PyAny>,
    limits: Limits,
) -> PyResult<Bound<'py, PyAny>> {
    let depth = Depth::new(affordable(limits).depth);
    dumped(value.py(), limits, |writer| {
        check_value(kind, value, Direction::Written, depth)?;
        writer.value(kind, value)
    })
}

fn built<'py, T>(
    py: Python<'py>,
    options: BuildOptions,
    read: impl FnOnce(&mut PlainReader<'_, 'py, PythonSource<'py>>) -> CodecResult<T>,
) -> PyResult<T> {
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
    let options = BuildOptions::of_thriftpy(Some(text), affordable(limits));
    built(data.py(), options, |reader| {
        reader.fill(object, data.clone())
    })
}

/// Fills an object with the fields of a dict that a program gives.
pub fn fill_given<'py>(
    object: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    limits: Limits,
) -> PyResult<()> {
    let options = BuildOptions::of_given(affordable(limits));
    built(data.py(), options, |reader| {
        reader.fill(object, data.clone())
    })
}

/// The value of a kind that the data which a program gives stands for.
pub fn value_of_given<'py>(
    kind: &Kind,
    data: &Bound<'py, PyAny>,
    limits: Limits,
) -> PyResult<Bound<'py, PyAny>> {
    let options = BuildOptions::of_given(affordable(limits));
    let depth = Depth::new(options.limits.depth);
    built(data.py(), options, |reader| {
        let value = reader.value(kind, data.clone())?;
        check_value(kind, &value, Direction::Read, depth)?;
        Ok(value)
    })
}

/// Passes over parsed JSON, within the limits.
pub fn skip_any(data: &Bound<'_, PyAny>, limits: Limits) -> PyResult<()> {
    let options = BuildOptions::of_given(affordable(limits));
    built(data.py(), options, |reader| reader.skip(data.clone()))
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
pub fn read_thriftpy_message(
    object: &Bound<'_, PyAny>,
    text: &[u8],
    limits: Limits,
) -> PyResult<bool> {
    let py = object.py();
    let limits = affordable(limits);
    let options = BuildOptions::of_thriftpy(None, limits);
    let mut source = TextSource::new(text, true);
    let many = text.len() >= COLLECTOR_MATTERS;
    let Some((mut message, _)) = to_payload(py, &mut source, limits) else {
        return Ok(false);
    };
    if Plan::of_payload(object)?.is_some_and(|plan| plan.get().is_strict()) {
        // It is filled by `fill_any`, which looks at it as a whole.
        return Ok(false);
    }
    source.look_for_repeated();
    let built = PlainReader::new(py, &mut source, options, many).struct_of_object(object, ());
    Ok(if_usual(py, built)? == Some(true) && source.ends_with(&mut message))
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
    source.goes_on_with(&mut message, b"metadata")?;
    let start = source.position() as usize;
    let skipped = PlainReader::new(py, source, options, false).skip(());
    skipped.ok()?;
    let metadata = start..source.position() as usize;
    source.goes_on_with(&mut message, b"payload")?;
    Some((message, metadata))
}

/// A message that is as writers write it, of which the header was read.
pub struct UsualMessage<'a> {
    /// The header.
    pub header: MessageHeader,
    source: TextSource<'a>,
    message: Begun,
    /// Affordable.
    limits: Limits,
    many: bool,
}

impl<'a> UsualMessage<'a> {
    /// Reads the header; none where the message is not as usual.
    pub fn begin(text: &'a [u8], limits: Limits) -> Option<Self> {
        const VERSION: i64 = 1;
        let limits = affordable(limits);
        let mut source = TextSource::new(text, true);
        let mut message = source.begin_object()?;
        source.goes_on_with(&mut message, b"metadata")?;
        let mut metadata = source.begin_object()?;
        source.goes_on_with(&mut metadata, b"version")?;
        (source.integer()? == VERSION).then_some(())?;
        source.goes_on_with(&mut metadata, b"name")?;
        let name = source.whole_text()?;
        (name.len() <= limits.string).then_some(())?;
        source.goes_on_with(&mut metadata, b"ttype")?;
        let message_type = source.integer()?.try_into().ok()?;
        source.goes_on_with(&mut metadata, b"seqid")?;
        let sequence_id = source.integer()?.try_into().ok()?;
        source.ends(&mut metadata).then_some(())?;
        source.goes_on_with(&mut message, b"payload")?;
        Some(Self {
            header: MessageHeader {
                name: name.into_owned(),
                message_type,
                sequence_id,
            },
            source,
            message,
            limits,
            many: text.len() >= COLLECTOR_MATTERS,
        })
    }

    /// Hands each field of its struct to `store` and gives the header; none where
    /// not all of the message is as usual. Some fields may have been handed over
    /// then.
    pub fn fields<'py>(
        mut self,
        py: Python<'py>,
        plan: &Plan,
        mut store: impl FnMut(&PlanField, Bound<'py, PyAny>),
    ) -> PyResult<Option<MessageHeader>> {
        let options = BuildOptions::of_thriftpy(None, self.limits);
        self.source.look_for_repeated();
        let mut reader = PlainReader::new(py, &mut self.source, options, self.many);
        let fields = reader.fields(plan, (), |field, value| {
            store(field, value);
            Ok(())
        });
        let usual = if_usual(py, fields)?.is_some() && self.source.ends_with(&mut self.message);
        Ok(usual.then_some(self.header))
    }
}
