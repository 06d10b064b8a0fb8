//! Writes the seeds: `cargo run --example seeds` in `fuzz/`.
//!
//! They are valid messages of all types, small ones, the same in every run;
//! for targets that take choices, random bytes. The fuzzer changes them.

use std::path::Path;
use std::{fs, io};

use fastthrift::stream::HeaderFrame;
use fastthrift::wire::{MessageHeader, WireType};
use fastthrift_fuzz::choices::{Choices, Random};
use fastthrift_fuzz::protocols::{Protocol, Short, Strict, Text};
use fastthrift_fuzz::value::Value;
use fastthrift_fuzz::{DEPTH, SHAPE_BYTES};

/// Seeds of each kind.
const COUNT: usize = 12;
/// Longer messages are no better seeds, and slower ones.
const LONGEST: usize = 400;

/// Values of every type, alone and inside each other.
fn values(random: &mut Random) -> Vec<Value> {
    let mut values = vec![Value::Struct(Vec::new())];
    while values.len() < COUNT {
        let value = random.value(WireType::Struct, DEPTH);
        let length = Strict::encode(&value).expect("four levels").len();
        if (20..LONGEST).contains(&length) {
            values.push(value);
        }
    }
    values
}

fn encoded<P: Protocol>(values: &[Value]) -> Vec<Vec<u8>> {
    let encode = |value| P::encode(value).expect("four levels");
    values.iter().map(encode).collect()
}

fn headers<P: Protocol>() -> Vec<Vec<u8>> {
    (1..=4)
        .map(|message_type| {
            let sequence_id = 1 << (8 * (message_type - 1));
            P::message(&MessageHeader {
                name: b"method".to_vec(),
                message_type,
                sequence_id,
            })
        })
        .collect()
}

/// Frames of `THeader` with these messages, of every kind.
fn header_frames(messages: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let pairs = |name: &str| [(name.into(), b"value".to_vec())].into();
    messages
        .enumerate()
        .map(|(number, message)| {
            let frame = HeaderFrame {
                payload: message.into(),
                protocol_id: if number % 2 == 0 { 0 } else { 2 },
                sequence_id: number as u32,
                zlib: number % 3 == 0,
                headers: pairs("key"),
                persistent: pairs("trace"),
                ..HeaderFrame::default()
            };
            frame.write().expect("two pairs")
        })
        .collect()
}

fn bytes(random: &mut Random, length: usize) -> Vec<u8> {
    (0..length).map(|_| (random.next() >> 32) as u8).collect()
}

fn write(target: &str, seeds: Vec<Vec<u8>>) -> io::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    fs::create_dir_all(&directory)?;
    for (number, seed) in seeds.into_iter().enumerate() {
        fs::write(directory.join(format!("{number:02}")), seed)?;
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let mut random = Random(0x1234_5678_9abc_def1);
    let values = values(&mut random);
    let (binary, compact) = (encoded::<Strict>(&values), encoded::<Short>(&values));
    let texts: Vec<Value> = values.into_iter().map(Value::in_json).collect();
    let json = encoded::<Text>(&texts);
    let all = || binary.iter().chain(&compact).cloned();

    write("binary", [binary.clone(), headers::<Strict>()].concat())?;
    write("compact", [compact.clone(), headers::<Short>()].concat())?;
    write("json", [json.clone(), headers::<Text>()].concat())?;
    write("binary_against_compact", all().collect())?;
    write(
        "binary_against_json",
        binary.iter().chain(&json).cloned().collect(),
    )?;
    let with_shape = |message: Vec<u8>| [bytes(&mut random, SHAPE_BYTES), message].concat();
    write(
        "skip_against_decode",
        all().chain(json.clone()).map(with_shape).collect(),
    )?;
    let with_cuts = |message: Vec<u8>| [vec![3; SHAPE_BYTES], message].concat();
    let sized = |text: &Vec<u8>| [&(text.len() as u32).to_be_bytes()[..], text].concat();
    let texts = json.iter().cloned().chain(json.iter().map(sized));
    write("stream_cuts", all().chain(texts).map(with_cuts).collect())?;
    write("header", header_frames(all().take(COUNT)))?;
    let choices = (1..=COUNT).map(|number| bytes(&mut random, 16 * number));
    write("round_trip", choices.collect())
}
