//! The native transports: they own the bytes, the transport below them owns
//! the connection.

mod base;
mod blocking;
mod buffered;
mod contents;
mod endpoint;
mod framed;
mod input;
mod memory;
mod underlying;

pub use base::CyTransportBase;
pub use blocking::{
    ToSend, below_empty_buffer, end_unless_arrived, send_at_once, source_below, start_of_arrived,
    take_output,
};
pub use buffered::{TBufferedTransport, TBufferedTransportFactory};
pub use contents::bytes_of;
pub use endpoint::{Endpoint, pass_over_stop, rest_of_frame, with_next_frame};
pub use framed::{TFramedTransport, TFramedTransportFactory};
pub use input::{Fetch, TransportInput};
pub use memory::TMemoryBuffer;
pub use underlying::Underlying;

/// What has been fetched and not yet been taken.
#[derive(Default)]
pub struct ReadAhead {
    /// The bytes fetched so far.
    pub bytes: Vec<u8>,
    /// Where the next one to take is.
    pub position: usize,
    /// Where taking must stop: the end of the frame, or of the bytes.
    pub end: usize,
    /// Where begins what the last fetch has left for later: thriftpy2's
    /// `_rbuf`.
    pub left: usize,
}

impl ReadAhead {
    /// Drops the bytes that were taken.
    pub fn compact(&mut self) {
        if self.position > 0 {
            self.bytes.drain(..self.position);
            self.end -= self.position;
            self.position = 0;
            self.left = 0;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.position = 0;
        self.end = 0;
        self.left = 0;
    }
}
