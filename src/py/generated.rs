//! What Apache's generated code calls in place of Apache's C extension: the codec
//! of its classes, over Apache's transports.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::PyBytes;

use super::codec::{self, Decoder, Dialect, Encoder, Read, Settings, Strings, Write};
use super::error::{self, CodecError};
use super::ffi::{exception_of, is_type, raised_from, stop_at_exit};
use super::imports;
use super::structs::GeneratedPlan;
use crate::wire::{self, Error, ErrorKind, Input, Reader, SliceInput, Writer};

/// The longest string that the wire can express.
const MAX_SIZE: usize = i32::MAX as usize;

/// Encodes and decodes objects of classes that Apache's compiler generated.
///
/// ``protocol`` is 'binary' or 'compact'. ``translate`` is given an exception of this package
/// and gives the one of Apache's to raise in its place.
#[pyclass(frozen, module = "fastthrift._core")]
pub struct GeneratedCodec {
    dialect: Dialect,
    translate: Py<PyAny>,
}

#[pymethods]
impl GeneratedCodec {
    #[new]
    fn new(protocol: &str, translate: Py<PyAny>) -> PyResult<Self> {
        let dialect = match protocol {
            "binary" => Dialect::Binary,
            "compact" => Dialect::Compact,
            _ => {
                return Err(PyValueError::new_err(format!(
                    "unknown protocol '{protocol}': use 'binary' or 'compact'"
                )));
            }
        };
        Ok(Self { dialect, translate })
    }

    /// The bytes of an object; ``spec`` is ``[class, class.thrift_spec]``.
    fn encode<'py>(
        &self,
        obj: &Bound<'py, PyAny>,
        spec: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let py = obj.py();
        let plan = GeneratedPlan::of_pair(spec)?;
        let plan = plan.get();
        let job = WriteGenerated { plan, object: obj };
        let settings = self.settings(MAX_SIZE);
        match codec::write_new(py, &settings, plan.expected_size(), job) {
            Ok(bytes) => {
                plan.note_size(bytes.as_bytes().len());
                Ok(bytes)
            }
            Err(raised) => Err(self.translated(py, raised.into())),
        }
    }

    /// Reads an object from the transport of a protocol of Apache's: ``obj``, or a new one where
    /// that is None; ``spec`` is ``[class, class.thrift_spec]``. Returns it.
    fn decode<'py>(
        &self,
        obj: &Bound<'py, PyAny>,
        iprot: &Bound<'py, PyAny>,
        spec: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = obj.py();
        let plan = GeneratedPlan::of_pair(spec)?;
        let job = ReadGenerated {
            plan: plan.get(),
            object: (!obj.is_none()).then_some(obj),
            most_elements: limit(&iprot.getattr(intern!(py, "container_length_limit"))?),
        };
        let longest = limit(&iprot.getattr(intern!(py, "string_length_limit"))?);
        let settings = self.settings(longest);
        let trans = iprot.getattr(intern!(py, "trans"))?;
        let decoded = if is_type(&trans, imports::apache_transport(py)?.as_unbound()) {
            codec::read(&settings, &trans.getattr(intern!(py, "transport"))?, job)
        } else {
            read_readable(&settings, &trans, job)
        };
        decoded.map_err(|error| self.translated(py, error))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.translate)
    }
}

impl GeneratedCodec {
    fn settings(&self, longest_string: usize) -> Settings {
        Settings::new(self.dialect)
            .set_max_string_size(longest_string)
            .set_max_message_size(MAX_SIZE)
    }

    #[cold]
    fn translated(&self, py: Python<'_>, error: PyErr) -> PyErr {
        let found = exception_of(py, error);
        match self.translate.bind(py).call1((&found,)) {
            Ok(made) if made.is(&found) => PyErr::from_value(made),
            Ok(made) => {
                let found = PyErr::from_value(found.into_any());
                raised_from(py, PyErr::from_value(made), Some(found))
            }
            Err(error) => error,
        }
    }
}

/// A limit of Apache's protocols: none where it is None.
fn limit(value: &Bound<'_, PyAny>) -> usize {
    if value.is_none() {
        // Asked first: the error of an `extract` is an exception with its text.
        return MAX_SIZE;
    }
    value.extract().unwrap_or(MAX_SIZE)
}

/// An object, to be written.
struct WriteGenerated<'a, 'py> {
    plan: &'a GeneratedPlan,
    object: &'a Bound<'py, PyAny>,
}

impl<'py> Write<'py> for WriteGenerated<'_, 'py> {
    fn write<W: Writer>(self, py: Python<'py>, writer: W) -> Result<(), CodecError> {
        Encoder::new(py, writer).generated_object(self.plan, self.object)
    }
}

/// An object, to be read: one that exists, or a new one.
#[derive(Clone, Copy)]
struct ReadGenerated<'a, 'py> {
    plan: &'a GeneratedPlan,
    object: Option<&'a Bound<'py, PyAny>>,
    most_elements: usize,
}

impl<'py> Read<'py> for ReadGenerated<'_, 'py> {
    type Taken = Bound<'py, PyAny>;

    fn read<R: Reader>(
        self,
        py: Python<'py>,
        reader: &mut R,
    ) -> Result<Bound<'py, PyAny>, CodecError> {
        let decoder = Decoder::new(py, reader, Strings::Replaced);
        let mut decoder = decoder.with_most_elements(self.most_elements);
        match self.object {
            Some(object) => {
                decoder.generated_object(self.plan, object)?;
                Ok(object.clone())
            }
            None => decoder.new_generated(self.plan),
        }
    }
}

/// Reads from a `CReadableTransport` of Apache's: from what it has, and once more
/// from the same start where that was not all.
fn read_readable<'py>(
    settings: &Settings,
    trans: &Bound<'py, PyAny>,
    job: ReadGenerated<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = trans.py();
    let buffer = trans.getattr(intern!(py, "cstringio_buf"))?;
    let chunk = Chunk::of(buffer)?;
    let ahead = SliceInput::new(chunk.rest());
    match codec::read_input(py, settings, ahead, job) {
        Ok((object, input)) => {
            chunk.seek(input.offset() as usize)?;
            return Ok(object);
        }
        Err(raised) => {
            let raised = exception_of(py, raised.into());
            if !raised.is_instance(imports::protocol_exception(py)?)? {
                return Err(PyErr::from_value(raised.into_any()));
            }
        }
    }
    let input = Refilled {
        trans: trans.clone(),
        chunk,
        position: 0,
        taken: 0,
    };
    let (object, input) = codec::read_input(py, settings, input, job)?;
    input.chunk.seek(input.position)?;
    Ok(object)
}

/// What a transport of Apache's has read and not handed out.
struct Chunk<'py> {
    /// An `io.BytesIO`.
    buffer: Bound<'py, PyAny>,
    /// What was in it.
    bytes: Bound<'py, PyBytes>,
    /// Where it stood.
    start: usize,
}

impl<'py> Chunk<'py> {
    fn of(buffer: Bound<'py, PyAny>) -> PyResult<Self> {
        let py = buffer.py();
        let bytes = buffer.call_method0(intern!(py, "getvalue"))?.cast_into()?;
        let start = buffer.call_method0(intern!(py, "tell"))?.extract()?;
        Ok(Self {
            buffer,
            bytes,
            start,
        })
    }

    fn rest(&self) -> &[u8] {
        self.bytes.as_bytes().get(self.start..).unwrap_or_default()
    }

    /// Lets the transport go on behind so many bytes.
    fn seek(&self, taken: usize) -> PyResult<()> {
        let seek = intern!(self.buffer.py(), "seek");
        self.buffer.call_method1(seek, (self.start + taken,))?;
        Ok(())
    }
}

/// The input that asks a transport for the next chunk when the last one is short,
/// as Apache's C extension does.
struct Refilled<'py> {
    trans: Bound<'py, PyAny>,
    chunk: Chunk<'py>,
    position: usize,
    taken: u64,
}

impl Refilled<'_> {
    #[cold]
    fn refill(&mut self, count: usize) -> wire::Result<()> {
        let py = self.trans.py();
        stop_at_exit();
        let left = PyBytes::new(py, &self.chunk.rest()[self.position..]);
        let refill = intern!(py, "cstringio_refill");
        let chunk = self
            .trans
            .call_method1(refill, (left, count))
            .and_then(Chunk::of)
            .map_err(source_error)?;
        if chunk.rest().len() < count {
            let text = "cstringio_refill gave fewer bytes than it was asked for";
            return Err(source_error(error::transport(py, text)));
        }
        self.chunk = chunk;
        self.position = 0;
        Ok(())
    }
}

#[cold]
fn source_error(error: PyErr) -> Error {
    ErrorKind::Source(Box::new(error)).into()
}

impl Input for Refilled<'_> {
    #[inline]
    fn take(&mut self, count: usize) -> wire::Result<&[u8]> {
        if self.buffered().len() < count {
            self.refill(count)?;
        }
        let start = self.position;
        self.position += count;
        self.taken += count as u64;
        Ok(&self.chunk.rest()[start..start + count])
    }

    fn discard(&mut self, count: usize) -> wire::Result<()> {
        self.take(count).map(drop)
    }

    fn buffered(&self) -> &[u8] {
        &self.chunk.rest()[self.position..]
    }

    fn remaining(&self) -> Option<usize> {
        None
    }

    fn offset(&self) -> u64 {
        self.taken
    }
}
