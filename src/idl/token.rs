//! The kinds of token.

use super::source::Span;

/// One token: what it is and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is.
    pub span: Span,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A UTF-8 byte order mark at the start of the file.
    ByteOrderMark,
    /// Blanks and line ends.
    Whitespace,
    /// `# ...` or `// ...`, without the line end.
    LineComment,
    /// `/* ... */`.
    BlockComment,
    /// `/** ... */`.
    DocComment,
    /// A name, dots included: `a`, `shared.Status.OK`. Words that only
    /// Apache's compiler reserves (`async`, `uuid`, `xsd_all`, ...) are
    /// names here: thriftpy2 takes them as such.
    Identifier,
    /// A word of the grammar.
    Keyword(Keyword),
    /// `12`, `-1`, `+3`, `0x1F`, `-0x1F`, `0b101`.
    Integer,
    /// `1.5`, `1.`, `.5`, `1e9`.
    Double,
    /// A quoted text, quotes included.
    Literal,
    /// One that does not end on its line, as only fbthrift has them.
    LiteralOverLines,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `(`
    OpenParen,
    /// `)`
    CloseParen,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `:`
    Colon,
    /// `=`
    Equal,
    /// `*`
    Star,
    /// `&`
    Ampersand,
    /// `@`
    At,
    /// A quoted text that its line ends before the closing quote.
    UnterminatedLiteral,
    /// A block comment that the file ends before its `*/`.
    UnterminatedComment,
    /// A character that no token starts with.
    Illegal,
    /// The end of the file.
    EndOfFile,
}

impl TokenKind {
    /// Whether the parser never sees it.
    #[must_use]
    pub const fn is_trivia(self) -> bool {
        matches!(
            self,
            Self::ByteOrderMark
                | Self::Whitespace
                | Self::LineComment
                | Self::BlockComment
                | Self::DocComment
        )
    }

    /// How messages name it when they say what was expected.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::ByteOrderMark => "a byte order mark",
            Self::Whitespace => "blanks",
            Self::LineComment | Self::BlockComment | Self::DocComment => "a comment",
            Self::Identifier => "a name",
            Self::Keyword(keyword) => keyword.quoted(),
            Self::Integer => "an integer",
            Self::Double => "a number",
            Self::Literal | Self::LiteralOverLines => "a quoted text",
            Self::OpenBrace => "`{`",
            Self::CloseBrace => "`}`",
            Self::OpenParen => "`(`",
            Self::CloseParen => "`)`",
            Self::OpenBracket => "`[`",
            Self::CloseBracket => "`]`",
            Self::Less => "`<`",
            Self::Greater => "`>`",
            Self::Comma => "`,`",
            Self::Semicolon => "`;`",
            Self::Colon => "`:`",
            Self::Equal => "`=`",
            Self::Star => "`*`",
            Self::Ampersand => "`&`",
            Self::At => "`@`",
            Self::UnterminatedLiteral => "a text without its closing quote",
            Self::UnterminatedComment => "a comment without its end",
            Self::Illegal => "an illegal character",
            Self::EndOfFile => "the end of the file",
        }
    }
}

macro_rules! keywords {
    ($($variant:ident $text:literal)*) => {
        /// The words that both Apache's compiler and thriftpy2 keep for the grammar.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is the word it is named for")]
        pub enum Keyword { $($variant),* }

        impl Keyword {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The keyword that a word is, if it is one.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The word.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            const fn quoted(self) -> &'static str {
                match self { $(Self::$variant => concat!("`", $text, "`")),* }
            }
        }
    };
}

keywords! {
    Namespace "namespace"
    Include "include"
    CppInclude "cpp_include"
    Void "void"
    Bool "bool"
    Byte "byte"
    I8 "i8"
    I16 "i16"
    I32 "i32"
    I64 "i64"
    Double "double"
    String "string"
    Binary "binary"
    Map "map"
    List "list"
    Set "set"
    Oneway "oneway"
    Typedef "typedef"
    Struct "struct"
    Union "union"
    Exception "exception"
    Extends "extends"
    Throws "throws"
    Service "service"
    Enum "enum"
    Const "const"
    Required "required"
    Optional "optional"
    True "true"
    False "false"
}

impl Keyword {
    /// The length of the longest. All are in lower case.
    pub(super) const LONGEST: usize = "cpp_include".len();

    /// Whether a header starts with it.
    #[must_use]
    pub const fn starts_header(self) -> bool {
        matches!(self, Self::Namespace | Self::Include | Self::CppInclude)
    }

    /// Whether a definition starts with it.
    #[must_use]
    pub const fn starts_definition(self) -> bool {
        matches!(
            self,
            Self::Typedef
                | Self::Struct
                | Self::Union
                | Self::Exception
                | Self::Service
                | Self::Enum
                | Self::Const
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_lexer_relies_on() {
        for keyword in Keyword::ALL {
            let text = keyword.text();
            assert_eq!(Keyword::from_text(text), Some(*keyword));
            assert!(text.len() <= Keyword::LONGEST);
            assert!(text.starts_with(|first: char| first.is_ascii_lowercase()));
        }
    }
}
