//! Any bytes as a frame of `THeader`.

#![no_main]

use fastthrift_fuzz::header_frames::what_is_read_is_written_again;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for limit in [1 << 20, 60] {
        what_is_read_is_written_again(data, limit);
    }
});
