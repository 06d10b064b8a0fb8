//! Interpreters: `CPython` can have several in a process, and this module is
//! made for one.
//!
//! What is kept in statics belongs to the interpreter that made it: the types
//! of `PyO3`, classes and modules that were looked up, interned names, keys of
//! messages. Another interpreter would get the wrong classes, and on `CPython`
//! 3.12 and later strings that die with the first.

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The id of the interpreter that imported the module; none has this one.
const NOBODY: i64 = -1;
static OWNER: AtomicI64 = AtomicI64::new(NOBODY);

/// Makes the interpreter that imports the module the only one that may.
pub fn claim(py: Python<'_>) -> PyResult<()> {
    // SAFETY: attached. The dict is borrowed from the interpreter; null
    // without an exception where there is no memory for it.
    let (id, dict) = unsafe {
        let interpreter = ffi::PyInterpreterState_Get();
        let dict = ffi::PyInterpreterState_GetDict(interpreter);
        let dict = Bound::from_borrowed_ptr_or_opt(py, dict);
        (ffi::PyInterpreterState_GetID(interpreter), dict)
    };
    let dict = dict
        .ok_or_else(|| PyImportError::new_err("fastthrift: the interpreter has no dict"))?
        .cast_into::<PyDict>()?;
    // Ids are given again when a program ends the whole runtime and starts
    // another one; what the interpreter itself holds is gone then.
    let mark = pyo3::types::PyString::new(py, "fastthrift._core");
    if dict.contains(&mark)? {
        return Ok(());
    }
    match OWNER.compare_exchange(NOBODY, id, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => dict.set_item(mark, true),
        Err(owner) => Err(PyImportError::new_err(format!(
            "fastthrift was imported by another interpreter of this process (interpreter {owner}; \
             this is {id}), and works in one only. Run applications that share a process in one \
             interpreter (mod_wsgi: WSGIApplicationGroup %{{GLOBAL}}, uWSGI: --single-interpreter), \
             or give each its own process"
        ))),
    }
}

/// A thread that has given up the interpreter's lock.
pub struct Detached {
    /// Its state, unless it has taken the lock back.
    thread: Cell<Option<Thread>>,
}

#[derive(Clone, Copy)]
struct Thread(*mut ffi::PyThreadState);

// SAFETY: `PyO3` asks for it of all that `detach` is given; the work is done
// by the same thread.
unsafe impl Send for Thread {}

/// Does work without the interpreter's lock.
pub fn detached<T: Send>(py: Python<'_>, work: impl FnOnce(&Detached) -> T + Send) -> T {
    // SAFETY: attached, so that there is a state.
    let thread = Thread(unsafe { ffi::PyThreadState_Get() });
    py.detach(move || {
        let thread = thread;
        work(&Detached {
            thread: Cell::new(Some(thread)),
        })
    })
}

impl Detached {
    /// Takes the lock back for a while, as the thread of the interpreter that
    /// gave it up: `Python::attach` would choose the main interpreter.
    pub fn attached<T>(&self, work: impl FnOnce(Python<'_>) -> T) -> T {
        let _until_done = self.thread.take().map(|thread| {
            // SAFETY: this is the state that the thread gave the lock up with.
            unsafe { ffi::PyEval_RestoreThread(thread.0) };
            Attached { detached: self }
        });
        // SAFETY: just attached, or before, by a call that waits for this one.
        work(unsafe { Python::assume_attached() })
    }
}

/// Gives the lock up again when it is dropped.
struct Attached<'a> {
    detached: &'a Detached,
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        // SAFETY: attached since this was made.
        let thread = Thread(unsafe { ffi::PyEval_SaveThread() });
        self.detached.thread.set(Some(thread));
    }
}
