//! A text without mistakes is printed as one that parses to the same tree.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};

#[allow(dead_code, reason = "each target uses its part")]
#[path = "../../tests/idl/invariants.rs"]
mod invariants;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if invariants::check_printing(bytes) {
        Corpus::Keep
    } else {
        Corpus::Reject
    }
});
