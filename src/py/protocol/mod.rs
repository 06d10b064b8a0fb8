//! The protocol objects and their factories.

mod apache_json;
mod base;
mod jobs;
mod native;
mod original;
mod scan;

pub use apache_json::{TApacheJSONProtocol, TApacheJSONProtocolFactory};
pub use base::{message_name, read_value, write_value};
pub use jobs::{ReadMessage, ReadStruct, WriteStruct};
pub use native::{
    TBinaryProtocol, TBinaryProtocolFactory, TCompactProtocol, TCompactProtocolFactory,
};
pub use original::{original_reader, original_writer};
pub use scan::ValueScan;
