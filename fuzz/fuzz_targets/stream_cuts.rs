//! Where a message ends, and which messages there are, in bytes that come in
//! pieces which the fuzzer chose.

#![no_main]

use fastthrift::wire::Limits;
use fastthrift_fuzz::cuts::{cuts_change_nothing, pieces_change_nothing};
use fastthrift_fuzz::{Bytes, SHAPE_BYTES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (choices, message) = data.split_at(data.len().min(SHAPE_BYTES));
    let tight = Limits {
        depth: 4,
        string: 40,
        message: 60,
    };
    for limits in [Limits::DEFAULT, tight] {
        cuts_change_nothing(message, limits, &mut Bytes(choices));
        pieces_change_nothing(message, limits, &mut Bytes(choices));
    }
});
