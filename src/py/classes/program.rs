//! What a file gives its module, and what is kept of it for a later load.

use std::cell::OnceCell;

use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyDict, PyList, PyString, PyType};

/// The definitions of one file, as Python objects.
#[pyclass(name = "Program", frozen, get_all, module = "fastthrift._core")]
pub struct PyProgram {
    /// The attributes of the module, in order.
    namespace: Py<PyDict>,
    /// What `__thrift_meta__` lists, by kind.
    meta: Py<PyDict>,
    /// The structs, unions, exceptions, enums and services, as the file
    /// orders them.
    classes: Py<PyList>,
    /// Of the text that it was made from.
    digest: u64,
}

impl PyProgram {
    /// A program that was built.
    pub fn new(namespace: Py<PyDict>, meta: Py<PyDict>, classes: Py<PyList>, digest: u64) -> Self {
        Self {
            namespace,
            meta,
            classes,
            digest,
        }
    }

    /// The classes, and whether they were made from a text of this digest.
    pub fn classes_of(&self, digest: u64) -> Option<&Py<PyList>> {
        (self.digest == digest).then_some(&self.classes)
    }
}

#[pymethods]
impl PyProgram {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.namespace)?;
        visit.call(&self.meta)?;
        visit.call(&self.classes)
    }
}

/// What `__thrift_meta__` lists.
#[derive(Clone, Copy)]
pub enum MetaList {
    Consts,
    Enums,
    Structs,
    Unions,
    Exceptions,
    Services,
}

impl MetaList {
    fn name(self) -> &'static str {
        match self {
            Self::Consts => "consts",
            Self::Enums => "enums",
            Self::Structs => "structs",
            Self::Unions => "unions",
            Self::Exceptions => "exceptions",
            Self::Services => "services",
        }
    }
}

/// What a program gives its module.
pub struct ModuleContents<'py> {
    namespace: Bound<'py, PyDict>,
    meta: Bound<'py, PyDict>,
    /// The lists of `meta`, by kind.
    lists: [OnceCell<Bound<'py, PyList>>; 6],
    classes: Bound<'py, PyList>,
}

impl<'py> ModuleContents<'py> {
    pub fn new(py: Python<'py>) -> Self {
        Self {
            namespace: PyDict::new(py),
            meta: PyDict::new(py),
            lists: Default::default(),
            classes: PyList::empty(py),
        }
    }

    /// Lists something under its kind.
    pub fn list(&self, kind: MetaList, value: &Bound<'py, PyAny>) -> PyResult<()> {
        let list = &self.lists[kind as usize];
        if let Some(list) = list.get() {
            return list.append(value);
        }
        let new = list.get_or_init(|| PyList::empty(value.py()));
        new.append(value)?;
        self.meta.set_item(kind.name(), new)
    }

    pub fn class(
        &self,
        kind: MetaList,
        name: &str,
        attribute: &Bound<'py, PyString>,
        class: &Bound<'py, PyType>,
    ) -> PyResult<()> {
        self.list(kind, class.as_any())?;
        self.classes.append(class)?;
        self.define(name, attribute, class)
    }

    /// Something that the module has under its attribute. One that is called
    /// like a word of Python is found under its name nevertheless.
    pub fn define(
        &self,
        name: &str,
        attribute: &Bound<'py, PyString>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        if attribute != name {
            self.namespace.set_item(name, value)?;
        }
        self.namespace.set_item(attribute, value)
    }

    pub fn annotate(
        &self,
        attribute: &Bound<'py, PyString>,
        name: &Bound<'py, PyString>,
        annotations: &Bound<'py, PyDict>,
    ) -> PyResult<()> {
        if annotations.is_empty() {
            return Ok(());
        }
        self.note(attribute, name, annotations)
    }

    /// Something that is said of a definition, in a dict with what is said of
    /// others, by the names of the definitions.
    pub fn note(
        &self,
        attribute: &Bound<'py, PyString>,
        name: &Bound<'py, PyString>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        if let Some(all) = self.namespace.get_item(attribute)? {
            return all.cast::<PyDict>()?.set_item(name, value);
        }
        let all = PyDict::new(attribute.py());
        all.set_item(name, value)?;
        self.namespace.set_item(attribute, all)
    }

    pub fn finish(self, digest: u64) -> PyProgram {
        PyProgram::new(
            self.namespace.unbind(),
            self.meta.unbind(),
            self.classes.unbind(),
            digest,
        )
    }
}
