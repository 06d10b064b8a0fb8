//! What an object keeps of a message beside its fields.

use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple, PyType};

use super::coerce::type_name;
use crate::py::ffi;
use crate::py::structs::{PlanField, delete_raw, set_raw};
use crate::wire::{RawForm, RawValue, WireType};

/// A field that its struct did not know.
pub struct Unknown {
    /// The id of the field of the IDL that it stands behind; none where it
    /// stands before them all.
    pub behind: Option<i16>,
    /// Its own id.
    pub id: i16,
    /// Its value.
    pub value: RawValue,
}

impl Unknown {
    /// Whether readers that expect a field would take this one for it: it differs in
    /// the types of its elements only.
    pub fn takes_place_of(&self, field: &PlanField) -> bool {
        self.id == field.id && self.value.wire_type == field.wire_type
    }
}

/// The fields of an object that its IDL does not know, in the order in which
/// they came.
#[pyclass(frozen, module = "fastthrift._core")]
pub struct UnknownFields(Vec<Unknown>);

/// A field as (id of the field before, id, type, protocol, value).
type GivenPart = (Option<i16>, i16, u8, String, Vec<u8>);

/// Fields in this form, for pickle.
type Parts<'py> = Vec<(Option<i16>, i16, u8, &'static str, Bound<'py, PyBytes>)>;

impl UnknownFields {
    /// The fields.
    pub fn fields(&self) -> &[Unknown] {
        &self.0
    }

    /// What an object keeps, if it does.
    pub fn of<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, Self>>> {
        let kept = object.getattr_opt(intern!(object.py(), "__thrift_unknown__"))?;
        kept.map(|kept| {
            kept.cast_into_exact().map_err(|error| {
                PyTypeError::new_err(format!(
                    "__thrift_unknown__ is what was kept of a message, and not {}",
                    error.into_inner().get_type()
                ))
            })
        })
        .transpose()
    }

    /// Lets an object keep the fields of the message that was just read into
    /// it, and none of one before.
    pub fn attach(object: &Bound<'_, PyAny>, fields: Vec<Unknown>) -> PyResult<()> {
        let py = object.py();
        let name = intern!(py, "__thrift_unknown__").as_any();
        let is_struct = ffi::is_kind_of(object, ffi::storage_type(py)?);
        if fields.is_empty() {
            if is_struct {
                delete_raw(object, name)?;
            } else if object.getattr_opt(name.cast()?)?.is_some() {
                object.delattr(name.cast()?)?;
            }
            return Ok(());
        }
        let kept = Bound::new(py, Self(fields))?.into_any();
        if is_struct {
            return set_raw(object, name, kept);
        }
        // An exception, which may refuse to be changed by others.
        py.get_type::<PyAny>()
            .call_method1(intern!(py, "__setattr__"), (object, name, kept))
            .map(drop)
    }

    /// What makes two of them equal: the fields, wherever they came. Of one that came
    /// more than once the order counts, since readers take the last.
    fn compared(&self) -> Vec<(i16, &RawValue)> {
        let mut fields: Vec<_> = self.0.iter().map(|kept| (kept.id, &kept.value)).collect();
        fields.sort_by_key(|(id, _)| *id);
        fields
    }

    fn parts<'py>(&self, py: Python<'py>) -> Parts<'py> {
        let part = |field: &Unknown| {
            let value = &field.value;
            let number = value.wire_type as u8;
            let bytes = PyBytes::new(py, &value.bytes);
            (field.behind, field.id, number, name_of(value.form), bytes)
        };
        self.0.iter().map(part).collect()
    }
}

fn name_of(form: RawForm) -> &'static str {
    match form {
        RawForm::Binary => "binary",
        RawForm::Compact => "compact",
        RawForm::Json => "apache_json",
    }
}

fn form_of(name: &str) -> Option<RawForm> {
    let forms = [RawForm::Binary, RawForm::Compact, RawForm::Json];
    forms.into_iter().find(|form| name_of(*form) == name)
}

#[pymethods]
impl UnknownFields {
    #[new]
    fn new(parts: Vec<GivenPart>) -> PyResult<Self> {
        let field = |(behind, id, number, form, bytes): GivenPart| {
            let wrong = || {
                let message = format!("no type {number} of the protocol {form:?}");
                PyValueError::new_err(message)
            };
            Ok(Unknown {
                behind,
                id,
                value: RawValue {
                    form: form_of(&form).ok_or_else(wrong)?,
                    wire_type: WireType::from_binary(number).ok_or_else(wrong)?,
                    bytes,
                },
            })
        };
        Ok(Self(parts.into_iter().map(field).collect::<PyResult<_>>()?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyType>, (Parts<'py>,)) {
        (py.get_type::<Self>(), (self.parts(py),))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        let other = other.cast::<Self>();
        other.is_ok_and(|other| self.compared() == other.get().compared())
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.compared().hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let field = |field: &Unknown| format!("{}: {}", field.id, field.value.wire_type.name());
        let fields: Vec<_> = self.0.iter().map(field).collect();
        format!("<unknown fields {}>", fields.join(", "))
    }
}

/// A field that `unknown_fields` tells.
#[pyclass(frozen, get_all, module = "fastthrift._core")]
pub struct UnknownField {
    id: i16,
    /// The number of its type, as in `TType`.
    ttype: u8,
    /// The protocol that `value` is of, as in URLs: `binary`, `compact` or `apache_json`.
    protocol: &'static str,
    /// Its value, without the header.
    value: Py<PyBytes>,
}

#[pymethods]
impl UnknownField {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let value = self.value.bind(py).repr()?;
        Ok(format!(
            "UnknownField(id={}, ttype={}, protocol={:?}, value={value})",
            self.id, self.ttype, self.protocol
        ))
    }
}

/// The fields that `obj`, a struct, has kept of the message that it was read from.
#[pyfunction]
pub fn unknown_fields<'py>(obj: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    let py = obj.py();
    let kept = UnknownFields::of(obj)?;
    let is_struct = || obj.hasattr(intern!(py, "thrift_spec"));
    if kept.is_none() && (obj.is_instance_of::<PyType>() || !is_struct()?) {
        return Err(PyTypeError::new_err(format!(
            "unknown_fields() argument 'obj' must be a struct, not {}",
            type_name(obj)
        )));
    }
    let fields = kept.as_ref().map_or(&[][..], |kept| kept.get().fields());
    let told = fields.iter().map(|field| UnknownField {
        id: field.id,
        ttype: field.value.wire_type as u8,
        protocol: name_of(field.value.form),
        value: PyBytes::new(py, &field.value.bytes).unbind(),
    });
    let told: PyResult<Vec<_>> = told.map(|field| Bound::new(py, field)).collect();
    PyTuple::new(py, told?)
}
