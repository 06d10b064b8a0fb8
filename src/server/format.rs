//! What a connection speaks, by its first bytes and what the server takes; and what
//! follows from it: how its messages are cut, and how a call is refused.

use bytes::Bytes;

use super::calls::Origin;
use super::come::Cut;
use super::options::{MessageFormat, ServerOptions};
use super::refusal::{Reason, refuse};
use crate::stream::{Framing, Inbound, Opening, Protocol, Speech, detect, refused_client};
use crate::wire::Limits;

/// The answer to a call that is not made, as on [`refuse`].
pub(super) fn refusal(
    origin: &Origin,
    message: &Bytes,
    limits: Limits,
    text: &str,
) -> Option<Bytes> {
    let Some(header) = &origin.header else {
        return refuse(message, origin.format, limits, Reason::Internal, text);
    };
    let (call, start) = header.open_start(message)?;
    call.answer(refuse(
        &start,
        call.format(),
        limits,
        Reason::Internal,
        text,
    )?)
}

pub(super) fn inbound(format: MessageFormat, options: &ServerOptions) -> Inbound {
    let framing = if format.framed {
        Framing::Framed {
            limit: options.frame,
        }
    } else {
        Framing::Unframed
    };
    Inbound::new(framing, format.protocol, options.limits)
}

/// How the messages of its frames are told apart; those of `THeader` have one
/// each.
pub(super) fn cut_of(format: MessageFormat, options: &ServerOptions) -> Option<Cut> {
    (format.framed && !format.header && !options.is_foreign).then_some(Cut {
        protocol: format.protocol,
        limits: options.limits,
    })
}

/// What a connection speaks that begins with these bytes; nothing while they
/// are too few to tell, and what they are where that is not served.
pub(super) fn format_of(
    come: &[u8],
    options: &ServerOptions,
) -> Result<Option<MessageFormat>, String> {
    if let (Some(protocol), Some(framed)) = (options.protocol, options.framed) {
        return Ok(Some(MessageFormat {
            protocol,
            framed,
            header: false,
        }));
    }
    let longest = options.longest();
    let (speech, framed) = match detect(come, longest) {
        Opening::More => return Ok(None),
        Opening::Unknown => {
            return Err(format!("no Thrift message of at most {longest} bytes"));
        }
        Opening::Known { speech, framed } => (speech, framed),
    };
    let strict = match options.protocol {
        Some(Protocol::Binary { strict }) => strict,
        _ => options.strict,
    };
    let header = speech == Speech::Header && framed;
    let protocol = match speech {
        // Until a message says what it is.
        Speech::Header if framed => Protocol::Binary { strict },
        Speech::Binary => Protocol::Binary { strict },
        Speech::OldBinary if !strict => Protocol::Binary { strict },
        Speech::Compact => Protocol::Compact,
        Speech::Json => Protocol::Json,
        Speech::ApacheJson => Protocol::ApacheJson,
        other => return Err(other.name().to_owned()),
    };
    let format = MessageFormat {
        protocol,
        framed,
        header,
    };
    let is_other = options
        .protocol
        .is_some_and(|fixed| header || fixed != protocol)
        || options
            .framed
            .is_some_and(|fixed| header || fixed != framed);
    if is_other {
        return Err(speech.name().to_owned());
    }
    if let Some(taken) = options.client_types
        && !format.client_type().is_some_and(|number| taken[number])
    {
        return Err(not_taken(speech, framed, taken));
    }
    Ok(Some(format))
}

/// What is said of who speaks what a server of `THeader` does not take.
#[cold]
fn not_taken(speech: Speech, framed: bool, taken: [bool; 5]) -> String {
    let name = speech.name();
    let spoken = if framed {
        format!("framed {name}")
    } else {
        format!("{name} without frames")
    };
    refused_client(&spoken, taken)
}
