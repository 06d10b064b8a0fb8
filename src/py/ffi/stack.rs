//! How deep calls may nest on the native stack of this thread.

use std::cell::OnceCell;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr;

/// What a level of structs or containers takes of the stack at most, in
/// bytes: more than twice what was measured.
const LEVEL: usize = 2048;

/// What is left for the code that runs inside the deepest level, in bytes.
const RESERVE: usize = 16 << 10;

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
/// stack is not the one that the thread was started with.
#[cold]
fn bytes_left() -> usize {
    thread_local! {
        static STACK: OnceCell<Range<usize>> = const { OnceCell::new() };
    }
    let marker = 0u8;
    let here = (&raw const marker).addr();
    // A thread that ends may have lost its locals.
    STACK
        .try_with(|stack| {
            let stack = stack.get_or_init(stack_of_this_thread);
            stack.contains(&here).then(|| here - stack.start)
        })
        .ok()
        .flatten()
        .unwrap_or(usize::MAX)
}

/// The addresses of the stack that this thread was started with; none where
/// the system does not tell.
fn stack_of_this_thread() -> Range<usize> {
    let (mut start, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the attributes are read after the first call has set them, and
    // destroyed once; the other pointers are to local variables.
    unsafe {
        let mut attributes = MaybeUninit::uninit();
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return 0..0;
        }
        let found =
            libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut start, &raw mut size) == 0;
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        if !found {
            return 0..0;
        }
    }
    start.addr()..start.addr() + size
}
