//! The answer to a call that is not made.

use bytes::Bytes;

use super::options::MessageFormat;
use crate::stream::{FRAME_HEADER, Protocol, frame_header};
use crate::wire::{
    Binary, BinaryWriter, Compact, CompactWriter, Json, JsonWriter, Limits, MessageHeader, Nesting,
    Reader, Result, Scalar, SliceInput, Writer, message_type,
};

/// The type of a `TApplicationException` for a fault of the server.
const INTERNAL_ERROR: i32 = 6;

/// Between the name of a service and that of its method.
const SEPARATOR: u8 = b':';

/// What a call is answered with that is not made: an error with this text, and
/// its frame. Nothing for a call that has no answer, and none where the message
/// cannot be told, or its protocol has no writer here.
pub(super) fn refuse(
    message: &[u8],
    format: MessageFormat,
    limits: Limits,
    text: &str,
) -> Option<Bytes> {
    let mut bytes = vec![0; if format.framed { FRAME_HEADER } else { 0 }];
    let is_answered = match format.protocol {
        Protocol::Binary { strict } => {
            let mut reader = Binary::new(SliceInput::new(message), limits, strict);
            let writer = BinaryWriter::new(&mut bytes, limits, strict);
            answer(reader.message(), writer, text)
        }
        Protocol::Compact => {
            let mut reader = Compact::new(SliceInput::new(message), limits);
            answer(
                reader.message(),
                CompactWriter::new(&mut bytes, limits),
                text,
            )
        }
        Protocol::ApacheJson => {
            let mut reader = Json::new(SliceInput::new(message), limits);
            answer(reader.message(), JsonWriter::new(&mut bytes, limits), text)
        }
        Protocol::Json => return None,
    };
    if !is_answered.ok()? {
        return Some(Bytes::new());
    }
    if format.framed {
        let length = bytes.len() - FRAME_HEADER;
        bytes[..FRAME_HEADER].copy_from_slice(&frame_header(length, usize::MAX).ok()?);
    }
    Some(bytes.into())
}

/// Writes the answer; whether there is any.
fn answer<W: Writer>(header: Result<MessageHeader>, mut writer: W, text: &str) -> Result<bool> {
    let header = header?;
    if header.message_type == message_type::ONEWAY {
        return Ok(false);
    }
    let name = header.name.rsplit(|byte| *byte == SEPARATOR).next();
    writer.message(
        name.unwrap_or_default(),
        message_type::EXCEPTION,
        header.sequence_id,
    )?;
    writer.enter(Nesting::WRITE_STRUCT)?;
    let mut last_id = 0;
    writer.scalar_field(Scalar::Bytes(text.as_bytes()), 1, &mut last_id)?;
    writer.scalar_field(Scalar::I32(INTERNAL_ERROR), 2, &mut last_id)?;
    writer.stop();
    writer.leave();
    writer.end_message();
    Ok(true)
}
