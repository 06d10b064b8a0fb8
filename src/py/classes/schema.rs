//! A linked schema as a Python object: what its files are, and their classes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::builder::Builder;
use super::built::BuiltSchema;
use super::diagnostic::PyDiagnostic;
use super::names::defines;
use super::options::ClassOptions;
use super::program::PyProgram;
use crate::py::ffi;
use crate::schema::{ChangedPlace, Program, ProgramId, Rule, Schema};

/// How many classes make so many objects that the collector would start.
const MANY: usize = 32;
/// A set of linked files.
#[pyclass(name = "Schema", frozen, module = "fastthrift._core")]
#[allow(clippy::struct_field_names, reason = "it is the schema of the core")]
pub struct PySchema {
    schema: Arc<Schema>,
    classes: ClassOptions,
    /// By program: what tells the file from others, and a digest of its text.
    files: Vec<(PathBuf, u64)>,
}
impl PySchema {
    /// A schema whose files are (identity, digest of the text), by program.
    pub fn new(schema: Schema, classes: ClassOptions, files: Vec<(PathBuf, u64)>) -> Self {
        Self {
            schema: Arc::new(schema),
            classes,
            files,
        }
    }

    /// The attribute of a module for a name, of another module for one.
    fn attribute(&self, name: &str, program: &Program) -> String {
        let taken = |other: &str| defines(&self.schema, program, other);
        let attribute = self.classes.naming.attribute(name, taken);
        attribute.unwrap_or_else(|| name.to_owned())
    }
}

/// A file of a schema: (path, stem, identity, includes), where an include is
/// (path, index of the file or None).
type FileInfo = (String, String, String, Vec<(String, Option<u32>)>);

/// Where something is: (path, line, column).
type PlaceInfo = (String, u32, u32);

/// A change that breaks something, as `PySchema::breaking` tells it.
type BreakingInfo = (
    &'static str,
    &'static str,
    String,
    &'static str,
    Option<PlaceInfo>,
    Option<PlaceInfo>,
);

#[pymethods]
impl PySchema {
    /// The files; what a file includes stands before it, the root is last.
    #[getter]
    fn files(&self) -> Vec<FileInfo> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        self.schema
            .programs
            .iter()
            .zip(&self.files)
            .map(|(program, (identity, _))| {
                let includes = program
                    .includes
                    .iter()
                    .map(|include| (text(&include.found), include.program.map(|id| id.0)))
                    .collect();
                (
                    text(&program.path),
                    self.attribute(&program.name, program),
                    text(identity),
                    includes,
                )
            })
            .collect()
    }

    /// The namespaces of a file, scope to name.
    fn namespaces<'py>(&self, py: Python<'py>, file: usize) -> PyResult<Bound<'py, PyDict>> {
        let namespaces = PyDict::new(py);
        for namespace in &self.schema.programs[file].namespaces {
            namespaces.set_item(&namespace.scope, &namespace.name)?;
        }
        Ok(namespaces)
    }

    /// What the module of each include of a file is called in it, in order.
    fn include_names(&self, file: usize) -> Vec<String> {
        let program = &self.schema.programs[file];
        program
            .includes
            .iter()
            .map(|include| {
                let included = include.program.map(|id| &self.schema[id].name);
                let name = include.alias.as_ref().or(included);
                self.attribute(name.map_or("", String::as_str), program)
            })
            .collect()
    }

    /// The doc comment of a file, or None.
    fn doc(&self, file: usize) -> Option<&str> {
        self.schema.programs[file].doc.as_deref()
    }

    /// What is odd in the files.
    #[getter]
    fn warnings(&self) -> Vec<PyDiagnostic> {
        self.schema.warnings.iter().map(Into::into).collect()
    }

    /// The definitions of a file as JSON, in the shape of Apache's
    /// `thrift --gen json`.
    fn json(&self, file: usize) -> PyResult<String> {
        if file >= self.schema.programs.len() {
            return Err(PyIndexError::new_err("there is no such file"));
        }
        Ok(self.schema.json(ProgramId(file as u32)))
    }

    /// What breaks those who have the `old` schema: (rule, category, message,
    /// advice, place, old place), where a place is (path, line, column) or None.
    fn breaking(&self, old: &Self) -> Vec<BreakingInfo> {
        let place = |place: ChangedPlace| {
            let path = place.path.to_string_lossy().into_owned();
            (path, place.line, place.column)
        };
        self.schema
            .breaking(&old.schema)
            .into_iter()
            .map(|found| {
                (
                    found.rule.as_str(),
                    found.rule.category().as_str(),
                    found.message,
                    found.advice,
                    found.place.map(place),
                    found.was.map(place),
                )
            })
            .collect()
    }

    /// The rules of `breaking`: (rule, category, advice).
    #[staticmethod]
    fn breaking_rules() -> Vec<(&'static str, &'static str, &'static str)> {
        Rule::ALL
            .iter()
            .map(|rule| (rule.as_str(), rule.category().as_str(), rule.advice()))
            .collect()
    }

    /// Makes the classes. `module_names` are the `__module__` of each file's
    /// classes; `known` are programs made before, by identity, which are used
    /// again where the text is the same, and to which new ones are added.
    fn build<'py>(
        &self,
        py: Python<'py>,
        module_names: Vec<String>,
        known: &Bound<'py, PyDict>,
    ) -> PyResult<Vec<Bound<'py, PyProgram>>> {
        let pause = (self.schema.classes() >= MANY).then(|| ffi::CollectorPause::new(py));
        let linked = BuiltSchema::new(py, Arc::clone(&self.schema), self.classes, &module_names)?;
        let built = Builder::new(&Bound::new(py, linked)?).build(&self.files, known)?;
        if let Some(pause) = pause {
            pause.end()?;
        }
        Ok(built)
    }
}
