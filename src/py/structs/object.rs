//! What objects of loaded struct classes do as objects of Python, and how their
//! classes come to it.

use pyo3::prelude::*;
use pyo3::types::PyType;

use super::construct::Initializer;
use super::layout::Layout;
use super::{attributes, compare, construct};
use crate::py::ffi::{self, Behaviour, Raised};

/// The behaviour of loaded structs, for the storage of their objects.
pub struct LoadedStruct;

impl Behaviour for LoadedStruct {
    #[inline]
    fn construct<'py>(
        object: &Bound<'py, PyAny>,
        args: impl ExactSizeIterator<Item = Bound<'py, PyAny>>,
        keywords: impl Iterator<Item = (Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    ) -> PyResult<()> {
        construct::initialize_with(object, args, keywords)
    }

    #[inline]
    fn construct_empty<'py>(object: &Bound<'py, PyAny>) -> Result<(), Raised<'py>> {
        construct::initialize_empty(object)
    }

    fn equal(object: &Bound<'_, PyAny>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        compare::equal(object, other)
    }

    fn hash(object: &Bound<'_, PyAny>) -> PyResult<isize> {
        compare::hash(object)
    }

    fn state<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        attributes::state(object)
    }

    fn dict_view<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        attributes::dict_view(object)
    }

    fn replace_dict(object: &Bound<'_, PyAny>, value: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        attributes::replace_dict(object, value)
    }
}

/// Lets objects of a class that has just got its layout be made and freed by
/// code that knows its slots.
pub fn install_functions(class: &Bound<'_, PyType>) {
    if let Some(layout) = Layout::of(class) {
        layout
            .get()
            .slots()
            .install_functions::<LoadedStruct>(class);
    }
}

/// Makes calls of the classes of a metaclass that `load` makes cheaper.
#[pyfunction]
pub fn install_call(metaclass: &Bound<'_, PyType>) -> PyResult<()> {
    ffi::install_call::<LoadedStruct>(metaclass)
}

/// Notes the class whose `__setattr__` and `__delattr__` refuse: attributes of the
/// classes that inherit them are otherwise as usual.
#[pyfunction]
pub fn install_frozen(cls: &Bound<'_, PyType>) {
    ffi::install_frozen(cls);
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
    ffi::inherit_native::<LoadedStruct>(cls, initializer.as_any())
}
