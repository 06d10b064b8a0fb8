//! Whatever one protocol reads, the other can write and read.

#![no_main]

use fastthrift_fuzz::checks::transcoding_changes_nothing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| transcoding_changes_nothing(data));
