//! Any bytes, read as the binary protocol.

#![no_main]

use fastthrift_fuzz::checks::bytes_are_read_or_refused;
use fastthrift_fuzz::protocols::{Lax, Strict};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    bytes_are_read_or_refused::<Strict>(data);
    bytes_are_read_or_refused::<Lax>(data);
});
