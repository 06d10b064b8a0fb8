//! Objects that are called with a vector of arguments.

use pyo3::prelude::*;
use pyo3::types::PyType;

/// Lets objects of a class be called with a vector of arguments where those of its
/// base are, and the class is called as its base is.
///
/// Before 3.12 a class made in Python does not inherit that: each call makes a tuple
/// of the arguments. Nobody may give the class another `__call__` afterwards.
pub fn inherit_vectorcall(class: &Bound<'_, PyType>) {
    #[cfg(not(Py_3_12))]
    early::inherit(class);
    #[cfg(Py_3_12)]
    let _ = class;
}

#[cfg(not(Py_3_12))]
mod early {
    use pyo3::ffi;
    use pyo3::prelude::*;
    use pyo3::types::PyType;

    pub fn inherit(class: &Bound<'_, PyType>) {
        // SAFETY: both are ready classes. With the base's `tp_call` and its place for
        // the pointer an object may be called as one of the base, whose memory it has.
        unsafe {
            let class = class.as_type_ptr();
            let base = (*class).tp_base;
            if base.is_null() {
                return;
            }
            let address = |class: *mut ffi::PyTypeObject| (*class).tp_call.map(|it| it as usize);
            if address(class) == address(base)
                && (*class).tp_vectorcall_offset == (*base).tp_vectorcall_offset
            {
                (*class).tp_flags |= (*base).tp_flags & ffi::Py_TPFLAGS_HAVE_VECTORCALL;
            }
        }
    }
}
