//! Calls in frames of `THeader`: each says what its message is written in, and
//! is answered in kind.

use std::mem;
use std::sync::Mutex;

use bytes::Bytes;

use super::answers::lock;
use super::options::{MessageFormat, ServerOptions};
use crate::stream::{
    FRAME_HEADER, HeaderError, HeaderFrame, HeaderPairs, Protocol, finish_frame, frame_end,
    keep_headers,
};

/// So much of a message is looked at, in bytes, for the name of its method.
const MESSAGE_START: usize = 4096;

// The protocols of messages, by their numbers.
const BINARY: u32 = 0;
const COMPACT: u32 = 2;

/// What is known of a connection of `THeader`.
#[derive(Debug)]
pub(super) struct HeaderSession {
    /// How many bytes a message may have when it is decompressed.
    limit: usize,
    strict: bool,
    /// Whether all answers are compressed.
    zlib: bool,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    /// Keys and values for all messages that follow.
    persistent: HeaderPairs,
    /// What is wrong with a frame, which ends the connection.
    problem: Option<String>,
}

impl HeaderSession {
    pub(super) fn new(options: &ServerOptions) -> Self {
        Self {
            limit: options.frame,
            strict: options.strict,
            zlib: options.zlib,
            said: Mutex::default(),
        }
    }

    /// The call in a frame, given without its length, and its message. Nothing
    /// where the frame is broken, which is [told](Self::take_problem).
    pub(super) fn open(&self, frame: &Bytes) -> Option<(HeaderCall, Bytes)> {
        self.note(HeaderFrame::read(frame, self.limit))
    }

    /// The call in a frame that is not made, and the start of its message: it
    /// is not decompressed for that.
    pub(super) fn open_start(&self, frame: &Bytes) -> Option<(HeaderCall, Bytes)> {
        self.note(HeaderFrame::read_start(frame, MESSAGE_START))
    }

    fn note(&self, read: Result<HeaderFrame, HeaderError>) -> Option<(HeaderCall, Bytes)> {
        let mut said = lock(&self.said);
        let opened = read
            .map_err(|error| error.to_string())
            .and_then(|frame| self.call(frame, &mut said.persistent));
        opened.map_err(|problem| said.problem = Some(problem)).ok()
    }

    fn call(
        &self,
        mut frame: HeaderFrame,
        persistent: &mut HeaderPairs,
    ) -> Result<(HeaderCall, Bytes), String> {
        let protocol = match frame.protocol_id {
            BINARY => Protocol::Binary {
                strict: self.strict,
            },
            COMPACT => Protocol::Compact,
            other => {
                return Err(HeaderError::Protocol(other).to_string());
            }
        };
        keep_headers(persistent, mem::take(&mut frame.persistent))
            .map_err(|error| error.to_string())?;
        let mut headers = persistent.clone();
        headers.append(&mut frame.headers);
        let call = HeaderCall {
            protocol,
            protocol_id: frame.protocol_id,
            sequence_id: frame.sequence_id,
            zlib: self.zlib || frame.zlib,
            headers,
        };
        Ok((call, frame.payload))
    }

    /// What was wrong with a frame, once.
    pub(super) fn take_problem(&self) -> Option<String> {
        mem::take(&mut lock(&self.said).problem)
    }
}

/// A call that came in a frame of `THeader`.
#[derive(Debug)]
pub(super) struct HeaderCall {
    /// What its message is written in.
    protocol: Protocol,
    protocol_id: u32,
    sequence_id: u32,
    /// Whether its answer is compressed.
    pub(super) zlib: bool,
    /// Keys and values of the message, and of all that came before on its
    /// connection.
    pub(super) headers: HeaderPairs,
}

impl HeaderCall {
    /// What its message is, and its answer.
    pub(super) const fn format(&self) -> MessageFormat {
        MessageFormat {
            protocol: self.protocol,
            framed: true,
            header: true,
        }
    }

    /// The answer as it is sent, given in an ordinary frame, which is empty
    /// where there is none. Nothing for what is not one frame.
    pub(super) fn answer(&self, framed: Bytes) -> Option<Bytes> {
        if framed.is_empty() {
            return Some(framed);
        }
        if frame_end(&framed) != Some(framed.len()) {
            return None;
        }
        let frame = HeaderFrame {
            payload: framed.slice(FRAME_HEADER..),
            protocol_id: self.protocol_id,
            sequence_id: self.sequence_id,
            zlib: self.zlib,
            ..HeaderFrame::default()
        };
        let mut bytes = vec![0; FRAME_HEADER];
        frame.append_to(&mut bytes).ok()?;
        finish_frame(&mut bytes, usize::MAX).ok()?;
        Some(bytes.into())
    }
}
