//! Struct, union and exception classes.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

use super::builder::Builder;
use crate::py::structs::{Layout, ttype};
use crate::py::{ffi, imports};
use crate::schema::{Field, ProgramId, Requiredness};

/// Makes a struct class whose fields live in slots; their defaults are set
/// afterwards.
///
/// `fields` are interned names in IDL order; `namespace` holds the other
/// class attributes, `thrift_spec` among them.
pub fn new_struct_class<'py>(
    name: &Bound<'py, PyString>,
    fields: &[Bound<'py, PyString>],
    namespace: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyType>> {
    let py = name.py();
    let base = imports::struct_base(py)?;
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
    {
        ffi::inherit_native(&class, &initializer)?;
    }
    Layout::attach(&class, fields, &slotted)?;
    Layout::install_dealloc(&class);
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
pub fn new_exception_class<'py>(
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
    names: Vec<Bound<'py, PyString>>,
    thrift_spec: Bound<'py, PyDict>,
    default_spec: Bound<'py, PyList>,
    tspec: Bound<'py, PyDict>,
}

impl<'py> Members<'py> {
    /// Makes a struct class of them.
    pub fn make_struct(&self, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyType>> {
        new_struct_class(name, &self.names, &self.namespace)
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

fn spec_entry<'py>(
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

impl<'a, 'py> Builder<'a, 'py> {
    /// The attributes of a payload class, most of them still None: a copy of a
    /// dict that has them all need not grow with each.
    fn payload_namespace(
        &self,
        program: ProgramId,
        line: Option<u32>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let py = self.py();
        let mut template = self.template.borrow_mut();
        if template.as_ref().is_none_or(|(of, _)| *of != program) {
            let new = self.class_namespace(program, None)?;
            new.set_item(intern!(py, "_ttype"), ttype::STRUCT)?;
            for name in [
                intern!(py, "thrift_spec"),
                intern!(py, "_tspec"),
                intern!(py, "__thrift_field_linenos__"),
                intern!(py, "__thrift_field_annotations__"),
                intern!(py, "default_spec"),
            ] {
                new.set_item(name, py.None())?;
            }
            *template = Some((program, new));
        }
        let namespace = match &*template {
            Some((_, template)) => template.copy()?,
            None => PyDict::new(py),
        };
        namespace.set_item(intern!(py, "__thrift_lineno__"), line)?;
        Ok(namespace)
    }

    /// The attributes of a class with these fields; their types come later.
    pub fn members(
        &self,
        program: ProgramId,
        line: Option<u32>,
        fields: &'a [Field],
    ) -> PyResult<Members<'py>> {
        let py = self.py();
        let namespace = self.payload_namespace(program, line)?;
        let names: Vec<_> = fields
            .iter()
            .map(|field| self.field_name(&field.name, fields))
            .collect();
        let no_defaults = names.iter().map(|name| self.no_default(name));
        let members = Members {
            thrift_spec: PyDict::new(py),
            default_spec: PyList::new(py, no_defaults.collect::<PyResult<Vec<_>>>()?)?,
            tspec: PyDict::new(py),
            names,
            namespace,
        };
        let linenos = PyDict::new(py);
        let annotations = PyDict::new(py);
        let renamed = PyDict::new(py);
        for (field, name) in fields.iter().zip(&members.names) {
            linenos.set_item(name, field.line)?;
            if name != *field.name {
                renamed.set_item(name, &*field.name)?;
            }
            if !field.annotations.is_empty() {
                annotations.set_item(name, self.annotations(&field.annotations)?)?;
            }
        }
        let namespace = &members.namespace;
        namespace.set_item(intern!(py, "thrift_spec"), &members.thrift_spec)?;
        namespace.set_item(intern!(py, "_tspec"), &members.tspec)?;
        namespace.set_item(intern!(py, "__thrift_field_linenos__"), linenos)?;
        namespace.set_item(intern!(py, "__thrift_field_annotations__"), annotations)?;
        namespace.set_item(intern!(py, "default_spec"), &members.default_spec)?;
        if !renamed.is_empty() {
            // For protocols that send names.
            namespace.set_item(intern!(py, "__thrift_field_names__"), renamed)?;
        }
        Ok(members)
    }

    /// Fills the specs, now that every class exists.
    pub fn fill_members(&self, members: &Members<'py>, fields: &[Field]) -> PyResult<()> {
        for (field, name) in fields.iter().zip(&members.names) {
            let required = field.requiredness == Requiredness::Required;
            let (number, spec) = self.type_parts(&field.ty)?;
            let entry = spec_entry(number, name, spec.clone(), required)?;
            members.thrift_spec.set_item(field.id, entry)?;
            match spec {
                None => members.tspec.set_item(name, (required, number))?,
                Some(spec) => members.tspec.set_item(name, (required, (number, spec)))?,
            }
        }
        Ok(())
    }

    /// The default values of fields, None where there is none.
    pub fn default_values(&self, fields: &[Field]) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let py = self.py();
        fields
            .iter()
            .map(|field| match &field.default {
                None => Ok(py.None().into_bound(py)),
                Some(value) => self.value(value),
            })
            .collect()
    }
}
