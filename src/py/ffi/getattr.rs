//! Attributes of classes with a `__getattr__`.

use pyo3::prelude::*;
use pyo3::types::PyType;

/// Makes attributes of a class with a `__getattr__` cheaper, until somebody
/// gives the class another one.
///
/// Before 3.12 such a class pays for an exception each time that its
/// `__getattr__` is asked, and for a detour each time that it is not.
/// Subclasses find their own way, as always.
pub fn install_getattr(class: &Bound<'_, PyType>) {
    #[cfg(not(Py_3_12))]
    early::install(class);
    #[cfg(Py_3_12)]
    let _ = class;
}

#[cfg(not(Py_3_12))]
mod early {
    use pyo3::ffi;
    use pyo3::prelude::*;
    use pyo3::types::{PyString, PyType};

    use crate::py::ffi::lookup;

    unsafe extern "C" {
        /// What `PyObject_GenericGetAttr` gives; null without an exception when there
        /// is no such attribute and `suppress` is 1.
        fn _PyObject_GenericGetAttrWithDict(
            object: *mut ffi::PyObject,
            name: *mut ffi::PyObject,
            dict: *mut ffi::PyObject,
            suppress: std::ffi::c_int,
        ) -> *mut ffi::PyObject;
    }

    pub fn install(class: &Bound<'_, PyType>) {
        // SAFETY: `getattro` does what the slot's function does for a class
        // with a `__getattr__` and no `__getattribute__`. Assigning either
        // of them to the class replaces it.
        unsafe {
            (*class.as_type_ptr()).tp_getattro = Some(getattro);
        }
    }

    unsafe extern "C" fn getattro(
        object: *mut ffi::PyObject,
        name: *mut ffi::PyObject,
    ) -> *mut ffi::PyObject {
        // SAFETY: called by the interpreter, attached, with two objects that
        // are alive; the result is an object or null with an exception set.
        unsafe {
            let found = _PyObject_GenericGetAttrWithDict(object, name, std::ptr::null_mut(), 1);
            if !found.is_null() || !ffi::PyErr_Occurred().is_null() {
                return found;
            }
            let py = Python::assume_attached();
            let object = Bound::from_borrowed_ptr(py, object);
            let name = Bound::from_borrowed_ptr(py, name);
            match ask(&object, &name) {
                Ok(value) => value.into_ptr(),
                Err(error) => {
                    error.restore(py);
                    std::ptr::null_mut()
                }
            }
        }
    }

    fn ask<'py>(
        object: &Bound<'py, PyAny>,
        name: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let own = pyo3::intern!(object.py(), "__getattr__");
        match lookup(&object.get_type(), own) {
            Some(getattr) => getattr.call1((object, name)),
            None => Err(pyo3::exceptions::PyAttributeError::new_err(
                name.cast::<PyString>()?.clone().unbind(),
            )),
        }
    }
}
