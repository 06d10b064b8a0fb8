//! Messages out of pieces.

use std::mem;

use bytes::{Buf, Bytes, BytesMut};

use super::frame::{FRAME_HEADER, bad_length, frame_length, too_long};
use super::scan::{Protocol, Scan, Target};
use crate::wire::{Limits, Result};

/// Where one message ends and the next one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Each message says it itself.
    Unframed,
    /// Each message is a frame of at most so many bytes.
    Framed {
        /// The longest frame, in bytes.
        limit: usize,
    },
}

/// Takes bytes as they come, and gives whole messages.
///
/// It is for who owns a connection, and knows its protocol and framing for as
/// long as it lasts: a server in native code. What is written in Python has no
/// use for it. There a transport is whatever a factory gave, keeps what it has
/// read ahead where users see it (`_rbuf`), and is asked for the next value
/// alone, by a protocol that may be of somebody else: that is [`Scan`]'s. The
/// body of an HTTP request has its length, and one message.
///
/// Memory grows with the bytes that have come. After an error nobody knows
/// where the next message starts, and the connection is to be closed.
#[derive(Debug)]
pub struct Inbound {
    framing: Framing,
    protocol: Protocol,
    limits: Limits,
    come: BytesMut,
    /// Of the message that has begun, where its end is not known yet.
    scan: Option<Scan>,
}

impl Inbound {
    /// The messages of one side of a connection.
    #[must_use]
    pub fn new(framing: Framing, protocol: Protocol, limits: Limits) -> Self {
        Self {
            framing,
            protocol,
            limits,
            come: BytesMut::new(),
            scan: None,
        }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.come.extend_from_slice(bytes);
    }

    /// The next message, without its frame, as soon as all of it has come.
    ///
    /// A frame is a message as a whole: what is in it is the decoder's matter.
    #[expect(clippy::should_implement_trait, reason = "more may come after None")]
    pub fn next(&mut self) -> Result<Option<Bytes>> {
        match self.framing {
            Framing::Framed { limit } => self.next_frame(limit),
            Framing::Unframed => self.next_message(),
        }
    }

    /// Whether nothing has come of the next message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.come.is_empty()
    }

    /// Takes the first bytes, and leaves no buffer where they are all.
    fn split(&mut self, end: usize) -> Bytes {
        if end == self.come.len() {
            return mem::take(&mut self.come).freeze();
        }
        self.come.split_to(end).freeze()
    }

    fn next_frame(&mut self, limit: usize) -> Result<Option<Bytes>> {
        let Some(header) = self.come.first_chunk::<FRAME_HEADER>() else {
            return Ok(None);
        };
        let length = frame_length(*header, limit).map_err(|size| bad_length(size, limit))?;
        if self.come.len() - FRAME_HEADER < length {
            return Ok(None);
        }
        self.come.advance(FRAME_HEADER);
        Ok(Some(self.split(length)))
    }

    fn next_message(&mut self) -> Result<Option<Bytes>> {
        if self.come.is_empty() {
            return Ok(None);
        }
        let scan = self
            .scan
            .get_or_insert_with(|| Scan::new(self.protocol, Target::Message, self.limits));
        let seen = scan.position().min(self.come.len());
        let end = scan.advance(seen, &self.come[seen..])?;
        let least = end.unwrap_or_else(|| scan.wanted());
        let size = least.saturating_sub(self.protocol.prefix());
        if size > self.limits.message {
            return Err(too_long(size as u64, self.limits.message));
        }
        let Some(end) = end else { return Ok(None) };
        self.scan = None;
        Ok(Some(self.split(end)))
    }

    /// What has come and is in no message: the start of one, if there is any.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        &self.come
    }
}
