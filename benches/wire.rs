//! How fast the two protocols are read and written, without Python.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fastthrift::wire::{
    Binary, BinaryWriter, Compact, CompactWriter, Limits, Nesting, Reader, Result, SliceInput,
    WireType, Writer,
};

/// An address book: 100 people with 5 phones each.
fn write_book<W: Writer>(writer: &mut W) -> Result<()> {
    let mut last_id = 0;
    writer.enter(Nesting::WRITE_STRUCT)?;
    writer.field(WireType::Map, 1, &mut last_id);
    writer.map(WireType::String, WireType::Struct, 100)?;
    for person in 0..100 {
        writer.bytes(b"a name of some length")?;
        let mut last_id = 0;
        writer.enter(Nesting::WRITE_STRUCT)?;
        writer.field(WireType::String, 1, &mut last_id);
        writer.bytes(b"a name of some length")?;
        writer.field(WireType::List, 2, &mut last_id);
        writer.list(WireType::Struct, 5)?;
        for phone in 0..5 {
            let mut last_id = 0;
            writer.field(WireType::I32, 1, &mut last_id);
            writer.i32(phone);
            writer.field(WireType::String, 2, &mut last_id);
            writer.bytes(b"555-0100")?;
            writer.stop();
        }
        writer.field(WireType::I32, 4, &mut last_id);
        writer.i32(person * 1000);
        writer.stop();
        writer.leave();
    }
    writer.stop();
    writer.leave();
    Ok(())
}

/// Three lists of 5,000 numbers.
fn write_numbers<W: Writer>(writer: &mut W) -> Result<()> {
    let mut last_id = 0;
    writer.field(WireType::List, 1, &mut last_id);
    writer.list(WireType::I64, 5000)?;
    for number in 0..5000_i64 {
        writer.i64(number * number * number);
    }
    writer.field(WireType::List, 2, &mut last_id);
    writer.list(WireType::Double, 5000)?;
    for number in 0..5000 {
        writer.double(f64::from(number));
    }
    writer.field(WireType::List, 3, &mut last_id);
    writer.list(WireType::I32, 5000)?;
    for number in 0..5000 {
        writer.i32(number * 100);
    }
    writer.stop();
    Ok(())
}

fn benches(criterion: &mut Criterion) {
    let limits = Limits::DEFAULT;
    macro_rules! case {
        ($name:literal, $write:ident) => {
            let mut binary = Vec::new();
            $write(&mut BinaryWriter::new(&mut binary, limits, true)).expect("fits");
            let mut compact = Vec::new();
            $write(&mut CompactWriter::new(&mut compact, limits)).expect("fits");

            let mut group = criterion.benchmark_group($name);
            group.throughput(Throughput::Bytes(binary.len() as u64));
            group.bench_function("write binary", |bencher| {
                let mut out = Vec::with_capacity(binary.len());
                bencher.iter(|| {
                    out.clear();
                    $write(&mut BinaryWriter::new(black_box(&mut out), limits, true))
                });
            });
            group.bench_function("skip binary", |bencher| {
                bencher.iter(|| {
                    let input = SliceInput::new(black_box(&binary));
                    Binary::new(input, limits, true).skip(WireType::Struct)
                });
            });
            group.throughput(Throughput::Bytes(compact.len() as u64));
            group.bench_function("write compact", |bencher| {
                let mut out = Vec::with_capacity(compact.len());
                bencher.iter(|| {
                    out.clear();
                    $write(&mut CompactWriter::new(black_box(&mut out), limits))
                });
            });
            group.bench_function("skip compact", |bencher| {
                bencher.iter(|| {
                    let input = SliceInput::new(black_box(&compact));
                    Compact::new(input, limits).skip(WireType::Struct)
                });
            });
            group.finish();
        };
    }
    case!("address book", write_book);
    case!("numbers", write_numbers);
}

criterion_group!(wire, benches);
criterion_main!(wire);
