//! What has come and is to be made: messages, and several of them in a frame.

use bytes::Bytes;

use crate::stream::{Protocol, Scan, Target};
use crate::wire::Limits;

/// Ends a struct, in the protocols that are not text.
const STOP: &[u8] = &[0];

/// What has come and was not taken.
#[derive(Debug)]
pub(super) enum Come {
    /// A message, or a frame: what is in that nobody has looked at.
    Whole(Bytes),
    /// What follows a message in its frame: one or more.
    Behind(Bytes),
}

impl Come {
    /// What follows a message in its frame, where that is anything. Envoy's
    /// questions for health have a stop too many, which is nothing.
    pub(super) fn behind(bytes: Bytes) -> Option<Self> {
        (!bytes.is_empty() && bytes != STOP).then_some(Self::Behind(bytes))
    }
}

/// How the messages of a frame are told apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) protocol: Protocol,
    pub(super) limits: Limits,
}

impl Cut {
    /// The first message of a frame, or of what is left of one, and what
    /// follows it. One that is not whole, or cannot be read, is all.
    pub(super) fn first(self, mut bytes: Bytes) -> (Bytes, Option<Come>) {
        let mut scan = Scan::new(self.protocol, Target::Message, self.limits);
        match scan.advance(0, &bytes) {
            Ok(Some(end)) => {
                let first = bytes.split_to(end);
                (first, Come::behind(bytes))
            }
            _ => (bytes, None),
        }
    }
}
