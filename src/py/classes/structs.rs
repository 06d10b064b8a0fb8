//! Struct and union classes, whose fields live in slots.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use crate::py::imports;
use crate::py::layout::Layout;

/// Makes a struct class.
///
/// `fields` are names (interned) and default values in IDL order;
/// `namespace` holds the other class attributes, `thrift_spec` among them.
pub fn new_struct_class<'py>(
    name: &Bound<'py, PyString>,
    fields: &[(Bound<'py, PyString>, Bound<'py, PyAny>)],
    namespace: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyType>> {
    let py = name.py();
    let base = imports::struct_base(py)?;
    let slotted: Vec<_> = fields
        .iter()
        .map(|(name, _)| name)
        .filter(|name| can_be_slot(name, namespace).unwrap_or(false))
        .cloned()
        .collect();
    namespace.set_item(intern!(py, "__slots__"), PyTuple::new(py, &slotted)?)?;
    let class = base
        .get_type()
        .call1((name, (base,), namespace))?
        .cast_into::<PyType>()?;
    Layout::attach(&class, fields, &slotted)?;
    Ok(class)
}

/// Whether a field's name can be a slot: not mangled by the compiler, not
/// special to Python, and not taken by an attribute of the class.
fn can_be_slot(name: &Bound<'_, PyString>, namespace: &Bound<'_, PyDict>) -> PyResult<bool> {
    Ok(!name.to_str()?.starts_with("__") && !namespace.contains(name)?)
}
