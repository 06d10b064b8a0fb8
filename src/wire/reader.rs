//! The trait that every protocol reads through, and what is common to all.

use super::depth::Depth;
use super::error::{Error, ErrorKind, Nesting, Result};
use super::input::Input;
use super::limits::Limits;
use super::message::MessageHeader;
use super::number::{NumberType, Numeric};
use super::raw::{RawForm, Recorder};
use super::run::{Bounds, Walk};
use super::wire_type::WireType;

/// The header of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldHeader {
    /// The type of the value that follows.
    pub wire_type: WireType,
    /// The field's id.
    pub id: i16,
}

/// The header of a list or set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListHeader {
    /// The elements' type; none only when there are no elements.
    pub element: Option<WireType>,
    /// How many elements follow.
    pub count: usize,
}

/// The header of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapHeader {
    /// The keys' type; none only when there are no entries.
    pub key: Option<WireType>,
    /// The values' type; none only when there are no entries.
    pub value: Option<WireType>,
    /// How many entries follow.
    pub count: usize,
}

/// What every reader has, whatever its protocol.
#[derive(Debug)]
pub struct State<I> {
    pub(super) input: I,
    limits: Limits,
    pub(super) depth: Depth,
}

impl<I> State<I> {
    pub(super) const fn new(input: I, limits: Limits) -> Self {
        Self {
            input,
            limits,
            depth: Depth::new(limits.depth),
        }
    }

    /// Goes on as deep as another reader or writer is.
    pub(super) fn continue_at(&mut self, depth: Depth) {
        self.depth = depth;
    }

    /// Counts a struct or container that is entered.
    #[inline]
    pub(super) fn enter(&mut self, what: Nesting) -> Result<()> {
        self.depth.enter(what)
    }

    /// Counts one that is left.
    #[inline]
    pub(super) fn leave(&mut self) {
        self.depth.leave();
    }
}

impl<I: Input> State<I> {
    /// This state for a reader that keeps what it takes, behind what is in
    /// `taken`.
    pub(super) fn recorded(&mut self, taken: Vec<u8>) -> State<Recorder<'_>> {
        State {
            input: Recorder::new(&mut self.input, taken),
            limits: self.limits,
            depth: self.depth,
        }
    }
}

/// Reads one protocol.
///
/// Inside a struct the caller keeps the id of the last field, starting at 0,
/// and passes it to [`field`](Self::field): the compact protocol counts ids
/// from it. [`enter`](Self::enter) and [`leave`](Self::leave) surround every
/// struct and container.
pub trait Reader {
    /// The input that is read.
    type In: Input;

    /// Whether the protocol is text. A string that it holds is text too, in
    /// which halves of surrogate pairs may stand alone: each as three bytes
    /// that UTF-8 does not have.
    const IS_TEXT: bool = false;

    /// What the bytes of its values are.
    const FORM: RawForm;

    /// What is read, and how far.
    fn state(&self) -> &State<Self::In>;

    /// What is read, to read on.
    fn state_mut(&mut self) -> &mut State<Self::In>;

    /// The input, for its offset and what it holds.
    #[inline]
    fn input(&self) -> &Self::In {
        &self.state().input
    }

    /// The input, to read from.
    #[inline]
    fn input_mut(&mut self) -> &mut Self::In {
        &mut self.state_mut().input
    }

    /// The bounds in force.
    #[inline]
    fn limits(&self) -> &Limits {
        &self.state().limits
    }

    /// The counter of nesting.
    #[inline]
    fn depth(&self) -> Depth {
        self.state().depth
    }

    /// Reads the header of a message.
    fn message(&mut self) -> Result<MessageHeader>;

    /// Reads the header of the next field, or none at the end of the struct.
    fn field(&mut self, last_id: &mut i16) -> Result<Option<FieldHeader>>;

    /// Reads a bool.
    fn bool(&mut self) -> Result<bool>;

    /// Reads an i8.
    #[inline]
    fn i8(&mut self) -> Result<i8> {
        Ok(self.input_mut().byte()? as i8)
    }

    /// Reads an i16.
    fn i16(&mut self) -> Result<i16>;

    /// Reads an i32.
    fn i32(&mut self) -> Result<i32>;

    /// Reads an i64.
    fn i64(&mut self) -> Result<i64>;

    /// Reads a double.
    fn double(&mut self) -> Result<f64>;

    /// Reads a uuid, in network byte order.
    #[inline]
    fn uuid(&mut self) -> Result<[u8; 16]> {
        self.input_mut().array()
    }

    /// Reads a string. The bytes stay valid until the next call.
    fn bytes(&mut self) -> Result<&[u8]>;

    /// Reads a binary, where it is not what a string is. The bytes stay valid
    /// until the next call.
    #[inline]
    fn binary(&mut self) -> Result<&[u8]> {
        self.bytes()
    }

    /// Reads numbers of a container; an error comes with the index of its number.
    fn numbers<N: Numeric>(&mut self, values: &mut [N]) -> std::result::Result<(), (usize, Error)>
    where
        Self: Sized,
    {
        for (index, value) in values.iter_mut().enumerate() {
            *value = number(self).map_err(|error| (index, error))?;
        }
        Ok(())
    }

    /// Reads the header of a list or set.
    fn list(&mut self) -> Result<ListHeader>;

    /// Reads the header of a map.
    fn map(&mut self) -> Result<MapHeader>;

    /// The fewest bytes that a value of this type takes.
    fn minimum_size(wire_type: WireType) -> usize;

    /// The bytes that every value of this type takes inside a container, if
    /// they are always the same.
    fn fixed_size(wire_type: WireType) -> Option<usize>;

    /// Enters a struct or container.
    #[inline]
    fn enter(&mut self, what: Nesting) -> Result<()> {
        self.state_mut().enter(what)
    }

    /// Leaves the struct or container entered last, all of which was read.
    #[inline]
    fn leave(&mut self) -> Result<()> {
        self.state_mut().leave();
        Ok(())
    }

    /// Passes over a value.
    fn skip(&mut self, wire_type: WireType) -> Result<()> {
        match wire_type {
            WireType::Bool => self.bool().map(drop),
            WireType::I8 => self.i8().map(drop),
            WireType::I16 => self.i16().map(drop),
            WireType::I32 => self.i32().map(drop),
            WireType::I64 => self.i64().map(drop),
            WireType::Double => self.double().map(drop),
            WireType::Uuid => self.uuid().map(drop),
            WireType::String => self.skip_string(),
            WireType::Struct => self.skip_fields(),
            WireType::List | WireType::Set => {
                self.enter(Nesting::SKIP_CONTAINER)?;
                let header = self.list()?;
                self.skip_elements(header)?;
                self.leave()
            }
            WireType::Map => {
                self.enter(Nesting::SKIP_CONTAINER)?;
                let header = self.map()?;
                self.skip_entries(header)?;
                self.leave()
            }
        }
    }

    /// Passes over the fields of a struct.
    fn skip_fields(&mut self) -> Result<()> {
        self.enter(Nesting::SKIP_STRUCT)?;
        let mut last_id = 0;
        while let Some(field) = self.field(&mut last_id)? {
            self.skip(field.wire_type)?;
        }
        self.leave()
    }

    /// Passes over what is usual in the struct where a walk is, and in those within.
    #[inline]
    fn pass(&mut self, _walk: &mut Walk) -> Result<()> {
        Ok(())
    }

    /// Passes over fields that come next and are usual, before one of this id or a
    /// larger one; of what is not usual the caller reads the header.
    #[inline]
    fn skip_before(&mut self, _next_id: Option<i16>, _last_id: &mut i16) -> Result<()> {
        Ok(())
    }

    /// Passes over a string or binary.
    fn skip_string(&mut self) -> Result<()>;

    /// Takes the value of a field as its bytes.
    fn raw(&mut self, wire_type: WireType) -> Result<Vec<u8>>;

    /// Takes a list or set whose header was read as its bytes, up to its end,
    /// which [`leave`](Self::leave) passes.
    fn raw_list(&mut self, header: ListHeader) -> Result<Vec<u8>>;

    /// Takes a map whose header was read as its bytes, as [`raw_list`](Self::raw_list).
    fn raw_map(&mut self, header: MapHeader) -> Result<Vec<u8>>;

    /// Passes over the elements of a list or set whose header was read.
    fn skip_elements(&mut self, header: ListHeader) -> Result<()> {
        let Some(element) = header.element else {
            return Ok(());
        };
        if let Some(size) = Self::fixed_size(element) {
            return self.input_mut().discard(size * header.count);
        }
        for _ in 0..header.count {
            self.skip(element)?;
        }
        Ok(())
    }

    /// Passes over the entries of a map whose header was read.
    fn skip_entries(&mut self, header: MapHeader) -> Result<()> {
        let (Some(key), Some(value)) = (header.key, header.value) else {
            return Ok(());
        };
        for _ in 0..header.count {
            self.skip(key)?;
            self.skip(value)?;
        }
        Ok(())
    }

    /// Checks a length that came as a signed number.
    #[inline]
    fn check_length(&self, length: i64) -> Result<usize> {
        let limit = self.limits().string;
        match usize::try_from(length) {
            Ok(length) if length <= limit => Ok(length),
            _ => Err(size_error("string", length, limit)),
        }
    }

    /// Checks a count of elements of at least `size` bytes each.
    #[inline]
    fn check_count(&self, what: &'static str, count: i64, size: usize) -> Result<usize> {
        let limit = self.limits().message;
        let Ok(checked) = usize::try_from(count) else {
            return Err(size_error(what, count, limit));
        };
        match self.input().remaining() {
            Some(available) if checked.saturating_mul(size) > available => {
                Err(impossible_count(what, checked, available))
            }
            None if checked.saturating_mul(size) > limit => Err(size_error(what, count, limit)),
            _ => Ok(checked),
        }
    }
}

/// Passes over what is usual, by the way that a protocol has for it.
#[inline]
pub(super) fn pass<R: Reader>(
    reader: &mut R,
    walk: &mut Walk,
    pass: impl Fn(&mut Walk, &[u8], Bounds) -> usize,
) -> Result<()> {
    let limits = reader.limits();
    let bounds = Bounds {
        string: limits.string,
        list: match reader.input().remaining() {
            Some(_) => usize::MAX,
            None => limits.message,
        },
    };
    let passed = pass(walk, reader.input().buffered(), bounds);
    reader.input_mut().discard(passed)?;
    reader.state_mut().continue_at(walk.depth());
    Ok(())
}

/// Passes over structs that stand one behind the other.
pub(super) fn skip_structs<R: Reader>(reader: &mut R, count: usize) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    reader.enter(Nesting::SKIP_STRUCT)?;
    let mut walk = Walk::over(count as u32, reader.depth());
    loop {
        reader.pass(&mut walk)?;
        match reader.field(walk.last_id())? {
            None if walk.close() => {}
            None => return reader.leave(),
            Some(field) => skip_in(reader, &mut walk, field.wire_type)?,
        }
    }
}

/// Passes over fields as [`Reader::skip_before`] does.
pub(super) fn skip_before<R: Reader>(
    reader: &mut R,
    next_id: Option<i16>,
    last_id: &mut i16,
) -> Result<()> {
    if next_id.is_some_and(|next_id| next_id <= *last_id) {
        return Ok(());
    }
    let mut walk = Walk::between(*last_id, next_id, reader.depth());
    loop {
        reader.pass(&mut walk)?;
        if walk.is_outermost() {
            *last_id = *walk.last_id();
            return Ok(());
        }
        match reader.field(walk.last_id())? {
            None => {
                walk.close();
            }
            Some(field) => skip_in(reader, &mut walk, field.wire_type)?,
        }
    }
}

/// Passes over the value of a field, or goes into it.
#[inline]
fn skip_in<R: Reader>(reader: &mut R, walk: &mut Walk, wire_type: WireType) -> Result<()> {
    if wire_type == WireType::Struct && walk.open() {
        return Ok(());
    }
    reader.skip(wire_type)
}

/// Passes over the elements of a list or set; `usual` is the way for many of a type
/// at once: of bytes, of the longest string, and of how many there are.
pub(super) fn skip_elements<R: Reader>(
    reader: &mut R,
    header: ListHeader,
    usual: impl Fn(&[u8], usize, WireType, usize) -> (usize, usize),
) -> Result<()> {
    let Some(element) = header.element else {
        return Ok(());
    };
    if let Some(size) = R::fixed_size(element) {
        return reader.input_mut().discard(size * header.count);
    }
    if element == WireType::Struct {
        return skip_structs(reader, header.count);
    }
    let longest = reader.limits().string;
    let mut left = header.count;
    while left > 0 {
        let (size, passed) = usual(reader.input().buffered(), longest, element, left);
        reader.input_mut().discard(size)?;
        left -= passed;
        if left > 0 {
            reader.skip(element)?;
            left -= 1;
        }
    }
    Ok(())
}

/// Passes over a string or binary, whose length comes before it.
#[inline]
pub(super) fn skip_bytes<R: Reader>(reader: &mut R, length: i64) -> Result<()> {
    let length = reader.check_length(length)?;
    reader.input_mut().discard(length)
}

/// Reads a string or binary, whose length comes before it.
#[inline]
pub(super) fn take_bytes<R: Reader>(reader: &mut R, length: i64) -> Result<&[u8]> {
    let length = reader.check_length(length)?;
    reader.input_mut().take(length)
}

/// Reads a number.
#[inline]
pub(super) fn number<R: Reader, N: Numeric>(reader: &mut R) -> Result<N> {
    Ok(N::of_i64(match N::NUMBER {
        NumberType::I8 => reader.i8()?.into(),
        NumberType::I16 => reader.i16()?.into(),
        NumberType::I32 => reader.i32()?.into(),
        NumberType::I64 => reader.i64()?,
        NumberType::Double => reader.double()?.to_i64(),
    }))
}

/// Reads numbers that take as many bytes on the wire as in memory: those that are
/// there at once, and one for which more has to be fetched. An error comes with the
/// index of its number.
#[expect(clippy::inline_always, reason = "compiled for more than one processor")]
#[inline(always)]
pub(super) fn fixed_numbers<R: Reader, N: Numeric>(
    reader: &mut R,
    values: &mut [N],
    copy: impl Fn(&[u8], &mut [N]),
) -> std::result::Result<(), (usize, Error)> {
    let mut done = 0;
    while done < values.len() {
        let bytes = reader.input().buffered();
        let count = (bytes.len() / N::SIZE).min(values.len() - done);
        if count == 0 {
            values[done] = number(reader).map_err(|error| (done, error))?;
            done += 1;
        } else {
            copy(bytes, &mut values[done..done + count]);
            let taken = reader.input_mut().discard(count * N::SIZE);
            taken.map_err(|error| (done, error))?;
            done += count;
        }
    }
    Ok(())
}

#[cold]
fn size_error(what: &'static str, size: i64, limit: usize) -> Error {
    match u64::try_from(size) {
        Err(_) => ErrorKind::NegativeSize(size).into(),
        Ok(size) => ErrorKind::SizeLimit {
            what,
            size,
            limit: limit as u64,
        }
        .into(),
    }
}

#[cold]
fn impossible_count(what: &'static str, count: usize, available: usize) -> Error {
    ErrorKind::ImpossibleCount {
        what,
        count: count as u64,
        available,
    }
    .into()
}

/// The type of a container's elements: unknown numbers are accepted from
/// empty containers only, where some peers write zero. It stands at an offset.
#[inline]
pub(super) fn element_type(
    wire_type: Option<WireType>,
    number: u8,
    count: i64,
    offset: u64,
) -> Result<Option<WireType>> {
    match wire_type {
        None if count != 0 => Err(Error::unknown_type(number).at(offset)),
        found => Ok(found),
    }
}
