//! What the fuzz targets share. The properties they assert, and the values
//! they build, are those of the tests in `tests/wire.rs`.

#[path = "../../tests/wire/checks.rs"]
pub mod checks;
#[path = "../../tests/wire/choices.rs"]
pub mod choices;
#[path = "../../tests/wire/cuts.rs"]
pub mod cuts;
#[path = "../../tests/wire/header_frames.rs"]
pub mod header_frames;
#[path = "../../tests/wire/protocols.rs"]
pub mod protocols;
#[path = "../../tests/wire/shape.rs"]
pub mod shape;
#[path = "../../tests/wire/value.rs"]
pub mod value;

use choices::Choices;
use fastthrift::wire::WireType;
use shape::Shape;

/// How deep the values and schemas are that the fuzzer's bytes choose.
pub const DEPTH: usize = 4;

/// Bytes of the fuzzer as choices; zeros when they have run out, so that what
/// they build always comes to an end.
#[derive(Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Choices for Bytes<'_> {
    fn next(&mut self) -> u64 {
        let (taken, rest) = self.0.split_at(self.0.len().min(2));
        self.0 = rest;
        // Both ends are used: small limits look at the low bits, numbers at
        // the high ones.
        let low = taken
            .iter()
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte));
        low | low.reverse_bits()
    }
}

/// How many bytes of an input choose a schema; the rest is the message.
pub const SHAPE_BYTES: usize = 32;

/// An input taken apart into the schema of a struct and a message.
pub fn shape_and_message(data: &[u8]) -> (Shape, &[u8]) {
    let (choices, message) = data.split_at(data.len().min(SHAPE_BYTES));
    (Bytes(choices).shape(WireType::Struct, DEPTH), message)
}
