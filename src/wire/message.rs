//! The envelope of a call or reply.

/// The header of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageHeader {
    /// The method's name as it came, usually UTF-8.
    pub name: Vec<u8>,
    /// 1 call, 2 reply, 3 exception, 4 oneway; other numbers are passed on,
    /// for the processor to refuse.
    pub message_type: u8,
    /// The sequence id that pairs a reply with its call.
    pub sequence_id: i32,
}
