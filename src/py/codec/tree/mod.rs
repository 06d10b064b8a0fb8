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
mod thriftpy;

use super::affordable;
use super::strict::{Direction, check};
use crate::py::error::{self, CodecError};
use crate::py::ffi::{BytesOutput, Raised, Scratch};
use crate::py::structs::Plan;
use crate::wire::Depth;
use build::PlainReader;
use dump::PlainWriter;
use sink::{PythonSink, TextSink};
use source::PythonSource;
use text_source::TextSource;

pub use options::{AnyText, BuildOptions, DumpOptions};
pub use thriftpy::{
    UsualMessage, any_limits, any_struct, any_value, check_nesting, fill_any, fill_given,
    message_by_fields, message_of, metadata_of, read_thriftpy_message, skip_any, value_of_given,
};

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
    let depth = Depth::new(limits.depth);
    let dumped = check(plan, object, Direction::Written, depth).and_then(|()| {
        PlainWriter::new(py, PythonSink { py }, options).struct_of_object(plan, object)
    });
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
    let depth = Depth::new(limits.depth);
    let written = check(plan, object, Direction::Written, depth)
        .and_then(|()| PlainWriter::new(py, sink, options).struct_of_object(plan, object));
    if let Err(error) = written {
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
    source.look_for_repeated();
    let many = text.len() >= COLLECTOR_MATTERS;
    let built = PlainReader::new(py, &mut source, options, many).class(class, ());
    let built = built.and_then(|object| source.end().map(|()| object));
    built.map_err(|error: CodecError| error::from_plain(py, error.at(source.position())))
}
