//! Whatever the bytes, the IDL front end parses and links them or says what is
//! wrong; tokens cover the text, and the ranges of the tree nest.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "each target uses its part")]
#[path = "../../tests/idl/invariants.rs"]
mod invariants;

fuzz_target!(|bytes: &[u8]| {
    invariants::check_parsing(bytes);
    invariants::check_loading(bytes);
});
