//! Any bytes, read as Apache's JSON protocol.

#![no_main]

use fastthrift_fuzz::checks::bytes_are_read_or_refused;
use fastthrift_fuzz::protocols::Text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bytes_are_read_or_refused::<Text>(data));
