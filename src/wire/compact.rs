//! The compact protocol: varints, short field headers, little-endian doubles.

use std::cell::Cell;

use super::binary::put_all;
use super::depth::Depth;
use super::error::{Error, ErrorKind, Result};
use super::input::Input;
use super::limits::{Limits, MAX_SIZE};
use super::message::MessageHeader;
use super::number::{NumberType, Numeric};
use super::output::Output;
use super::raw::{RawForm, Recorder};
use super::reader::{
    FieldHeader, ListHeader, MapHeader, Reader, State, element_type, fixed_numbers, number, pass,
    skip_before, skip_bytes, skip_elements, skip_structs, take_bytes,
};
use super::run::Walk;
use super::run::compact::{self as run, LONG_LIST};
use super::varint;
use super::wire_type::{COMPACT_FALSE, WireType};
use super::writer::{Scalar, Writer, checked_size};

const PROTOCOL_ID: u8 = 0x82;
const VERSION: u8 = 1;
const VERSION_MASK: u8 = 0x1f;
const TYPE_SHIFT: u8 = 5;
/// The type numbers of the two bools; in field headers they are the value.
const TRUE: u8 = WireType::Bool.to_compact();
const FALSE: u8 = COMPACT_FALSE;

/// Reads the compact protocol.
#[derive(Debug)]
pub struct Compact<I> {
    state: State<I>,
    /// The value of a bool field, which came with its header.
    field_bool: Option<bool>,
}

impl<I: Input> Compact<I> {
    /// Reads from `input`.
    pub const fn new(input: I, limits: Limits) -> Self {
        Self {
            state: State::new(input, limits),
            field_bool: None,
        }
    }

    /// The input, after reading.
    pub fn into_input(self) -> I {
        self.state.input
    }

    /// A size, which is an i32 written without zigzag.
    #[inline]
    fn size(&mut self) -> Result<i64> {
        let size = varint::read(&mut self.state.input)?;
        match u32::try_from(size) {
            Ok(size) => Ok(i64::from(size as i32)),
            Err(_) => Err(Error::varint(WireType::I32)),
        }
    }

    #[inline]
    fn integer<T: TryFrom<i64>>(&mut self, wire_type: WireType) -> Result<T> {
        let value = varint::unzigzag(varint::read(&mut self.state.input)?);
        T::try_from(value).map_err(|_| Error::varint(wire_type))
    }

    /// The error for a byte of a header that was read and is of no message.
    #[cold]
    fn refused<T>(&self, text: String) -> Result<T> {
        let error = Error::from(ErrorKind::BadVersion(text));
        Err(error.at(self.state.input.offset() - 1))
    }

    /// Takes what `pass` passes over, behind what is in `taken`.
    fn record(
        &mut self,
        taken: Vec<u8>,
        pass: impl FnOnce(&mut Compact<Recorder<'_>>) -> Result<()>,
    ) -> Result<Vec<u8>> {
        let mut reader = Compact {
            state: self.state.recorded(taken),
            field_bool: None,
        };
        pass(&mut reader)?;
        Ok(reader.into_input().finish())
    }
}

impl<I: Input> Reader for Compact<I> {
    type In = I;

    const FORM: RawForm = RawForm::Compact;

    #[inline]
    fn state(&self) -> &State<I> {
        &self.state
    }

    #[inline]
    fn state_mut(&mut self) -> &mut State<I> {
        &mut self.state
    }

    fn message(&mut self) -> Result<MessageHeader> {
        let protocol = self.state.input.byte()?;
        if protocol != PROTOCOL_ID {
            return self.refused(format!("Bad protocol id in the message: {protocol}"));
        }
        let second = self.state.input.byte()?;
        let version = second & VERSION_MASK;
        if version != VERSION {
            return self.refused(format!("Bad version: {version} (expect {VERSION})"));
        }
        let sequence_id = self.size()? as i32;
        Ok(MessageHeader {
            name: self.bytes()?.to_vec(),
            message_type: second >> TYPE_SHIFT,
            sequence_id,
        })
    }

    #[expect(clippy::inline_always, reason = "measured: the loop over fields")]
    #[inline(always)]
    fn field(&mut self, last_id: &mut i16) -> Result<Option<FieldHeader>> {
        let header = self.state.input.byte()?;
        let number = header & 0x0f;
        if number == WireType::STOP {
            return Ok(None);
        }
        let Some(wire_type) = WireType::from_compact(number) else {
            return Err(Error::unknown_type(number).at(self.state.input.offset() - 1));
        };
        let delta = i16::from(header >> 4);
        let id = if delta == 0 {
            self.integer(WireType::I16)?
        } else {
            last_id
                .checked_add(delta)
                .ok_or_else(|| Error::varint(WireType::I16))?
        };
        if wire_type == WireType::Bool {
            self.field_bool = Some(number == TRUE);
        }
        *last_id = id;
        Ok(Some(FieldHeader { wire_type, id }))
    }

    #[inline]
    fn bool(&mut self) -> Result<bool> {
        match self.field_bool.take() {
            Some(value) => Ok(value),
            // Writers disagree about false: 2 by the book, 0 from some.
            None => Ok(self.state.input.byte()? == TRUE),
        }
    }

    #[inline]
    fn i16(&mut self) -> Result<i16> {
        self.integer(WireType::I16)
    }

    #[inline]
    fn i32(&mut self) -> Result<i32> {
        self.integer(WireType::I32)
    }

    #[inline]
    fn i64(&mut self) -> Result<i64> {
        varint::read(&mut self.state.input).map(varint::unzigzag)
    }

    #[inline]
    fn double(&mut self) -> Result<f64> {
        self.state.input.array().map(f64::from_le_bytes)
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
        pass(self, walk, Walk::pass_compact)
    }

    fn skip_before(&mut self, next_id: Option<i16>, last_id: &mut i16) -> Result<()> {
        skip_before(self, next_id, last_id)
    }

    fn skip_elements(&mut self, header: ListHeader) -> Result<()> {
        skip_elements(self, header, |bytes, longest, element, count| {
            run::elements(bytes, longest, element.to_compact(), count)
        })
    }

    fn raw(&mut self, wire_type: WireType) -> Result<Vec<u8>> {
        if wire_type == WireType::Bool {
            return Ok(vec![if self.bool()? { TRUE } else { FALSE }]);
        }
        self.record(Vec::new(), |reader| reader.skip(wire_type))
    }

    fn raw_list(&mut self, header: ListHeader) -> Result<Vec<u8>> {
        let mut taken = Vec::new();
        if let Some(element) = header.element {
            CompactWriter::new(&mut taken, *self.limits()).list(element, header.count)?;
        }
        self.record(taken, |reader| reader.skip_elements(header))
    }

    fn raw_map(&mut self, header: MapHeader) -> Result<Vec<u8>> {
        let mut taken = Vec::new();
        if let (Some(key), Some(value)) = (header.key, header.value) {
            CompactWriter::new(&mut taken, *self.limits()).map(key, value, header.count)?;
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
        match N::NUMBER {
            NumberType::I8 | NumberType::Double => {
                fixed_numbers(self, values, N::copy_little_endian)
            }
            NumberType::I16 | NumberType::I32 | NumberType::I64 => varint_numbers(self, values),
        }
    }

    #[inline]
    fn list(&mut self) -> Result<ListHeader> {
        let offset = self.state.input.offset();
        let header = self.state.input.byte()?;
        let count = match header >> 4 {
            LONG_LIST => self.size()?,
            short => i64::from(short),
        };
        let number = header & 0x0f;
        let element = element_type(WireType::from_compact(number), number, count, offset)?;
        let size = element.map_or(0, Self::minimum_size);
        Ok(ListHeader {
            element,
            count: self.check_count("list", count, size)?,
        })
    }

    #[inline]
    fn map(&mut self) -> Result<MapHeader> {
        let count = self.size()?;
        if count == 0 {
            return Ok(MapHeader {
                key: None,
                value: None,
                count: 0,
            });
        }
        let types = self.state.input.byte()?;
        let offset = self.state.input.offset() - 1;
        let [key, value] = [types >> 4, types & 0x0f];
        let key = element_type(WireType::from_compact(key), key, count, offset)?;
        let value = element_type(WireType::from_compact(value), value, count, offset)?;
        let size = key.map_or(0, Self::minimum_size) + value.map_or(0, Self::minimum_size);
        Ok(MapHeader {
            key,
            value,
            count: self.check_count("map", count, size)?,
        })
    }

    #[inline]
    fn minimum_size(wire_type: WireType) -> usize {
        wire_type.compact_size().least
    }

    #[inline]
    fn fixed_size(wire_type: WireType) -> Option<usize> {
        wire_type.compact_size().fixed()
    }
}

/// Reads numbers that are varints: runs of those that are there at once, and others
/// by the reader's own rules. An error comes with the index of its number.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
fn varint_numbers<I: Input, N: Numeric>(
    reader: &mut Compact<I>,
    values: &mut [N],
) -> std::result::Result<(), (usize, Error)> {
    let mut done = 0;
    while done < values.len() {
        let (taken, count) = varint::run(reader.state.input.buffered(), &mut values[done..]);
        let taken = reader.state.input.discard(taken);
        taken.map_err(|error| (done, error))?;
        done += count;
        if let Some(value) = values.get_mut(done) {
            *value = number(reader).map_err(|error| (done, error))?;
            done += 1;
        }
    }
    Ok(())
}

/// Writes the compact protocol.
#[derive(Debug)]
pub struct CompactWriter<'a, O> {
    out: &'a mut O,
    depth: Depth,
    longest_string: usize,
}

impl<'a, O: Output> CompactWriter<'a, O> {
    /// Writes to `out`.
    pub const fn new(out: &'a mut O, limits: Limits) -> Self {
        Self {
            out,
            depth: Depth::new(limits.depth),
            longest_string: limits.string,
        }
    }

    #[inline]
    fn varint(&mut self, value: u64) {
        if value < varint::SHORT {
            let (word, length) = varint::encode_short(value);
            self.out.put_short(word, length);
        } else {
            let (word, length) = varint::encode_long(value);
            self.out.put_long(word, length);
        }
    }

    #[inline]
    fn integer(&mut self, value: i64) {
        self.varint(varint::zigzag(value));
    }

    #[inline]
    fn size(&mut self, size: i32) {
        self.varint(size as u64);
    }

    /// Several numbers, put together in a block that needs no room to be asked for
    /// each of them.
    #[inline(always)]
    fn varints(&mut self, values: impl Iterator<Item = i64>) {
        const BLOCK: usize = 256;
        let mut block = [0; BLOCK + size_of::<u128>()];
        let mut end = 0;
        for value in values {
            let value = varint::zigzag(value);
            let length = if value < varint::SHORT {
                let (word, length) = varint::encode_short(value);
                block[end..end + size_of::<u64>()].copy_from_slice(&word.to_le_bytes());
                length
            } else {
                let (word, length) = varint::long(value);
                block[end..end + size_of::<u128>()].copy_from_slice(&word.to_le_bytes());
                length
            };
            end += length;
            if end >= BLOCK {
                self.out.put(&block[..end]);
                end = 0;
            }
        }
        self.out.put(&block[..end]);
    }

    /// A field's header and a varint behind it.
    #[inline]
    fn varint_field(&mut self, number: u8, value: u64, id: i16, last_id: &mut i16) {
        if value < varint::SHORT
            && let Some(header) = short_header(number, id, *last_id)
        {
            *last_id = id;
            let (value, length) = varint::encode_short(value);
            self.out
                .put_short(value << 8 | u64::from(header), length + 1);
        } else {
            self.long_varint_field(number, value, id, last_id);
        }
    }

    #[cold]
    fn long_varint_field(&mut self, number: u8, value: u64, id: i16, last_id: &mut i16) {
        self.header(number, id, last_id);
        self.varint(value);
    }

    #[inline]
    fn header(&mut self, number: u8, id: i16, last_id: &mut i16) {
        match short_header(number, id, *last_id) {
            Some(header) => self.out.put_short(u64::from(header), 1),
            None => self.long_header(number, id),
        }
        *last_id = id;
    }

    #[cold]
    fn long_header(&mut self, number: u8, id: i16) {
        self.out.put_short(u64::from(number), 1);
        self.integer(i64::from(id));
    }
}

/// The header of a field whose id is a little larger than the last one's.
#[inline]
fn short_header(number: u8, id: i16, last_id: i16) -> Option<u8> {
    let delta = i32::from(id) - i32::from(last_id);
    (1..=15)
        .contains(&delta)
        .then_some((delta as u8) << 4 | number)
}

impl<O: Output> Writer for CompactWriter<'_, O> {
    type Out = O;

    const FORM: RawForm = RawForm::Compact;

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
        self.out
            .put(&[PROTOCOL_ID, VERSION | (message_type & 7) << TYPE_SHIFT]);
        self.varint(u64::from(sequence_id as u32));
        self.bytes(name)
    }

    #[inline]
    fn field(&mut self, wire_type: WireType, id: i16, last_id: &mut i16) {
        self.header(wire_type.to_compact(), id, last_id);
    }

    #[expect(clippy::inline_always, reason = "measured: the loop over fields")]
    #[inline(always)]
    fn scalar_field(&mut self, value: Scalar<'_>, id: i16, last_id: &mut i16) -> Result<()> {
        let (wire_type, varint) = match value {
            Scalar::Bool(value) => {
                self.header(if value { TRUE } else { FALSE }, id, last_id);
                return Ok(());
            }
            Scalar::I8(value) => {
                self.field(WireType::I8, id, last_id);
                self.i8(value);
                return Ok(());
            }
            Scalar::Double(value) => {
                self.field(WireType::Double, id, last_id);
                self.double(value);
                return Ok(());
            }
            Scalar::I16(value) => (WireType::I16, varint::zigzag(value.into())),
            Scalar::I32(value) => (WireType::I32, varint::zigzag(value.into())),
            Scalar::I64(value) => (WireType::I64, varint::zigzag(value)),
            Scalar::Bytes(value) | Scalar::Binary(value) => {
                let size = self.check_string(value.len())?;
                let (mut word, mut length) = varint::encode_short(size as u64);
                let number = const { WireType::String.to_compact() };
                match short_header(number, id, *last_id) {
                    Some(header) => {
                        word = word << 8 | u64::from(header);
                        length += 1;
                    }
                    None => self.long_header(number, id),
                }
                *last_id = id;
                self.out.put_headed(word, length, value);
                return Ok(());
            }
        };
        self.varint_field(wire_type.to_compact(), varint, id, last_id);
        Ok(())
    }

    #[inline]
    fn stop(&mut self) {
        self.out.put_short(u64::from(WireType::STOP), 1);
    }

    #[inline]
    fn bool(&mut self, value: bool) {
        self.out
            .put_short(u64::from(if value { TRUE } else { FALSE }), 1);
    }

    #[inline]
    fn i8(&mut self, value: i8) {
        self.out.put_short(u64::from(value as u8), 1);
    }

    #[inline]
    fn i16(&mut self, value: i16) {
        self.integer(i64::from(value));
    }

    #[inline]
    fn i32(&mut self, value: i32) {
        self.integer(i64::from(value));
    }

    #[inline]
    fn i64(&mut self, value: i64) {
        self.integer(value);
    }

    #[inline]
    fn double(&mut self, value: f64) {
        self.out.put_short(value.to_bits(), 8);
    }

    #[expect(clippy::inline_always, reason = "compiled for more than one processor")]
    #[inline(always)]
    fn numbers<N: Numeric>(&mut self, values: &[Cell<N>]) {
        match N::NUMBER {
            NumberType::I8 | NumberType::Double => N::put_little_endian(values, self.out),
            NumberType::I16 | NumberType::I32 | NumberType::I64 => {
                let rest = varint::write(values, self.out);
                self.varints(rest.iter().map(|value| value.get().to_i64()));
            }
        }
    }

    #[inline]
    fn i32s(&mut self, values: impl Iterator<Item = i32>) {
        self.varints(values.map(i64::from));
    }

    #[inline]
    fn i64s(&mut self, values: impl Iterator<Item = i64>) {
        self.varints(values);
    }

    #[inline]
    fn doubles(&mut self, values: impl Iterator<Item = f64>) {
        put_all(self.out, values.map(f64::to_le_bytes));
    }

    #[inline]
    fn bytes(&mut self, value: &[u8]) -> Result<()> {
        let size = self.check_string(value.len())?;
        let (word, length) = varint::encode_short(size as u64);
        self.out.put_headed(word, length, value);
        Ok(())
    }

    #[inline]
    fn list(&mut self, element: WireType, count: usize) -> Result<()> {
        let number = element.to_compact();
        if count < usize::from(LONG_LIST) {
            self.i8(((count as u8) << 4 | number) as i8);
            return Ok(());
        }
        let count = checked_size("list", count, MAX_SIZE)?;
        self.i8((LONG_LIST << 4 | number) as i8);
        self.size(count);
        Ok(())
    }

    #[inline]
    fn map(&mut self, key: WireType, value: WireType, count: usize) -> Result<()> {
        let count = checked_size("map", count, MAX_SIZE)?;
        self.size(count);
        if count > 0 {
            self.i8((key.to_compact() << 4 | value.to_compact()) as i8);
        }
        Ok(())
    }
}
