//! What lies where in a message, for people who look at its bytes.

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

use crate::wire::{
    Binary, Compact, CutInput, Error, Input, Json, Limits, Nesting, Reader, Result, SliceInput,
    WireType,
};

/// A message or a struct in `data`, with the place of each value: its header
/// (name, type, sequence id) or None, its struct, where it ends, and what is
/// wrong, as a text and a place, or None.
///
/// A value is `(type, start, end, value)`. That of a struct is a list of
/// `(id, start, value)`, that of a list or set `(type of the elements, list of
/// values, count)`, that of a map `(types, list of pairs, count)`, that of a string
/// or a uuid bytes. `count` is what the message says, None where that was not read;
/// where its end is missing there are fewer. `end` is None where the bytes were wrong
/// before it came. In JSON a value begins at its first character, a field at its id.
#[pyfunction]
#[pyo3(signature = (data, protocol, *, message))]
pub fn trace<'py>(
    py: Python<'py>,
    data: &[u8],
    protocol: &str,
    message: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let input = SliceInput::new(data);
    let limits = Limits {
        message: usize::MAX,
        ..Limits::DEFAULT
    };
    match protocol {
        "binary" => traced(
            py,
            Binary::new(CutInput::new(input), limits, false),
            None,
            message,
        ),
        "compact" => traced(
            py,
            Compact::new(CutInput::new(input), limits),
            None,
            message,
        ),
        "apache_json" => traced(py, Json::cut(input, limits), Some(data), message),
        _ => Err(PyValueError::new_err(format!(
            "no protocol {protocol:?}: there are binary, compact and apache_json"
        ))),
    }
}

fn traced<'py, R: Reader>(
    py: Python<'py>,
    reader: R,
    text: Option<&[u8]>,
    message: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let mut trace = Trace {
        py,
        reader,
        text,
        wrong: None,
    };
    let header = if message { trace.header()? } else { None };
    let value = match trace.wrong {
        None => Some(trace.value(WireType::Struct)?),
        Some(_) => None,
    };
    let end = trace.offset();
    let wrong = trace.wrong.map(|error| {
        let offset = error.offset().unwrap_or(end);
        (error.into_kind().to_string(), offset)
    });
    (header, value, end, wrong).into_pyobject(py)
}

struct Trace<'py, 'data, R> {
    py: Python<'py>,
    reader: R,
    /// The text of a protocol in which there is something between values.
    text: Option<&'data [u8]>,
    /// What was wrong, after which nothing is read any more.
    wrong: Option<Error>,
}

impl<'py, R: Reader> Trace<'py, '_, R> {
    fn offset(&self) -> u64 {
        self.reader.input().offset()
    }

    /// Where the next value begins, or what else comes after white space and
    /// what stands `between`.
    fn next(&self, between: &[u8]) -> u64 {
        let offset = self.offset();
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.text.and_then(|text| text.get(start..));
        let passed = rest.map_or(0, |rest| {
            let is_passed = |byte: &u8| byte.is_ascii_whitespace() || between.contains(byte);
            rest.iter().take_while(|byte| is_passed(byte)).count()
        });
        offset + passed as u64
    }

    /// What was read, unless that was wrong.
    fn read<T>(&mut self, read: impl FnOnce(&mut R) -> Result<T>) -> Option<T> {
        if self.wrong.is_some() {
            return None;
        }
        match read(&mut self.reader) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong = Some(error.at(self.offset()));
                None
            }
        }
    }

    fn header(&mut self) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let header = self.read(Reader::message);
        header
            .map(|header| {
                let name = PyBytes::new(self.py, &header.name);
                (name, header.message_type, header.sequence_id).into_pyobject(self.py)
            })
            .transpose()
    }

    /// A value of a type, with its place.
    fn value(&mut self, wire_type: WireType) -> PyResult<Bound<'py, PyTuple>> {
        let start = self.next(b",:");
        let value = match wire_type {
            WireType::Struct => Some(self.fields()?.into_any()),
            WireType::List | WireType::Set => Some(self.elements()?.into_any()),
            WireType::Map => Some(self.entries()?.into_any()),
            WireType::Bool => self.scalar(|_, reader| reader.bool())?,
            WireType::I8 => self.scalar(|_, reader| reader.i8())?,
            WireType::Double => self.scalar(|_, reader| reader.double())?,
            WireType::I16 => self.scalar(|_, reader| reader.i16())?,
            WireType::I32 => self.scalar(|_, reader| reader.i32())?,
            WireType::I64 => self.scalar(|_, reader| reader.i64())?,
            WireType::String => self.scalar(|py, reader| Ok(PyBytes::new(py, reader.bytes()?)))?,
            WireType::Uuid => self.scalar(|py, reader| Ok(PyBytes::new(py, &reader.uuid()?)))?,
        };
        let end = self.wrong.is_none().then(|| self.offset());
        (wire_type as u8, start, end, value).into_pyobject(self.py)
    }

    fn fields(&mut self) -> PyResult<Bound<'py, PyList>> {
        let found = PyList::empty(self.py);
        self.read(|reader| reader.enter(Nesting::READ_STRUCT));
        let mut last_id = 0;
        loop {
            let start = self.next(b"{},");
            let Some(Some(header)) = self.read(|reader| reader.field(&mut last_id)) else {
                break;
            };
            let value = self.value(header.wire_type)?;
            found.append((header.id, start, value))?;
        }
        self.read(Reader::leave);
        Ok(found)
    }

    fn elements(&mut self) -> PyResult<Bound<'py, PyTuple>> {
        let found = PyList::empty(self.py);
        self.read(|reader| reader.enter(Nesting::READ_CONTAINER));
        let header = self.read(Reader::list);
        let element = header.and_then(|header| header.element);
        if let (Some(header), Some(element)) = (header, element) {
            for _ in 0..header.count {
                found.append(self.value(element)?)?;
                if self.wrong.is_some() {
                    break;
                }
            }
        }
        self.read(Reader::leave);
        let count = header.map(|header| header.count);
        (element.map(|element| element as u8), found, count).into_pyobject(self.py)
    }

    fn entries(&mut self) -> PyResult<Bound<'py, PyTuple>> {
        let found = PyList::empty(self.py);
        self.read(|reader| reader.enter(Nesting::READ_CONTAINER));
        let header = self.read(Reader::map);
        let types = header.and_then(|header| header.key.zip(header.value));
        if let (Some(header), Some((key, value))) = (header, types) {
            for _ in 0..header.count {
                let key = self.value(key)?;
                if self.wrong.is_some() {
                    found.append((key, self.py.None()))?;
                    break;
                }
                found.append((key, self.value(value)?))?;
                if self.wrong.is_some() {
                    break;
                }
            }
        }
        self.read(Reader::leave);
        let types = types.map(|(key, value)| (key as u8, value as u8));
        let count = header.map(|header| header.count);
        (types, found, count).into_pyobject(self.py)
    }

    fn scalar<T: IntoPyObjectExt<'py>>(
        &mut self,
        read: impl FnOnce(Python<'py>, &mut R) -> Result<T>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = self.py;
        let value = self.read(|reader| read(py, reader));
        value.map(|value| value.into_bound_py_any(py)).transpose()
    }
}
