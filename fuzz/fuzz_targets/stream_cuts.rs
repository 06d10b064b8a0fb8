//! Where a message ends, in bytes that come in pieces which the fuzzer chose.

#![no_main]

use fastthrift::wire::Limits;
use fastthrift_fuzz::cuts::cuts_change_nothing;
use fastthrift_fuzz::{Bytes, SHAPE_BYTES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (choices, message) = data.split_at(data.len().min(SHAPE_BYTES));
    cuts_change_nothing(message, Limits::DEFAULT, &mut Bytes(choices));
});
