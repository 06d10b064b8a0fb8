//! References between native objects that lead in circles, which the cyclic
//! garbage collector can break.

use std::cell::UnsafeCell;
use std::ffi::c_int;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::pyclass::{PyClass, PyTraverseError, PyVisit};

use super::guard::guard;

/// A reference that is set once, at first use. Its owner lends what it refers to:
/// nobody who uses the owner needs a reference of his own.
pub struct Link<T>(UnsafeCell<Option<Py<T>>>);

// SAFETY: it is looked at and set by threads that are attached, so by one at a time.
unsafe impl<T> Sync for Link<T> {}

impl<T> Link<T> {
    /// One that is not set yet.
    pub const fn new() -> Self {
        Self(UnsafeCell::new(None))
    }

    /// One that is set.
    pub const fn to(target: Py<T>) -> Self {
        Self(UnsafeCell::new(Some(target)))
    }

    /// What it refers to.
    #[inline]
    pub fn get(&self, _: Python<'_>) -> Option<&Py<T>> {
        // SAFETY: attached. What is set is not changed but by `cut`, when nobody
        // uses the owner.
        unsafe { (*self.0.get()).as_ref() }
    }

    /// Sets it, unless it is set; what it refers to then.
    pub fn set(&self, target: Bound<'_, T>) -> &Py<T> {
        match self.get(target.py()) {
            Some(set) => set,
            // SAFETY: attached. It is not set, so that nothing of it is lent.
            None => unsafe { (*self.0.get()).insert(target.unbind()) },
        }
    }

    /// Reports the reference to the collector.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // SAFETY: the thread in which the collector runs is attached.
        visit.call(unsafe { (*self.0.get()).as_ref() })
    }

    /// Gives the reference up.
    pub fn cut(&self, garbage: &Garbage<'_>) {
        // SAFETY: attached, and nobody uses the owner, so that nothing is lent. The
        // link is empty before what it referred to can run code.
        let target = unsafe { (*self.0.get()).take() };
        // At once: `PyO3` does not know that it is attached here, and would wait.
        drop(target.map(|target| target.into_bound(garbage.0)));
    }
}

/// Says that the collector has found an object which nobody uses or can come to use.
pub struct Garbage<'py>(Python<'py>);

/// An object that has [`Link`]s.
pub trait Linked: PyClass<Frozen = True> + Sync {
    /// Nobody who looks for such an object shall be given this one any more.
    fn condemn(&self);

    /// Cuts its links.
    fn cut(&self, garbage: &Garbage<'_>);
}

/// Lets the collector cut the links of the objects of a class.
///
/// It finds what cannot be reached but by itself, and has it `condemn`ed. Then it
/// looks again what of that can be reached: if code that ran meanwhile uses one of
/// these objects, by a reference on the stack of its thread, it and all that it lends
/// stay. The others are cut. That may run code too, which can come to an object that
/// is still to be cut; but one that is condemned is not used again.
pub fn cut_links_of<T: Linked>(py: Python<'_>) {
    let class = py.get_type::<T>().as_type_ptr();
    // SAFETY: the class is alive and has no other such functions, nor subclasses that
    // could have inherited them; these have the signatures of their slots.
    unsafe {
        (*class).tp_finalize = Some(finalize::<T>);
        (*class).tp_clear = Some(clear::<T>);
    }
}

unsafe extern "C" fn finalize<T: Linked>(object: *mut ffi::PyObject) {
    // SAFETY: called by the collector on an object of the class.
    unsafe {
        guard(object, (), |object| {
            object.cast_unchecked::<T>().get().condemn();
            PyResult::Ok(())
        });
    }
}

unsafe extern "C" fn clear<T: Linked>(object: *mut ffi::PyObject) -> c_int {
    // SAFETY: called by the collector on an object of the class, which is garbage.
    unsafe {
        guard(object, 0, |object| {
            let garbage = Garbage(object.py());
            object.cast_unchecked::<T>().get().cut(&garbage);
            PyResult::Ok(0)
        })
    }
}
