//! The binary protocol: fixed widths, big-endian.

use std::cell::Cell;

use super::depth::Depth;
use super::error::{Error, ErrorKind, Result};
use super::input::Input;
use super::limits::{Limits, MAX_SIZE};
use super::message::MessageHeader;
use super::number::Numeric;
use super::output::Output;
use super::raw::{RawForm, Recorder};
use super::reader::{
    FieldHeader, ListHeader, MapHeader, Reader, State, element_type, fixed_numbers, pass,
    skip_before, skip_bytes, skip_elements, skip_structs, take_bytes,
};
use super::run::Walk;
use super::run::binary as run;
use super::wire_type::WireType;
use super::writer::{Scalar, Writer, checked_size};

const VERSION_MASK: u32 = 0xffff_0000;
const VERSION_1: u32 = 0x8001_0000;

/// Reads the binary protocol.
#[derive(Debug)]
pub struct Binary<I> {
    state: State<I>,
    strict: bool,
}

impl<I: Input> Binary<I> {
    /// Reads from `input`. A strict reader refuses messages without a
    /// version.
    pub const fn new(input: I, limits: Limits, strict: bool) -> Self {
        Self {
            state: State::new(input, limits),
            strict,
        }
    }

    /// The input, after reading.
    pub fn into_input(self) -> I {
        self.state.input
    }

    #[inline]
    fn size(&mut self) -> Result<i64> {
        self.i32().map(i64::from)
    }

    /// The header of a field at once, of an input that lies in memory; none, and
    /// nothing is taken, where it is not there as a whole, or is none.
    #[inline]
    fn field_in_memory(&mut self) -> Option<FieldHeader> {
        let input = &mut self.state.input;
        input.in_memory()?;
        let [number, id @ ..] = *input.buffered().first_chunk::<3>()?;
        let wire_type = WireType::from_binary(number)?;
        input.discard(3).ok()?;
        Some(FieldHeader {
            wire_type,
            id: i16::from_be_bytes(id),
        })
    }

    /// Takes what `pass` passes over, behind what is in `taken`.
    fn record(
        &mut self,
        taken: Vec<u8>,
        pass: impl FnOnce(&mut Binary<Recorder<'_>>) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let mut reader = Binary {
            state: self.state.recorded(taken),
            strict: self.strict,
        };
        pass(&mut reader)?;
        Ok(reader.into_input().finish())
    }
}

impl<I: Input> Reader for Binary<I> {
    type In = I;

    const FORM: RawForm = RawForm::Binary;

    #[inline]
    fn state(&self) -> &State<I> {
        &self.state
    }

    #[inline]
    fn state_mut(&mut self) -> &mut State<I> {
        &mut self.state
    }

    fn message(&mut self) -> Result<MessageHeader> {
        let start = self.state.input.offset();
        let first = self.i32()?;
        let refused = |text: String| Err(Error::from(ErrorKind::BadVersion(text)).at(start));
        let (name, message_type) = if first < 0 {
            let version = first as u32;
            if version & VERSION_MASK != VERSION_1 {
                return refused(format!("invalid version {first}"));
            }
            (self.bytes()?.to_vec(), version as u8)
        } else if self.strict {
            return refused("No protocol version header".to_owned());
        } else {
            let length = self.check_length(i64::from(first))?;
            let name = self.state.input.take(length)?.to_vec();
            (name, self.state.input.byte()?)
        };
        Ok(MessageHeader {
            name,
            message_type,
            sequence_id: self.i32()?,
        })
    }

    #[inline]
    fn field(&mut self, last_id: &mut i16) -> Result<Option<FieldHeader>> {
        if let Some(header) = self.field_in_memory() {
            *last_id = header.id;
            return Ok(Some(header));
        }
        let number = self.state.input.byte()?;
        if number == WireType::STOP {
            return Ok(None);
        }
        let Some(wire_type) = WireType::from_binary(number) else {
            return Err(Error::unknown_type(number).at(self.state.input.offset() - 1));
        };
        let id = self.i16()?;
        *last_id = id;
        Ok(Some(FieldHeader { wire_type, id }))
    }

    #[inline]
    fn bool(&mut self) -> Result<bool> {
        Ok(self.state.input.byte()? != 0)
    }

    #[inline]
    fn i16(&mut self) -> Result<i16> {
        self.state.input.array().map(i16::from_be_bytes)
    }

    #[inline]
    fn i32(&mut self) -> Result<i32> {
        self.state.input.array().map(i32::from_be_bytes)
    }

    #[inline]
    fn i64(&mut self) -> Result<i64> {
        self.state.input.array().map(i64::from_be_bytes)
    }

    #[inline]
    fn double(&mut self) -> Result<f64> {
        self.state.input.array().map(f64::from_be_bytes)
    }

    #[inline]
    fn bytes(&mut self) -> Result<&[u8]> {
        let length = self.size()?;
        take_bytes(self, length)
    }

    fn skip_fields(&mut self) -> Result<()> {
        skip_structs(self, 1)
    }

    #[inline]
    fn pass(&mut self, walk: &mut Walk) -> Result<()> {
        pass(self, walk, Walk::pass_binary)
    }

    fn skip_before(&mut self, next_id: Option<i16>, last_id: &mut i16) -> Result<()> {
        skip_before(self, next_id, last_id)
    }

    fn skip_elements(&mut self, header: ListHeader) -> Result<()> {
        skip_elements(self, header, |bytes, longest, element, count| {
            if element == WireType::String {
                run::strings(bytes, longest, count)
            } else {
                (0, 0)
            }
        })
    }

    fn raw(&mut self, wire_type: WireType) -> Result<Vec<u8>> {
        self.record(Vec::new(), |reader| reader.skip(wire_type))
    }

    fn raw_list(&mut self, header: ListHeader) -> Result<Vec<u8>> {
        let mut taken = Vec::new();
        if let Some(element) = header.element {
            BinaryWriter::new(&mut taken, *self.limits(), true).list(element, header.count)?;
        }
        self.record(taken, |reader| reader.skip_elements(header))
    }

    fn raw_map(&mut self, header: MapHeader) -> Result<Vec<u8>> {
        let mut taken = Vec::new();
        if let (Some(key), Some(value)) = (header.key, header.value) {
            BinaryWriter::new(&mut taken, *self.limits(), true).map(key, value, header.count)?;
        }
        self.record(taken, |reader| reader.skip_entries(header))
    }

    fn skip_string(&mut self) -> Result<()> {
        let length = self.size()?;
        skip_bytes(self, length)
    }

    #[expect(clippy::inline_always, reason = "compiled for more than one processor")]
    #[inline(always)]
    fn numbers<N: Numeric>(&mut self, values: &mut [N]) -> std::result::Result<(), (usize, Error)> {
        fixed_numbers(self, values, N::copy_big_endian)
    }

    #[inline]
    fn list(&mut self) -> Result<ListHeader> {
        let number = self.state.input.byte()?;
        let count = self.size()?;
        let offset = self.state.input.offset() - 5;
        let element = element_type(WireType::from_binary(number), number, count, offset)?;
        let size = element.map_or(0, Self::minimum_size);
        Ok(ListHeader {
            element,
            count: self.check_count("list", count, size)?,
        })
    }

    #[inline]
    fn map(&mut self) -> Result<MapHeader> {
        let [key, value] = self.state.input.array()?;
        let count = self.size()?;
        let offset = self.state.input.offset() - 6;
        let key = element_type(WireType::from_binary(key), key, count, offset)?;
        let value = element_type(WireType::from_binary(value), value, count, offset + 1)?;
        let size = key.map_or(0, Self::minimum_size) + value.map_or(0, Self::minimum_size);
        Ok(MapHeader {
            key,
            value,
            count: self.check_count("map", count, size)?,
        })
    }

    #[inline]
    fn minimum_size(wire_type: WireType) -> usize {
        wire_type.binary_size().least
    }

    #[inline]
    fn fixed_size(wire_type: WireType) -> Option<usize> {
        wire_type.binary_size().fixed()
    }
}

/// Writes the binary protocol.
#[derive(Debug)]
pub struct BinaryWriter<'a, O> {
    out: &'a mut O,
    depth: Depth,
    longest_string: usize,
    strict: bool,
}

impl<'a, O: Output> BinaryWriter<'a, O> {
    /// Writes to `out`. A strict writer gives messages a version.
    pub const fn new(out: &'a mut O, limits: Limits, strict: bool) -> Self {
        Self {
            out,
            depth: Depth::new(limits.depth),
            longest_string: limits.string,
            strict,
        }
    }

    /// A field of eight bytes.
    #[inline]
    fn long_field(&mut self, wire_type: WireType, value: u64, id: i16, last_id: &mut i16) {
        *last_id = id;
        let header = u128::from(field_header(wire_type, id));
        let word = header | u128::from(value.to_be()) << (8 * FIELD_HEADER);
        self.out.put_long(word, FIELD_HEADER + 8);
    }
}

/// The bytes of a field's header.
const FIELD_HEADER: usize = 3;

/// A field's header as a word whose lowest byte is the first.
#[inline]
const fn field_header(wire_type: WireType, id: i16) -> u64 {
    // Swapped as 32 bits, the id stands one byte too high.
    wire_type as u64 | ((id as u16 as u32).swap_bytes() >> 8) as u64
}

/// The header of a string, list or map: `length` bytes of `prefix`, then the
/// size.
#[inline]
fn sized(size: i32, prefix: u64, length: usize) -> (u64, usize) {
    let size = u64::from(size.to_be() as u32);
    (prefix | size << (8 * length), length + 4)
}

/// Writes values of one width, several at a time.
#[inline]
pub(super) fn put_all<O: Output, const N: usize>(
    out: &mut O,
    mut values: impl Iterator<Item = [u8; N]>,
) {
    const AT_ONCE: usize = 32;
    let mut block = [[0; N]; AT_ONCE];
    loop {
        let mut count = 0;
        for (place, value) in block.iter_mut().zip(&mut values) {
            *place = value;
            count += 1;
        }
        out.put(block[..count].as_flattened());
        if count < AT_ONCE {
            return;
        }
    }
}

impl<O: Output> Writer for BinaryWriter<'_, O> {
    type Out = O;

    const FORM: RawForm = RawForm::Binary;

    #[inline]
    fn output(&mut self) -> &mut O {
        self.out
    }

    #[inline]
    fn depth(&mut self) -> &mut Depth {
        &mut self.depth
    }

    #[inline]
    fn longest_string(&self) -> usize {
        self.longest_string
    }

    fn message(&mut self, name: &[u8], message_type: u8, sequence_id: i32) -> Result<()> {
        if self.strict {
            self.i32((VERSION_1 | u32::from(message_type)) as i32);
            self.bytes(name)?;
        } else {
            self.bytes(name)?;
            self.i8(message_type as i8);
        }
        self.i32(sequence_id);
        Ok(())
    }

    #[inline]
    fn field(&mut self, wire_type: WireType, id: i16, last_id: &mut i16) {
        *last_id = id;
        self.out
            .put_short(field_header(wire_type, id), FIELD_HEADER);
    }

    #[expect(clippy::inline_always, reason = "measured: the loop over fields")]
    #[inline(always)]
    fn scalar_field(&mut self, value: Scalar<'_>, id: i16, last_id: &mut i16) -> Result<()> {
        let (wire_type, value, length) = match value {
            Scalar::Bool(value) => (WireType::Bool, u64::from(value), 1),
            Scalar::I8(value) => (WireType::I8, u64::from(value as u8), 1),
            Scalar::I16(value) => (WireType::I16, u64::from(value.to_be() as u16), 2),
            Scalar::I32(value) => (WireType::I32, u64::from(value.to_be() as u32), 4),
            Scalar::I64(value) => {
                self.long_field(WireType::I64, value as u64, id, last_id);
                return Ok(());
            }
            Scalar::Double(value) => {
                self.long_field(WireType::Double, value.to_bits(), id, last_id);
                return Ok(());
            }
            Scalar::Bytes(value) | Scalar::Binary(value) => {
                let size = self.check_string(value.len())?;
                *last_id = id;
                let (word, length) = sized(size, field_header(WireType::String, id), FIELD_HEADER);
                self.out.put_headed(word, length, value);
                return Ok(());
            }
        };
        *last_id = id;
        let word = field_header(wire_type, id) | value << (8 * FIELD_HEADER);
        self.out.put_short(word, FIELD_HEADER + length);
        Ok(())
    }

    #[inline]
    fn stop(&mut self) {
        self.out.put_short(u64::from(WireType::STOP), 1);
    }

    #[inline]
    fn bool(&mut self, value: bool) {
        self.out.put_short(u64::from(value), 1);
    }

    #[inline]
    fn i8(&mut self, value: i8) {
        self.out.put_short(u64::from(value as u8), 1);
    }

    #[inline]
    fn i16(&mut self, value: i16) {
        self.out.put_short(u64::from(value.to_be() as u16), 2);
    }

    #[inline]
    fn i32(&mut self, value: i32) {
        self.out.put_short(u64::from(value.to_be() as u32), 4);
    }

    #[inline]
    fn i64(&mut self, value: i64) {
        self.out.put_short(value.to_be() as u64, 8);
    }

    #[inline]
    fn double(&mut self, value: f64) {
        self.i64(value.to_bits() as i64);
    }

    #[expect(clippy::inline_always, reason = "compiled for more than one processor")]
    #[inline(always)]
    fn numbers<N: Numeric>(&mut self, values: &[Cell<N>]) {
        N::put_big_endian(values, self.out);
    }

    #[inline]
    fn i32s(&mut self, values: impl Iterator<Item = i32>) {
        put_all(self.out, values.map(i32::to_be_bytes));
    }

    #[inline]
    fn i64s(&mut self, values: impl Iterator<Item = i64>) {
        put_all(self.out, values.map(i64::to_be_bytes));
    }

    #[inline]
    fn doubles(&mut self, values: impl Iterator<Item = f64>) {
        put_all(self.out, values.map(f64::to_be_bytes));
    }

    #[inline]
    fn bytes(&mut self, value: &[u8]) -> Result<()> {
        let (word, length) = sized(self.check_string(value.len())?, 0, 0);
        self.out.put_headed(word, length, value);
        Ok(())
    }

    #[inline]
    fn list(&mut self, element: WireType, count: usize) -> Result<()> {
        let size = checked_size("list", count, MAX_SIZE)?;
        let (word, length) = sized(size, element as u64, 1);
        self.out.put_short(word, length);
        Ok(())
    }

    #[inline]
    fn map(&mut self, key: WireType, value: WireType, count: usize) -> Result<()> {
        let size = checked_size("map", count, MAX_SIZE)?;
        let (word, length) = sized(size, key as u64 | (value as u64) << 8, 2);
        self.out.put_short(word, length);
        Ok(())
    }
}
