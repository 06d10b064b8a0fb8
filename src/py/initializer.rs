//! `__init__` of classes whose objects are made natively, as others see it.

use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::PyType;

use super::ffi;
use super::layout::Layout;

/// A descriptor: of an object it is the native `__init__`, of a class a
/// function that has the parameters of the class, so that `inspect` and
/// `unittest.mock` see them.
#[pyclass(frozen, module = "fastthrift._core")]
pub struct Initializer {
    native: Py<PyAny>,
    /// Makes the function of a class.
    describe: Py<PyAny>,
}

#[pymethods]
impl Initializer {
    #[new]
    fn new(native: Py<PyAny>, describe: Py<PyAny>) -> Self {
        Self { native, describe }
    }

    fn __get__<'py>(
        &self,
        object: &Bound<'py, PyAny>,
        owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        // `inspect` of CPython 3.13 asks a class as if it were an object.
        let class = if object.is_none() {
            owner
        } else {
            Some(object)
        };
        let class = class.and_then(|class| class.cast::<PyType>().ok());
        let layout = class.and_then(|class| Layout::of(class).map(|layout| (class, layout)));
        let function = match layout {
            Some((class, layout)) => layout
                .get()
                .function(class, self.describe.bind(object.py()))?,
            None => self.native.bind(object.py()).clone(),
        };
        if object.is_none() {
            Ok(function)
        } else {
            ffi::bound_method(&function, object)
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.native)?;
        visit.call(&self.describe)
    }
}

/// Gives a struct class the native functions of the storage for what it
/// inherits of it: construction where its `__init__` is `initializer`, and
/// comparison.
///
/// `type()` does not, where it finds one of the names elsewhere.
#[pyfunction]
pub fn inherit_native(
    cls: &Bound<'_, PyType>,
    initializer: &Bound<'_, Initializer>,
) -> PyResult<()> {
    ffi::inherit_native(cls, initializer.as_any())
}
