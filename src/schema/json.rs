//! The model of a file as JSON, in the shape of Apache's `thrift --gen json`
//! (0.25), for tools and for comparing the two.
//!
//! Where JSON or that shape cannot say something, this says it so: the key of
//! a map that is no number or text is a text that holds its JSON; an integer
//! beyond 64 bits is a text.

use std::fmt::Write;

use super::model::{
    Annotation, Const, Definition, Enum, Field, Function, Program, ProgramId, Requiredness, Schema,
    Service, Struct, StructKind, Type, TypeParts, Typedef, Value, ValueParts,
};

impl Schema {
    /// The definitions of a file as JSON.
    #[must_use]
    pub fn json(&self, id: ProgramId) -> String {
        let mut writer = SchemaWriter {
            schema: self,
            program: id,
            text: String::new(),
        };
        writer.program(&self[id]);
        writer.text
    }
}

struct SchemaWriter<'s> {
    schema: &'s Schema,
    program: ProgramId,
    text: String,
}

impl<'s> SchemaWriter<'s> {
    // --- JSON ---

    /// What `open` and `close` hold, with a comma between.
    fn all<T>(
        &mut self,
        [open, close]: [char; 2],
        items: impl IntoIterator<Item = T>,
        mut item: impl FnMut(&mut Self, T),
    ) {
        self.text.push(open);
        for (index, value) in items.into_iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            item(self, value);
        }
        self.text.push(close);
    }

    fn array<T>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
        item: impl FnMut(&mut Self, T),
    ) {
        self.key(key);
        self.all(['[', ']'], items, item);
    }

    /// A key, after the comma that it needs.
    fn key(&mut self, key: &str) {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        self.string(key);
        self.text.push(':');
    }

    fn pair(&mut self, key: &str, value: &str) {
        self.key(key);
        self.string(value);
    }

    fn word(&mut self, key: &str, value: impl std::fmt::Display) {
        self.key(key);
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{value}");
    }

    fn string(&mut self, value: &str) {
        self.text.push('"');
        for character in value.chars() {
            match character {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                _ if character.is_control() => {
                    let _ = write!(self.text, "\\u{:04x}", u32::from(character));
                }
                _ => self.text.push(character),
            }
        }
        self.text.push('"');
    }

    // --- the file ---

    fn program(&mut self, program: &'s Program) {
        let schema = self.schema;
        self.text.push('{');
        self.pair("name", &program.name);
        self.doc(program.doc.as_deref());
        self.key("namespaces");
        self.text.push('{');
        for (index, namespace) in program.namespaces.iter().enumerate() {
            let later = &program.namespaces[index + 1..];
            if !later.iter().any(|other| other.scope == namespace.scope) {
                self.pair(&namespace.scope, &namespace.name);
            }
        }
        self.text.push('}');
        let includes = program
            .includes
            .iter()
            .filter_map(|include| include.program);
        self.array("includes", includes, |writer, id| {
            writer.string(&schema[id].name);
        });
        macro_rules! all {
            ($key:literal, $kind:ident, $write:ident) => {
                let found = program.definitions.iter().filter_map(|each| match each {
                    Definition::$kind(id) => Some(&schema[*id]),
                    _ => None,
                });
                self.array($key, found, Self::$write);
            };
        }
        all!("enums", Enum, enumeration);
        all!("typedefs", Typedef, typedef);
        all!("structs", Struct, structure);
        all!("constants", Const, constant);
        all!("services", Service, service);
        self.text.push('}');
    }

    fn doc(&mut self, doc: Option<&str>) {
        if let Some(doc) = doc {
            self.pair("doc", doc);
        }
    }

    fn annotations(&mut self, annotations: &[Annotation]) {
        if annotations.is_empty() {
            return;
        }
        self.key("annotations");
        self.all(['{', '}'], annotations, |writer, annotation| {
            writer.string(&annotation.key);
            writer.text.push(':');
            writer.string(annotation.value.as_deref().unwrap_or("1"));
        });
    }

    fn enumeration(&mut self, node: &Enum) {
        self.text.push('{');
        self.pair("name", &node.name);
        self.doc(node.doc.as_deref());
        self.annotations(&node.annotations);
        self.array("members", &node.items, |writer, item| {
            writer.text.push('{');
            writer.pair("name", &item.name);
            writer.word("value", item.value);
            writer.doc(item.doc.as_deref());
            writer.text.push('}');
        });
        self.text.push('}');
    }

    fn typedef(&mut self, node: &Typedef) {
        self.text.push('{');
        self.pair("name", &node.name);
        self.typed(["typeId", "type"], &node.ty);
        self.doc(node.doc.as_deref());
        self.annotations(&node.annotations);
        self.text.push('}');
    }

    fn structure(&mut self, node: &Struct) {
        self.text.push('{');
        self.pair("name", &node.name);
        self.doc(node.doc.as_deref());
        self.annotations(&node.annotations);
        self.word("isException", node.kind == StructKind::Exception);
        self.word("isUnion", node.kind == StructKind::Union);
        self.array("fields", &node.fields, Self::field);
        self.text.push('}');
    }

    fn constant(&mut self, node: &Const) {
        self.text.push('{');
        self.pair("name", &node.name);
        self.typed(["typeId", "type"], &node.ty);
        self.doc(node.doc.as_deref());
        self.key("value");
        self.value(&node.value);
        self.text.push('}');
    }

    fn service(&mut self, node: &Service) {
        self.text.push('{');
        self.pair("name", &node.name);
        if let Some(id) = node.extends {
            let extended = &self.schema[id];
            let name = self.qualified(extended.program, &extended.name);
            self.pair("extends", &name);
        }
        self.doc(node.doc.as_deref());
        self.annotations(&node.annotations);
        self.array("functions", &node.functions, Self::function);
        self.text.push('}');
    }

    fn function(&mut self, node: &Function) {
        self.text.push('{');
        self.pair("name", &node.name);
        match &node.result {
            Some(ty) => self.typed(["returnTypeId", "returnType"], ty),
            None => self.pair("returnTypeId", "void"),
        }
        self.word("oneway", node.oneway);
        self.doc(node.doc.as_deref());
        self.annotations(&node.annotations);
        self.array("arguments", &node.arguments, Self::field);
        self.array("exceptions", &node.throws, Self::field);
        self.text.push('}');
    }

    fn field(&mut self, node: &Field) {
        self.text.push('{');
        self.word("key", node.id);
        self.pair("name", &node.name);
        self.typed(["typeId", "type"], &node.ty);
        self.doc(node.doc.as_deref());
        self.annotations(&node.annotations);
        self.pair(
            "required",
            match node.requiredness {
                Requiredness::Required => "required",
                Requiredness::Optional => "optional",
                Requiredness::Default => "req_out",
            },
        );
        if let Some(default) = &node.default {
            self.key("default");
            self.value(default);
        }
        self.text.push('}');
    }

    // --- types ---

    /// The kind of a type under one key, and what else there is to say of it
    /// under the other.
    fn typed(&mut self, [id, full]: [&str; 2], ty: &Type) {
        self.pair(id, self.type_id(ty));
        if ty.parts() != TypeParts::Word {
            self.key(full);
            self.ty(ty);
        }
    }

    fn ty(&mut self, ty: &Type) {
        self.text.push('{');
        self.pair("typeId", self.type_id(ty));
        match ty.parts() {
            TypeParts::Enum(id) => {
                let node = &self.schema[id];
                self.annotations(&node.annotations);
                let name = self.qualified(node.program, &node.name);
                self.pair("class", &name);
            }
            TypeParts::Struct(id) => {
                let node = &self.schema[id];
                self.annotations(&node.annotations);
                let name = self.qualified(node.program, &node.name);
                self.pair("class", &name);
            }
            TypeParts::Elements(element) => {
                self.annotations(self.schema.type_annotations.of(ty));
                self.typed(["elemTypeId", "elemType"], element);
            }
            TypeParts::Entries(key, value) => {
                self.annotations(self.schema.type_annotations.of(ty));
                self.typed(["keyTypeId", "keyType"], key);
                self.typed(["valueTypeId", "valueType"], value);
            }
            TypeParts::Word => {}
        }
        self.text.push('}');
    }

    fn type_id(&self, ty: &Type) -> &'static str {
        match ty.parts() {
            TypeParts::Struct(id) => match self.schema[id].kind {
                StructKind::Struct => "struct",
                StructKind::Union => "union",
                StructKind::Exception => "exception",
            },
            _ => ty.word().unwrap_or("enum"),
        }
    }

    fn qualified(&self, program: ProgramId, name: &str) -> String {
        if program == self.program {
            return name.to_owned();
        }
        format!("{}.{name}", self.schema[program].name)
    }

    // --- values ---

    fn value(&mut self, value: &Value) {
        match value.parts() {
            ValueParts::Elements(elements) => self.all(['[', ']'], elements, Self::value),
            ValueParts::Entries(entries) => {
                self.all(['{', '}'], entries, |writer, (key, value)| {
                    writer.map_key(key);
                    writer.text.push(':');
                    writer.value(value);
                });
            }
            ValueParts::Fields(id, fields) => {
                let node = &self.schema[id];
                self.all(['{', '}'], fields, |writer, (index, value)| {
                    writer.string(&node.fields[*index as usize].name);
                    writer.text.push(':');
                    writer.value(value);
                });
            }
            ValueParts::Nothing => self.scalar(value),
        }
    }

    fn scalar(&mut self, value: &Value) {
        match value {
            Value::Bool(value) => self.text.push(if *value { '1' } else { '0' }),
            Value::Int(value) => {
                let _ = write!(self.text, "{value}");
            }
            Value::Double(value) if value.is_infinite() => {
                // JSON has no word for it, but numbers of any size.
                self.text
                    .push_str(if *value > 0.0 { "1e999" } else { "-1e999" });
            }
            Value::Double(value) => {
                let _ = write!(self.text, "{value:?}");
            }
            Value::BigInt(text) => self.string(text),
            value => self.string(value.text().unwrap_or_default()),
        }
    }

    fn map_key(&mut self, key: &Value) {
        if let Some(text) = key.text() {
            return self.string(text);
        }
        let start = self.text.len();
        self.value(key);
        let text = self.text.split_off(start);
        self.string(&text);
    }
}
