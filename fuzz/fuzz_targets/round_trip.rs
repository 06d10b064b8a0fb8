//! A value that the fuzzer chose, written and read.

#![no_main]

use fastthrift::wire::WireType;
use fastthrift_fuzz::checks::value_comes_back;
use fastthrift_fuzz::choices::Choices;
use fastthrift_fuzz::protocols::{Lax, Short, Strict, Text};
use fastthrift_fuzz::{Bytes, DEPTH};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let value = Bytes(data).value(WireType::Struct, DEPTH);
    value_comes_back::<Strict>(&value);
    value_comes_back::<Lax>(&value);
    value_comes_back::<Short>(&value);
    value_comes_back::<Text>(&value.in_json());
});
