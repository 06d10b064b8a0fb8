//! Bytes to and from Thrift events: the binary and compact protocols.
#![forbid(unsafe_code)]
