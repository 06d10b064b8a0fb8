//! The native base of every loaded struct: a pointer to a dict for
//! attributes that are not fields, and one for weak references.
//!
//! It is made from a `PyType_Spec` because its memory must be exactly this:
//! the pointers are placed by `__dictoffset__` and `__weaklistoffset__`, which
//! costs 16 bytes an object, and subclasses put their slots behind them.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int, c_uint, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use pyo3::exceptions::PySystemError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};

use super::types::is_kind_of;
use crate::py::layout;

#[repr(C)]
struct Storage {
    head: ffi::PyObject,
    extras: *mut ffi::PyObject,
    weakrefs: *mut ffi::PyObject,
}

const NAME: &CStr = c"fastthrift._core.StructStorage";
const DOC: &CStr =
    c"Native storage of loaded structs: fields in slots, other attributes in a dict.";

/// The type object `StructStorage`.
pub fn storage_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    TYPE.get_or_try_init(py, || make_type(py))
        .map(|class| class.bind(py))
}

fn make_type(py: Python<'_>) -> PyResult<Py<PyType>> {
    let members = Box::leak(Box::new([
        offset_member(
            c"__dictoffset__",
            std::mem::offset_of!(Storage, extras) as ffi::Py_ssize_t,
        ),
        offset_member(
            c"__weaklistoffset__",
            std::mem::offset_of!(Storage, weakrefs) as ffi::Py_ssize_t,
        ),
        ffi::PyMemberDef::default(),
    ]));
    let getset = Box::leak(Box::new([
        ffi::PyGetSetDef {
            name: c"__dict__".as_ptr(),
            get: Some(get_dict),
            set: Some(set_dict),
            doc: c"The fields in IDL order, then the other attributes; writes through.".as_ptr(),
            closure: ptr::null_mut(),
        },
        ffi::PyGetSetDef::default(),
    ]));
    let methods = Box::leak(Box::new([
        ffi::PyMethodDef {
            ml_name: c"__getstate__".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunction: get_state,
            },
            ml_flags: ffi::METH_NOARGS,
            ml_doc: c"The attributes as a plain dict, for copy and pickle.".as_ptr(),
        },
        ffi::PyMethodDef::zeroed(),
    ]));
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    let slots = Box::leak(Box::new([
        slot(ffi::Py_tp_doc, DOC.as_ptr().cast_mut().cast()),
        slot(ffi::Py_tp_members, members.as_mut_ptr().cast()),
        slot(ffi::Py_tp_getset, getset.as_mut_ptr().cast()),
        slot(ffi::Py_tp_methods, methods.as_mut_ptr().cast()),
        slot(ffi::Py_tp_init, init as *mut c_void),
        slot(ffi::Py_tp_richcompare, richcompare as *mut c_void),
        slot(ffi::Py_tp_hash, hash as *mut c_void),
        slot(ffi::Py_tp_traverse, traverse as *mut c_void),
        slot(ffi::Py_tp_clear, clear as *mut c_void),
        slot(ffi::Py_tp_dealloc, dealloc as *mut c_void),
        slot(0, ptr::null_mut()),
    ]));
    let mut spec = ffi::PyType_Spec {
        name: NAME.as_ptr(),
        basicsize: size_of::<Storage>() as c_int,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_BASETYPE | ffi::Py_TPFLAGS_HAVE_GC)
            as c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the spec and what it points to are complete, the tables live
    // forever, and every function has the signature of its slot.
    unsafe {
        let class = ffi::PyType_FromSpec(&raw mut spec);
        Ok(Bound::from_owned_ptr_or_err(py, class)?
            .cast_into::<PyType>()?
            .unbind())
    }
}

pub(super) fn offset_member(name: &'static CStr, offset: ffi::Py_ssize_t) -> ffi::PyMemberDef {
    ffi::PyMemberDef {
        name: name.as_ptr(),
        type_code: ffi::Py_T_PYSSIZET,
        offset,
        flags: ffi::Py_READONLY,
        doc: ptr::null(),
    }
}

/// Runs safe code for a slot function: an error or a panic becomes the
/// Python exception, and `failed` the result.
///
/// # Safety
/// Call it only where `CPython` calls a slot: attached, with a live `object`.
unsafe fn guard<T>(
    object: *mut ffi::PyObject,
    failed: T,
    body: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>,
) -> T {
    // SAFETY: by the contract of this function.
    let (py, object) = unsafe {
        let py = Python::assume_attached();
        (py, Bound::from_borrowed_ptr(py, object))
    };
    let result = catch_unwind(AssertUnwindSafe(|| body(&object)))
        .unwrap_or_else(|_| Err(PySystemError::new_err("fastthrift: internal panic")));
    match result {
        Ok(value) => value,
        Err(error) => {
            error.restore(py);
            failed
        }
    }
}

/// Lets calls of the loaded classes of a metaclass make objects without
/// `object.__new__`, which in some versions gives each a dict at once.
///
/// `__new__` itself has to stay that of `object`: old pickles call it.
pub fn install_call(metaclass: &Bound<'_, PyType>) {
    // SAFETY: `call` does for every class what the slot's inherited function
    // does.
    unsafe {
        (*metaclass.as_type_ptr()).tp_call = Some(call);
    }
}

unsafe extern "C" fn call(
    class: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    kwargs: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called to call a ready class. One with this `init` has the
    // memory of `Storage`, which is valid when zeroed, as `tp_alloc` leaves
    // it; its reference is given up when `init` fails.
    unsafe {
        let ready = class.cast::<ffi::PyTypeObject>();
        let plain_new = (*ready).tp_new.map(|new| new as usize)
            == ffi::PyBaseObject_Type.tp_new.map(|new| new as usize);
        let own_init =
            (*ready).tp_init.map(|init| init as usize) == Some(init as *const () as usize);
        if !plain_new || !own_init {
            let general = ffi::PyType_Type.tp_call;
            return general.map_or(ptr::null_mut(), |call| call(class, args, kwargs));
        }
        let allocate = (*ready).tp_alloc.unwrap_or(ffi::PyType_GenericAlloc);
        let object = allocate(ready, 0);
        if !object.is_null() && init(object, args, kwargs) < 0 {
            ffi::Py_DECREF(object);
            return ptr::null_mut();
        }
        object
    }
}

unsafe extern "C" fn init(
    object: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    kwargs: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: called by `type.__call__` with a tuple, and a dict or null.
    unsafe {
        guard(object, -1, |object| {
            let py = object.py();
            let args = Bound::from_borrowed_ptr(py, args).cast_into_unchecked::<PyTuple>();
            let kwargs = Bound::from_borrowed_ptr_or_opt(py, kwargs)
                .map(|kwargs| kwargs.cast_into_unchecked::<PyDict>());
            layout::initialize(object, &args, kwargs.as_ref()).map(|()| 0)
        })
    }
}

unsafe extern "C" fn richcompare(
    object: *mut ffi::PyObject,
    other: *mut ffi::PyObject,
    operation: c_int,
) -> *mut ffi::PyObject {
    // SAFETY: called as a slot; both objects are alive.
    unsafe {
        guard(object, ptr::null_mut(), |object| {
            let py = object.py();
            let other = Bound::from_borrowed_ptr(py, other);
            let result = match operation {
                ffi::Py_EQ => layout::equal(object, &other)?,
                ffi::Py_NE => !layout::equal(object, &other)?,
                _ => return Ok(py.NotImplemented().into_ptr()),
            };
            Ok(result.into_pyobject(py)?.to_owned().into_ptr())
        })
    }
}

unsafe extern "C" fn hash(object: *mut ffi::PyObject) -> ffi::Py_hash_t {
    // SAFETY: called as a slot.
    unsafe { guard(object, -1, layout::hash) }
}

unsafe extern "C" fn get_state(
    object: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called as a method of an object of this type.
    unsafe {
        guard(object, ptr::null_mut(), |object| {
            Ok(layout::snapshot(object)?.into_any().into_ptr())
        })
    }
}

unsafe extern "C" fn get_dict(object: *mut ffi::PyObject, _: *mut c_void) -> *mut ffi::PyObject {
    // SAFETY: called as a getter on an object of this type.
    unsafe {
        guard(object, ptr::null_mut(), |object| {
            Ok(layout::dict_view(object)?.into_ptr())
        })
    }
}

unsafe extern "C" fn set_dict(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    _: *mut c_void,
) -> c_int {
    // SAFETY: called as a setter on an object of this type; a null value
    // deletes.
    unsafe {
        guard(object, -1, |object| {
            let value = Bound::from_borrowed_ptr_or_opt(object.py(), value);
            layout::replace_dict(object, value.as_ref()).map(|()| 0)
        })
    }
}

/// The dict of an object's attributes that are not fields, if it has any.
pub fn extras<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyDict>> {
    let py = object.py();
    if !is_kind_of(object, storage_type(py).ok()?) {
        return None;
    }
    // SAFETY: the object was found to have this memory; the pointer is null
    // or owns a dict, which gets a reference of its own.
    unsafe {
        let storage = object.as_ptr().cast::<Storage>();
        Bound::from_borrowed_ptr_or_opt(py, (*storage).extras)
            .map(|extras| extras.cast_into_unchecked())
    }
}

/// The same dict, made when there is none.
pub fn extras_or_new<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    if let Some(extras) = extras(object) {
        return Ok(extras);
    }
    let py = object.py();
    if !is_kind_of(object, storage_type(py)?) {
        return Err(PySystemError::new_err("not a loaded struct"));
    }
    let dict = PyDict::new(py);
    // SAFETY: the object was found to have this memory, and the pointer is
    // null, so nothing is lost by writing an owned reference to it.
    unsafe {
        let storage = object.as_ptr().cast::<Storage>();
        (*storage).extras = dict.clone().into_ptr();
    }
    Ok(dict)
}

unsafe extern "C" fn traverse(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: called by the collector on an object of this type; visits the
    // reference to the dict and, as heap types must, the type.
    unsafe {
        let storage = object.cast::<Storage>();
        if !(*storage).extras.is_null() {
            let status = visit((*storage).extras, arg);
            if status != 0 {
                return status;
            }
        }
        visit(ffi::Py_TYPE(object).cast(), arg)
    }
}

unsafe extern "C" fn clear(object: *mut ffi::PyObject) -> c_int {
    // SAFETY: called by the collector or `dealloc` on an object of this
    // type. The pointer is null before the dict's code can run.
    unsafe {
        let storage = object.cast::<Storage>();
        let extras = std::mem::replace(&mut (*storage).extras, ptr::null_mut());
        ffi::Py_XDECREF(extras);
    }
    0
}

unsafe extern "C" fn dealloc(object: *mut ffi::PyObject) {
    // SAFETY: called once, when the last reference is gone; frees what the
    // object owns, then the object, then its reference to the type.
    unsafe {
        ffi::PyObject_GC_UnTrack(object.cast());
        let storage = object.cast::<Storage>();
        if !(*storage).weakrefs.is_null() {
            ffi::PyObject_ClearWeakRefs(object);
        }
        clear(object);
        let class = ffi::Py_TYPE(object);
        if let Some(free) = (*class).tp_free {
            free(object.cast());
        }
        ffi::Py_DECREF(class.cast());
    }
}

/// Gives a class made with slots directly behind the [`Storage`] its own
/// `tp_dealloc`: the general one looks up what this one knows.
pub(super) fn install_dealloc(class: &Bound<'_, PyType>, slots: usize) -> PyResult<()> {
    let base = storage_type(class.py())?;
    // SAFETY: the class is new and has no objects. Its size says that it has
    // nothing but the storage and these slots; the slots of its bases are
    // none, for those have the size of the storage.
    unsafe {
        let class = class.as_type_ptr();
        let storage = (*base.as_type_ptr()).tp_basicsize;
        let size = storage + (slots * size_of::<*mut ffi::PyObject>()) as ffi::Py_ssize_t;
        let between = (*class).tp_base;
        if (*class).tp_basicsize == size && (*between).tp_basicsize == storage {
            (*class).tp_dealloc = Some(dealloc_struct);
        }
    }
    Ok(())
}

/// How deep `dealloc_struct` may nest before objects wait their turn.
const MAX_DEALLOC_NESTING: u32 = 50;

thread_local! {
    static NESTING: Cell<u32> = const { Cell::new(0) };
    /// Objects without references whose turn to be freed has not come.
    static WAITING: RefCell<Vec<*mut ffi::PyObject>> = const { RefCell::new(Vec::new()) };
}

unsafe extern "C" fn dealloc_struct(object: *mut ffi::PyObject) {
    // SAFETY: called once for an object of a class that has this function,
    // or of a Python subclass, whose own part is gone then.
    unsafe {
        ffi::PyObject_GC_UnTrack(object.cast());
        let class = ffi::Py_TYPE(object);
        let own = (*class).tp_dealloc.map(|dealloc| dealloc as usize)
            == Some(dealloc_struct as *const () as usize);
        // Subclasses have called their finalizer already.
        if own && (*class).tp_finalize.is_some() {
            ffi::PyObject_GC_Track(object.cast());
            if ffi::PyObject_CallFinalizerFromDealloc(object) < 0 {
                return;
            }
            ffi::PyObject_GC_UnTrack(object.cast());
        }
        // A thread that ends may have lost the list; then there is no waiting.
        if NESTING.get() >= MAX_DEALLOC_NESTING
            && WAITING
                .try_with(|waiting| waiting.borrow_mut().push(object))
                .is_ok()
        {
            return;
        }
        NESTING.set(NESTING.get() + 1);
        free_struct(object);
        while NESTING.get() == 1
            && let Ok(Some(next)) = WAITING.try_with(|waiting| waiting.borrow_mut().pop())
        {
            free_struct(next);
        }
        NESTING.set(NESTING.get() - 1);
    }
}

/// Frees an object and what it owns.
///
/// # Safety
/// As `dealloc_struct`, for an untracked object that was finalized.
unsafe fn free_struct(object: *mut ffi::PyObject) {
    // SAFETY: the loaded class is the first along the bases to have this
    // `tp_dealloc`; the slots from the storage to its size own references or
    // are null. Each is null before the code of its object can run.
    unsafe {
        let storage = object.cast::<Storage>();
        if !(*storage).weakrefs.is_null() {
            ffi::PyObject_ClearWeakRefs(object);
        }
        let class = ffi::Py_TYPE(object);
        let mut loaded = class;
        while (*loaded).tp_dealloc.map(|dealloc| dealloc as usize)
            != Some(dealloc_struct as *const () as usize)
        {
            loaded = (*loaded).tp_base;
        }
        let count = ((*loaded).tp_basicsize as usize - size_of::<Storage>())
            / size_of::<*mut ffi::PyObject>();
        let slots = storage.add(1).cast::<*mut ffi::PyObject>();
        for index in 0..count {
            let value = slots.add(index).replace(ptr::null_mut());
            ffi::Py_XDECREF(value);
        }
        clear(object);
        if let Some(free) = (*class).tp_free {
            free(object.cast());
        }
        ffi::Py_DECREF(class.cast());
    }
}
