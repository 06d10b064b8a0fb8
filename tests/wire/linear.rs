//! Skipping looks at each byte once: what it asks of its input grows with the
//! message, and no faster. Counted, for a clock on a busy machine says little.

use std::cell::Cell;

use fastthrift::wire::{Binary, Compact, Error, Input, Limits, Reader, Result, WireType};

use crate::protocols::{Protocol, Short, Strict};
use crate::value::Value;

/// How many bytes of what has come already a reader is shown.
const SHOWN: usize = 64;

/// An input that counts what it is asked for.
struct Counted<'a> {
    bytes: &'a [u8],
    taken: usize,
    /// Requests, and the bytes that were shown beside them.
    work: Cell<usize>,
}

impl Input for Counted<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8]> {
        self.work.set(self.work.get() + 1);
        let rest = &self.bytes[self.taken..];
        let taken = rest.get(..count);
        let taken = taken.ok_or_else(|| Error::truncated(count, rest.len()))?;
        self.taken += count;
        Ok(taken)
    }

    fn discard(&mut self, count: usize) -> Result<()> {
        self.take(count).map(drop)
    }

    fn buffered(&self) -> &[u8] {
        let rest = &self.bytes[self.taken..];
        let shown = &rest[..rest.len().min(SHOWN)];
        self.work.set(self.work.get() + shown.len());
        shown
    }

    fn remaining(&self) -> Option<usize> {
        None
    }

    fn offset(&self) -> u64 {
        self.taken as u64
    }
}

/// What a reader of these bytes asks for to skip the struct that they are.
fn work<R: Reader>(reader: R, input: impl Fn(&R) -> (usize, usize), length: usize) -> usize {
    let mut reader = reader;
    reader.skip(WireType::Struct).expect("a good struct");
    let (taken, work) = input(&reader);
    assert_eq!(taken, length, "all of it, and each byte once");
    work
}

fn counted(bytes: &[u8]) -> Counted<'_> {
    Counted {
        bytes,
        taken: 0,
        work: Cell::new(0),
    }
}

fn binary(value: &Value) -> (usize, usize) {
    let bytes = Strict::encode(value).expect("it can be written");
    let reader = Binary::new(counted(&bytes), Limits::DEFAULT, true);
    let found = |reader: &Binary<Counted<'_>>| (reader.input().taken, reader.input().work.get());
    (bytes.len(), work(reader, found, bytes.len()))
}

fn compact(value: &Value) -> (usize, usize) {
    let bytes = Short::encode(value).expect("it can be written");
    let reader = Compact::new(counted(&bytes), Limits::DEFAULT);
    let found = |reader: &Compact<Counted<'_>>| (reader.input().taken, reader.input().work.get());
    (bytes.len(), work(reader, found, bytes.len()))
}

fn list(item: &Value, count: usize) -> Value {
    Value::List(item.wire_type(), vec![item.clone(); count])
}

fn map(key: &Value, value: &Value, count: usize) -> Value {
    let entries = vec![(key.clone(), value.clone()); count];
    Value::Map(key.wire_type(), value.wire_type(), entries)
}

/// Values of `count` parts, of each kind that is skipped in a way of its own.
fn kinds(count: usize) -> Vec<Value> {
    let text = Value::Bytes(b"some text".to_vec());
    let record = Value::Struct(vec![
        (1, Value::Bool(true)),
        (2, Value::I64(-7)),
        (30, text.clone()),
        (31, list(&Value::I16(300), 3)),
    ]);
    let scalars = [
        Value::Bool(true),
        Value::I8(1),
        Value::I16(300),
        Value::I32(70_000),
        Value::I64(1 << 40),
        Value::Double(1.5f64.to_bits()),
        Value::Uuid([7; 16]),
        text.clone(),
    ];
    let mut kinds: Vec<Value> = scalars.iter().map(|each| list(each, count)).collect();
    kinds.extend(scalars.iter().map(|each| map(each, each, count)));
    kinds.extend([
        list(&Value::Struct(vec![]), count),
        list(&record, count),
        list(&list(&text, 3), count),
        list(&list(&Value::I32(70_000), 0), count),
        Value::Set(WireType::String, vec![text.clone(); count]),
        map(&text, &record, count),
        map(&list(&text, 2), &map(&Value::I8(1), &text, 2), count),
    ]);
    kinds
}

/// A struct with one field, and one with so many that have the same value.
fn structs(count: usize) -> Vec<Value> {
    let one = kinds(count)
        .into_iter()
        .map(|value| Value::Struct(vec![(1, value)]));
    let many = kinds(3).into_iter().map(|value| {
        let fields = (0..count).map(|number| (number as i16 + 1, value.clone()));
        Value::Struct(fields.collect())
    });
    one.chain(many).collect()
}

#[test]
fn skipping_asks_for_as_much_more_as_there_is_more() {
    // Of these every length and every id takes the same bytes.
    let counts = [200, 400, 800].map(structs);
    for skipped in [binary, compact] {
        let [small, middle, large] = counts
            .each_ref()
            .map(|values| values.iter().map(skipped).collect::<Vec<_>>());
        for ((small, middle), (large, value)) in
            small.iter().zip(&middle).zip(large.iter().zip(&counts[0]))
        {
            let shown = format!("{value:?}").chars().take(60).collect::<String>();
            let (more, twice) = (middle.1 - small.1, large.1 - middle.1);
            // What is passed over in one piece is asked for once. Where bytes are shown, the
            // last of them are fewer.
            assert!(
                twice.abs_diff(2 * more) <= 2 * SHOWN,
                "{shown}: {more} more, then {twice}"
            );
        }
    }
}
