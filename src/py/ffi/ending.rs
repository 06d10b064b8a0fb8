//! What becomes of a thread that the interpreter ends.
//!
//! A daemon thread that runs when the interpreter ends never comes back: `CPython`
//! before 3.14 ends it with `pthread_exit` as soon as it asks for the interpreter's
//! lock, and glibc then unwinds its stack. Native code on it has called Python by
//! functions that are declared as unable to unwind, as those of `PyO3` are, and
//! aborts the process. Here the thread stops, as it does by itself since 3.14 and
//! in `PyO3`'s own calls that take the lock; the process ends around it. Other C
//! libraries end a thread without unwinding its stack.

#[cfg(all(target_os = "linux", target_env = "gnu", not(Py_3_14)))]
pub use glibc::stop_at_exit;

/// Nothing to do: threads stop by themselves, or their stacks are left as they are.
#[cfg(not(all(target_os = "linux", target_env = "gnu", not(Py_3_14))))]
#[inline]
pub const fn stop_at_exit() {}

#[cfg(all(target_os = "linux", target_env = "gnu", not(Py_3_14)))]
mod glibc {
    use std::cell::UnsafeCell;
    use std::ffi::{c_int, c_void};
    use std::mem::MaybeUninit;

    type Routine = unsafe extern "C" fn(*mut c_void);

    /// What glibc keeps of a function that is called when the stack is unwound.
    #[repr(C)]
    struct Cleanup {
        routine: Option<Routine>,
        argument: *mut c_void,
        cancel_type: c_int,
        previous: *mut Self,
    }

    mod raw {
        use super::{Cleanup, Routine, c_int, c_void};

        unsafe extern "C" {
            pub fn _pthread_cleanup_push(
                cleanup: *mut Cleanup,
                routine: Routine,
                argument: *mut c_void,
            );
            pub fn _pthread_cleanup_pop(cleanup: *mut Cleanup, execute: c_int);

            #[cfg(Py_3_13)]
            pub fn Py_IsFinalizing() -> c_int;
            #[cfg(not(Py_3_13))]
            #[link_name = "_Py_IsFinalizing"]
            pub fn Py_IsFinalizing() -> c_int;
        }
    }

    /// Stops this thread when the interpreter ends it, whatever native code is on
    /// its stack then. To be called before native code calls what may run code of
    /// the program, or wait; not on the paths that run none, for it costs as much
    /// as looking up a local of the thread does.
    #[inline]
    pub fn stop_at_exit() {
        thread_local! {
            static STOP: Stop = Stop::new();
        }
        // A thread that ends may have lost its locals.
        let _ = STOP.try_with(|_| ());
    }

    /// The function that stops this thread, until its end. It is not on the stack:
    /// glibc compares addresses to find out what has been unwound of it, and so
    /// calls this function before it unwinds anything.
    struct Stop(Box<UnsafeCell<MaybeUninit<Cleanup>>>);

    impl Stop {
        fn new() -> Self {
            let this = Self(Box::new(UnsafeCell::new(MaybeUninit::uninit())));
            // SAFETY: the memory is that of a `Cleanup`, all of whose fields the
            // call sets, and lives until it is popped.
            unsafe { raw::_pthread_cleanup_push(this.cleanup(), stop, std::ptr::null_mut()) };
            this
        }

        fn cleanup(&self) -> *mut Cleanup {
            self.0.get().cast()
        }
    }

    impl Drop for Stop {
        fn drop(&mut self) {
            // SAFETY: it was pushed by this thread, whose code that pushed others
            // since has returned.
            unsafe { raw::_pthread_cleanup_pop(self.cleanup(), 0) };
        }
    }

    /// Programs in C may end threads in the same way, and wait for their end.
    unsafe extern "C" fn stop(_: *mut c_void) {
        // SAFETY: these may be called at any time.
        while unsafe { raw::Py_IsFinalizing() != 0 || pyo3::ffi::Py_IsInitialized() == 0 } {
            std::thread::park();
        }
    }
}
