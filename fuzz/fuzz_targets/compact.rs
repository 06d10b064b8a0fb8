//! Any bytes, read as the compact protocol.

#![no_main]

use fastthrift_fuzz::checks::bytes_are_read_or_refused;
use fastthrift_fuzz::protocols::Short;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bytes_are_read_or_refused::<Short>(data));
