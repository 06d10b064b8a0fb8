//! The native base of the metaclass of payloads: a `type` with room behind it
//! for what the codec keeps of each class.
//!
//! Every call of the codec starts from a class. What belongs to it is found in
//! its own memory by two loads; in its `__dict__` it would take a lookup along
//! the bases.

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

const NAME: &CStr = c"fastthrift._core.PayloadType";
const DOC: &CStr = c"A type with room for what the codec keeps of a class.";

/// What is kept of a class.
#[derive(Clone, Copy, Debug)]
pub enum Kept {
    /// Its codec plan.
    Plan,
    /// Its own layout.
    Layout,
}

/// The places for it, each null or the owner of an object.
pub(super) type Room = [*mut ffi::PyObject; 2];

/// The type object `PayloadType`.
pub fn payload_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    TYPE.get_or_try_init(py, || make_type(py))
        .map(|class| class.bind(py))
}

fn make_type(py: Python<'_>) -> PyResult<Py<PyType>> {
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    let mut slots = [
        slot(ffi::Py_tp_doc, DOC.as_ptr().cast_mut().cast()),
        slot(ffi::Py_tp_traverse, traverse as *mut c_void),
        slot(ffi::Py_tp_clear, clear as *mut c_void),
        slot(ffi::Py_tp_dealloc, dealloc as *mut c_void),
        slot(0, ptr::null_mut()),
    ];
    let base = py.get_type::<PyType>();
    // SAFETY: `type` is ready, and its size never changes.
    let size = unsafe { (*base.as_type_ptr()).tp_basicsize as usize };
    debug_assert!(size.is_multiple_of(align_of::<Room>()));
    let mut spec = ffi::PyType_Spec {
        name: NAME.as_ptr(),
        basicsize: (size + size_of::<Room>()) as c_int,
        itemsize: 0,
        flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_BASETYPE | ffi::Py_TPFLAGS_HAVE_GC)
            as c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the spec and what it points to are complete, and every function
    // has the signature of its slot. The memory of a class is that of `type`
    // and then the room, which is valid when zeroed, as `tp_alloc` leaves it.
    unsafe {
        let class = ffi::PyType_FromSpecWithBases(&raw mut spec, base.as_ptr());
        Ok(Bound::from_owned_ptr_or_err(py, class)?
            .cast_into::<PyType>()?
            .unbind())
    }
}

/// The address of the `tp_call` that [`install_call`] gives: a metaclass that
/// has it is known to have room behind its classes.
static CALL: AtomicUsize = AtomicUsize::new(0);

/// Gives a metaclass its `tp_call`, the same for all of them: what `call` does
/// for a class that has code of its own is what `type` does.
pub(super) fn install_call(metaclass: &Bound<'_, PyType>, call: ffi::ternaryfunc) -> PyResult<()> {
    if !metaclass.is_subclass(payload_type(metaclass.py())?)? {
        return Err(PyTypeError::new_err("not a subclass of PayloadType"));
    }
    CALL.store(call as usize, Ordering::Relaxed);
    // SAFETY: `call` does for every class what the slot's inherited function
    // does.
    unsafe {
        let metaclass = metaclass.as_type_ptr();
        (*metaclass).tp_call = Some(call);
        // The place of a class's `tp_vectorcall` is that which `type` says;
        // classes without one are called by the line above.
        if (*metaclass).tp_vectorcall_offset > 0 {
            (*metaclass).tp_flags |= ffi::Py_TPFLAGS_HAVE_VECTORCALL;
        }
    }
    Ok(())
}

/// The room behind a class, none when its metaclass is not a [`payload_type`].
#[inline]
fn room(py: Python<'_>, class: *mut ffi::PyTypeObject) -> Option<*mut Room> {
    // SAFETY: the class is alive, as is its metaclass. Only `install_call`
    // gives a metaclass this `tp_call`, when it is a subclass of
    // `payload_type`; and further ones have it of their bases. The memory of
    // their classes starts like that of a `payload_type`.
    unsafe {
        let metaclass = ffi::Py_TYPE(class.cast());
        let call = (*metaclass).tp_call.map_or(0, |call| call as usize);
        let known = call != 0 && call == CALL.load(Ordering::Relaxed);
        (known || is_payload_type(py, metaclass)).then(|| room_of(class))
    }
}

#[cold]
fn is_payload_type(py: Python<'_>, metaclass: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: compares types that are alive.
    payload_type(py)
        .is_ok_and(|base| unsafe { ffi::PyType_IsSubtype(metaclass, base.as_type_ptr()) != 0 })
}

/// # Safety
/// The metaclass of the class is a `payload_type`.
#[inline]
pub(super) unsafe fn room_of(class: *mut ffi::PyTypeObject) -> *mut Room {
    // SAFETY: by the contract of this function; reads the size of `type`.
    unsafe { class.byte_offset(ffi::PyType_Type.tp_basicsize).cast() }
}

/// What is kept of a class, if it has room for it.
#[inline]
pub fn kept<'py>(class: &Bound<'py, PyType>, what: Kept) -> Option<Bound<'py, PyAny>> {
    kept_of(class.py(), class.as_type_ptr(), what)
}

/// What is kept of the class of an object.
#[inline]
pub fn kept_by_class_of<'py>(object: &Bound<'py, PyAny>, what: Kept) -> Option<Bound<'py, PyAny>> {
    kept_of(object.py(), object.get_type_ptr(), what)
}

#[inline]
fn kept_of(py: Python<'_>, class: *mut ffi::PyTypeObject, what: Kept) -> Option<Bound<'_, PyAny>> {
    // SAFETY: a place is null or owns an object, which gets a reference of its
    // own at once.
    unsafe { Bound::from_borrowed_ptr_or_opt(py, (*room(py, class)?)[what as usize]) }
}

/// Keeps something of a class, or nothing any more; whether the class has room
/// for it.
pub fn keep(class: &Bound<'_, PyType>, what: Kept, value: Option<&Bound<'_, PyAny>>) -> bool {
    let py = class.py();
    let Some(room) = room(py, class.as_type_ptr()) else {
        return false;
    };
    let value = value.map_or(ptr::null_mut(), |value| value.clone().into_ptr());
    // SAFETY: the place gets a reference of its own, and its old one is
    // dropped when the place holds the new one.
    unsafe {
        let old = std::mem::replace(&mut (*room)[what as usize], value);
        drop(Bound::from_owned_ptr_or_opt(py, old));
    }
    true
}

unsafe extern "C" fn traverse(
    class: *mut ffi::PyObject,
    visit: ffi::visitproc,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: called by the collector on a class whose metaclass is this type;
    // visits what it keeps and, as heap types must, its type.
    unsafe {
        for kept in *room_of(class.cast()) {
            if !kept.is_null() {
                let status = visit(kept, arg);
                if status != 0 {
                    return status;
                }
            }
        }
        let status = visit(ffi::Py_TYPE(class).cast(), arg);
        if status != 0 {
            return status;
        }
        ffi::PyType_Type
            .tp_traverse
            .map_or(0, |traverse| traverse(class, visit, arg))
    }
}

unsafe extern "C" fn clear(class: *mut ffi::PyObject) -> c_int {
    // SAFETY: called by the collector on a class whose metaclass is this type.
    unsafe {
        empty(class);
        ffi::PyType_Type.tp_clear.map_or(0, |clear| clear(class))
    }
}

unsafe extern "C" fn dealloc(class: *mut ffi::PyObject) {
    // SAFETY: called once, when the last reference to the class is gone; its
    // reference to the metaclass goes with it. `type` wants the class tracked,
    // which it must not be while other code may run.
    unsafe {
        ffi::PyObject_GC_UnTrack(class.cast());
        empty(class);
        ffi::PyObject_GC_Track(class.cast());
        let metaclass = ffi::Py_TYPE(class);
        if let Some(dealloc) = ffi::PyType_Type.tp_dealloc {
            dealloc(class);
        }
        ffi::Py_DECREF(metaclass.cast());
    }
}

/// # Safety
/// `class` is a class whose metaclass is a `payload_type`.
unsafe fn empty(class: *mut ffi::PyObject) {
    // SAFETY: by the contract of this function. The places are null before
    // what they held can run code.
    unsafe {
        let room = room_of(class.cast()).replace([ptr::null_mut(); 2]);
        for kept in room {
            ffi::Py_XDECREF(kept);
        }
    }
}
