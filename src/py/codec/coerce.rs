//! Values that are not of the type that Python has for their kind, but stand
//! for one: numbers of other types, and proxies such as lazy strings.
//!
//! A proxy is known by what it answers, not by its type: its own type says
//! nothing of what it stands for. What it answers is code of the program, for which the
//! thread is made ready here: nothing else that is written runs any.

use pyo3::exceptions::{
    PyArithmeticError, PyAttributeError, PyBufferError, PyOverflowError, PyTypeError,
    PyUnicodeEncodeError, PyValueError,
};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyInt, PyIterator, PyString, PyType};

use crate::py::error::{CodecError, Result};
use crate::py::ffi::{self, FromNumbers, NumberBuffer, ScalarKind};
use crate::py::structs::{Kind, Plan, PlanField};

/// Whether a value is true.
#[inline]
pub fn truth(value: &Bound<'_, PyAny>) -> Result<bool> {
    match value.cast::<PyBool>() {
        Ok(value) => Ok(value.is_true()),
        Err(_) => other_truth(value),
    }
}

#[cold]
fn other_truth(value: &Bound<'_, PyAny>) -> Result<bool> {
    ffi::stop_at_exit();
    Ok(value.is_truthy()?)
}

/// An int of a width.
#[inline]
pub fn narrow<T: TryFrom<i64>>(value: &Bound<'_, PyAny>) -> Result<T> {
    match T::try_from(integer(value)?) {
        Ok(narrow) => Ok(narrow),
        Err(_) => Err(out_of_range()),
    }
}

/// An int of 64 bits.
#[inline]
pub fn integer(value: &Bound<'_, PyAny>) -> Result<i64> {
    match ffi::exact_i64(value) {
        Some(value) => Ok(value),
        None => other_integer(value),
    }
}

/// Ints of other types, and values that convert to an int without loss.
#[cold]
fn other_integer(value: &Bound<'_, PyAny>) -> Result<i64> {
    let py = value.py();
    ffi::stop_at_exit();
    let is_int = value.is_instance_of::<PyInt>();
    if is_int || value.hasattr(intern!(py, "__index__"))? {
        let mut error = match value.extract::<i64>() {
            Ok(value) => return Ok(value),
            Err(error) => CodecError::from(error),
        };
        match error.raised(py) {
            Some(raised) if raised.is_instance_of::<PyOverflowError>() => {
                return Err(out_of_range());
            }
            // A proxy has the method, whatever it stands for.
            Some(raised) if !is_int && raised.is_instance_of::<PyTypeError>() => {}
            _ => return Err(error),
        }
    }
    if !value.hasattr(intern!(py, "__int__"))? {
        return Err(not_a("an int", value));
    }
    // inf and nan have none.
    let int = value.call_method0(intern!(py, "__int__"));
    let int = answer_of(value, "a whole number", int)?;
    // What is no number otherwise (an address, an id) has no fraction.
    let whole = int.eq(value)? || !value.hasattr(intern!(py, "__float__"))?;
    if !int.is_instance_of::<PyInt>() || !whole {
        return Err(CodecError::value("has a fraction"));
    }
    int.extract::<i64>().map_err(|_| out_of_range())
}

/// A float of a value that is none.
#[cold]
pub fn other_double(value: &Bound<'_, PyAny>) -> Result<f64> {
    let py = value.py();
    ffi::stop_at_exit();
    let mut error = match value.extract::<f64>() {
        Ok(value) => return Ok(value),
        Err(error) => CodecError::from(error),
    };
    match error.raised(py) {
        Some(raised) if raised.is_instance_of::<PyOverflowError>() => return Err(out_of_range()),
        Some(raised) if raised.is_instance_of::<PyTypeError>() => {}
        _ => return Err(error),
    }
    // Python asks the class, which in a proxy may have no such method.
    let Some(float) = value.getattr_opt(intern!(py, "__float__"))? else {
        return Err(not_a("a float", value));
    };
    let float = float.call0().and_then(|float| float.extract::<f64>());
    answer_of(value, "a float", float)
}

/// What a value answered to a question that those of the expected type answer.
///
/// Where it has no answer it is of another type. What else it raises is told as
/// it is: a lazy value may fail to be computed, and a user may press Ctrl-C.
#[inline]
pub fn answer_of<T>(value: &Bound<'_, PyAny>, expected: &str, answer: PyResult<T>) -> Result<T> {
    answer.map_err(|error| no_answer(value, expected, error))
}

/// What a value raised in place of an answer.
#[cold]
pub fn no_answer(value: &Bound<'_, PyAny>, expected: &str, error: PyErr) -> CodecError {
    let mut error = CodecError::from(error);
    let is_of_other_type = error.raised(value.py()).is_some_and(|raised| {
        raised.is_instance_of::<PyTypeError>()
            || raised.is_instance_of::<PyAttributeError>()
            || raised.is_instance_of::<PyValueError>()
            || raised.is_instance_of::<PyArithmeticError>()
            || raised.is_instance_of::<PyBufferError>()
    });
    if is_of_other_type {
        not_a(expected, value)
    } else {
        error
    }
}

/// How many elements a container has, and they. The characters of a text are
/// none for a protocol that `is_text`, which never had a list for them.
pub fn sized<'py>(
    value: &Bound<'py, PyAny>,
    is_text: bool,
) -> Result<(usize, Bound<'py, PyIterator>)> {
    const EXPECTED: &str = "a list, set or tuple";
    if is_text
        && (value.is_instance_of::<PyString>()
            || value.is_instance_of::<PyBytes>()
            || value.is_instance_of::<PyByteArray>())
    {
        return Err(not_a(EXPECTED, value));
    }
    ffi::stop_at_exit();
    let length = answer_of(value, EXPECTED, value.len())?;
    Ok((length, answer_of(value, EXPECTED, value.try_iter())?))
}

/// How many entries a map has that is no dict, and they: it has `items`, or the
/// `keys` that `dict()` asks for.
pub fn entries_of<'py>(map: &Bound<'py, PyAny>) -> Result<(usize, MapEntries<'py>)> {
    const EXPECTED: &str = "a dict";
    let py = map.py();
    ffi::stop_at_exit();
    let items = map.getattr_opt(intern!(py, "items"))?;
    let entries = match &items {
        Some(items) => items.call0(),
        None => map.call_method0(intern!(py, "keys")),
    };
    let entries = entries.and_then(|entries| entries.try_iter());
    let length = answer_of(map, EXPECTED, map.len())?;
    let entries = MapEntries {
        entries: answer_of(map, EXPECTED, entries)?,
        values: items.is_none().then(|| map.clone()),
    };
    Ok((length, entries))
}

/// The keys and values of a map that is no dict.
pub struct MapEntries<'py> {
    entries: Bound<'py, PyIterator>,
    /// The map that is asked for the values, where the entries are keys.
    values: Option<Bound<'py, PyAny>>,
}

impl<'py> Iterator for MapEntries<'py> {
    type Item = Result<(Bound<'py, PyAny>, Bound<'py, PyAny>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        let entry = entry.and_then(|entry| match &self.values {
            None => entry.extract(),
            Some(map) => Ok((entry.clone(), map.get_item(entry)?)),
        });
        Some(entry.map_err(CodecError::from))
    }
}

/// The plan of a struct, whatever kind of object it is.
pub fn plan_of_struct<'py>(object: &Bound<'py, PyAny>) -> Result<Bound<'py, Plan>> {
    match Plan::of_object(object) {
        Ok(_) if object.is_instance_of::<PyType>() => Err(not_a("a struct", object)),
        Ok(plan) => Ok(plan),
        Err(error) => {
            let mut error = CodecError::from(error);
            match error.raised(object.py()) {
                Some(raised) if raised.is_instance_of::<PyAttributeError>() => {
                    Err(not_a("a struct", object))
                }
                _ => Err(error),
            }
        }
    }
}

/// The UTF-8 of a text.
#[inline]
pub fn utf8_of<'a>(text: &'a Bound<'_, PyString>) -> Result<&'a str> {
    text.to_str().map_err(|error| {
        let raised = ffi::exception_of(text.py(), error);
        CodecError::value(raised.to_string())
    })
}

/// Where in a buffer of numbers those are that elements of a kind cannot be, so many at
/// most; none where the value has no buffer that is written as such elements.
pub fn misfits_of_buffer(kind: &Kind, value: &Bound<'_, PyAny>, most: usize) -> Option<Vec<usize>> {
    match kind.scalar() {
        ScalarKind::I8 => misfits_of::<i8>(value, most),
        ScalarKind::I16 => misfits_of::<i16>(value, most),
        ScalarKind::I32 => misfits_of::<i32>(value, most),
        ScalarKind::I64 => misfits_of::<i64>(value, most),
        ScalarKind::Double => misfits_of::<f64>(value, most),
        ScalarKind::Bool => misfits_of::<bool>(value, most),
        ScalarKind::Str | ScalarKind::Bytes | ScalarKind::Other => None,
    }
}

fn misfits_of<N: FromNumbers + Copy + Default>(
    value: &Bound<'_, PyAny>,
    most: usize,
) -> Option<Vec<usize>> {
    const BLOCK: usize = 256;
    let numbers = NumberBuffer::of(value).filter(N::takes)?;
    let mut found = Vec::new();
    let mut block = [N::default(); BLOCK];
    let mut from = 0;
    while from < numbers.len() && found.len() < most {
        let size = BLOCK.min(numbers.len() - from);
        match N::fill(&numbers, from, &mut block[..size]) {
            Ok(()) => from += size,
            Err(place) => {
                found.push(from + place);
                from += place + 1;
            }
        }
    }
    Some(found)
}

/// The attribute that a field is kept in; none when there is no such
/// attribute.
pub fn attribute<'py>(
    object: &Bound<'py, PyAny>,
    field: &PlanField,
) -> Result<Option<Bound<'py, PyAny>>> {
    Ok(object.getattr_opt(field.name.bind(object.py()))?)
}

/// The `str` or `bytes` that a value stands for: one with an `encode` for its
/// text, one that says it is of a type of bytes, or a buffer of bytes.
#[cold]
pub fn string_of<'py>(expected: &str, value: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
    let py = value.py();
    ffi::stop_at_exit();
    if let Some(encode) = value.getattr_opt(intern!(py, "encode"))? {
        let text = encode.call1((intern!(py, "utf-8"),)).map_err(|error| {
            let mut error = CodecError::from(error);
            match error.raised(py) {
                Some(raised) if raised.is_instance_of::<PyUnicodeEncodeError>() => {
                    CodecError::value(raised.to_string())
                }
                _ => error,
            }
        })?;
        let known = text.is_instance_of::<PyBytes>() || text.is_instance_of::<PyString>();
        return if known {
            Ok(text)
        } else {
            Err(not_a(expected, value))
        };
    }
    if let Ok(buffer) = ffi::Buffer::like_bytes(value) {
        return Ok(PyBytes::new(py, &buffer.to_vec()?).into_any());
    }
    let says_bytes = value.is_instance(&py.get_type::<PyBytes>())?
        || value.is_instance(&py.get_type::<PyByteArray>())?;
    if says_bytes {
        return Ok(py.get_type::<PyBytes>().call1((value,))?);
    }
    // Numbers in the order of bytes of this machine are no bytes for others.
    match ffi::Buffer::format_of(value) {
        Some(format) => Err(CodecError::value(format!(
            "needs {expected}, not {} with items of the format {format:?}: tobytes() gives its bytes",
            type_name(value)
        ))),
        None => Err(not_a(expected, value)),
    }
}

/// A value beyond what its type can hold.
#[cold]
pub fn out_of_range() -> CodecError {
    CodecError::value("out of range")
}

/// A value of another type than is needed.
#[cold]
pub fn not_a(expected: &str, value: &Bound<'_, PyAny>) -> CodecError {
    CodecError::value(format!("needs {expected}, not {}", type_name(value)))
}

/// What to call the type of a value in an error.
#[cold]
pub fn type_name(value: &Bound<'_, PyAny>) -> String {
    let name = |class: &Bound<'_, PyType>| {
        class
            .qualname()
            .map_or_else(|_| "object".to_owned(), |name| name.to_string())
    };
    match value.cast::<PyType>() {
        Ok(class) => format!("the class {}", name(class)),
        Err(_) if value.is_none() => "None".to_owned(),
        Err(_) => name(&value.get_type()),
    }
}
