//! The linked, checked model of a set of Thrift IDL files.
#![forbid(unsafe_code)]
