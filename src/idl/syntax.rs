//! The syntax tree.
//!
//! Nodes hold ranges, not text: [`SourceFile::slice`](super::SourceFile::slice)
//! gives the text of a name, and [`literal`](super::literal) the value of a
//! literal. Every node's range holds those of its children.
//!
//! A large file has ten thousands of nodes, and much of the time of a parse
//! goes into memory that the process has not touched before: what a node rarely
//! has is kept behind a pointer.

use super::rare::Rare;
use super::source::Span;

/// A whole file.
#[derive(Debug)]
pub struct File {
    /// All of the text.
    pub span: Span,
    /// Includes and namespaces, in order.
    pub headers: Vec<Header>,
    /// Definitions, in order.
    pub definitions: Vec<Definition>,
    /// The doc comment of the file: the first before a header, or the first of
    /// two before the first definition.
    pub doc: Option<Span>,
}

/// A name; its text is that of its range. Dots are part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// Where it is.
    pub span: Span,
}

/// A quoted text; the range includes the quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Literal {
    /// Where it is.
    pub span: Span,
}

/// An integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer {
    /// Where it is.
    pub span: Span,
}

/// `(key = "value", key)` after most things.
#[derive(Debug)]
pub struct Annotations {
    /// From `(` to `)`.
    pub span: Span,
    /// The annotations, in order.
    pub items: Vec<Annotation>,
}

/// `key = "value"`, or only `key`.
#[derive(Debug)]
pub struct Annotation {
    /// Both.
    pub span: Span,
    /// The key, often with dots: `cpp.type`.
    pub key: Name,
    /// The value.
    pub value: Option<Literal>,
}

/// `@thrift.Experimental` or `@cpp.Ref{type = cpp.RefType.Unique}` before
/// something: fbthrift's newer form of annotations.
#[derive(Debug)]
pub struct StructuredAnnotation {
    /// From `@` to `}`.
    pub span: Span,
    /// The struct.
    pub name: Name,
    /// Its fields, if there are braces.
    pub fields: Option<Vec<FieldValue>>,
}

/// What may stand before the definitions.
#[derive(Debug)]
pub enum Header {
    /// `package "example.com/shared"`
    Package(Package),
    /// `include "shared.thrift"`
    Include(Include),
    /// `cpp_include "<unordered_map>"`
    ForeignInclude(ForeignInclude),
    /// `namespace py shared`
    Namespace(Namespace),
}

impl Header {
    /// The whole header.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Package(node) => node.span,
            Self::Include(node) => node.span,
            Self::ForeignInclude(node) => node.span,
            Self::Namespace(node) => node.span,
        }
    }
}

/// `package "example.com/shared"`: fbthrift's one namespace for all languages.
#[derive(Debug)]
pub struct Package {
    /// The whole header.
    pub span: Span,
    /// Annotations of the file.
    pub structured: Rare<StructuredAnnotation>,
    /// The name; none in `package;`.
    pub name: Option<Literal>,
}

/// `include "shared.thrift"`, or fbthrift's `include "shared.thrift" as other`
#[derive(Debug)]
pub struct Include {
    /// The whole header.
    pub span: Span,
    /// The file.
    pub path: Literal,
    /// What its names start with here, in place of the name of the file.
    pub alias: Option<Name>,
}

/// A header that includes what is for one target language.
#[derive(Debug)]
pub struct ForeignInclude {
    /// The whole header.
    pub span: Span,
    /// The language.
    pub language: IncludeLanguage,
    /// What it includes.
    pub path: Literal,
}

/// Which language a header includes something for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncludeLanguage {
    /// `cpp_include`
    Cpp,
    /// `hs_include`, which only fbthrift has.
    Haskell,
}

impl IncludeLanguage {
    /// The word of the header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpp => "cpp_include",
            Self::Haskell => "hs_include",
        }
    }
}

/// `namespace py shared (annotation = "value")`
#[derive(Debug)]
pub struct Namespace {
    /// The whole header.
    pub span: Span,
    /// The language, or `*`.
    pub scope: Name,
    /// The namespace.
    pub name: NamespaceName,
    /// Annotations.
    pub annotations: Option<Box<Annotations>>,
}

/// What a namespace is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamespaceName {
    /// `shared`
    Name(Name),
    /// `"shared"`, as only fbthrift has it; it may be empty.
    Quoted(Literal),
}

impl NamespaceName {
    /// Where it is.
    #[must_use]
    pub const fn span(self) -> Span {
        match self {
            Self::Name(name) => name.span,
            Self::Quoted(literal) => literal.span,
        }
    }
}

/// What a file defines.
#[derive(Debug)]
pub enum Definition {
    /// `const`
    Const(Const),
    /// `typedef`
    Typedef(Typedef),
    /// `enum`
    Enum(Enum),
    /// `senum`
    Senum(Senum),
    /// `struct`, `union` or `exception`
    Struct(Struct),
    /// `service`
    Service(Service),
}

impl Definition {
    /// The whole definition, its doc comment included.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Const(node) => node.span,
            Self::Typedef(node) => node.span,
            Self::Enum(node) => node.span,
            Self::Senum(node) => node.span,
            Self::Struct(node) => node.span,
            Self::Service(node) => node.span,
        }
    }
}

/// `const i32 LIMIT = 5`
#[derive(Debug)]
pub struct Const {
    /// From `const` to the value or annotations.
    pub span: Span,
    /// The doc comment before it.
    pub doc: Option<Span>,
    /// The annotations before it.
    pub structured: Rare<StructuredAnnotation>,
    /// The type.
    pub ty: Type,
    /// The name.
    pub name: Name,
    /// The value.
    pub value: Value,
    /// Annotations.
    pub annotations: Option<Box<Annotations>>,
}

/// `typedef i64 Timestamp`
#[derive(Debug)]
pub struct Typedef {
    /// From `typedef` to the name or annotations.
    pub span: Span,
    /// The doc comment before it.
    pub doc: Option<Span>,
    /// The annotations before it.
    pub structured: Rare<StructuredAnnotation>,
    /// The type.
    pub ty: Type,
    /// Its new name.
    pub name: Name,
    /// Annotations.
    pub annotations: Option<Box<Annotations>>,
}

/// `enum Status { OK, FAILED = 5 }`
#[derive(Debug)]
pub struct Enum {
    /// From `enum` to `}` or the annotations.
    pub span: Span,
    /// The doc comment before it.
    pub doc: Option<Span>,
    /// The annotations before it.
    pub structured: Rare<StructuredAnnotation>,
    /// The name.
    pub name: Name,
    /// The items, in order.
    pub items: Vec<EnumItem>,
    /// Annotations.
    pub annotations: Option<Box<Annotations>>,
}

/// `OK` or `FAILED = 5` in an enum.
#[derive(Debug)]
pub struct EnumItem {
    /// The item with its value and annotations.
    pub span: Span,
    /// The doc comment before it.
    pub doc: Option<Span>,
    /// The annotations before it.
    pub structured: Rare<StructuredAnnotation>,
    /// The name.
    pub name: Name,
    /// The value, if it is given.
    pub value: Option<Integer>,
    /// Annotations.
    pub annotations: Option<Box<Annotations>>,
}

/// `senum Colour { "red", "green" }`: a string that should be one of these.
#[derive(Debug)]
pub struct Senum {
    /// From `senum` to `}` or the annotations.
    pub span: Span,
    /// The doc comment before it.
    pub doc: Option<Span>,
    /// The annotations before it.
    pub structured: Rare<StructuredAnnotation>,
    /// The name.
    pub name: Name,
    /// The texts, in order.
    pub items: Vec<Literal>,
    /// Annotations.
    pub annotations: Option<Box<Annotations>>,
}

/// What a definition with fields is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StructKind {
    /// `struct`
    Struct,
    /// `union`
    Union,
    /// `exception`
    Exception,
}

/// `struct Person { 1: string name }`
#[derive(Debug)]
pub struct Struct {
    /// From the keyword to `}` or the annotations.
    pub span: Span,
    /// The doc comment before it.
    pub doc: Option<Span>,
    /// The annotations before it.
    pub structured: Rare<StructuredAnnotation>,
    /// Which of the three it is.
    pub kind: StructKind,
    /// What fbthrift says of an exception before its keyword: `safe`,
    /// `transient`, `client` and so on.
    pub qualifiers: Rare<Name>,
    /// The name.
    pub name: Name,
    /// `xsd_all`.
    pub xsd_all: Option<Name>,
    /// The fields, in order.
    pub fields: Vec<Field>,
    /// Annotations.
    pub annotations: Option<Box<Annotations>>,
}

/// `required` or `optional`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requiredness {
    /// Where the word is.
    pub span: Span,
    /// Whether it is `required`.
    pub required: bool,
}

/// `1: required string name = "nobody"`, in a struct, as an argument or in `throws`.
#[derive(Debug)]
pub struct Field {
    /// The field with its annotations, without the separator.
    pub span: Span,
    /// The doc comment before it.
    pub doc: Option<Span>,
    /// The annotations before it.
    pub structured: Rare<StructuredAnnotation>,
    /// The id, if it is given.
    pub id: Option<Integer>,
    /// The requiredness, if it is given.
    pub requiredness: Option<Requiredness>,
    /// The type.
    pub ty: Type,
    /// The name.
    pub name: Name,
    /// The default value.
    pub default: Option<Box<Value>>,
    /// What hardly any field has.
    pub extras: Option<Box<FieldExtras>>,
    /// Annotations.
    pub annotations: Option<Box<Annotations>>,
}

impl Field {
    /// `&`: kept by reference in C++.
    #[must_use]
    pub fn reference(&self) -> Option<Name> {
        self.extras.as_ref()?.reference
    }

    /// `xsd_optional` and what may follow it.
    #[must_use]
    pub fn xsd(&self) -> Option<&Xsd> {
        Some(&self.extras.as_ref()?.xsd)
    }
}

/// What a field says about C++ and about XML schemas.
#[derive(Debug)]
pub struct FieldExtras {
    /// `&`: kept by reference in C++.
    pub reference: Option<Name>,
    /// `xsd_optional` and what may follow it.
    pub xsd: Xsd,
}

/// What a field says about XML schemas.
#[derive(Debug, Default)]
pub struct Xsd {
    /// `xsd_optional`
    pub optional: Option<Name>,
    /// `xsd_nillable`
    pub nillable: Option<Name>,
    /// `xsd_attrs { ... }`
    pub attributes: Option<XsdAttributes>,
}

impl Xsd {
    /// Whether it says nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.optional.is_none() && self.nillable.is_none() && self.attributes.is_none()
    }
}

/// `xsd_attrs { 1: string id }`
#[derive(Debug)]
pub struct XsdAttributes {
    /// All of it.
    pub span: Span,
    /// The fields, in order.
    pub fields: Vec<Field>,
}

/// `service Calculator extends Base { ... }`
#[derive(Debug)]
pub struct Service {
    /// From `service` to `}` or the annotations.
    pub span: Span,
    /// The doc comment before it.
    pub doc: Option<Span>,
    /// The annotations before it.
    pub structured: Rare<StructuredAnnotation>,
    /// The name.
    pub name: Name,
    /// The service it extends.
    pub extends: Option<Name>,
    /// The functions, in order.
    pub functions: Vec<Function>,
    /// Annotations.
    pub annotations: Option<Box<Annotations>>,
}

/// `oneway void notify(1: string text) throws (1: Failed failed)`
#[derive(Debug)]
pub struct Function {
    /// The function with its annotations, without the separator.
    pub span: Span,
    /// The doc comment before it.
    pub doc: Option<Span>,
    /// The annotations before it.
    pub structured: Rare<StructuredAnnotation>,
    /// What is promised of the function.
    pub qualifier: Option<Qualifier>,
    /// What it returns.
    pub result: ReturnType,
    /// The name.
    pub name: Name,
    /// The arguments, in order.
    pub arguments: Vec<Field>,
    /// The exceptions, in order.
    pub throws: Option<Throws>,
    /// Annotations.
    pub annotations: Option<Box<Annotations>>,
}

/// `oneway` and the like before a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier {
    /// `oneway`, or `async` as it was called before.
    Oneway(Name),
    /// `idempotent` or `readonly`, which only fbthrift has, and which say
    /// nothing about messages.
    Repeatable(Name),
}

impl Qualifier {
    /// The word.
    #[must_use]
    pub const fn word(self) -> Name {
        match self {
            Self::Oneway(word) | Self::Repeatable(word) => word,
        }
    }
}

/// What a function returns.
#[derive(Debug)]
pub enum ReturnType {
    /// `void`
    Void(Span),
    /// A value.
    Type(Type),
}

/// `throws (1: Failed failed)`
#[derive(Debug)]
pub struct Throws {
    /// All of it.
    pub span: Span,
    /// The exceptions, in order.
    pub fields: Vec<Field>,
}

/// A type as it is written.
#[derive(Debug)]
pub struct Type {
    /// The type with its annotations.
    pub span: Span,
    /// Which type.
    pub kind: TypeKind,
    /// Annotations.
    pub annotations: Option<Box<Annotations>>,
}

/// Which type is written.
#[derive(Debug)]
pub enum TypeKind {
    /// A type of the language.
    Base(BaseType),
    /// The name of a definition, or one of the words that are types only if
    /// nothing is defined by their name: `uuid`, `slist`.
    Named(Name),
    /// `list<element>`
    List(Box<Elements>),
    /// `set<element>`
    Set(Box<Elements>),
    /// `map<key, value>`
    Map(Box<Entries>),
}

/// What a list or a set is of.
#[derive(Debug)]
pub struct Elements {
    /// The type of the elements.
    pub element: Type,
    /// `cpp_type "..."`; that of a list may stand after its element type.
    pub cpp_types: Rare<Literal>,
}

/// What a map is of.
#[derive(Debug)]
pub struct Entries {
    /// The type of the keys.
    pub key: Type,
    /// The type of the values.
    pub value: Type,
    /// `cpp_type "..."`
    pub cpp_types: Rare<Literal>,
}

/// A type of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaseType {
    /// `bool`
    Bool,
    /// `i8`
    I8,
    /// `byte`, another word for `i8`
    Byte,
    /// `i16`
    I16,
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `double`
    Double,
    /// `float`, which only fbthrift has. thriftpy2 reserves the word, so it
    /// is never a name.
    Float,
    /// `string`
    String,
    /// `binary`
    Binary,
}

impl BaseType {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::I8 => "i8",
            Self::Byte => "byte",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::Double => "double",
            Self::Float => "float",
            Self::String => "string",
            Self::Binary => "binary",
        }
    }
}

/// A value as it is written.
#[derive(Debug)]
pub struct Value {
    /// Where it is.
    pub span: Span,
    /// Which value.
    pub kind: ValueKind,
}

/// Which value is written.
#[derive(Debug)]
pub enum ValueKind {
    /// `true` or `false`
    Bool(bool),
    /// `12`
    Integer,
    /// `1.5`
    Double,
    /// `"text"`
    Literal,
    /// The name of a constant or an enum value.
    Reference,
    /// `[1, 2]`
    List(Vec<Value>),
    /// `{"a": 1}`
    Map(Vec<(Value, Value)>),
    /// `Point{x = 1}`, as fbthrift has it.
    Struct {
        /// The struct.
        name: Name,
        /// Its fields.
        fields: Vec<FieldValue>,
    },
}

/// `x = 1` in the value of a struct that names its struct.
#[derive(Debug)]
pub struct FieldValue {
    /// Both.
    pub span: Span,
    /// The field.
    pub name: Name,
    /// The value.
    pub value: Value,
}
