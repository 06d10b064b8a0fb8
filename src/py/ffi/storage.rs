//! The native base of every loaded struct: a pointer to a dict for
//! attributes that are not fields, and one for weak references.
//!
//! It is made from a `PyType_Spec` because its memory must be exactly this:
//! the pointers are placed by `__dictoffset__` and `__weaklistoffset__`, which
//! costs 16 bytes an object, and subclasses put their slots behind them.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int, c_uint, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::Borrowed;
use pyo3::exceptions::PySystemError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{IntoPyDict, PyDict, PyString, PyTuple, PyType};

use super::dict::DictEntries;
use super::guard::guard;
use super::payload_type;
use super::raised::Raised;
use super::types::{is_kind_of, lookup, own_attribute};

/// What the objects with this storage do as objects of Python.
///
/// The functions of their classes are compiled for it, so that nothing is
/// asked at run time.
pub trait Behaviour {
    /// `__init__` of a new object, with arguments by position and by name.
    fn construct<'py>(
        object: &Bound<'py, PyAny>,
        args: impl ExactSizeIterator<Item = Bound<'py, PyAny>>,
        keywords: impl Iterator<Item = (Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    ) -> PyResult<()>;

    /// `__init__` of a new object, without arguments.
    fn construct_empty<'py>(object: &Bound<'py, PyAny>) -> Result<(), Raised<'py>>;

    /// `==`
    fn equal(object: &Bound<'_, PyAny>, other: &Bound<'_, PyAny>) -> PyResult<bool>;

    /// `hash()`
    fn hash(object: &Bound<'_, PyAny>) -> PyResult<isize>;

    /// `__getstate__()`
    fn state<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>>;

    /// `__dict__`
    fn dict_view<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>>;

    /// Assignment to `__dict__`; none deletes.
    fn replace_dict(object: &Bound<'_, PyAny>, value: Option<&Bound<'_, PyAny>>) -> PyResult<()>;
}

#[repr(C)]
struct Storage {
    head: ffi::PyObject,
    extras: *mut ffi::PyObject,
    weakrefs: *mut ffi::PyObject,
}

const NAME: &CStr = c"fastthrift._core.StructStorage";

static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// The addresses of the storage's `tp_init` and `tp_richcompare`: by these a
/// class is known to construct and to compare as the storage does. They are
/// those that the storage was made with, whatever a compiler makes of
/// functions.
static INIT: AtomicUsize = AtomicUsize::new(0);
static RICHCOMPARE: AtomicUsize = AtomicUsize::new(0);

/// The type object `StructStorage`, once it was made.
pub fn storage_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    match TYPE.get(py) {
        Some(class) => Ok(class.bind(py)),
        None => Err(PySystemError::new_err("StructStorage is not made yet")),
    }
}

/// Makes the type object `StructStorage`, whose objects do what `B` says.
pub fn make_storage_type<B: Behaviour>(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    TYPE.get_or_try_init(py, || make_type::<B>(py))
        .map(|class| class.bind(py))
}

fn make_type<B: Behaviour>(py: Python<'_>) -> PyResult<Py<PyType>> {
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
            get: Some(get_dict::<B>),
            set: Some(set_dict::<B>),
            doc: c"The fields in IDL order, then the other attributes; writes through.".as_ptr(),
            closure: ptr::null_mut(),
        },
        ffi::PyGetSetDef::default(),
    ]));
    let methods = Box::leak(Box::new([
        ffi::PyMethodDef {
            ml_name: c"__getstate__".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunction: get_state::<B>,
            },
            ml_flags: ffi::METH_NOARGS,
            ml_doc: c"The attributes as a plain dict, and other slots, for copy and pickle."
                .as_ptr(),
        },
        ffi::PyMethodDef::zeroed(),
    ]));
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    let slots = Box::leak(Box::new([
        slot(ffi::Py_tp_members, members.as_mut_ptr().cast()),
        slot(ffi::Py_tp_getset, getset.as_mut_ptr().cast()),
        slot(ffi::Py_tp_methods, methods.as_mut_ptr().cast()),
        slot(ffi::Py_tp_init, init::<B> as *mut c_void),
        slot(ffi::Py_tp_richcompare, richcompare::<B> as *mut c_void),
        slot(ffi::Py_tp_hash, hash::<B> as *mut c_void),
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
        let class = Bound::from_owned_ptr_or_err(py, class)?.cast_into::<PyType>()?;
        // `==` and `!=` come with all six comparisons. `total_ordering` asks
        // which of them a class has, and this one has no order.
        let dict = (*class.as_type_ptr()).tp_dict;
        for name in ORDER {
            if ffi::PyDict_DelItem(dict, PyString::intern(py, name).as_ptr()) < 0 {
                return Err(PyErr::fetch(py));
            }
        }
        ffi::PyType_Modified(class.as_type_ptr());
        let made = class.as_type_ptr();
        INIT.store(
            (*made).tp_init.map_or(0, |init| init as usize),
            Ordering::Relaxed,
        );
        RICHCOMPARE.store(
            (*made).tp_richcompare.map_or(0, |compare| compare as usize),
            Ordering::Relaxed,
        );
        Ok(class.unbind())
    }
}

const ORDER: [&str; 4] = ["__lt__", "__le__", "__gt__", "__ge__"];

/// Gives a class the native functions of the storage for what it inherits of
/// it: construction where its `__init__` is `initializer`, and comparison.
pub fn inherit_native<B: Behaviour>(
    class: &Bound<'_, PyType>,
    initializer: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = class.py();
    let storage = storage_type(py)?;
    if !class.is_subclass(storage)? {
        return Ok(());
    }
    let of = |base: &Bound<'_, PyType>, name: &str| {
        let name = PyString::intern(py, name);
        matches!((own_attribute(base, &name), lookup(class, &name)),
            (Some(own), Some(found)) if own.is(&found))
    };
    let object = py.get_type::<PyAny>();
    let compares = ["__eq__", "__ne__"].iter().all(|name| of(storage, name))
        && ORDER.iter().all(|name| of(&object, name));
    let found = lookup(class, intern!(py, "__init__"));
    // SAFETY: the objects of a subclass start with the storage, which is what
    // its functions need; they do what a lookup of the names would find.
    unsafe {
        let class = class.as_type_ptr();
        if compares {
            (*class).tp_richcompare = Some(richcompare::<B>);
        }
        if found.is_some_and(|found| found.is(initializer)) {
            (*class).tp_init = Some(init::<B>);
        }
    }
    Ok(())
}

fn offset_member(name: &'static CStr, offset: ffi::Py_ssize_t) -> ffi::PyMemberDef {
    ffi::PyMemberDef {
        name: name.as_ptr(),
        type_code: ffi::Py_T_PYSSIZET,
        offset,
        flags: ffi::Py_READONLY,
        doc: ptr::null(),
    }
}

/// Lets calls of the loaded classes of a metaclass make objects without
/// `object.__new__`, which in some versions gives each a dict at once.
///
/// `__new__` itself has to stay that of `object`: old pickles call it.
pub fn install_call<B: Behaviour>(metaclass: &Bound<'_, PyType>) -> PyResult<()> {
    payload_type::install_call(metaclass, call::<B>)
}

unsafe extern "C" fn call<B: Behaviour>(
    class: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    kwargs: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called to call a ready class. One with this `init` has the
    // memory of `Storage`, which is valid when zeroed, as `tp_alloc` leaves
    // it; its reference is given up when `init` fails.
    unsafe {
        let ready = class.cast::<ffi::PyTypeObject>();
        if !has_original_slots(ready) {
            let general = ffi::PyType_Type.tp_call;
            return general.map_or(ptr::null_mut(), |call| call(class, args, kwargs));
        }
        let allocate = (*ready).tp_alloc.unwrap_or(ffi::PyType_GenericAlloc);
        let object = allocate(ready, 0);
        if !object.is_null() && init::<B>(object, args, kwargs) < 0 {
            ffi::Py_DECREF(object);
            return ptr::null_mut();
        }
        object
    }
}

/// A call of a class whose arguments come as a vector.
unsafe extern "C" fn call_with_vector<B: Behaviour>(
    class: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: usize,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called to call a ready class that has this `tp_vectorcall`,
    // with `count` positional arguments and then one for each of the names,
    // which are a tuple of strings or null.
    unsafe {
        let count = ffi::PyVectorcall_NARGS(count) as usize;
        if !has_original_slots(class.cast()) {
            return guard::<_, PyErr>(class, ptr::null_mut(), |class| {
                call_by_type(class, args, count, names)
            });
        }
        if count == 0 && names.is_null() {
            return guard::<_, Raised<'_>>(class, ptr::null_mut(), |class| {
                let object = allocate_untracked(class.cast_unchecked())?;
                B::construct_empty(&object)?;
                track(&object);
                Ok(object.into_ptr())
            });
        }
        guard::<_, PyErr>(class, ptr::null_mut(), |class| {
            let object = allocate_untracked(class.cast_unchecked())?;
            let (positional, keywords) = arguments(class.py(), args, count, names);
            B::construct(&object, positional, keywords)?;
            track(&object);
            Ok(object.into_ptr())
        })
    }
}

/// A call of a class that has code of its own for it.
///
/// # Safety
/// The arguments are those of `call_with_vector`.
#[cold]
unsafe fn call_by_type(
    class: &Bound<'_, PyAny>,
    args: *const *mut ffi::PyObject,
    count: usize,
    names: *mut ffi::PyObject,
) -> PyResult<*mut ffi::PyObject> {
    let py = class.py();
    // SAFETY: by the contract of this function; `type` can be called to call
    // any class.
    unsafe {
        let (positional, keywords) = arguments(py, args, count, names);
        let args = PyTuple::new(py, positional)?;
        let kwargs = keywords.into_py_dict(py)?;
        let made = match ffi::PyType_Type.tp_call {
            Some(call) => call(class.as_ptr(), args.as_ptr(), kwargs.as_ptr()),
            None => ptr::null_mut(),
        };
        Ok(Bound::from_owned_ptr_or_err(py, made)?.into_ptr())
    }
}

/// The arguments by position, and those by name.
///
/// # Safety
/// They are those of `call_with_vector`, and stay as long as the iterators.
unsafe fn arguments<'a, 'py: 'a>(
    py: Python<'py>,
    args: *const *mut ffi::PyObject,
    count: usize,
    names: *mut ffi::PyObject,
) -> (
    impl ExactSizeIterator<Item = Bound<'py, PyAny>> + 'a,
    impl Iterator<Item = (Bound<'py, PyAny>, Bound<'py, PyAny>)> + 'a,
) {
    // SAFETY: by the contract of this function; `Borrowed` is a pointer to
    // an object that is alive.
    let (names, positional, keywords) = unsafe {
        let names = Bound::from_borrowed_ptr_or_opt(py, names)
            .map(|names| names.cast_into_unchecked::<PyTuple>());
        let total = count + names.as_ref().map_or(0, PyTupleMethods::len);
        let args = args.cast::<Borrowed<'a, 'py, PyAny>>();
        let (positional, keywords) = match total {
            0 => (&[][..], &[][..]),
            total => std::slice::from_raw_parts(args, total).split_at(count),
        };
        (names, positional, keywords)
    };
    (
        positional.iter().map(|value| Bound::clone(value)),
        names
            .into_iter()
            .flatten()
            .zip(keywords.iter().map(|value| Bound::clone(value))),
    )
}

/// Whether calling a class makes an object with the storage and no code of its
/// own: its `__new__` is that of `object`, and its `__init__` the storage's.
pub fn has_original_construction(class: &Bound<'_, PyType>) -> bool {
    // SAFETY: a class is a ready type.
    unsafe { has_original_slots(class.as_type_ptr()) }
}

/// # Safety
/// `class` is a ready type.
#[inline]
unsafe fn has_original_slots(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: reads two slots of a ready type; the addresses are only compared.
    unsafe {
        (*class).tp_new.map(|new| new as usize)
            == ffi::PyBaseObject_Type.tp_new.map(|new| new as usize)
            && (*class).tp_init.map_or(0, |init| init as usize) == INIT.load(Ordering::Relaxed)
    }
}

unsafe extern "C" fn init<B: Behaviour>(
    object: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    kwargs: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: called by `type.__call__` with a tuple, and a dict or null.
    unsafe {
        guard::<_, PyErr>(object, -1, |object| {
            let py = object.py();
            let args = Bound::from_borrowed_ptr(py, args).cast_into_unchecked::<PyTuple>();
            let kwargs = Bound::from_borrowed_ptr_or_opt(py, kwargs)
                .map(|kwargs| kwargs.cast_into_unchecked::<PyDict>());
            let keywords = kwargs.iter().flat_map(DictEntries::new);
            B::construct(object, args.iter(), keywords).map(|()| 0)
        })
    }
}

unsafe extern "C" fn richcompare<B: Behaviour>(
    object: *mut ffi::PyObject,
    other: *mut ffi::PyObject,
    operation: c_int,
) -> *mut ffi::PyObject {
    // SAFETY: called as a slot; both objects are alive.
    unsafe {
        guard::<_, PyErr>(object, ptr::null_mut(), |object| {
            let py = object.py();
            let other = Bound::from_borrowed_ptr(py, other);
            let result = match operation {
                ffi::Py_EQ => B::equal(object, &other)?,
                ffi::Py_NE => {
                    if !has_original_comparison(object.get_type_ptr()) {
                        // The `__eq__` of a subclass, or a patched one, decides.
                        let equal = object.call_method1(intern!(py, "__eq__"), (&other,))?;
                        if equal.is(py.NotImplemented()) {
                            return Ok(equal.into_ptr());
                        }
                        return Ok((!equal.is_truthy()?)
                            .into_pyobject(py)?
                            .to_owned()
                            .into_ptr());
                    }
                    !B::equal(object, &other)?
                }
                _ => return Ok(py.NotImplemented().into_ptr()),
            };
            Ok(result.into_pyobject(py)?.to_owned().into_ptr())
        })
    }
}

/// Whether objects of a class are compared by no code but the storage's.
///
/// # Safety
/// `class` is a ready type.
unsafe fn has_original_comparison(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: reads a slot of a ready type; the address is only compared.
    unsafe {
        (*class)
            .tp_richcompare
            .map_or(0, |compare| compare as usize)
            == RICHCOMPARE.load(Ordering::Relaxed)
    }
}

unsafe extern "C" fn hash<B: Behaviour>(object: *mut ffi::PyObject) -> ffi::Py_hash_t {
    // SAFETY: called as a slot.
    unsafe { guard::<_, PyErr>(object, -1, B::hash) }
}

unsafe extern "C" fn get_state<B: Behaviour>(
    object: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called as a method of an object of this type.
    unsafe {
        guard::<_, PyErr>(object, ptr::null_mut(), |object| {
            Ok(B::state(object)?.into_ptr())
        })
    }
}

unsafe extern "C" fn get_dict<B: Behaviour>(
    object: *mut ffi::PyObject,
    _: *mut c_void,
) -> *mut ffi::PyObject {
    // SAFETY: called as a getter on an object of this type.
    unsafe {
        guard::<_, PyErr>(object, ptr::null_mut(), |object| {
            Ok(B::dict_view(object)?.into_ptr())
        })
    }
}

unsafe extern "C" fn set_dict<B: Behaviour>(
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    _: *mut c_void,
) -> c_int {
    // SAFETY: called as a setter on an object of this type; a null value
    // deletes.
    unsafe {
        guard::<_, PyErr>(object, -1, |object| {
            let value = Bound::from_borrowed_ptr_or_opt(object.py(), value);
            B::replace_dict(object, value.as_ref()).map(|()| 0)
        })
    }
}

/// Whether an object has a dict for attributes that are not fields.
///
/// # Safety
/// The class of the object is a subclass of the storage.
#[inline]
pub(super) unsafe fn may_have_extras(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: by the contract of this function.
    unsafe { !(*object.as_ptr().cast::<Storage>()).extras.is_null() }
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

/// The dict of an object's attributes that are not fields, made when there is
/// none.
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

/// `tp_traverse` of a slotted class, and of Python subclasses of one.
unsafe extern "C" fn traverse_struct(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: called by the collector on an object of a class that has this
    // function, or of a Python subclass, which visits its own part.
    unsafe {
        let (slots, count) = slots_of(object);
        for index in 0..count {
            let value = *slots.add(index);
            // What cannot refer to others is of no interest.
            if !value.is_null() && ffi::PyType_IS_GC(ffi::Py_TYPE(value)) != 0 {
                let status = visit(value, arg);
                if status != 0 {
                    return status;
                }
            }
        }
        traverse(object, visit, arg)
    }
}

/// The slots of an object of a slotted class, or of a Python subclass, and how
/// many they are.
///
/// # Safety
/// The object's class is one of these.
#[inline]
unsafe fn slots_of(object: *mut ffi::PyObject) -> (*mut *mut ffi::PyObject, usize) {
    // SAFETY: the slotted class is the first along the bases to have its own
    // `tp_dealloc`; its slots reach from the storage to its size.
    unsafe {
        let mut slotted = ffi::Py_TYPE(object);
        while (*slotted).tp_dealloc.map(|dealloc| dealloc as usize)
            != Some(dealloc_struct as *const () as usize)
        {
            slotted = (*slotted).tp_base;
        }
        let size = (*slotted).tp_basicsize as usize - size_of::<Storage>();
        let slots = object.cast::<Storage>().add(1).cast();
        (slots, size / size_of::<*mut ffi::PyObject>())
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

/// Whether objects of a class are the [`Storage`], `slots` slots, and nothing
/// else: the class adds them, and none of its bases has any.
pub(super) fn has_only_slots(class: &Bound<'_, PyType>, slots: usize) -> PyResult<bool> {
    let base = storage_type(class.py())?;
    // SAFETY: reads the sizes of types that are alive; a class that was made
    // has a base.
    unsafe {
        let class = class.as_type_ptr();
        let storage = (*base.as_type_ptr()).tp_basicsize;
        let size = storage + (slots * size_of::<*mut ffi::PyObject>()) as ffi::Py_ssize_t;
        let between = (*class).tp_base;
        Ok((*class).tp_basicsize == size && (*between).tp_basicsize == storage)
    }
}

/// Gives a slotted class its own functions for objects that are made, looked at
/// by the garbage collector and freed: the general ones look up what these
/// know.
pub(super) fn install_functions<B: Behaviour>(class: &Bound<'_, PyType>) {
    // SAFETY: the class is new and has no objects, and the caller has found
    // that they have only slots.
    unsafe {
        let class = class.as_type_ptr();
        (*class).tp_dealloc = Some(dealloc_struct);
        (*class).tp_vectorcall = Some(call_with_vector::<B>);
        (*class).tp_traverse = Some(traverse_struct);
    }
}

/// A new object of a slotted class, which the garbage collector does not know
/// yet.
#[inline]
pub(super) fn allocate_untracked<'py>(
    class: &Bound<'py, PyType>,
) -> Result<Bound<'py, PyAny>, Raised<'py>> {
    // SAFETY: the class has the flag of collected types, as the storage has.
    // All behind the head of the new object is zeroed, as is right for the
    // storage and for slots.
    unsafe {
        let class_pointer = class.as_type_ptr();
        let object = ffi::PyObject_GC_New::<ffi::PyObject>(class_pointer);
        let object = Raised::or_owned(class.py(), object)?;
        let words = object.as_ptr().add(1).cast::<*mut ffi::PyObject>();
        let size = (*class_pointer).tp_basicsize as usize - size_of::<ffi::PyObject>();
        for index in 0..size / size_of::<*mut ffi::PyObject>() {
            words.add(index).write(ptr::null_mut());
        }
        Ok(object)
    }
}

/// Shows an object to the garbage collector.
#[inline]
pub(super) fn track(object: &Bound<'_, PyAny>) {
    // SAFETY: the caller has made the object untracked, once.
    unsafe { ffi::PyObject_GC_Track(object.as_ptr().cast()) };
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
        free_struct(object);
    }
}

/// A level of nested `free_struct`: what is freed may free others.
struct Freeing;

impl Freeing {
    /// Enters a level; none when there are too many. Then the object waits
    /// for its turn, which comes when the outermost level ends: a long chain
    /// needs no stack.
    ///
    /// # Safety
    /// The contract of [`free_struct`].
    unsafe fn enter(object: *mut ffi::PyObject) -> Option<Self> {
        // A thread that ends may have lost the list; then there is no waiting.
        if NESTING.get() >= MAX_DEALLOC_NESTING
            && WAITING
                .try_with(|waiting| waiting.borrow_mut().push(object))
                .is_ok()
        {
            return None;
        }
        NESTING.set(NESTING.get() + 1);
        Some(Self)
    }
}

impl Drop for Freeing {
    fn drop(&mut self) {
        while NESTING.get() == 1
            && let Ok(Some(next)) = WAITING.try_with(|waiting| waiting.borrow_mut().pop())
        {
            // SAFETY: `enter` has put it there in place of freeing it.
            unsafe { free_struct(next) };
        }
        NESTING.set(NESTING.get() - 1);
    }
}

/// Frees an object and what it owns, or as much of that as there is stack
/// for; called again, it goes on with the rest.
///
/// # Safety
/// Called once for an object of a slotted class, which has no references, was
/// finalized and is untracked; or for one that this function has left.
unsafe fn free_struct(object: *mut ffi::PyObject) {
    // SAFETY: the slots own references or are null. Each is null before the
    // code of its object can run.
    unsafe {
        let storage = object.cast::<Storage>();
        if !(*storage).weakrefs.is_null() {
            ffi::PyObject_ClearWeakRefs(object);
        }
        let (slots, count) = slots_of(object);
        let mut level = None;
        for index in 0..count {
            let value = *slots.add(index);
            if value.is_null() {
                continue;
            }
            let last = ffi::Py_REFCNT(value) == 1 && ffi::PyType_IS_GC(ffi::Py_TYPE(value)) != 0;
            if last && level.is_none() {
                level = Freeing::enter(object);
                if level.is_none() {
                    return;
                }
            }
            slots.add(index).write(ptr::null_mut());
            ffi::Py_DECREF(value);
        }
        if !(*storage).extras.is_null() && level.is_none() {
            level = Freeing::enter(object);
            if level.is_none() {
                return;
            }
        }
        clear(object);
        let class = ffi::Py_TYPE(object);
        if let Some(free) = (*class).tp_free {
            free(object.cast());
        }
        ffi::Py_DECREF(class.cast());
    }
}
