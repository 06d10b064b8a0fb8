//! Which fields of a struct were chosen, by paths of their names.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

use super::Plan;
use super::field::PlanField;
use super::kind::{Kind, Numbers, StructClass, Within};
use crate::py::ffi;
use crate::wire::Limits;

/// Names of attributes.
pub type AttributeNames = Box<[Py<PyString>]>;

/// The fields of a struct that were chosen, in the order in which they were.
#[derive(Default)]
pub struct Chosen(Vec<(String, Chosen)>);

impl Chosen {
    /// The fields that a tuple of paths names.
    pub(super) fn of_tuple(paths: &Bound<'_, PyAny>) -> PyResult<Self> {
        let paths: Vec<String> = paths.extract()?;
        Self::of_paths(paths.iter().map(String::as_str))
    }

    /// The fields that a class itself says are chosen: a result of which a client
    /// wants some only.
    pub fn of_class(class: &Bound<'_, PyType>) -> PyResult<Option<Self>> {
        let only = ffi::own_attribute(class, intern!(class.py(), "__fastthrift_only__"));
        only.map(|paths| Self::of_tuple(&paths)).transpose()
    }

    /// The fields that paths name: `a.b` is the field `b` of the structs in the
    /// field `a`, or in its containers.
    fn of_paths<'a>(paths: impl Iterator<Item = &'a str>) -> PyResult<Self> {
        let mut chosen = Self::default();
        let most_names = most_names();
        for path in paths {
            if path.split('.').any(str::is_empty) {
                return Err(PyValueError::new_err(format!(
                    "the path {path:?} lacks a name: write names of fields with dots between \
                     them, as in \"people.name\""
                )));
            }
            let names = path.split('.').count();
            if names > most_names {
                return Err(PyValueError::new_err(format!(
                    "a path has {names} names, and {most_names} at most are followed"
                )));
            }
            chosen.add(path);
        }
        Ok(chosen)
    }

    /// Adds a path. What was chosen as a whole stays so.
    fn add(&mut self, path: &str) {
        let (name, rest) = match path.split_once('.') {
            Some((name, rest)) => (name, Some(rest)),
            None => (path, None),
        };
        let known = self.0.iter().position(|(known, _)| known == name);
        match (known, rest) {
            (Some(known), None) => self.0[known].1 = Self::default(),
            (Some(known), Some(rest)) if !self.0[known].1.is_whole() => self.0[known].1.add(rest),
            (Some(_), Some(_)) => {}
            (None, rest) => {
                let mut below = Self::default();
                if let Some(rest) = rest {
                    below.add(rest);
                }
                self.0.push((name.to_owned(), below));
            }
        }
    }

    /// Whether nothing within was chosen, so that all of it was.
    fn is_whole(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields of a class that were chosen, each with what was chosen within; and
    /// the names of the others.
    pub fn keep(
        &self,
        class: &Bound<'_, PyType>,
        fields: Vec<PlanField>,
        numbers: Numbers,
    ) -> PyResult<(Vec<PlanField>, AttributeNames)> {
        let py = class.py();
        for (name, _) in &self.0 {
            if !fields.iter().any(|field| field.is_called(py, name)) {
                return Err(no_such_field(class, name, &fields));
            }
        }
        let mut kept = Vec::with_capacity(self.0.len());
        let mut others = Vec::new();
        for mut field in fields {
            let chosen = self.0.iter().find(|(name, _)| field.is_called(py, name));
            let Some((_, below)) = chosen else {
                others.push(field.name);
                continue;
            };
            if !below.is_whole() {
                let keys = has_structs_as_keys(&field.kind);
                if !below.narrow(py, &mut field.kind, numbers)? {
                    return Err(no_structs(class, &field, &below.0[0].0, keys));
                }
            }
            kept.push(field);
        }
        Ok((kept, others.into_boxed_slice()))
    }

    /// Narrows what a field holds to what was chosen of the structs in it, if there
    /// are any.
    ///
    /// Sets in it are lists then: structs of which the chosen fields are equal would
    /// be one in a set of Python.
    fn narrow(&self, py: Python<'_>, kind: &mut Kind, numbers: Numbers) -> PyResult<bool> {
        match kind.within_mut() {
            Within::Struct(inner) => {
                *inner = self.narrow_class(py, inner, numbers)?;
                Ok(true)
            }
            Within::Elements(element) => self.narrow(py, element, numbers),
            Within::Entries(_, value) => self.narrow(py, value, numbers),
            Within::Nothing => Ok(false),
        }
    }

    fn narrow_class(
        &self,
        py: Python<'_>,
        inner: &StructClass,
        numbers: Numbers,
    ) -> PyResult<StructClass> {
        let class = inner.class().bind(py);
        let class = class.cast::<PyType>().map_err(|_| {
            PyTypeError::new_err(format!(
                "fields can be chosen of struct classes, and {class} is none"
            ))
        })?;
        let plan = self.plan_of(class, numbers)?;
        Ok(inner.narrow(py, plan.unbind()))
    }

    /// The plan of a class with the fields that were chosen.
    pub fn plan_of<'py>(
        &self,
        class: &Bound<'py, PyType>,
        numbers: Numbers,
    ) -> PyResult<Bound<'py, Plan>> {
        let spec = class.getattr(intern!(class.py(), "thrift_spec"))?;
        Plan::compile_spec(class, &spec, Some(self), numbers)
    }
}

/// As many names as a path may have: each is a level of structs in a message, and
/// of calls while the class within the class is compiled.
fn most_names() -> usize {
    /// What compiling a class takes, in levels of decoding.
    const COSTS: u32 = 8;
    const GRANTED: u32 = 16;
    let levels = ffi::affordable_levels(Limits::MAX_DEPTH * COSTS, GRANTED * COSTS);
    (levels / COSTS) as usize
}

/// Whether a type has structs in the keys of maps, through which no path leads.
fn has_structs_as_keys(kind: &Kind) -> bool {
    match kind.within() {
        Within::Elements(element) => has_structs_as_keys(element),
        Within::Entries(key, value) => key.has_structs() || has_structs_as_keys(value),
        Within::Struct(_) | Within::Nothing => false,
    }
}

#[cold]
fn no_structs(class: &Bound<'_, PyType>, field: &PlanField, name: &str, keys: bool) -> PyErr {
    let field = field.name.bind(class.py());
    let class = match class.name() {
        Ok(class) => class,
        Err(error) => return error,
    };
    PyValueError::new_err(if keys {
        format!(
            "{class}.{field} holds structs as keys of maps only, of which no fields can be \
             chosen: a path leads to the values, so there is no field {name:?}"
        )
    } else {
        format!("{class}.{field} holds no structs, so it has no field {name:?}")
    })
}

#[cold]
fn no_such_field(class: &Bound<'_, PyType>, name: &str, fields: &[PlanField]) -> PyErr {
    let class = match class.name() {
        Ok(class) => class,
        Err(error) => return error,
    };
    let py = class.py();
    let there = fields
        .iter()
        .map(|field| field.idl_name.bind(py).to_string());
    let there = there.collect::<Vec<_>>().join(", ");
    PyValueError::new_err(format!("{class} has no field {name:?}: it has {there}"))
}
