//! Thrift IDL text to a syntax tree and diagnostics.
//!
//! ```text
//! SourceFile -> lexer (tokens) -> parser (syntax::File + Diagnostics) -> render
//!                                         syntax::File -> print -> text
//! ```
//!
//! Parsing never fails and never panics: whatever the bytes, the result is a
//! tree of what could be understood and a list of [`Diagnostic`]s for the
//! rest. Meaning (names, types, values) is the business of
//! [`schema`](crate::schema), which links the trees of several files.
//!
//! The grammar is the union of what Apache Thrift's compiler and thriftpy2
//! accept. Where the two differ, the file that names the construct says how.
#![forbid(unsafe_code)]

mod diagnostic;
pub mod lexer;
pub mod literal;
mod parser;
mod print;
mod python;
mod rare;
mod render;
mod reserved;
mod source;
pub mod syntax;
mod token;
mod walk;

pub use diagnostic::{Code, Diagnostic, DiagnosticKind, Label, Severity};
pub(crate) use parser::nested_too_deeply;
pub use parser::{MAX_NESTING, ParseOptions, Parsed, Reserved, parse};
pub use print::print;
pub use python::is_keyword as is_python_keyword;
pub(crate) use python::repr as python_repr;
pub use rare::Rare;
pub use render::{render, render_in_color};
pub use reserved::is_reserved;
pub use source::{Position, SourceFile, Span, Text};
pub use token::{Keyword, Token, TokenKind};
pub use walk::{Visitor, walk};
