//! Values and schemas made of a stream of choices: random numbers here, the
//! bytes of the fuzzer there.

use fastthrift::wire::WireType;

use crate::shape::Shape;
use crate::value::Value;

/// Types whose values hold no others.
const BASE: [WireType; 8] = [
    WireType::Bool,
    WireType::I8,
    WireType::I16,
    WireType::I32,
    WireType::I64,
    WireType::Double,
    WireType::String,
    WireType::Uuid,
];

/// Types whose values hold others.
const NESTING: [WireType; 4] = [
    WireType::Struct,
    WireType::List,
    WireType::Set,
    WireType::Map,
];

/// Chooses, and builds what was chosen.
pub trait Choices {
    /// The next choice.
    fn next(&mut self) -> u64;

    /// A number below `limit`.
    fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }

    /// A number, small and large magnitudes alike.
    fn number(&mut self) -> i64 {
        let shift = self.below(64);
        let magnitude = (self.next() >> shift) as i64;
        if self.below(2) == 0 {
            magnitude
        } else {
            magnitude.wrapping_neg()
        }
    }

    /// A type, one without others inside at depth 0.
    fn wire_type(&mut self, depth: usize) -> WireType {
        let nesting = if depth == 0 { 0 } else { NESTING.len() };
        let chosen = self.below(BASE.len() + nesting);
        match chosen.checked_sub(BASE.len()) {
            None => BASE[chosen],
            Some(chosen) => NESTING[chosen],
        }
    }

    /// A value of a type, at most `depth` levels deep.
    fn value(&mut self, wire_type: WireType, depth: usize) -> Value {
        let below = depth.saturating_sub(1);
        match wire_type {
            WireType::Bool => Value::Bool(self.below(2) == 1),
            WireType::I8 => Value::I8(self.next() as i8),
            WireType::I16 => Value::I16(self.number() as i16),
            WireType::I32 => Value::I32(self.number() as i32),
            WireType::I64 => Value::I64(self.number()),
            WireType::Double => Value::Double(self.next()),
            WireType::String => {
                let length = self.below(40);
                Value::Bytes((0..length).map(|_| self.next() as u8).collect())
            }
            WireType::Uuid => Value::Uuid(std::array::from_fn(|_| self.next() as u8)),
            WireType::Struct => {
                let count = self.below(6);
                let fields = (0..count).map(|_| {
                    let wire_type = self.wire_type(below);
                    (self.number() as i16, self.value(wire_type, below))
                });
                Value::Struct(fields.collect())
            }
            WireType::List | WireType::Set => {
                let element = self.wire_type(below);
                // Enough for the short and the long form of compact.
                let count = self.below(20) + 1;
                let items = (0..count).map(|_| self.value(element, below)).collect();
                if wire_type == WireType::List {
                    Value::List(element, items)
                } else {
                    Value::Set(element, items)
                }
            }
            WireType::Map => {
                let (key, value) = (self.wire_type(below), self.wire_type(below));
                let count = self.below(5) + 1;
                let entries = (0..count)
                    .map(|_| (self.value(key, below), self.value(value, below)))
                    .collect();
                Value::Map(key, value, entries)
            }
        }
    }

    /// What a reader expects, at most `depth` levels deep.
    fn shape(&mut self, wire_type: WireType, depth: usize) -> Shape {
        let below = depth.saturating_sub(1);
        let mut inner = || {
            let wire_type = self.wire_type(below);
            self.shape(wire_type, below)
        };
        match wire_type {
            WireType::List => Shape::List(Box::new(inner())),
            WireType::Set => Shape::Set(Box::new(inner())),
            WireType::Map => Shape::Map(Box::new((inner(), inner()))),
            WireType::Struct => {
                let count = self.below(5);
                let fields = (0..count).map(|_| {
                    // Small ids, so that messages have some of them.
                    let (id, wire_type) = (self.below(8) as i16, self.wire_type(below));
                    (id, self.shape(wire_type, below))
                });
                Shape::Struct(fields.collect())
            }
            base => Shape::Base(base),
        }
    }
}

/// Numbers that need no library and are the same in every run.
pub struct Random(pub u64);

impl Choices for Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
