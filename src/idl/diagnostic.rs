//! What is wrong, where, and what would be right. How it looks is the
//! business of [`render`](super::render()).

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::source::{Position, SourceFile, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The files cannot be used.
    Error,
    /// They can, but probably mean something else.
    Warning,
    /// Nothing is wrong, but it is good to know.
    Hint,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// Which of thriftpy2's exceptions stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiagnosticKind {
    /// `ThriftLexerError`: no token can be made of the text.
    Lexer,
    /// `ThriftGrammarError`: the tokens make no sense, or a name, id or
    /// function is there twice.
    Grammar,
    /// `ThriftParserError`: anything else.
    Parser,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident $text:literal $kind:ident $severity:ident)*) => {
        /// What is wrong, by a name that never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])* $variant),* }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name, as messages and tools show it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// Which of thriftpy2's exceptions stands for it.
            #[must_use]
            pub const fn kind(self) -> DiagnosticKind {
                match self { $(Self::$variant => DiagnosticKind::$kind),* }
            }

            /// How bad it is unless an option says otherwise.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),* }
            }
        }
    };
}

codes! {
    /// A character that starts no token.
    IllegalCharacter "illegal-character" Lexer Error
    /// A quoted text that does not end on its line.
    UnterminatedLiteral "unterminated-literal" Lexer Error
    /// A comment that does not end.
    UnterminatedComment "unterminated-comment" Lexer Error
    /// A backslash before a character that it does not go with.
    UnknownEscape "unknown-escape" Lexer Error
    /// A quoted text that is not UTF-8.
    InvalidUtf8 "invalid-utf8" Lexer Error
    /// A word that target languages keep for themselves, used as a name.
    ReservedWord "reserved-word" Lexer Hint
    /// Something else than the grammar allows.
    Syntax "syntax" Grammar Error
    /// What only fbthrift has: streams and interactions.
    Unsupported "unsupported" Grammar Error
    /// A type that can be loaded, but not sent.
    UnsupportedType "unsupported-type" Parser Warning
    /// Types or values within each other beyond any use.
    NestedTooDeeply "nested-too-deeply" Parser Error
    /// A file that cannot be found.
    MissingInclude "missing-include" Parser Error
    /// A file that cannot be read.
    UnreadableFile "unreadable-file" Parser Error
    /// Files that include each other in a circle.
    IncludeCycle "include-cycle" Parser Error
    /// A name for two definitions of a kind.
    DuplicateDefinition "duplicate-definition" Grammar Error
    /// A field id or name for two fields.
    DuplicateField "duplicate-field" Grammar Error
    /// A name for two functions of a service.
    DuplicateFunction "duplicate-function" Grammar Error
    /// A type that is not defined.
    UnknownType "unknown-type" Parser Error
    /// A typedef that stands for itself, or contains itself.
    RecursiveTypedef "recursive-typedef" Parser Error
    /// A service that is not defined.
    UnknownService "unknown-service" Parser Error
    /// A service that extends something else.
    NotAService "not-a-service" Parser Error
    /// A service that extends itself in the end.
    RecursiveService "recursive-service" Parser Error
    /// A constant or enum value that is not defined.
    UnknownConstant "unknown-constant" Parser Error
    /// A name where a constant is needed that names something else.
    NotAConstant "not-a-constant" Parser Error
    /// A constant that needs itself.
    RecursiveConstant "recursive-constant" Parser Error
    /// A constant that repeats others until it no longer fits anywhere.
    ConstantTooLarge "constant-too-large" Parser Error
    /// A value of another type than declared.
    TypeMismatch "type-mismatch" Parser Error
    /// A number that no item of the enum has.
    UnknownEnumValue "unknown-enum-value" Parser Error
    /// A struct value without a field that is required.
    MissingRequiredField "missing-required-field" Parser Error
    /// A struct value with a field that the struct has not.
    UnknownField "unknown-field" Parser Error
    /// A field id or enum value beyond 32 bits.
    NumberOutOfRange "number-out-of-range" Parser Error
    /// A number that its type cannot carry.
    ValueOutOfRange "value-out-of-range" Parser Warning
    /// A field whose id is not positive.
    NonPositiveFieldId "non-positive-field-id" Parser Warning
    /// A field without an id.
    MissingFieldId "missing-field-id" Parser Warning
    /// An include that nothing refers to.
    UnusedInclude "unused-include" Parser Warning
    /// Two items of an enum with the same value or the same name.
    DuplicateEnumValue "duplicate-enum-value" Parser Warning
    /// A name for two definitions of different kinds.
    ShadowedDefinition "shadowed-definition" Parser Warning
    /// A name with a dot in a definition.
    DottedName "dotted-name" Parser Warning
    /// A construct with a better one in its place.
    Deprecated "deprecated" Parser Warning
    /// A oneway function that promises an answer.
    OnewayAnswer "oneway-answer" Parser Warning
    /// A type in `throws` that is no exception.
    NotAnException "not-an-exception" Parser Warning
    /// A function that the service inherits as well.
    OverriddenFunction "overridden-function" Parser Warning
    /// There are more mistakes than are shown.
    NotShown "not-shown" Parser Error
}

/// A place that helps to understand a diagnostic.
#[derive(Clone, Debug)]
pub struct Label {
    /// The file.
    pub file: Arc<SourceFile>,
    /// The range in it.
    pub span: Span,
    /// What is to be seen there.
    pub message: String,
}

/// One mistake or oddity.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What it is.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The file.
    pub file: Arc<SourceFile>,
    /// The range in it.
    pub span: Span,
    /// What would have been right there, if that can be said.
    pub expected: Option<String>,
    /// What to do about it, if that is likely.
    pub hint: Option<String>,
    /// Other places that matter.
    pub related: Vec<Label>,
    /// The text of thriftpy2's exception for it, if it differs from `message`.
    pub thriftpy2: Option<String>,
}

impl Diagnostic {
    /// A diagnostic with nothing but its message.
    #[must_use]
    pub fn new(code: Code, file: &Arc<SourceFile>, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            file: Arc::clone(file),
            span,
            expected: None,
            hint: None,
            related: Vec::new(),
            thriftpy2: None,
        }
    }

    /// Sets how bad it is, where an option says so.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Says what would have been right.
    #[must_use]
    pub fn expecting(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Points at another place.
    #[must_use]
    pub fn related(
        mut self,
        file: &Arc<SourceFile>,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        self.related.push(Label {
            file: Arc::clone(file),
            span,
            message: message.into(),
        });
        self
    }

    /// Sets the text of thriftpy2's exception.
    #[must_use]
    pub fn thriftpy2(mut self, text: impl Into<String>) -> Self {
        self.thriftpy2 = Some(text.into());
        self
    }

    /// Which of thriftpy2's exceptions stands for it.
    #[must_use]
    pub const fn kind(&self) -> DiagnosticKind {
        self.code.kind()
    }

    /// Whether it keeps the files from being used.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The text for an exception: thriftpy2's own where it has one.
    #[must_use]
    pub fn thriftpy2_text(&self) -> &str {
        self.thriftpy2.as_deref().unwrap_or(&self.message)
    }

    /// The path of the file, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Line and column of the start of the range.
    #[must_use]
    pub fn position(&self) -> Position {
        self.file.position(self.span.start)
    }
}

/// One line: `path:line:column: severity[code]: message`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position();
        write!(
            f,
            "{}:{line}:{column}: {}[{}]: {}",
            self.path().display(),
            self.severity.as_str(),
            self.code.as_str(),
            self.message
        )
    }
}

impl std::error::Error for Diagnostic {}
