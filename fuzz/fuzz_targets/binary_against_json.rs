//! Whatever the binary protocol reads, JSON can write and read, as far as it
//! can hold it; and the other way round.

#![no_main]

use fastthrift_fuzz::checks::json_holds_the_same;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| json_holds_the_same(data));
