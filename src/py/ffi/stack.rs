//! How deep calls may nest on the native stack of this thread.

use std::cell::OnceCell;
use std::ops::Range;

/// What a level of structs or containers takes of the stack at most, in
/// bytes: more than twice what was measured.
const LEVEL: usize = 2048;

/// What is left for the code that runs inside the deepest level, in bytes.
const RESERVE: usize = 16 << 10;

/// The end of a stack that `CPython` may keep to itself, in bytes: since 3.14 it
/// refuses to run Python code there, by a `RecursionError`. It keeps 32 KiB, 64
/// in a debug build; the rest is for what is called between here and there.
const KEPT_BY_PYTHON: usize = 96 << 10;

/// Whether so little of the stack is left that `CPython` may refuse to run
/// Python code.
#[cold]
pub fn stack_is_short() -> bool {
    cfg!(Py_3_14) && bytes_left() < KEPT_BY_PYTHON
}

/// As many levels as there is stack for, at most `wanted`.
///
/// So many as are `granted` are not asked for: they fit into the smallest
/// stack that a thread can have, 64 KiB.
#[inline]
pub fn affordable_levels(wanted: u32, granted: u32) -> u32 {
    if wanted <= granted {
        return wanted;
    }
    let levels = bytes_left().saturating_sub(RESERVE) / LEVEL;
    let levels = u32::try_from(levels).unwrap_or(u32::MAX);
    wanted.min(levels.max(granted))
}

/// The bytes of stack that this function's callees have; no bound where the
/// stack is not the one that the thread was started with, none at all where
/// the system does not tell.
#[cold]
fn bytes_left() -> usize {
    thread_local! {
        static STACK: OnceCell<Option<Range<usize>>> = const { OnceCell::new() };
    }
    let marker = 0u8;
    let here = (&raw const marker).addr();
    // A thread that ends may have lost its locals.
    let left = STACK.try_with(|stack| match stack.get_or_init(of_this_thread) {
        Some(stack) if stack.contains(&here) => here - stack.start,
        Some(_) => usize::MAX,
        None => 0,
    });
    left.unwrap_or(0)
}

/// The addresses of the stack that this thread was started with.
#[cfg(target_os = "linux")]
fn of_this_thread() -> Option<Range<usize>> {
    let (mut start, mut size) = (std::ptr::null_mut(), 0);
    let mut attributes = std::mem::MaybeUninit::uninit();
    // SAFETY: the attributes are read after the first call has set them, and
    // destroyed once; the other pointers are to local variables.
    let found = unsafe {
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let status =
            libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut start, &raw mut size);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        status == 0
    };
    found.then(|| start.addr()..start.addr() + size)
}

/// The addresses of the stack that this thread was started with.
#[cfg(target_vendor = "apple")]
#[allow(clippy::unnecessary_wraps, reason = "other systems may not tell")]
fn of_this_thread() -> Option<Range<usize>> {
    // SAFETY: these calls ask about the thread that makes them.
    let (end, size) = unsafe {
        let this = libc::pthread_self();
        (
            libc::pthread_get_stackaddr_np(this).addr(),
            libc::pthread_get_stacksize_np(this),
        )
    };
    Some(end - size..end)
}

/// Nothing is known of the stacks of this system.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
const fn of_this_thread() -> Option<Range<usize>> {
    None
}
