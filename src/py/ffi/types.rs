//! Questions to type objects that the public API answers slowly or not.

#[cfg(any(known_layouts, not(Py_3_12)))]
use pyo3::Borrowed;
use pyo3::PyTypeInfo;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};

#[cfg(known_layouts)]
unsafe extern "C" {
    /// Looks a name up along the MRO, without the metaclass and without
    /// binding; returns a borrowed reference and sets no exception.
    fn _PyType_Lookup(
        class: *mut ffi::PyTypeObject,
        name: *mut ffi::PyObject,
    ) -> *mut ffi::PyObject;
}

/// An object that is exactly of a type; none for any other. Unlike
/// `cast_exact` without an error that nobody looks at.
#[inline]
pub fn exactly<'a, 'py, T: PyTypeInfo>(object: &'a Bound<'py, PyAny>) -> Option<&'a Bound<'py, T>> {
    // SAFETY: the type is checked first.
    object
        .is_exact_instance_of::<T>()
        .then(|| unsafe { object.cast_unchecked::<T>() })
}

/// Whether more than one may hold an object, beside the reference that is given.
#[inline]
pub fn may_be_shared(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: reads the count of an object that is alive.
    unsafe { ffi::Py_REFCNT(object.as_ptr()) > 2 }
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
#[cfg(known_layouts)]
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

/// The attribute `name` of `class` or the first base that has it, unbound.
#[cfg(not(known_layouts))]
pub fn lookup<'py>(
    class: &Bound<'py, PyType>,
    name: &Bound<'py, PyString>,
) -> Option<Bound<'py, PyAny>> {
    class
        .mro()
        .iter()
        .find_map(|base| own_attribute(base.cast().ok()?, name))
}

/// The attribute `name` in the `__dict__` of `class` itself.
pub fn own_attribute<'py>(
    class: &Bound<'py, PyType>,
    name: &Bound<'py, PyString>,
) -> Option<Bound<'py, PyAny>> {
    // SAFETY: the result is borrowed from the dict and gets a reference of its
    // own at once.
    unsafe {
        let dict = own_dict(class)?;
        let found = ffi::PyDict_GetItemWithError(dict.as_ptr(), name.as_ptr());
        if found.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        Some(Bound::from_borrowed_ptr(class.py(), found))
    }
}

/// The `__dict__` of a class, which is that of a Python class at least.
#[cfg(any(known_layouts, not(Py_3_12)))]
#[inline]
fn own_dict<'a, 'py>(class: &'a Bound<'py, PyType>) -> Option<Borrowed<'a, 'py, PyAny>> {
    // SAFETY: a ready heap type has a dict, and keeps it; static types of newer
    // versions keep theirs elsewhere and show null here.
    unsafe {
        let dict = (*class.as_type_ptr()).tp_dict;
        (!dict.is_null()).then(|| Borrowed::from_ptr(class.py(), dict))
    }
}

/// The `__dict__` of a class, by a public function.
#[cfg(all(not(known_layouts), Py_3_12))]
fn own_dict<'py>(class: &Bound<'py, PyType>) -> Option<Bound<'py, PyAny>> {
    // SAFETY: the result is a new reference.
    unsafe {
        let dict = ffi::PyType_GetDict(class.as_type_ptr());
        Bound::from_owned_ptr_or_opt(class.py(), dict)
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

/// The `__setattr__` and `__delattr__` that refuse.
static REFUSING: PyOnceLock<[Py<PyAny>; 2]> = PyOnceLock::new();

/// Notes the `__setattr__` and `__delattr__` of a class as those that refuse.
pub fn install_frozen(class: &Bound<'_, PyType>) {
    let py = class.py();
    let set = own_attribute(class, intern!(py, "__setattr__"));
    let delete = own_attribute(class, intern!(py, "__delattr__"));
    if let (Some(set), Some(delete)) = (set, delete) {
        REFUSING.get_or_init(py, || [set.unbind(), delete.unbind()]);
    }
}

/// Whether attributes of the instances of `class` cannot be assigned, in the way
/// that was noted.
pub fn is_frozen(class: &Bound<'_, PyType>) -> bool {
    let py = class.py();
    let Some([set, delete]) = REFUSING.get(py) else {
        return false;
    };
    let is = |name, known: &Py<PyAny>| lookup(class, name).is_some_and(|found| found.is(known));
    is(intern!(py, "__setattr__"), set) && is(intern!(py, "__delattr__"), delete)
}

/// Whether instances of `class` get and set attributes the ordinary way, or cannot
/// set them: no `__getattribute__`, `__getattr__`, `__setattr__` or `__delattr__` of
/// its own.
pub fn has_original_attributes(class: &Bound<'_, PyType>) -> bool {
    // SAFETY: reads a slot of a type that is alive; the address of the generic
    // function is only compared.
    let gets = unsafe {
        (*class.as_type_ptr()).tp_getattro.map(|get| get as usize)
            == Some(ffi::PyObject_GenericGetAttr as *const () as usize)
    };
    gets && (sets_attributes_as_object(class) || is_frozen(class))
}

/// Whether attributes of the instances of `class` are set the ordinary way: it has
/// no `__setattr__` or `__delattr__` of its own.
pub fn sets_attributes_as_object(class: &Bound<'_, PyType>) -> bool {
    // SAFETY: reads a slot of a type that is alive; the address of the generic
    // function is only compared.
    unsafe {
        (*class.as_type_ptr()).tp_setattro.map(|set| set as usize)
            == Some(ffi::PyObject_GenericSetAttr as *const () as usize)
    }
}

/// The version of a class, which is another one after each change to it and its
/// bases; 0 while it has none.
#[cfg(known_layouts)]
#[inline]
pub fn version_of(class: &Bound<'_, PyType>) -> u32 {
    // SAFETY: reads two fields of a type that is alive.
    unsafe {
        let class = class.as_type_ptr();
        // Later versions of CPython take the number away with the flag.
        let is_valid = cfg!(Py_3_11) || (*class).tp_flags & ffi::Py_TPFLAGS_VALID_VERSION_TAG != 0;
        if is_valid { (*class).tp_version_tag } else { 0 }
    }
}

/// The version of a class; none that is known.
#[cfg(not(known_layouts))]
pub fn version_of(_: &Bound<'_, PyType>) -> u32 {
    0
}

/// How many calls of Python functions may nest: `sys.getrecursionlimit()`.
pub fn recursion_limit(_: Python<'_>) -> i32 {
    // SAFETY: attached, as the argument proves.
    unsafe { ffi::Py_GetRecursionLimit() }
}
