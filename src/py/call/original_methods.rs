//! Whether an object still does something the way its base class does it.

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyString, PyTuple, PyType};

use crate::py::ffi;

/// Methods of a Python class, as they are when this is made.
#[pyclass(frozen, module = "fastthrift._core")]
pub struct OriginalMethods(Box<[(Py<PyString>, Py<PyAny>)]>);

#[pymethods]
impl OriginalMethods {
    #[new]
    #[pyo3(signature = (cls, *names))]
    fn new(cls: &Bound<'_, PyType>, names: &Bound<'_, PyTuple>) -> PyResult<Self> {
        names
            .iter()
            .map(|name| {
                let name = name.cast_into::<PyString>()?;
                let method = ffi::lookup(cls, &name)
                    .ok_or_else(|| PyAttributeError::new_err(name.clone().unbind()))?;
                Ok((name.unbind(), method.unbind()))
            })
            .collect::<PyResult<_>>()
            .map(Self)
    }

    /// Whether `object` has these very methods: neither its class nor the
    /// object itself has others.
    pub fn are_kept_by(&self, object: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = object.py();
        let class = object.get_type();
        let same = |(name, method): &(Py<PyString>, Py<PyAny>)| {
            ffi::lookup(&class, name.bind(py)).is_some_and(|found| found.is(method))
        };
        if !self.0.iter().all(same) {
            return Ok(false);
        }
        if let Some(own) = ffi::own_dict(object) {
            for (name, _) in &self.0 {
                if own.contains(name)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.iter().try_for_each(|(_, method)| visit.call(method))
    }
}
