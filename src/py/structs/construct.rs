//! `__init__` of classes that `load` made: what it does, and how others see it.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyDict, PyTuple, PyType};

use super::attributes::assign;
use super::layout::{Layout, LayoutField};
use crate::py::ffi::{self, Kept, Quiet, Raised};

/// `__init__` of classes that `load` made: the fields by position in IDL
/// order, or by name.
#[pyfunction]
#[pyo3(signature = (object, args, kwargs))]
pub fn initialize(
    object: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> PyResult<()> {
    let keywords = kwargs.into_iter().flat_map(ffi::DictEntries::new);
    initialize_with(object, args.iter(), keywords)
}

/// `__init__` of a new object, without arguments.
#[inline]
pub fn initialize_empty<'py>(object: &Bound<'py, PyAny>) -> Result<(), Raised<'py>> {
    if let Some(layout) = ffi::kept_by_class_of(object, Kept::Layout)
        && let Ok(layout) = layout.cast_exact::<Layout>()
        && layout.get().has_original_attributes()
        && let Some(slots) = layout.get().slots().view_exact(object)
        && layout.get().is_complete()
    {
        return layout
            .get()
            .fill_defaults(slots, &mut Quiet::new(object.py(), false));
    }
    initialize_with(object, [].into_iter(), [].into_iter())
        .map_err(|error| Raised::new(object.py(), error))
}

/// `__init__` with arguments that come one by one.
#[inline]
pub fn initialize_with<'py>(
    object: &Bound<'py, PyAny>,
    args: impl ExactSizeIterator<Item = Bound<'py, PyAny>>,
    keywords: impl Iterator<Item = (Bound<'py, PyAny>, Bound<'py, PyAny>)>,
) -> PyResult<()> {
    let py = object.py();
    let class = object.get_type();
    let Some(layout) = Layout::of(&class) else {
        return Err(PyTypeError::new_err(
            "StructStorage is the base of loaded structs and has no fields of its own",
        ));
    };
    let layout = layout.get();
    let fields = layout.fields();
    if args.len() > fields.len() {
        return Err(PyTypeError::new_err(format!(
            "{}() takes at most {} arguments ({} given)",
            class.name()?,
            fields.len(),
            args.len()
        )));
    }
    let slots = layout
        .has_original_attributes()
        .then(|| layout.slots().view_exact(object))
        .flatten();
    let set = |field: &LayoutField, value: Bound<'py, PyAny>| match (slots, field.slot) {
        (Some(slots), Some(slot)) => {
            slots.set(slot, Some(value));
            Ok(())
        }
        _ => assign(object, field.name.bind(py), value),
    };
    let mut given = Given::default();
    for (index, value) in args.enumerate() {
        given.add(index);
        set(&fields[index], value)?;
    }
    for (name, value) in keywords {
        let Some(index) = layout.position(&name) else {
            return Err(PyTypeError::new_err(format!(
                "{}() got an unexpected keyword argument '{name}'",
                class.name()?
            )));
        };
        if !given.add(index) {
            return Err(PyTypeError::new_err(format!(
                "{}() got multiple values for argument '{name}'",
                class.name()?
            )));
        }
        set(&fields[index], value)?;
    }
    for (index, field) in fields.iter().enumerate() {
        if !given.has(index) {
            set(field, layout.default(index, py)?)?;
        }
    }
    Ok(())
}

/// Which arguments were given.
#[derive(Default)]
struct Given {
    first: u64,
    /// Those from the 64th on.
    others: Vec<usize>,
}

impl Given {
    #[inline]
    fn has(&self, index: usize) -> bool {
        match index {
            0..64 => self.first & (1 << index) != 0,
            _ => self.others.contains(&index),
        }
    }

    /// Notes an argument; whether it is new.
    fn add(&mut self, index: usize) -> bool {
        let new = !self.has(index);
        match index {
            0..64 => self.first |= 1 << index,
            _ => self.others.push(index),
        }
        new
    }
}

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
