//! Struct and exception classes, from the names of their fields and their
//! attributes.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

use crate::py::structs::{self, Layout};
use crate::py::{ffi, imports};

/// Makes a struct class whose fields live in slots; their defaults are set
/// afterwards.
///
/// `fields` are interned names in IDL order; `namespace` holds the other
/// class attributes, `thrift_spec` among them.
fn new_struct_class<'py>(
    name: &Bound<'py, PyString>,
    base: &Bound<'py, PyType>,
    fields: &[Bound<'py, PyString>],
    namespace: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyType>> {
    let py = name.py();
    let slotted: Vec<_> = fields
        .iter()
        .filter(|name| can_be_slot(name, namespace).unwrap_or(false))
        .cloned()
        .collect();
    let slots = PyTuple::new(py, &slotted)?;
    namespace.set_item(intern!(py, "__slots__"), &slots)?;
    let class = ffi::new_slotted_class(&base.get_type(), name, base, namespace.clone(), &slots)?;
    // Where `type` has made it, it finds what it inherits by name.
    if cfg!(not(known_layouts))
        && let Some(initializer) = ffi::lookup(base, intern!(py, "__init__"))
        && let Ok(initializer) = initializer.cast()
    {
        structs::inherit_native(&class, initializer)?;
    }
    Layout::attach(&class, fields, &slotted)?;
    structs::install_functions(&class);
    Ok(class)
}

/// Whether a field's name can be a slot: an identifier that is not mangled by
/// the compiler, not special to Python, and not taken by an attribute of the
/// class.
fn can_be_slot(name: &Bound<'_, PyString>, namespace: &Bound<'_, PyDict>) -> PyResult<bool> {
    let text = name.to_str()?;
    let identifier = !text.starts_with(|first: char| first.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    Ok(identifier && !text.starts_with("__") && !namespace.contains(name)?)
}

/// Makes an exception class, whose fields are ordinary attributes.
fn new_exception_class<'py>(
    name: &Bound<'py, PyString>,
    fields: &[Bound<'py, PyString>],
    namespace: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyType>> {
    let py = name.py();
    let init = imports::exception_init(py)?;
    namespace.set_item(intern!(py, "__init__"), init)?;
    let base = imports::exception(py)?;
    // Past the `__new__` of the metaclass, which reads `default_spec` as
    // hand-written classes mean it.
    let class = ffi::class_by_type(&base.get_type(), name, base, namespace)?;
    Layout::attach(&class, fields, &[])?;
    Ok(class)
}

/// The attributes of a class with fields, to be filled once all classes
/// exist.
pub struct Members<'py> {
    /// The class attributes.
    pub namespace: Bound<'py, PyDict>,
    /// The field names, in the order of `__init__`.
    pub names: Vec<Bound<'py, PyString>>,
    /// The types by field id.
    pub thrift_spec: Bound<'py, PyDict>,
    /// The default values by name.
    pub default_spec: Bound<'py, PyList>,
    /// The types by name.
    pub tspec: Bound<'py, PyDict>,
}

impl<'py> Members<'py> {
    /// Makes a struct class of them, whose objects may be `frozen`.
    pub fn make_struct(
        &self,
        name: &Bound<'py, PyString>,
        frozen: bool,
    ) -> PyResult<Bound<'py, PyType>> {
        let base = if frozen {
            imports::frozen_base(name.py())?
        } else {
            imports::struct_base(name.py())?
        };
        new_struct_class(name, base, &self.names, &self.namespace)
    }

    /// Makes an exception class of them.
    pub fn make_exception(&self, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyType>> {
        new_exception_class(name, &self.names, &self.namespace)
    }

    /// Adds the result of a function as the first field of its `__init__`
    /// and the last of its spec, as thriftpy2 does.
    pub fn add_success(&mut self, number: u8, spec: Option<Bound<'py, PyAny>>) -> PyResult<()> {
        let py = self.namespace.py();
        let name = intern!(py, "success");
        let entry = spec_entry(number, name, spec, false)?;
        self.thrift_spec.set_item(0, entry)?;
        self.default_spec.insert(0, (name, py.None()))?;
        self.names.insert(0, name.clone());
        Ok(())
    }

    /// Sets the default values; those of the fields only, without `success`.
    pub fn set_defaults(
        &self,
        class: &Bound<'py, PyType>,
        defaults: &[Bound<'py, PyAny>],
    ) -> PyResult<()> {
        let py = class.py();
        let missing = self.names.len() - defaults.len();
        let mut all = vec![py.None().into_bound(py); missing];
        all.extend_from_slice(defaults);
        for (index, value) in all.iter().enumerate() {
            if !value.is_none() {
                self.default_spec
                    .set_item(index, (&self.names[index], value))?;
            }
        }
        Layout::set_defaults(class, &all)
    }
}

/// An entry of `thrift_spec`.
pub fn spec_entry<'py>(
    number: u8,
    name: &Bound<'py, PyString>,
    spec: Option<Bound<'py, PyAny>>,
    required: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let py = name.py();
    match spec {
        None => (number, name, required).into_pyobject(py),
        Some(spec) => (number, name, spec, required).into_pyobject(py),
    }
}
