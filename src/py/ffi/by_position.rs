//! Module functions with a way in for arguments by position.
//!
//! A function that takes as long as a small struct does to be written would
//! spend a third of its time on finding out which arguments it was given.
//! When they come by position, there is nothing to find out.

use std::sync::OnceLock;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;
use pyo3::{Borrowed, exceptions::PyTypeError};

use super::guard::guard;
use super::raised::Raised;

/// A function as `CPython` calls it: its module, then arguments by position
/// and by name.
pub type General = ffi::PyCFunctionFastWithKeywords;

/// What a call with arguments by position does, the same as the function that
/// takes them in any form.
pub trait ByPosition {
    /// How many arguments have to be given.
    const LEAST: usize;
    /// How many may be given.
    const MOST: usize;

    /// Where the function that takes arguments in any form is kept.
    fn general() -> &'static OnceLock<General>;

    /// The call.
    fn call<'py>(
        py: Python<'py>,
        args: &[Borrowed<'_, 'py, PyAny>],
    ) -> Result<Bound<'py, PyAny>, Raised<'py>>;
}

/// Gives a function of a module, made by `PyO3`, a way in by position, where the
/// layout of functions is known. Everything else about it stays.
pub fn take_by_position<Q: ByPosition>(function: &Bound<'_, PyAny>) -> PyResult<()> {
    if !cfg!(known_layouts) {
        return Ok(());
    }
    let function = function.cast_exact::<PyCFunction>()?;
    // SAFETY: the object is exactly a builtin function, and its definition
    // lives as long. The new one, which has all the old one has but another
    // entry, lives forever; `PyO3` makes functions with these flags.
    unsafe {
        let function = function.as_ptr().cast::<ffi::PyCFunctionObject>();
        let old = &*(*function).m_ml;
        if old.ml_flags != ffi::METH_FASTCALL | ffi::METH_KEYWORDS {
            return Err(PyTypeError::new_err(
                "not a function with a vector of arguments",
            ));
        }
        Q::general().get_or_init(|| old.ml_meth.PyCFunctionFastWithKeywords);
        (*function).m_ml = Box::leak(Box::new(ffi::PyMethodDef {
            ml_name: old.ml_name,
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunctionFastWithKeywords: entry::<Q>,
            },
            ml_flags: old.ml_flags,
            ml_doc: old.ml_doc,
        }));
    }
    Ok(())
}

unsafe extern "C" fn entry<Q: ByPosition>(
    module: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called as the function of a module with `count` arguments by
    // position and then one for each of the names, which are a tuple or null.
    // `Borrowed` is a pointer to an object that is alive.
    unsafe {
        if names.is_null() && (Q::LEAST..=Q::MOST).contains(&count.cast_unsigned()) {
            let args = args.cast::<Borrowed<'_, '_, PyAny>>();
            let args = std::slice::from_raw_parts(args, count.cast_unsigned());
            return guard(module, std::ptr::null_mut(), |module| {
                Q::call(module.py(), args).map(Bound::into_ptr)
            });
        }
        match Q::general().get() {
            Some(general) => general(module, args, count, names),
            None => std::ptr::null_mut(),
        }
    }
}
