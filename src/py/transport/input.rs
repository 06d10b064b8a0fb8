//! Reading from a transport as the codec's input.

use pyo3::intern;
use pyo3::prelude::*;

use super::{ReadAhead, Underlying};
use crate::py::ffi::exception_of;
use crate::py::{error, imports};
use crate::stream::{FRAME_HEADER, frame_length};
use crate::wire::{Error, ErrorKind, Input, Result, TextEnd};

/// At most this much is asked for at once: what is promised by the wire may
/// never come, and a socket allocates what it is asked for.
const LARGEST_READ: usize = 1 << 20;

/// How bytes are fetched.
#[derive(Clone, Copy, Debug)]
pub enum Fetch {
    /// Exactly what is needed; the next byte belongs to someone else.
    Exact,
    /// At least this many, to be kept for the next value.
    Ahead(usize),
    /// Whole frames; of the transport below, ahead.
    Frames {
        /// The least to ask for.
        ahead: usize,
        /// The longest frame, in bytes.
        limit: usize,
    },
}

/// An input over a transport. Whoever made it takes its [`ReadAhead`] back.
pub struct TransportInput<'py> {
    read_ahead: ReadAhead,
    source: Underlying<'py>,
    fetch: Fetch,
    taken: u64,
    limit: usize,
}

impl<'py> TransportInput<'py> {
    /// Continues from `read_ahead`; a message may have `limit` bytes.
    pub fn new(
        source: Bound<'py, PyAny>,
        read_ahead: ReadAhead,
        fetch: Fetch,
        limit: usize,
    ) -> Self {
        Self {
            read_ahead,
            source: Underlying(source),
            fetch,
            taken: 0,
            limit,
        }
    }

    /// What was fetched and not taken.
    pub fn into_read_ahead(self) -> ReadAhead {
        self.read_ahead
    }

    fn available(&self) -> usize {
        self.read_ahead.end - self.read_ahead.position
    }

    /// Makes `count` bytes available in one piece.
    #[cold]
    fn fill(&mut self, count: usize) -> Result<()> {
        if count > self.limit {
            return Err(ErrorKind::SizeLimit {
                what: "message",
                size: count as u64,
                limit: self.limit as u64,
            }
            .into());
        }
        match self.fetch {
            Fetch::Exact => self.fetch_until(count, 0),
            Fetch::Ahead(ahead) => self.fetch_until(count, ahead),
            Fetch::Frames { ahead, limit } => {
                if self.taken == 0 && self.available() == 0 {
                    self.next_frame(ahead, limit)?;
                }
                // What is read as one goes on in no other frame.
                self.require(count)
            }
        }
    }

    fn require(&self, count: usize) -> Result<()> {
        match count.checked_sub(self.available()) {
            None | Some(0) => Ok(()),
            needed => Err(ErrorKind::FrameEnded { needed }.into()),
        }
    }

    /// The next `count` bytes as a stream: those of frames are read on in the
    /// next one.
    pub fn take_across_frames(&mut self, count: usize) -> Result<&[u8]> {
        if let Fetch::Frames { ahead, limit } = self.fetch {
            while self.available() < count && count <= self.limit {
                let inside = self.available() > 0;
                let missing = count - self.available();
                self.next_frame(ahead, limit).map_err(|error| {
                    if inside {
                        frame_ended(self.source.0.py(), error, missing)
                    } else {
                        error
                    }
                })?;
            }
        }
        self.take(count)
    }

    /// Fetches until `count` bytes are available, asking for at least
    /// `ahead` each time.
    fn fetch_until(&mut self, count: usize, ahead: usize) -> Result<()> {
        let ahead = self.ahead(ahead)?;
        self.read_ahead.compact();
        while self.read_ahead.bytes.len() < count {
            let missing = count - self.read_ahead.bytes.len();
            let read = self.read_some(missing.max(ahead));
            self.read_ahead.end = self.read_ahead.bytes.len();
            read?;
        }
        self.read_ahead.left = count;
        Ok(())
    }

    /// How many bytes may be asked for before they are needed: none where that
    /// would be waited for.
    fn ahead(&self, wished: usize) -> Result<usize> {
        let exact = wished > 0 && self.source.reads_exactly().map_err(source_error)?;
        Ok(if exact { 0 } else { wished })
    }

    fn read_some(&mut self, count: usize) -> Result<()> {
        let count = count.min(LARGEST_READ);
        let read = self
            .source
            .read(count, &mut self.read_ahead.bytes)
            .map_err(source_error)?;
        if read == 0 {
            return Err(source_error(error::end_of_file(self.source.0.py())));
        }
        if read > count && matches!(self.fetch, Fetch::Exact) {
            // There is no place to keep what belongs to the next message.
            let text = format!("the transport gave {read} bytes when {count} were asked for");
            return Err(source_error(error::transport(self.source.0.py(), &text)));
        }
        Ok(())
    }

    /// Takes the text whose `end` is found on the way, and no byte behind it.
    pub fn take_text(&mut self, end: &mut TextEnd) -> Result<Vec<u8>> {
        let mut seen = 0;
        loop {
            if let Some(size) = end.find(&self.buffered()[seen..])? {
                return Ok(self.take(seen + size)?.to_vec());
            }
            seen = self.buffered().len();
            self.fill(seen + end.missing())?;
        }
    }

    /// The next `count` bytes, none of which is taken.
    pub fn wait_for(&mut self, count: usize) -> Result<&[u8]> {
        if self.available() < count {
            self.fill(count)?;
        }
        Ok(&self.buffered()[..count])
    }

    /// Whether the transport is framed and this frame has fewer bytes left.
    pub fn frame_lacks(&self, count: usize) -> bool {
        matches!(self.fetch, Fetch::Frames { .. }) && self.available() < count
    }

    /// Goes on to the next frame, whatever is left of this one.
    pub fn skip_to_next_frame(&mut self) -> Result<()> {
        self.read_ahead.position = self.read_ahead.end;
        match self.fetch {
            Fetch::Frames { ahead, limit } => self.next_frame(ahead, limit),
            _ => Ok(()),
        }
    }

    /// Appends the next frame to what is left of this one.
    fn next_frame(&mut self, ahead: usize, limit: usize) -> Result<()> {
        let ahead = self.ahead(ahead)?;
        self.read_ahead.compact();
        let start = self.read_ahead.end;
        let header = loop {
            if let Some(header) = self.read_ahead.bytes[start..].first_chunk() {
                break *header;
            }
            let missing = start + FRAME_HEADER - self.read_ahead.bytes.len();
            self.read_some(missing.max(ahead))?;
        };
        let length = frame_length(header, limit)
            .map_err(|size| source_error(error::frame_size(self.source.0.py(), size, limit)))?;
        // The header goes, so that a stream of bytes may span two frames.
        self.read_ahead.bytes.drain(start..start + FRAME_HEADER);
        let end = start + length;
        while self.read_ahead.bytes.len() < end {
            let missing = end - self.read_ahead.bytes.len();
            self.read_some(missing)?;
        }
        self.read_ahead.end = end;
        Ok(())
    }

    #[inline]
    fn count(&mut self, taken: usize) -> Result<()> {
        self.taken += taken as u64;
        if self.taken > self.limit as u64 {
            return Err(message_too_long(self.taken, self.limit));
        }
        Ok(())
    }
}

#[cold]
fn message_too_long(size: u64, limit: usize) -> Error {
    ErrorKind::SizeLimit {
        what: "message",
        size,
        limit: limit as u64,
    }
    .into()
}

/// Tells that there was a message, but not all of it, where the transport
/// has failed to give another frame.
#[cold]
fn frame_ended(py: Python<'_>, error: Error, missing: usize) -> Error {
    let offset = error.offset();
    let error: Error = match error.into_kind() {
        ErrorKind::Source(source) => match source.downcast::<PyErr>() {
            Ok(raised) => source_error(with_frame(py, *raised, missing)),
            Err(source) => ErrorKind::Source(source).into(),
        },
        kind => kind.into(),
    };
    match offset {
        Some(offset) => error.at(offset),
        None => error,
    }
}

fn with_frame(py: Python<'_>, error: PyErr, missing: usize) -> PyErr {
    let value = exception_of(py, error);
    // Other exceptions have no text that could be added to.
    if let Ok(class) = imports::transport_exception(py)
        && value.is_instance(class).unwrap_or(false)
        && let Ok(message) = value.getattr(intern!(py, "message"))
    {
        let text = format!(
            "{message}: the frame ended inside a value, of which {missing} more bytes are needed"
        );
        // Should the exception not take it, it stays as it is.
        let _ = value.setattr(intern!(py, "message"), text);
    }
    PyErr::from_value(value.into_any())
}

#[cold]
fn source_error(error: PyErr) -> Error {
    ErrorKind::Source(Box::new(error)).into()
}

impl Input for TransportInput<'_> {
    #[inline]
    fn take(&mut self, count: usize) -> Result<&[u8]> {
        if self.available() < count {
            self.fill(count)?;
        }
        self.count(count)?;
        let start = self.read_ahead.position;
        self.read_ahead.position = start + count;
        Ok(&self.read_ahead.bytes[start..start + count])
    }

    fn discard(&mut self, count: usize) -> Result<()> {
        let mut left = count;
        while left > 0 {
            let piece = left.min(LARGEST_READ);
            self.take(piece)?;
            left -= piece;
        }
        Ok(())
    }

    fn buffered(&self) -> &[u8] {
        &self.read_ahead.bytes[self.read_ahead.position..self.read_ahead.end]
    }

    #[inline]
    fn remaining(&self) -> Option<usize> {
        None
    }

    #[inline]
    fn offset(&self) -> u64 {
        self.taken
    }

    fn end_header(&mut self) -> Result<()> {
        match self.fetch {
            Fetch::Frames { .. } => self.require(1),
            _ => Ok(()),
        }
    }
}
