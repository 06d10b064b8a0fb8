//! Reading, skipping, and reading by a schema that the fuzzer chose, which
//! skips what it does not know.

#![no_main]

use fastthrift_fuzz::checks::all_readers_agree;
use fastthrift_fuzz::protocols::{Short, Strict, Text};
use fastthrift_fuzz::shape_and_message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (shape, message) = shape_and_message(data);
    all_readers_agree::<Strict>(message, &shape);
    all_readers_agree::<Short>(message, &shape);
    all_readers_agree::<Text>(message, &shape);
});
