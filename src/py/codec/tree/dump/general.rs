//! What thriftpy2's JSON protocol writes for values of other types than Python
//! has for their kind: numbers out of text, text of anything that has one, the
//! elements of any iterable.

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{
    PyByteArray, PyBytes, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyType,
};

use super::{PlainWriter, not_exact};
use crate::py::codec::coerce::{answer_of, integer, no_answer, not_a, other_double, out_of_range};
use crate::py::codec::tree::sink::{ListForm, Sink};
use crate::py::codec::uuids;
use crate::py::error::{CodecError, Result, Segment};
use crate::py::ffi;
use crate::py::imports;
use crate::py::structs::Kind;
use crate::wire::Nesting;

impl<'py, S: Sink<'py>> PlainWriter<'py, S> {
    #[cold]
    #[inline(never)]
    pub(super) fn general(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<S::Written> {
        match kind {
            Kind::String => {
                let text = if stands_for_str(value)? || has_own_text(value)? {
                    own_text(value)?
                } else {
                    value.clone()
                };
                self.string(&text)
            }
            Kind::I8 => self.number::<i8>(value),
            Kind::I16 => self.number::<i16>(value),
            Kind::I32(_) => self.number::<i32>(value),
            Kind::I64 => self.number::<i64>(value),
            Kind::Double => Ok(self.sink.double(double_of(value)?)),
            Kind::Bool => Ok(self.sink.bool(value.is_truthy()?)),
            Kind::Binary => self.binary(value),
            Kind::Uuid => Ok(self.sink.plain(uuids::own_text(value)?.to_str()?)),
            Kind::Struct(class) => self.struct_value(class, value),
            Kind::List(element) | Kind::Array(element) => {
                let elements = elements_of(value)?;
                self.list(element, elements.as_any())
            }
            Kind::Set(element) => self.distinct(element, value),
            Kind::Map(entry) => self.entries(&entry.0, &entry.1, value),
            Kind::Converted(converted) => self.value(&converted.kind, value),
        }
    }

    fn number<T: TryFrom<i64>>(&mut self, value: &Bound<'py, PyAny>) -> Result<S::Written> {
        let number = whole_number(value)?;
        match T::try_from(number) {
            Ok(_) => self.sink.integer(number),
            Err(_) => Err(out_of_range()),
        }
    }

    /// A text that JSON can escape, and UTF-8 cannot hold.
    #[cold]
    pub(super) fn text_with_halves(&mut self, text: &Bound<'py, PyString>) -> Result<S::Written> {
        let arguments = ("utf-8", "surrogatepass");
        let utf8 = text.call_method1(intern!(self.py, "encode"), arguments)?;
        self.check_size(
            utf8.cast::<PyBytes>()
                .map_err(PyErr::from)?
                .as_bytes()
                .len(),
        )?;
        let text = utf8.call_method1(intern!(self.py, "decode"), arguments)?;
        self.sink.own(text).ok_or_else(not_exact)
    }

    /// A set. One that is given as a list may hold an element twice, which peers
    /// refuse: of those that are equal as JSON the first counts.
    fn distinct(&mut self, kind: &Kind, value: &Bound<'py, PyAny>) -> Result<S::Written> {
        let is_set = is_said(value, &self.py.get_type::<PySet>())?
            || is_said(value, &self.py.get_type::<PyFrozenSet>())?;
        self.depth.enter(Nesting::WRITE_CONTAINER)?;
        let seen = PySet::empty(self.py)?;
        let dumps = imports::json_dumps(self.py)?;
        let mut list = self.sink.list(ListForm::List)?;
        for (index, item) in elements_of(value)?.into_iter().enumerate() {
            let node = match self.value(kind, &item) {
                Ok(node) => node,
                Err(error) => return Err(error.inside(Segment::Index(index))),
            };
            if !is_set && let Some(made) = S::made(&node) {
                let before = seen.len();
                seen.add(dumps.call1((made,))?)?;
                if seen.len() == before {
                    continue;
                }
            }
            self.sink.before_item(&mut list);
            self.sink.item(&mut list, node)?;
        }
        self.depth.leave();
        Ok(self.sink.end_list(list))
    }

    fn entries(&mut self, key: &Kind, value: &Kind, map: &Bound<'py, PyAny>) -> Result<S::Written> {
        self.depth.enter(Nesting::WRITE_CONTAINER)?;
        let mut list = self.sink.list(ListForm::List)?;
        for (k, v) in items_of(map)? {
            let added = self.map_entry(&mut list, key, value, (&k, &v));
            added.map_err(|error| error.inside(Segment::of_key(&k)))?;
        }
        self.depth.leave();
        Ok(self.sink.end_list(list))
    }
}

/// Whether a value is of a class, or says so: a proxy is of the class of what it
/// stands for.
fn is_said(value: &Bound<'_, PyAny>, class: &Bound<'_, PyType>) -> PyResult<bool> {
    value.is_instance(class)
}

fn stands_for_str(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(!value.is_instance_of::<PyString>()
        && value.is_instance(&value.py().get_type::<PyString>())?)
}

fn is_text_or_bytes(value: &Bound<'_, PyAny>) -> Result<bool> {
    let py = value.py();
    Ok(is_said(value, &py.get_type::<PyString>())?
        || is_said(value, &py.get_type::<PyBytes>())?
        || is_said(value, &py.get_type::<PyByteArray>())?)
}

/// Whether a value that is no string has a text all the same, which thriftpy2
/// writes: numbers, `uuid.UUID` and others with a `__str__`; but no struct, and
/// nothing whose text is for programmers.
fn has_own_text(value: &Bound<'_, PyAny>) -> Result<bool> {
    let py = value.py();
    if is_text_or_bytes(value)? || value.hasattr(intern!(py, "encode"))? {
        return Ok(false);
    }
    if is_said(value, &py.get_type::<PyInt>())? || is_said(value, &py.get_type::<PyFloat>())? {
        return Ok(true);
    }
    if is_said(value, &py.get_type::<PyType>())? || value.hasattr(intern!(py, "thrift_spec"))? {
        return Ok(false);
    }
    let name = intern!(py, "__str__");
    let of_class = value.getattr(intern!(py, "__class__"))?.getattr(name)?;
    let of_object = py.get_type::<PyAny>().getattr(name)?;
    Ok(!of_class.is(&of_object))
}

fn own_text<'py>(value: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
    value.str().map(Bound::into_any).map_err(|error| {
        let mut error = CodecError::from(error);
        match error.raised(value.py()) {
            // Thousands of digits.
            Some(raised) if raised.is_instance_of::<PyValueError>() => {
                CodecError::value(raised.to_string())
            }
            _ => error,
        }
    })
}

/// An int, or what `int()` makes of a text.
fn whole_number(value: &Bound<'_, PyAny>) -> Result<i64> {
    let py = value.py();
    let is_number =
        value.hasattr(intern!(py, "__index__"))? || value.hasattr(intern!(py, "__int__"))?;
    if is_number && !is_text_or_bytes(value)? {
        return integer(value);
    }
    match parsed(value, &py.get_type::<PyInt>()) {
        Ok(number) => number.extract::<i64>().map_err(|_| out_of_range()),
        Err(error) => Err(no_number(value, "an int", error)),
    }
}

/// What a class of numbers makes of a value. A proxy is asked itself for its
/// text, where Python asks its class.
fn parsed<'py>(
    value: &Bound<'py, PyAny>,
    class: &Bound<'py, PyType>,
) -> PyResult<Bound<'py, PyAny>> {
    if stands_for_str(value)? {
        return class.call1((value.str()?,));
    }
    class.call1((value,))
}

fn double_of(value: &Bound<'_, PyAny>) -> Result<f64> {
    let py = value.py();
    let is_number =
        value.hasattr(intern!(py, "__float__"))? || value.hasattr(intern!(py, "__index__"))?;
    if !is_number || is_text_or_bytes(value)? {
        let number = parsed(value, &py.get_type::<PyFloat>());
        let number = number.and_then(|number| number.extract::<f64>());
        return number.map_err(|error| no_number(value, "a float", error));
    }
    other_double(value).map_err(|mut error| match error.raised(py) {
        Some(raised) => no_number(value, "a float", PyErr::from_value(raised.into_any())),
        None => error,
    })
}

fn no_number(value: &Bound<'_, PyAny>, expected: &str, error: PyErr) -> CodecError {
    let raised = ffi::exception_of(value.py(), error);
    if raised.is_instance_of::<PyOverflowError>() {
        return out_of_range();
    }
    no_answer(value, expected, PyErr::from_value(raised.into_any()))
}

/// The elements of a list, set, or what else can be iterated.
fn elements_of<'py>(value: &Bound<'py, PyAny>) -> Result<Bound<'py, PyList>> {
    const EXPECTED: &str = "a list, set or tuple";
    if is_text_or_bytes(value)? {
        return Err(not_a(EXPECTED, value));
    }
    let list = value.py().get_type::<PyList>().call1((value,));
    let list = answer_of(value, EXPECTED, list)?.cast_into::<PyList>();
    list.map_err(|error| PyErr::from(error).into())
}

/// The keys and values of a map, which has `items` or what `dict()` asks for.
fn items_of<'py>(map: &Bound<'py, PyAny>) -> Result<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
    const EXPECTED: &str = "a dict";
    let py = map.py();
    if let Some(items) = map.getattr_opt(intern!(py, "items"))? {
        let items = items
            .call0()
            .and_then(|items| items.try_iter()?.collect::<PyResult<Vec<_>>>());
        let items = answer_of(map, EXPECTED, items)?;
        return items.into_iter().map(|item| Ok(item.extract()?)).collect();
    }
    let keys = map.call_method0(intern!(py, "keys"));
    let keys = keys.and_then(|keys| keys.try_iter()?.collect::<PyResult<Vec<_>>>());
    let entry = |key: Bound<'py, PyAny>| Ok((key.clone(), map.get_item(&key)?));
    answer_of(map, EXPECTED, keys)?
        .into_iter()
        .map(|key| answer_of(map, EXPECTED, entry(key)))
        .collect()
}
