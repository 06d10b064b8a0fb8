//! A field of a plan.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::kind::{Kind, KindOptions};
use crate::py::ffi::{ScalarKind, Slot};
use crate::wire::WireType;
use crate::wire::json::text;

/// A field.
pub struct PlanField {
    /// The field id.
    pub id: i16,
    /// What its value looks like.
    pub kind: Kind,
    /// What Python has for its value.
    pub scalar: ScalarKind,
    /// The type on the wire.
    pub wire_type: WireType,
    /// Its slot in the class's layout; by attribute otherwise.
    pub slot: Option<Slot>,
    /// The attribute's name.
    pub name: Py<PyString>,
    /// Its name in the IDL, for formats that have names.
    pub idl_name: Py<PyString>,
    /// That name as the key of JSON, `"name":`; none where it needs escapes.
    pub json_key: Option<Box<[u8]>>,
    /// Whether the IDL says that it is always set.
    pub required: bool,
    /// The `ttype` of `thrift_spec`, for error texts.
    pub ttype: Py<PyAny>,
    /// The sub-spec of `thrift_spec`, for error texts.
    pub spec: Py<PyAny>,
}

impl PlanField {
    pub fn compile<'py>(
        id: &Bound<'py, PyAny>,
        entry: &Bound<'py, PyAny>,
        slot_of: &impl Fn(&Bound<'py, PyString>) -> Option<Slot>,
        renamed: Option<&Bound<'py, PyDict>>,
        kinds: KindOptions,
    ) -> PyResult<Self> {
        let py = id.py();
        let entry = entry.cast::<PyTuple>()?;
        let ttype = entry.get_item(0)?;
        let name = entry.get_item(1)?.cast_into::<PyString>()?;
        // (ttype, name, required) or (ttype, name, spec, required).
        let spec = if entry.len() > 3 {
            entry.get_item(2)?
        } else {
            py.None().into_bound(py)
        };
        let required = entry.get_item(entry.len() - 1)?.is_truthy()?;
        let other = match renamed {
            Some(renamed) => renamed.get_item(&name)?,
            None => None,
        };
        let idl_name = match other {
            Some(other) => other.cast_into::<PyString>()?,
            None => name.clone(),
        };
        let kind = Kind::compile_with(&ttype, &spec, kinds)?;
        Ok(Self {
            id: id.extract()?,
            scalar: kind.scalar(),
            wire_type: kind.wire_type(),
            kind,
            slot: slot_of(&name),
            name: name.unbind(),
            json_key: json_key(&idl_name),
            idl_name: idl_name.unbind(),
            required,
            ttype: ttype.unbind(),
            spec: spec.unbind(),
        })
    }
}

impl PlanField {
    /// Whether it has this name, as an attribute or in the IDL.
    pub fn is_called(&self, py: Python<'_>, name: &str) -> bool {
        *self.name.bind(py) == *name || *self.idl_name.bind(py) == *name
    }
}

fn json_key(name: &Bound<'_, PyString>) -> Option<Box<[u8]>> {
    let name = name.to_str().ok()?.as_bytes();
    let is_plain = text::plain(name) == (name.len(), true);
    is_plain.then(|| [b"\"", name, b"\":"].concat().into_boxed_slice())
}
