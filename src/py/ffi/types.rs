//! Questions to type objects that the public API answers slowly or not.

use pyo3::PyTypeInfo;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

unsafe extern "C" {
    /// Looks a name up along the MRO, without the metaclass and without
    /// binding; returns a borrowed reference and sets no exception.
    fn _PyType_Lookup(
        class: *mut ffi::PyTypeObject,
        name: *mut ffi::PyObject,
    ) -> *mut ffi::PyObject;
}

/// An object that is exactly of a type; none for any other. As `cast_exact`,
/// without an error that nobody looks at.
#[inline]
pub fn exactly<'a, 'py, T: PyTypeInfo>(object: &'a Bound<'py, PyAny>) -> Option<&'a Bound<'py, T>> {
    // SAFETY: the type is checked first.
    object
        .is_exact_instance_of::<T>()
        .then(|| unsafe { object.cast_unchecked::<T>() })
}

/// Whether `object` is an instance of exactly `class`.
#[inline]
pub fn is_type(object: &Bound<'_, PyAny>, class: &Py<PyType>) -> bool {
    object.get_type_ptr().cast() == class.as_ptr()
}

/// Whether `object` is an instance of `class` or a subclass, by the MRO
/// alone: no hook of a metaclass is asked, and nothing can fail.
#[inline]
pub fn is_kind_of(object: &Bound<'_, PyAny>, class: &Bound<'_, PyType>) -> bool {
    // SAFETY: compares types that are alive.
    unsafe { ffi::PyType_IsSubtype(object.get_type_ptr(), class.as_type_ptr()) != 0 }
}

/// The attribute `name` of `class` or the first base that has it, unbound.
pub fn lookup<'py>(
    class: &Bound<'py, PyType>,
    name: &Bound<'py, PyString>,
) -> Option<Bound<'py, PyAny>> {
    // SAFETY: both pointers are alive; the result is borrowed from a class
    // of the MRO and gets a reference of its own at once.
    unsafe {
        let found = _PyType_Lookup(class.as_type_ptr(), name.as_ptr());
        Bound::from_borrowed_ptr_or_opt(class.py(), found)
    }
}

/// The attribute `name` in the `__dict__` of `class` itself.
pub fn own_attribute<'py>(
    class: &Bound<'py, PyType>,
    name: &Bound<'py, PyString>,
) -> Option<Bound<'py, PyAny>> {
    // SAFETY: a ready heap type has a dict; static types of newer versions
    // keep theirs elsewhere and show null here, which is checked. The result
    // is borrowed from the dict and gets a reference of its own at once.
    unsafe {
        let dict = (*class.as_type_ptr()).tp_dict;
        if dict.is_null() {
            return None;
        }
        let found = ffi::PyDict_GetItemWithError(dict, name.as_ptr());
        if found.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        Some(Bound::from_borrowed_ptr(class.py(), found))
    }
}

/// Sets or deletes an attribute of a class past the hook of its metaclass.
pub fn set_own_attribute(
    class: &Bound<'_, PyType>,
    name: &Bound<'_, PyString>,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let value = value.map_or(std::ptr::null_mut(), Bound::as_ptr);
    // SAFETY: `type` has this slot, and takes any type object as self; a
    // null value deletes.
    let status = unsafe {
        match ffi::PyType_Type.tp_setattro {
            Some(set) => set(class.as_ptr(), name.as_ptr(), value),
            None => 0,
        }
    };
    if status < 0 {
        return Err(PyErr::fetch(class.py()));
    }
    Ok(())
}

/// Whether instances of `class` get and set attributes the ordinary way: no
/// `__getattribute__`, `__getattr__`, `__setattr__` or `__delattr__` of its
/// own.
pub fn has_default_attributes(class: &Bound<'_, PyType>) -> bool {
    // SAFETY: reads two slots of a type that is alive; the addresses of the
    // generic functions are only compared.
    unsafe {
        let class = class.as_type_ptr();
        (*class).tp_getattro.map(|get| get as usize)
            == Some(ffi::PyObject_GenericGetAttr as *const () as usize)
            && (*class).tp_setattro.map(|set| set as usize)
                == Some(ffi::PyObject_GenericSetAttr as *const () as usize)
    }
}

/// Whether calling `class` does no more than what `base` does: it has the
/// same `__new__` and `__init__`.
pub fn has_default_construction(class: &Bound<'_, PyType>, base: &Bound<'_, PyType>) -> bool {
    // SAFETY: reads two slots of types that are alive; the addresses are
    // only compared.
    unsafe {
        let (class, base) = (class.as_type_ptr(), base.as_type_ptr());
        (*class).tp_new.map(|new| new as usize) == (*base).tp_new.map(|new| new as usize)
            && (*class).tp_init.map(|init| init as usize)
                == (*base).tp_init.map(|init| init as usize)
    }
}

/// How many calls of Python functions may nest: `sys.getrecursionlimit()`.
pub fn recursion_limit(_: Python<'_>) -> i32 {
    // SAFETY: attached, as the argument proves.
    unsafe { ffi::Py_GetRecursionLimit() }
}
