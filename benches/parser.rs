//! How long it takes to parse and link.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fastthrift::idl::{ParseOptions, SourceFile, parse};
use fastthrift::schema::{Memory, Options, load};

const ONE_STRUCT: &str =
    "struct Point { 1: required i32 x, 2: required i32 y, 3: optional string name }\n";

/// 400 structs, 400 enums and 100 services of 8 functions: about 8,700 lines.
fn large() -> String {
    let mut text = String::from("namespace py large\n\n");
    for index in 0..400 {
        write_enum(&mut text, index);
        write_struct(&mut text, index);
    }
    for index in 0..100 {
        write_service(&mut text, index);
    }
    text
}

fn write_enum(text: &mut String, index: usize) {
    writeln!(text, "enum Status{index} {{").unwrap();
    for item in 0..6 {
        writeln!(text, "  ITEM_{item} = {item},").unwrap();
    }
    text.push_str("}\n\n");
}

fn write_struct(text: &mut String, index: usize) {
    let other = (index * 7 + 13) % 400;
    writeln!(
        text,
        "/** A record of kind {index}. */\n\
         struct Record{index} {{\n  \
           1: required i64 id,\n  \
           2: optional string name = \"record {index}\",\n  \
           3: list<string> tags,\n  \
           4: map<string, Record{other}> related,\n  \
           5: Status{index} status = Status{index}.ITEM_1,\n  \
           6: set<i32> numbers = [1, 2, 3],\n\
         }}\n"
    )
    .unwrap();
}

fn write_service(text: &mut String, index: usize) {
    writeln!(text, "service Service{index} {{").unwrap();
    for function in 0..8 {
        let record = (index * 8 + function) % 400;
        writeln!(
            text,
            "  Record{record} call{function}(1: i64 id, 2: Record{record} record, 3: list<Status{record}> filter),"
        )
        .unwrap();
    }
    text.push_str("}\n\n");
}

fn benchmarks(criterion: &mut Criterion) {
    let large = large();
    for (name, text) in [("one struct", ONE_STRUCT), ("large", &large)] {
        let sources = Memory::text("bench.thrift", text);
        let check = load("bench.thrift", &sources, &Options::default());
        assert!(check.is_ok_and(|schema| schema.warnings.is_empty()));

        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(text.len() as u64));
        let source = Arc::new(SourceFile::new("bench.thrift", text.as_bytes().to_vec()));
        group.bench_function("parse", |bencher| {
            bencher.iter(|| parse(black_box(&source), ParseOptions::default()));
        });
        group.bench_function("load", |bencher| {
            bencher.iter(|| load("bench.thrift", black_box(&sources), &Options::default()));
        });
        group.finish();
    }
}

criterion_group!(benches, benchmarks);
criterion_main!(benches);
