//! The rules of what breaks peers and programs: a table, from which their names, who
//! notices, and what to do come.

/// Who notices a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Peers: one side misreads, refuses or loses what the other sends.
    Wire,
    /// Only programs: their source has to change with the file.
    Source,
}

impl Category {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wire => "WIRE",
            Self::Source => "SOURCE",
        }
    }
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])* $variant:ident $text:literal $category:ident $advice:literal)*) => {
        /// What was broken, by a name that never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Rule { $($(#[doc = $doc])* $variant),* }

        impl Rule {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name, as messages and tools show it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// Who notices.
            #[must_use]
            pub const fn category(self) -> Category {
                match self { $(Self::$variant => Category::$category),* }
            }

            /// What happens, and what to do.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice),* }
            }
        }
    };
}

rules! {
    /// A field, argument or exception has another id.
    FieldIdChanged "FIELD_ID_CHANGED" Wire
        "each side passes over the other's value: give it its old id"
    /// A field or argument is gone.
    FieldRemoved "FIELD_REMOVED" Wire
        "what old peers send there is lost, and they find nothing: keep it, or keep its id unused"
    /// A required field is gone.
    RequiredFieldRemoved "REQUIRED_FIELD_REMOVED" Wire
        "old peers refuse messages without it: keep it until no peer requires it"
    /// A required field is new.
    RequiredFieldAdded "REQUIRED_FIELD_ADDED" Wire
        "messages of old peers do not have it and are refused: make it optional"
    /// A field must be there now.
    FieldMadeRequired "FIELD_MADE_REQUIRED" Wire
        "messages of old peers that leave it out are refused: keep it as it was"
    /// A field may be left out now.
    FieldNoLongerRequired "FIELD_NO_LONGER_REQUIRED" Wire
        "old peers refuse messages that leave it out: always send it until no peer requires it"
    /// A field has another type on the wire.
    FieldTypeChanged "FIELD_TYPE_CHANGED" Wire
        "each side passes over the other's value or misreads it: add a field with another id"
    /// A `string` is `binary` now, or the reverse.
    FieldBinaryChanged "FIELD_BINARY_CHANGED" Wire
        "bytes that are no UTF-8 are no text to the other side: add a field with another id"
    /// A typedef is of another type on the wire.
    TypedefChanged "TYPEDEF_CHANGED" Wire
        "files that include it misread or lose what fields of it hold: add another typedef"
    /// A field that is not sent means something else.
    FieldDefaultChanged "FIELD_DEFAULT_CHANGED" Wire
        "where the field is not sent, the two sides have different values: keep the default"
    /// A struct or exception is a union now, or the reverse.
    UnionChanged "UNION_CHANGED" Wire
        "a union holds one field, a struct any number: add a type and a field of it"
    /// A field of a union is new.
    UnionFieldAdded "UNION_FIELD_ADDED" Wire
        "old peers lose the whole value, and strict ones refuse it: send it when all peers know it"
    /// An item of an enum has another value.
    EnumValueChanged "ENUM_VALUE_CHANGED" Wire
        "the number that one side sends means something else on the other: give it its old value"
    /// A value of an enum is gone.
    EnumItemRemoved "ENUM_ITEM_REMOVED" Wire
        "the number that old peers send has no name any more: keep the item"
    /// A method is gone.
    MethodRemoved "METHOD_REMOVED" Wire
        "calls of old clients are refused as unknown: keep the method"
    /// A method is `oneway` now, or no longer.
    MethodOnewayChanged "METHOD_ONEWAY_CHANGED" Wire
        "one side waits for an answer that the other does not send or expect: add another method"
    /// A method returns something else.
    MethodResultChanged "METHOD_RESULT_CHANGED" Wire
        "the result of one side is none or misread on the other: add another method"
    /// A method does not throw an exception any more.
    ExceptionRemoved "EXCEPTION_REMOVED" Wire
        "what old servers throw reaches new clients as a missing result, or as success: keep it"
    /// A method throws another exception.
    ExceptionAdded "EXCEPTION_ADDED" Wire
        "to old clients it is a missing result, or success of a void method: add another method"
    /// A service is gone.
    ServiceRemoved "SERVICE_REMOVED" Wire
        "calls of old clients are refused: keep the service"
    /// A service has another name, and the methods that it had.
    ServiceRenamed "SERVICE_RENAMED" Source
        "its name is only sent where several services are multiplexed: keep it registered there"
    /// A service does not extend the one that it extended.
    BaseChanged "BASE_CHANGED" Source
        "programs have it where they take the other one: extend that"
    /// A field or argument has another name.
    FieldRenamed "FIELD_RENAMED" Source
        "programs, and JSON that has names, use the old one; if it means something else, give it another id"
    /// A type has another name, and is the same on the wire.
    TypeNameChanged "TYPE_NAME_CHANGED" Source
        "the same bytes are of another type in programs"
    /// An item of an enum has another name.
    EnumItemRenamed "ENUM_ITEM_RENAMED" Source
        "programs, and JSON that has names, use the old one: keep it, with the same value"
    /// An argument is new.
    ArgumentAdded "ARGUMENT_ADDED" Source
        "handlers get one more, which old clients do not send: None or the default"
    /// Arguments have another order.
    ArgumentOrderChanged "ARGUMENT_ORDER_CHANGED" Source
        "programs give arguments by position: keep the order, whatever the ids are"
    /// A type is gone.
    TypeRemoved "TYPE_REMOVED" Source
        "programs use its name: keep it, or a typedef of that name"
    /// A struct is an exception now, an enum a struct, or the reverse.
    TypeKindChanged "TYPE_KIND_CHANGED" Source
        "programs raise exceptions, make structs and name items of enums: keep what it is"
    /// A definition is in another file.
    DefinitionMoved "DEFINITION_MOVED" Source
        "programs import it from the old file: leave a typedef, a service that extends it, or a constant of its value there"
    /// A constant is gone.
    ConstRemoved "CONST_REMOVED" Source
        "programs use its name"
    /// A constant is of another type.
    ConstTypeChanged "CONST_TYPE_CHANGED" Source
        "programs have it where they take a value of the old type: add another constant"
    /// A constant has another value.
    ConstChanged "CONST_CHANGED" Source
        "each side goes by the value that it was built with"
    /// A namespace is new, gone or has another name.
    NamespaceChanged "NAMESPACE_CHANGED" Source
        "generated code has another package or module"
    /// A file is gone.
    FileRemoved "FILE_REMOVED" Source
        "programs load or include it"
    /// A file is in another folder.
    FileMoved "FILE_MOVED" Source
        "programs load or include it by its path: keep it there"
}
