//! Making classes.
//!
//! `type()` spends most of its time on looking up some ninety special methods
//! along the bases, to choose the native functions behind them. A loaded class
//! defines none, so that it has those of its base, and inheriting them is all
//! that is left to do: `PyType_Ready` does it in a tenth of the time.

use std::ffi::c_ulong;
use std::ptr;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use super::types::own_attribute;

/// A class as `type.__new__` would make it, of a base that has the memory of
/// its objects end in pointers.
///
/// `namespace` becomes the `__dict__` of the class; it may hold no special
/// method. `slots` are the names of new slots, in the order of their memory; it
/// holds them too, as `__slots__`.
pub fn new_slotted_class<'py>(
    metaclass: &Bound<'py, PyType>,
    name: &Bound<'py, PyString>,
    base: &Bound<'py, PyType>,
    namespace: Bound<'py, PyDict>,
    slots: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyType>> {
    if !cfg!(known_layouts) {
        return class_by_type(metaclass, name, base, &namespace);
    }
    let class = begin_class(metaclass, name, base, namespace, slots.len())?;
    // SAFETY: the class is new, and has room for so many members behind it.
    // Slots take the memory behind that of the base, whose functions know of
    // it all; the strings of their names live as long as the names, which the
    // type holds.
    unsafe {
        let made = class.as_type_ptr();
        let heap = made.cast::<ffi::PyHeapTypeObject>();
        let parent = base.as_type_ptr();
        (*heap).ht_slots = slots.clone().into_ptr();
        (*made).tp_dealloc = (*parent).tp_dealloc;
        (*made).tp_traverse = (*parent).tp_traverse;
        (*made).tp_clear = (*parent).tp_clear;

        let start = (*parent).tp_basicsize;
        let size = size_of::<*mut ffi::PyObject>() as ffi::Py_ssize_t;
        debug_assert_eq!(start % size, 0);
        let members = made
            .byte_offset((*metaclass.as_type_ptr()).tp_basicsize)
            .cast::<ffi::PyMemberDef>();
        for (index, slot) in slots.iter().enumerate() {
            members.add(index).write(ffi::PyMemberDef {
                name: utf8(slot.cast()?)?,
                type_code: ffi::Py_T_OBJECT_EX,
                offset: start + size * index as ffi::Py_ssize_t,
                flags: 0,
                doc: ptr::null(),
            });
        }
        (*made).tp_members = members;
        (*made).tp_basicsize = start + size * slots.len() as ffi::Py_ssize_t;
        (*made).tp_itemsize = (*parent).tp_itemsize;
    }
    finish_class(class)
}

/// A class of `object` as `type()` would make it: its objects have a `__dict__`
/// and can be referred to weakly.
///
/// `namespace` becomes the `__dict__` of the class; it may hold no special
/// method.
pub fn new_plain_class<'py>(
    name: &Bound<'py, PyString>,
    namespace: Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyType>> {
    let py = name.py();
    let metaclass = py.get_type::<PyType>();
    let base = py.get_type::<PyAny>();
    if !cfg!(known_layouts) {
        return class_by_type(&metaclass, name, &base, &namespace);
    }
    let model = Model::get(py)?;
    let class = begin_class(&metaclass, name, &base, namespace, 0)?;
    // SAFETY: the class is new. The memory of its objects is that of a class
    // that `type` made, with the functions that it has for such memory; the
    // table of descriptors lives forever.
    unsafe {
        let made = class.as_type_ptr();
        (*made).tp_dealloc = model.dealloc;
        (*made).tp_traverse = model.traverse;
        (*made).tp_clear = model.clear;
        (*made).tp_basicsize = model.basicsize;
        (*made).tp_flags |= model.flags;
        (*made).tp_dictoffset = model.dictoffset;
        (*made).tp_weaklistoffset = model.weaklistoffset;
        (*made).tp_getset = model.getset.as_ptr().cast_mut();
    }
    finish_class(class)
}

/// A class as `type.__new__` makes it.
pub fn class_by_type<'py>(
    metaclass: &Bound<'py, PyType>,
    name: &Bound<'py, PyString>,
    base: &Bound<'py, PyType>,
    namespace: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyType>> {
    let py = name.py();
    let class = py.get_type::<PyType>().call_method1(
        intern!(py, "__new__"),
        (metaclass, name, (base,), namespace),
    )?;
    Ok(class.cast_into()?)
}

/// A class that lacks the memory of its objects and is not ready.
fn begin_class<'py>(
    metaclass: &Bound<'py, PyType>,
    name: &Bound<'py, PyString>,
    base: &Bound<'py, PyType>,
    namespace: Bound<'py, PyDict>,
    members: usize,
) -> PyResult<Bound<'py, PyType>> {
    let py = name.py();
    let bases = PyTuple::new(py, [base])?;
    let text = utf8(name)?;
    // SAFETY: the metaclass is `type` or a subclass, so that its `tp_alloc`
    // gives the zeroed memory of a heap type with room for the members behind
    // it. It is marked as a heap type before anything else can look at it.
    // What it is given after that, references included, is what `type_new`
    // gives it; the text of its name lives as long as the name, which the
    // type holds. Should anything fail, the type is freed as `type_new` frees
    // it.
    unsafe {
        if ffi::PyType_IsSubtype(metaclass.as_type_ptr(), &raw mut ffi::PyType_Type) == 0 {
            return Err(PyTypeError::new_err("not a metaclass"));
        }
        let metaclass = metaclass.as_type_ptr();
        let allocate = (*metaclass).tp_alloc.unwrap_or(ffi::PyType_GenericAlloc);
        let made = allocate(metaclass, members as ffi::Py_ssize_t);
        let class = made.cast::<ffi::PyTypeObject>();
        if !class.is_null() {
            (*class).tp_flags = ffi::Py_TPFLAGS_DEFAULT
                | ffi::Py_TPFLAGS_HEAPTYPE
                | ffi::Py_TPFLAGS_BASETYPE
                | ffi::Py_TPFLAGS_HAVE_GC;
        }
        let made = Bound::from_owned_ptr_or_err(py, made)?.cast_into_unchecked::<PyType>();
        let heap = class.cast::<ffi::PyHeapTypeObject>();

        (*heap).ht_name = name.clone().into_ptr();
        (*heap).ht_qualname = name.clone().into_ptr();
        (*class).tp_name = text;
        (*class).tp_as_async = &raw mut (*heap).as_async;
        (*class).tp_as_number = &raw mut (*heap).as_number;
        (*class).tp_as_mapping = &raw mut (*heap).as_mapping;
        (*class).tp_as_sequence = &raw mut (*heap).as_sequence;
        (*class).tp_as_buffer = &raw mut (*heap).as_buffer;
        (*class).tp_bases = bases.into_ptr();
        (*class).tp_base = base.clone().into_ptr().cast();
        (*class).tp_dict = namespace.into_ptr();
        (*class).tp_alloc = Some(ffi::PyType_GenericAlloc);
        (*class).tp_free = Some(ffi::PyObject_GC_Del);
        Ok(made)
    }
}

/// The class, ready to be used.
fn finish_class(class: Bound<'_, PyType>) -> PyResult<Bound<'_, PyType>> {
    // SAFETY: the class was begun and has got the memory of its objects.
    if unsafe { ffi::PyType_Ready(class.as_type_ptr()) } < 0 {
        return Err(PyErr::fetch(class.py()));
    }
    Ok(class)
}

/// The memory of a plain class, and the functions for it, as `type` makes them
/// in this version of Python.
struct Model {
    basicsize: ffi::Py_ssize_t,
    flags: c_ulong,
    dictoffset: ffi::Py_ssize_t,
    weaklistoffset: ffi::Py_ssize_t,
    dealloc: Option<ffi::destructor>,
    traverse: Option<ffi::traverseproc>,
    clear: Option<ffi::inquiry>,
    /// `__dict__` and `__weakref__`.
    getset: [ffi::PyGetSetDef; 3],
}

// SAFETY: the pointers are to text and functions, which live forever.
unsafe impl Send for Model {}
// SAFETY: as above, and nothing in it ever changes.
unsafe impl Sync for Model {}

impl Model {
    fn get(py: Python<'_>) -> PyResult<&'static Self> {
        static MODEL: PyOnceLock<Model> = PyOnceLock::new();
        MODEL.get_or_try_init(py, || Self::take(py))
    }

    /// Takes it from a class that `type` makes.
    fn take(py: Python<'_>) -> PyResult<Self> {
        let namespace = PyDict::new(py);
        let class = py
            .get_type::<PyType>()
            .call1(("Model", (py.get_type::<PyAny>(),), namespace))?
            .cast_into::<PyType>()?;
        let getset = |name: &str| {
            let name = PyString::intern(py, name);
            let descriptor = own_attribute(&class, &name)
                .filter(|found| found.get_type_ptr() == &raw mut ffi::PyGetSetDescr_Type)
                .ok_or_else(|| PyTypeError::new_err("a class without an ordinary __dict__"))?;
            // SAFETY: the type was checked; the definition is one of the
            // interpreter's own, and lives forever.
            unsafe {
                let descriptor = descriptor.as_ptr().cast::<ffi::PyGetSetDescrObject>();
                Ok::<_, PyErr>((*descriptor).d_getset.read())
            }
        };
        let getset = [
            getset("__dict__")?,
            getset("__weakref__")?,
            ffi::PyGetSetDef::default(),
        ];
        // SAFETY: reads the fields of a class that is ready and alive.
        unsafe {
            let class = class.as_type_ptr();
            Ok(Self {
                basicsize: (*class).tp_basicsize,
                flags: (*class).tp_flags & MANAGED,
                dictoffset: (*class).tp_dictoffset,
                weaklistoffset: (*class).tp_weaklistoffset,
                dealloc: (*class).tp_dealloc,
                traverse: (*class).tp_traverse,
                clear: (*class).tp_clear,
                getset,
            })
        }
    }
}

/// The flags of classes whose `__dict__` and weak references are kept before
/// the object, in the versions that do so: `Py_TPFLAGS_MANAGED_DICT` and
/// `Py_TPFLAGS_MANAGED_WEAKREF`.
const MANAGED: c_ulong = 0b11 << 3;

/// The text of a name for C, which lives as long as the name.
fn utf8(name: &Bound<'_, PyString>) -> PyResult<*const std::ffi::c_char> {
    let mut length = 0;
    // SAFETY: a string of Python caches its UTF-8, with a zero behind it.
    let text = unsafe { ffi::PyUnicode_AsUTF8AndSize(name.as_ptr(), &raw mut length) };
    if text.is_null() {
        return Err(PyErr::fetch(name.py()));
    }
    Ok(text)
}
