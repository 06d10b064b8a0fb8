//! What an object of a native class has beside the class.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use super::raised::Raised;
use super::types::lookup;

unsafe extern "C" {
    /// The place of an object's `__dict__`, null where it has no room for one.
    #[cfg(known_layouts)]
    fn _PyObject_GetDictPtr(object: *mut ffi::PyObject) -> *mut *mut ffi::PyObject;

    /// A bound method of any callable; a new reference.
    fn PyMethod_New(function: *mut ffi::PyObject, object: *mut ffi::PyObject)
    -> *mut ffi::PyObject;
}

/// Whether the methods of an object of a native class are those in native
/// code: nobody has replaced them, in the class or in the object.
pub fn has_original_methods(
    object: &Bound<'_, PyAny>,
    names: &[&Bound<'_, PyString>],
) -> PyResult<bool> {
    let class = object.get_type();
    let native = |name: &&Bound<'_, PyString>| {
        lookup(&class, name)
            .is_some_and(|found| found.get_type_ptr() == &raw mut ffi::PyMethodDescr_Type)
    };
    if !names.iter().all(native) {
        return Ok(false);
    }
    if let Some(own) = own_dict(object).filter(|own| !own.is_empty()) {
        for name in names {
            if own.contains(name)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The `__dict__` of an object, none while nobody has asked for it; no
/// attribute of that name is asked for.
#[cfg(known_layouts)]
pub fn own_dict<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyDict>> {
    // SAFETY: the place, if there is one, lies in the object and holds null
    // or a dict, which gets a reference of its own at once.
    unsafe {
        let place = _PyObject_GetDictPtr(object.as_ptr());
        if place.is_null() {
            return None;
        }
        let dict = Bound::from_borrowed_ptr_or_opt(object.py(), *place)?;
        dict.cast_into().ok()
    }
}

/// The `__dict__` of an object of a native class, by a public function, which
/// makes one where there is none yet.
#[cfg(not(known_layouts))]
pub fn own_dict<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyDict>> {
    // SAFETY: the result is a new reference, or null with an exception set,
    // which is that the object has no place for a dict.
    unsafe {
        let dict = ffi::PyObject_GenericGetDict(object.as_ptr(), std::ptr::null_mut());
        let dict = super::raised::Raised::or_owned(object.py(), dict).ok()?;
        dict.cast_into().ok()
    }
}

/// A function of an object: called, it gets the object as its first argument.
pub fn bound_method<'py>(
    function: &Bound<'py, PyAny>,
    object: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: both are alive; the result is a new object, or null with an
    // exception set.
    unsafe {
        let method = PyMethod_New(function.as_ptr(), object.as_ptr());
        Bound::from_owned_ptr_or_err(object.py(), method)
    }
}

/// Whether objects of a class are allocated as those of `object` are: it has no
/// `__new__` of its own, and none of a base with more to it.
pub fn allocates_as_object(class: &Bound<'_, PyType>) -> bool {
    // SAFETY: reads a slot of a ready type; the addresses are only compared.
    unsafe {
        (*class.as_type_ptr()).tp_new.map(|new| new as usize)
            == ffi::PyBaseObject_Type.tp_new.map(|new| new as usize)
    }
}

/// A new object of a class that has its `__new__` from `object`, and has not been
/// initialized.
#[inline]
pub fn allocate_as_object<'py>(
    class: &Bound<'py, PyType>,
) -> Result<Bound<'py, PyAny>, Raised<'py>> {
    let py = class.py();
    let arguments = PyTuple::empty(py);
    // SAFETY: `object` has this slot, which takes any class and makes an object of
    // it or raises; the arguments are a tuple, and no keywords.
    unsafe {
        let new = match ffi::PyBaseObject_Type.tp_new {
            Some(new) => new(
                class.as_type_ptr(),
                arguments.as_ptr(),
                std::ptr::null_mut(),
            ),
            None => std::ptr::null_mut(),
        };
        Raised::or_owned(py, new)
    }
}

/// The attribute of an object.
#[inline]
pub fn attribute_of<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> Result<Bound<'py, PyAny>, Raised<'py>> {
    // SAFETY: both are alive; the result is a new reference, or null with an
    // exception set.
    unsafe {
        let value = ffi::PyObject_GetAttr(object.as_ptr(), name.as_ptr());
        Raised::or_owned(object.py(), value)
    }
}

/// Sets the attribute of an object.
#[inline]
pub fn set_attribute_of<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    value: &Bound<'py, PyAny>,
) -> Result<(), Raised<'py>> {
    // SAFETY: all three are alive; the object takes a reference of its own.
    let status = unsafe { ffi::PyObject_SetAttr(object.as_ptr(), name.as_ptr(), value.as_ptr()) };
    Raised::or_done(object.py(), status)
}

/// Sets the attribute of an object whose class sets attributes as `object` does.
/// Who has interned the name has it found at once.
#[inline]
pub fn set_attribute_as_object<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    value: &Bound<'py, PyAny>,
) -> Result<(), Raised<'py>> {
    // SAFETY: all three are alive; the object takes a reference of its own.
    let status =
        unsafe { ffi::PyObject_GenericSetAttr(object.as_ptr(), name.as_ptr(), value.as_ptr()) };
    Raised::or_done(object.py(), status)
}
