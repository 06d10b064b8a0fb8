//! Calls as bytes.

use std::io::Read as _;
use std::net::TcpStream;

use fastthrift::wire::{BinaryWriter, CompactWriter, Limits, Writer, message_type};

/// A call without arguments.
pub fn binary(name: &str, kind: u8, id: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = BinaryWriter::new(&mut bytes, Limits::DEFAULT, true);
    writer.message(name.as_bytes(), kind, id).expect("a header");
    writer.stop();
    bytes
}

pub fn compact(name: &str, id: i32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = CompactWriter::new(&mut bytes, Limits::DEFAULT);
    writer
        .message(name.as_bytes(), message_type::CALL, id)
        .expect("a header");
    writer.stop();
    bytes
}

pub fn framed(message: &[u8]) -> Vec<u8> {
    let mut bytes = (message.len() as u32).to_be_bytes().to_vec();
    bytes.extend_from_slice(message);
    bytes
}

pub fn read(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).expect("an answer");
    bytes
}

/// The call that most tests make, in a frame.
pub fn add(id: i32) -> Vec<u8> {
    framed(&binary("add", message_type::CALL, id))
}
