//! Copying short strings without a call.

use std::ptr;

/// Copies `count` bytes, as `ptr::copy_nonoverlapping` does; most strings of
/// a message are short, and two overlapping words do for them.
///
/// # Safety
/// The contract of `ptr::copy_nonoverlapping`.
#[inline]
pub unsafe fn copy_bytes(source: *const u8, target: *mut u8, count: usize) {
    // SAFETY: every read and write lies within the `count` bytes of its side,
    // and both reads come before the first write.
    unsafe {
        match count {
            8..=16 => {
                let first = source.cast::<u64>().read_unaligned();
                let last = source.add(count - 8).cast::<u64>().read_unaligned();
                target.cast::<u64>().write_unaligned(first);
                target.add(count - 8).cast::<u64>().write_unaligned(last);
            }
            4..8 => {
                let first = source.cast::<u32>().read_unaligned();
                let last = source.add(count - 4).cast::<u32>().read_unaligned();
                target.cast::<u32>().write_unaligned(first);
                target.add(count - 4).cast::<u32>().write_unaligned(last);
            }
            _ => ptr::copy_nonoverlapping(source, target, count),
        }
    }
}
