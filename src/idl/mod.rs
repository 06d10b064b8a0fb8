//! Thrift IDL text to a syntax tree and diagnostics.
#![forbid(unsafe_code)]
