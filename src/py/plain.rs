//! Structs to plain data and back: `to_dict`, `from_dict`, `to_json`,
//! `from_json`.
#![expect(
    clippy::doc_markdown,
    reason = "docstrings begin with signatures, of which the defaults are made here"
)]

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyType};

use super::codec::{self, BuildOptions, Dialect, DumpOptions, Settings, type_name};
use super::ffi::Raised;
use super::structs::Plan;
use super::transport::bytes_of;
use crate::wire::{Limits, default_depth, default_size};

/// What applies where nothing else is asked for.
const DEFAULT: Settings = Settings::new(Dialect::ApacheJson);

#[doc = concat!(
    "to_dict(obj, *, enums='number', unset='omit', binary='bytes', sets='list', keys='keep', \
    max_depth=", default_depth!(), ", max_string_size=", default_size!(), ")\n--\n"
)]
/// The fields of a struct, by their names in the IDL, as a new dict.
///
/// Enums are numbers, or names where they have one with `enums="name"`. Fields that are
/// None are left out, or None with `unset="null"`. A `binary` is bytes, or text with
/// `binary="base64"`; a set is a list, or with `sets="set"` a set, where Python can hash
/// what is in it; keys of maps are as they are, or text with `keys="str"`. Levels of
/// nesting and the bytes of a string have a limit.
#[pyfunction]
#[pyo3(
    signature = (
        obj, *, enums = "number", unset = "omit", binary = "bytes", sets = "list", keys = "keep",
        max_depth = DEFAULT.max_depth(), max_string_size = DEFAULT.max_string_size()
    ),
    text_signature = None
)]
#[expect(clippy::too_many_arguments, reason = "they are keywords")]
pub fn to_dict<'py>(
    obj: &Bound<'py, PyAny>,
    enums: &str,
    unset: &str,
    binary: &str,
    sets: &str,
    keys: &str,
    max_depth: u32,
    max_string_size: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let limits = limits(max_depth, max_string_size);
    let options = DumpOptions::of_dict(enums, unset, binary, sets, keys, limits)?;
    codec::to_dict(plan_of("to_dict", obj)?.get(), obj, options)
}

#[doc = concat!(
    "to_json(obj, *, enums='number', unset='omit', allow_nan=False, max_depth=", default_depth!(),
    ", max_string_size=", default_size!(), ", max_message_size=", default_size!(), ")\n--\n"
)]
/// A struct as JSON text in UTF-8.
#[pyfunction]
#[pyo3(
    signature = (
        obj, *, enums = "number", unset = "omit", allow_nan = false,
        max_depth = DEFAULT.max_depth(), max_string_size = DEFAULT.max_string_size(),
        max_message_size = DEFAULT.max_message_size()
    ),
    text_signature = None
)]
pub fn to_json<'py>(
    obj: &Bound<'py, PyAny>,
    enums: &str,
    unset: &str,
    allow_nan: bool,
    max_depth: u32,
    max_string_size: usize,
    max_message_size: usize,
) -> Result<Bound<'py, PyBytes>, Raised<'py>> {
    let py = obj.py();
    let raise = |error| Raised::new(py, error);
    let limits = limits(max_depth, max_string_size);
    let options = DumpOptions::of_json(enums, unset, allow_nan, limits).map_err(raise)?;
    let plan = plan_of("to_json", obj).map_err(raise)?;
    let text = codec::to_json(plan.get(), obj, options)?;
    codec::check_size(py, text.as_bytes().len(), max_message_size).map_err(raise)?;
    Ok(text)
}

#[doc = concat!(
    "from_dict(cls, data, *, unknown='error', max_depth=", default_depth!(),
    ", max_string_size=", default_size!(), ")\n--\n"
)]
/// A new object of a struct class from a dict, the reverse of `to_dict`.
#[pyfunction]
#[pyo3(
    signature = (
        cls, data, *, unknown = "error",
        max_depth = DEFAULT.max_depth(), max_string_size = DEFAULT.max_string_size()
    ),
    text_signature = None
)]
pub fn from_dict<'py>(
    cls: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    unknown: &str,
    max_depth: u32,
    max_string_size: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let options = BuildOptions::new(unknown, true, limits(max_depth, max_string_size))?;
    codec::from_dict(class_of("from_dict", cls)?, data, options)
}

#[doc = concat!(
    "from_json(cls, data, *, unknown='error', allow_nan=False, max_depth=", default_depth!(),
    ", max_string_size=", default_size!(), ", max_message_size=", default_size!(), ")\n--\n"
)]
/// A new object of a struct class from JSON text, the reverse of `to_json`.
#[pyfunction]
#[pyo3(
    signature = (
        cls, data, *, unknown = "error", allow_nan = false,
        max_depth = DEFAULT.max_depth(), max_string_size = DEFAULT.max_string_size(),
        max_message_size = DEFAULT.max_message_size()
    ),
    text_signature = None
)]
pub fn from_json<'py>(
    cls: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    unknown: &str,
    allow_nan: bool,
    max_depth: u32,
    max_string_size: usize,
    max_message_size: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let limits = Limits {
        message: max_message_size,
        ..limits(max_depth, max_string_size)
    };
    let options = BuildOptions::new(unknown, allow_nan, limits)?;
    let class = class_of("from_json", cls)?;
    if let Ok(bytes) = data.cast::<PyBytes>() {
        return read(class, bytes.as_bytes(), options);
    }
    if let Ok(text) = data.cast::<PyString>() {
        return match text.to_str() {
            Ok(text) => read(class, text.as_bytes(), options),
            // With halves of surrogate pairs, to tell where the first is.
            Err(_) => read(class, &utf8_with_halves(text)?, options),
        };
    }
    match bytes_of(data) {
        Ok(bytes) => read(class, &bytes, options),
        Err(_) => Err(PyTypeError::new_err(format!(
            "from_json() argument 'data' must be bytes, another buffer or str, not {}",
            type_name(data)
        ))),
    }
}

/// The UTF-8 of a text, with halves of surrogate pairs as they are encoded.
#[cold]
fn utf8_with_halves(text: &Bound<'_, PyString>) -> PyResult<Vec<u8>> {
    let bytes = text.call_method1("encode", ("utf-8", "surrogatepass"))?;
    bytes_of(&bytes)
}

fn limits(max_depth: u32, max_string_size: usize) -> Limits {
    DEFAULT
        .set_max_depth(max_depth)
        .set_max_string_size(max_string_size)
        .limits
}

fn read<'py>(
    class: &Bound<'py, PyType>,
    text: &[u8],
    options: BuildOptions,
) -> PyResult<Bound<'py, PyAny>> {
    codec::check_size(class.py(), text.len(), options.limits.message)?;
    codec::from_json(class, text, options)
}

/// The plan of a struct, which may be any object with a `thrift_spec`.
fn plan_of<'py>(function: &str, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Plan>> {
    if let Some(plan) = Plan::of_payload(object)? {
        return Ok(plan);
    }
    let wrong = || {
        PyTypeError::new_err(format!(
            "{function}() argument 'obj' must be a struct, not {}",
            type_name(object)
        ))
    };
    if object.is_instance_of::<PyType>() || !object.hasattr("thrift_spec")? {
        return Err(wrong());
    }
    Plan::of_object(object)
}

/// A struct class.
fn class_of<'a, 'py>(
    function: &str,
    class: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, PyType>> {
    match class.cast::<PyType>() {
        Ok(class) if class.hasattr("thrift_spec")? => Ok(class),
        _ => Err(PyTypeError::new_err(format!(
            "{function}() argument 'cls' must be a struct class, not {}",
            type_name(class)
        ))),
    }
}
