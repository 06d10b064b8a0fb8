//! A schema with the classes that were made of it.

use std::sync::{Arc, OnceLock};

use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyDict, PyString, PyType};

use super::options::ClassOptions;
use crate::schema::{EnumId, ProgramId, Schema, StructId};

/// What it takes to make Python objects of a schema: its enums and structs as
/// classes, and how their modules are called. It stays for the classes that
/// are made later.
#[pyclass(frozen, module = "fastthrift._core")]
pub struct BuiltSchema {
    schema: Arc<Schema>,
    classes: ClassOptions,
    /// The options that are not as usual, as classes have them.
    options: Option<Py<PyDict>>,
    /// By program: the `__module__` of its classes.
    module_names: Box<[Py<PyString>]>,
    /// By program: the path as Python shows it; None for a text without one.
    paths: Box<[Py<PyAny>]>,
    enums: Box<[OnceLock<Py<PyType>>]>,
    structs: Box<[OnceLock<Py<PyType>>]>,
}

impl BuiltSchema {
    /// A schema without classes yet.
    pub fn new(
        py: Python<'_>,
        schema: Arc<Schema>,
        classes: ClassOptions,
        module_names: &[String],
    ) -> PyResult<Self> {
        let paths = schema
            .programs
            .iter()
            .map(|program| match program.path.to_string_lossy() {
                path if path.is_empty() => Ok(py.None()),
                path => Ok(path.into_pyobject(py)?.into_any().unbind()),
            })
            .collect::<PyResult<_>>()?;
        let empty = |count| std::iter::repeat_with(OnceLock::new).take(count).collect();
        Ok(Self {
            options: classes.dict(py)?.map(Bound::unbind),
            classes,
            module_names: module_names
                .iter()
                .map(|name| PyString::new(py, name).unbind())
                .collect(),
            paths,
            enums: empty(schema.enums.len()),
            structs: empty(schema.structs.len()),
            schema,
        })
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What the classes are like.
    pub fn classes(&self) -> &ClassOptions {
        &self.classes
    }

    /// The options that are not as usual, as classes have them.
    pub fn options(&self) -> Option<&Py<PyDict>> {
        self.options.as_ref()
    }

    /// The `__module__` of a program's classes.
    pub fn module_name(&self, program: ProgramId) -> &Py<PyString> {
        &self.module_names[program.index()]
    }

    /// The path of a program's file, or None.
    pub fn path(&self, program: ProgramId) -> &Py<PyAny> {
        &self.paths[program.index()]
    }

    /// Notes the class of an enum; the first one stays.
    pub fn set_enum(&self, id: EnumId, class: &Bound<'_, PyType>) {
        self.enums[id.index()].get_or_init(|| class.clone().unbind());
    }

    /// Notes the class of a struct; the first one stays.
    pub fn set_struct(&self, id: StructId, class: &Bound<'_, PyType>) {
        self.structs[id.index()].get_or_init(|| class.clone().unbind());
    }

    /// The class of an enum, once it was made.
    pub fn enum_class<'a, 'py>(
        &'a self,
        py: Python<'py>,
        id: EnumId,
    ) -> Option<&'a Bound<'py, PyType>> {
        Some(self.enums[id.index()].get()?.bind(py))
    }

    /// The class of a struct, once it was made.
    pub fn struct_class<'a, 'py>(
        &'a self,
        py: Python<'py>,
        id: StructId,
    ) -> Option<&'a Bound<'py, PyType>> {
        Some(self.structs[id.index()].get()?.bind(py))
    }
}

#[pymethods]
impl BuiltSchema {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.options)?;
        for class in self.enums.iter().chain(&self.structs) {
            visit.call(class.get())?;
        }
        Ok(())
    }
}
