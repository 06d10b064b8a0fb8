//! The envelope of a call or reply.

/// The types of messages.
pub mod message_type {
    /// Arguments, of a call that is answered.
    pub const CALL: u8 = 1;
    /// A result, or an exception that the IDL declares.
    pub const REPLY: u8 = 2;
    /// Why there is no result.
    pub const EXCEPTION: u8 = 3;
    /// Arguments, of a call that nobody answers.
    pub const ONEWAY: u8 = 4;

    /// By Thrift's names.
    pub const NAMES: [(&str, u8); 4] = [
        ("CALL", CALL),
        ("REPLY", REPLY),
        ("EXCEPTION", EXCEPTION),
        ("ONEWAY", ONEWAY),
    ];
}

/// The header of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageHeader {
    /// The method's name as it came, usually UTF-8.
    pub name: Vec<u8>,
    /// One of [`message_type`]; other numbers are passed on, for the processor
    /// to refuse.
    pub message_type: u8,
    /// The sequence id that pairs a reply with its call.
    pub sequence_id: i32,
}
