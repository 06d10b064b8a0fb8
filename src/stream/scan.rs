//! The end of a value, found once and resumably.

use std::mem;

use super::arrived::Arrived;
use super::detect::Speech;
use super::frame::{FRAME_HEADER, too_long, unsigned_length};
use crate::wire::{
    Binary, Compact, Depth, ErrorKind, Input, Limits, ListHeader, MapHeader, Nesting, Reader,
    Result, TextEnd, Walk, WireType,
};

/// What the bytes are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The binary protocol.
    Binary {
        /// Whether messages without a version are refused.
        strict: bool,
    },
    /// The compact protocol.
    Compact,
    /// thriftpy2's JSON protocol: a length, then a text.
    Json,
    /// Apache's JSON protocol: an array or an object.
    ApacheJson,
}

impl Protocol {
    /// What its messages are found to be.
    #[must_use]
    pub const fn speech(self) -> Speech {
        match self {
            Self::Binary { .. } => Speech::Binary,
            Self::Compact => Speech::Compact,
            Self::Json => Speech::Json,
            Self::ApacheJson => Speech::ApacheJson,
        }
    }

    /// How many bytes stand before a message that its limit does not count.
    pub(super) const fn prefix(self) -> usize {
        match self {
            Self::Json => FRAME_HEADER,
            Self::Binary { .. } | Self::Compact | Self::ApacheJson => 0,
        }
    }
}

/// What is looked for. Of JSON it is a whole text, whatever is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The header of a message.
    Header,
    /// The header of a message and the struct behind it.
    Message,
    /// A value of a type.
    Value(WireType),
}

/// What is still to come on one level.
#[derive(Clone, Copy, Debug)]
enum ToCome {
    /// The header of a message.
    Header,
    /// A value that stands alone.
    Value(WireType),
    /// Fields of a struct, and its end.
    Fields {
        /// The compact protocol counts ids from the last one.
        last_id: i16,
    },
    /// So many elements of a list or set.
    Elements { element: WireType, left: usize },
    /// So many keys and values of a map, which take turns.
    Entries {
        next: WireType,
        after: WireType,
        left: usize,
    },
}

/// The search for the end of one value or message.
#[derive(Debug)]
pub struct Scan {
    protocol: Protocol,
    limits: Limits,
    depth: Depth,
    to_come: Vec<ToCome>,
    /// Of Apache's JSON, how far its text was followed.
    text: TextEnd,
    /// Where the next item starts.
    position: usize,
    /// How many bytes must have arrived before anything new can be found.
    next: usize,
    /// How many bytes the value takes at least.
    wanted: usize,
}

impl Scan {
    /// A search from the first byte.
    #[must_use]
    pub fn new(protocol: Protocol, part: Target, limits: Limits) -> Self {
        let to_come = match part {
            Target::Header => vec![ToCome::Header],
            Target::Message => vec![ToCome::Value(WireType::Struct), ToCome::Header],
            Target::Value(wire_type) => vec![ToCome::Value(wire_type)],
        };
        Self {
            protocol,
            limits,
            depth: Depth::new(limits.depth),
            to_come,
            text: TextEnd::new(limits.depth),
            position: 0,
            next: 0,
            wanted: 0,
        }
    }

    /// Looks on in the bytes that have arrived: where the value ends, or
    /// nothing where that is not among them. The bytes start at `start`, which
    /// is at most [`position`](Self::position); all before were shown. After an
    /// error there is nothing to look for.
    pub fn advance(&mut self, start: usize, bytes: &[u8]) -> Result<Option<usize>> {
        debug_assert!(start <= self.position);
        let arrived = start + bytes.len();
        if arrived < self.next {
            return Ok(None);
        }
        let input = Arrived::new(start, bytes, self.position);
        match self.protocol {
            _ if self.to_come.is_empty() => {}
            Protocol::Binary { strict } => {
                self.read(&mut Binary::new(input, self.limits, strict))?;
            }
            Protocol::Compact => self.read(&mut Compact::new(input, self.limits))?,
            Protocol::Json => self.length(&input)?,
            Protocol::ApacheJson => self.follow(&input)?,
        }
        let is_whole = self.to_come.is_empty() && self.position <= arrived;
        Ok(is_whole.then_some(self.position))
    }

    /// Where the next item starts, in bytes from the start of the value: what
    /// lies before is not looked at again. It may lie behind what has arrived.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// How many bytes must have arrived before the value can be whole. What is
    /// wrong with it may be found earlier: these are the bytes in which it was, then.
    #[must_use]
    pub const fn wanted(&self) -> usize {
        self.wanted
    }

    /// Reads one item after the other, until one has not arrived as a whole.
    fn read<'a, R: Reader<In = Arrived<'a>>>(&mut self, reader: &mut R) -> Result<()> {
        while let Some(mut level) = self.to_come.pop() {
            let depth = self.depth;
            let levels = self.to_come.len();
            if let Err(error) = self.item(&mut level, reader) {
                let found = reader.input().position();
                let ErrorKind::Truncated { needed, .. } = *error.kind() else {
                    self.wanted = found;
                    return Err(error.at(found as u64));
                };
                // Read again, once that much is there.
                self.depth = depth;
                self.to_come.truncate(levels);
                self.to_come.push(level);
                self.next = found.saturating_add(needed);
                self.wanted = self.next.saturating_add(numbers_after::<R>(level));
                return Ok(());
            }
            self.position = reader.input().position();
        }
        self.next = self.position;
        self.wanted = self.position;
        Ok(())
    }

    /// Reads the length of a text, which is passed over.
    fn length(&mut self, input: &Arrived<'_>) -> Result<()> {
        self.wanted = FRAME_HEADER;
        let Some(header) = input.buffered().first_chunk() else {
            self.next = FRAME_HEADER;
            return Ok(());
        };
        let limit = self.limits.message;
        let length = unsigned_length(*header, limit)
            .map_err(|size| too_long(size.into(), limit).at(FRAME_HEADER as u64))?;
        self.found(FRAME_HEADER.saturating_add(length));
        Ok(())
    }

    /// Follows the brackets and strings of a text.
    fn follow(&mut self, input: &Arrived<'_>) -> Result<()> {
        let end = self.text.find(input.buffered());
        self.position = self.text.position();
        match end {
            Ok(Some(_)) => self.found(self.position),
            Ok(None) => {
                self.next = self.position.saturating_add(1);
                self.wanted = self.position.saturating_add(self.text.missing());
            }
            Err(error) => {
                self.wanted = self.position;
                return Err(error.at(self.position as u64));
            }
        }
        Ok(())
    }

    /// Nothing but bytes to be passed over is left before the end.
    fn found(&mut self, end: usize) {
        self.to_come.clear();
        self.position = end;
        self.next = end;
        self.wanted = end;
    }

    /// Reads the next item of a level, and puts back what is left of the level.
    /// Scalars are read one after the other; where one has not arrived, the
    /// level is what it was before that one.
    fn item<'a, R: Reader<In = Arrived<'a>>>(
        &mut self,
        level: &mut ToCome,
        reader: &mut R,
    ) -> Result<()> {
        match level {
            ToCome::Header => reader.message().map(drop),
            ToCome::Value(wire_type) => self.value(*wire_type, reader),
            ToCome::Fields { last_id } => loop {
                if !self.pass(last_id, reader)? {
                    return Ok(());
                }
                let mut id = *last_id;
                let Some(field) = reader.field(&mut id)? else {
                    self.depth.leave();
                    return Ok(());
                };
                if !field.wire_type.is_scalar() {
                    self.to_come.push(ToCome::Fields { last_id: id });
                    return self.value(field.wire_type, reader);
                }
                reader.skip(field.wire_type)?;
                *last_id = id;
                self.position = reader.input().position();
            },
            ToCome::Elements { element, left } => {
                while *left > 0 {
                    if !element.is_scalar() {
                        let (element, left) = (*element, *left - 1);
                        self.to_come.push(ToCome::Elements { element, left });
                        return self.value(element, reader);
                    }
                    reader.skip(*element)?;
                    *left -= 1;
                    self.position = reader.input().position();
                }
                self.depth.leave();
                Ok(())
            }
            ToCome::Entries { next, after, left } => {
                while *left > 0 {
                    if !next.is_scalar() {
                        self.to_come.push(ToCome::Entries {
                            next: *after,
                            after: *next,
                            left: *left - 1,
                        });
                        return self.value(*next, reader);
                    }
                    reader.skip(*next)?;
                    mem::swap(next, after);
                    *left -= 1;
                    self.position = reader.input().position();
                }
                self.depth.leave();
                Ok(())
            }
        }
    }

    /// Passes over what is usual in a struct. Where that ends in a struct within, it
    /// is to come, and what is around it.
    fn pass<'a, R: Reader<In = Arrived<'a>>>(
        &mut self,
        last_id: &mut i16,
        reader: &mut R,
    ) -> Result<bool> {
        let mut walk = Walk::behind(*last_id, self.depth);
        reader.pass(&mut walk)?;
        self.depth = walk.depth();
        if !walk.is_outermost() {
            for level in walk.levels() {
                if let Some(left) = level.left() {
                    let element = WireType::Struct;
                    self.to_come.push(ToCome::Elements { element, left });
                }
                let last_id = level.last_id();
                self.to_come.push(ToCome::Fields { last_id });
            }
            return Ok(false);
        }
        *last_id = walk.level().last_id();
        self.position = reader.input().position();
        Ok(true)
    }

    /// Reads a value as far as its size is known; the rest is to come.
    fn value<'a, R: Reader<In = Arrived<'a>>>(
        &mut self,
        wire_type: WireType,
        reader: &mut R,
    ) -> Result<()> {
        match wire_type {
            WireType::Struct => {
                self.depth.enter(Nesting::SKIP_STRUCT)?;
                self.to_come.push(ToCome::Fields { last_id: 0 });
            }
            WireType::List | WireType::Set => {
                self.depth.enter(Nesting::SKIP_CONTAINER)?;
                let ListHeader { element, count } = reader.list()?;
                match element.map(|element| (element, R::fixed_size(element))) {
                    None => self.depth.leave(),
                    Some((_, Some(size))) => {
                        reader.input_mut().pass(size.saturating_mul(count));
                        self.depth.leave();
                    }
                    Some((element, None)) => self.to_come.push(ToCome::Elements {
                        element,
                        left: count,
                    }),
                }
            }
            WireType::Map => {
                self.depth.enter(Nesting::SKIP_CONTAINER)?;
                let MapHeader { key, value, count } = reader.map()?;
                match key.zip(value) {
                    None => self.depth.leave(),
                    Some((next, after)) => self.to_come.push(ToCome::Entries {
                        next,
                        after,
                        left: count.saturating_mul(2),
                    }),
                }
            }
            // Of a string the length only: its bytes are passed over.
            scalar => reader.skip(scalar)?,
        }
        Ok(())
    }
}

/// The bytes that the numbers behind the next one take at least, so that a
/// list of them is not asked for one by one.
fn numbers_after<R: Reader>(level: ToCome) -> usize {
    match level {
        ToCome::Elements {
            element: element @ (WireType::I16 | WireType::I32 | WireType::I64),
            left,
        } => left
            .saturating_sub(1)
            .saturating_mul(R::minimum_size(element)),
        _ => 0,
    }
}
