//! The answer to a call that is not made.

use bytes::Bytes;

use super::json_message;
use super::options::MessageFormat;
use crate::stream::{FRAME_HEADER, Protocol, finish_frame};
use crate::wire::{
    Binary, BinaryWriter, Compact, CompactWriter, Json, JsonWriter, Limits, MessageHeader, Nesting,
    Reader, Result, Scalar, SliceInput, Writer, message_type,
};

/// Why a call is not made: the type of a `TApplicationException`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reason {
    /// The server cannot make it.
    Internal = 6,
    /// It cannot be read.
    Protocol = 7,
}

/// Between the name of a service and that of its method.
const SEPARATOR: u8 = b':';

/// What a call is answered with that is not made: an error with this text, and
/// its frame. Nothing for a call that has no answer, and none where the message
/// cannot be told.
pub(super) fn refuse(
    message: &[u8],
    format: MessageFormat,
    limits: Limits,
    reason: Reason,
    text: &str,
) -> Option<Bytes> {
    let mut bytes = vec![0; if format.framed { FRAME_HEADER } else { 0 }];
    let is_answered = match format.protocol {
        Protocol::Binary { strict } => {
            let mut reader = Binary::new(SliceInput::new(message), limits, strict);
            let writer = BinaryWriter::new(&mut bytes, limits, strict);
            answer(reader.message(), writer, (reason, text))
        }
        Protocol::Compact => {
            let mut reader = Compact::new(SliceInput::new(message), limits);
            answer(
                reader.message(),
                CompactWriter::new(&mut bytes, limits),
                (reason, text),
            )
        }
        Protocol::ApacheJson => {
            let mut reader = Json::new(SliceInput::new(message), limits);
            answer(
                reader.message(),
                JsonWriter::new(&mut bytes, limits),
                (reason, text),
            )
        }
        Protocol::Json => {
            let header = json_message::header(message)?;
            let is_answered = header.message_type != message_type::ONEWAY;
            if is_answered {
                let why = (reason as i32, text);
                let (method, sequence_id) = (method(&header), header.sequence_id);
                json_message::write_exception(&mut bytes, method, sequence_id, why)?;
            }
            Ok(is_answered)
        }
    };
    if !is_answered.ok()? {
        return Some(Bytes::new());
    }
    if format.framed {
        finish_frame(&mut bytes, usize::MAX).ok()?;
    }
    Some(bytes.into())
}

/// The name of the method that a message calls, where its header can be read.
pub(super) fn method_called(
    message: &[u8],
    format: MessageFormat,
    limits: Limits,
) -> Option<String> {
    let input = SliceInput::new(message);
    let header = match format.protocol {
        Protocol::Binary { strict } => Binary::new(input, limits, strict).message().ok(),
        Protocol::Compact => Compact::new(input, limits).message().ok(),
        Protocol::ApacheJson => Json::new(input, limits).message().ok(),
        Protocol::Json => json_message::header(message),
    };
    let header = header?;
    let name = method(&header).escape_ascii().to_string();
    Some(name).filter(|_| header.message_type == message_type::CALL)
}

/// The name of a method, without its service.
fn method(header: &MessageHeader) -> &[u8] {
    let name = header.name.rsplit(|byte| *byte == SEPARATOR).next();
    name.unwrap_or_default()
}

/// Writes the answer; whether there is any.
fn answer<W: Writer>(
    header: Result<MessageHeader>,
    mut writer: W,
    (reason, text): (Reason, &str),
) -> Result<bool> {
    let header = header?;
    if header.message_type == message_type::ONEWAY {
        return Ok(false);
    }
    writer.message(method(&header), message_type::EXCEPTION, header.sequence_id)?;
    writer.enter(Nesting::WRITE_STRUCT)?;
    let mut last_id = 0;
    writer.scalar_field(Scalar::Bytes(text.as_bytes()), 1, &mut last_id)?;
    writer.scalar_field(Scalar::I32(reason as i32), 2, &mut last_id)?;
    writer.stop();
    writer.leave();
    writer.end_message();
    Ok(true)
}
