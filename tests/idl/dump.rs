//! Trees and models as text, for snapshots.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use fastthrift::idl::{ParseOptions, SourceFile, Span, Visitor, parse, walk};
use fastthrift::schema::{
    Annotation, Definition, Enum, Field, Function, Program, Requiredness, Schema, Service, Struct,
    Type, Value,
};

/// The tree of a text: a node per line, indented, with its range, and the
/// text of those that have no children.
pub fn tree(path: &Path, bytes: Vec<u8>) -> String {
    struct Dump<'s> {
        source: &'s SourceFile,
        depth: usize,
        text: String,
    }
    impl Visitor for Dump<'_> {
        fn enter(&mut self, node: &'static str, span: Span, leaf: bool) {
            let indent = "  ".repeat(self.depth);
            write!(self.text, "{indent}{node} {span:?}").unwrap();
            if leaf {
                write!(self.text, " {:?}", self.source.slice(span)).unwrap();
            }
            self.text.push('\n');
            self.depth += 1;
        }
        fn leave(&mut self) {
            self.depth -= 1;
        }
    }
    let source = Arc::new(SourceFile::new(path, bytes));
    let mut dump = Dump {
        source: &source,
        depth: 0,
        text: String::new(),
    };
    walk(&parse(&source, ParseOptions::default()).file, &mut dump);
    dump.text
}

/// A whole model, much as an IDL file would say it.
pub fn schema(schema: &Schema) -> String {
    let mut dump = Dump {
        schema,
        text: String::new(),
    };
    for program in &schema.programs {
        dump.program(program);
    }
    dump.text
}

/// A value, much as an IDL file would say it.
pub fn value(schema: &Schema, value: &Value) -> String {
    let dump = Dump {
        schema,
        text: String::new(),
    };
    dump.value(value)
}

struct Dump<'s> {
    schema: &'s Schema,
    text: String,
}

impl Dump<'_> {
    fn line(&mut self, indent: usize, line: u32, text: &str, after: &After<'_>) {
        let indent = "  ".repeat(indent);
        write!(self.text, "{line:>4}: {indent}{text}").unwrap();
        for Annotation { key, value } in after.annotations {
            write!(self.text, " ({key}={value:?})").unwrap();
        }
        if let Some(doc) = after.doc {
            write!(self.text, " {doc:?}").unwrap();
        }
        self.text.push('\n');
    }

    fn program(&mut self, program: &Program) {
        writeln!(self.text, "{} = {}", program.name, program.path.display()).unwrap();
        for include in &program.includes {
            let target = include
                .program
                .map(|id| self.schema[id].path.display().to_string());
            let text = format!("include {:?} -> {target:?}", include.path);
            self.line(0, include.line, &text, &After::NOTHING);
        }
        for namespace in &program.namespaces {
            let text = format!("namespace {} {}", namespace.scope, namespace.name);
            let after = After {
                annotations: &namespace.annotations,
                doc: None,
            };
            self.line(0, namespace.line, &text, &after);
        }
        for definition in &program.definitions {
            self.definition(*definition);
        }
    }

    fn definition(&mut self, definition: Definition) {
        match definition {
            Definition::Const(id) => {
                let node = &self.schema[id];
                let (ty, value) = (self.ty(&node.ty), self.value(&node.value));
                let text = format!("const {ty} {} = {value}", node.name);
                self.line(
                    0,
                    node.line,
                    &text,
                    &After::new(&node.annotations, node.doc.as_deref()),
                );
            }
            Definition::Typedef(id) => {
                let node = &self.schema[id];
                let text = format!("typedef {} {}", self.ty(&node.ty), node.name);
                self.line(
                    0,
                    node.line,
                    &text,
                    &After::new(&node.annotations, node.doc.as_deref()),
                );
            }
            Definition::Enum(id) => self.enumeration(&self.schema[id]),
            Definition::Struct(id) => self.structure(&self.schema[id]),
            Definition::Service(id) => self.service(&self.schema[id]),
        }
    }

    fn enumeration(&mut self, node: &Enum) {
        let after = After::new(&node.annotations, node.doc.as_deref());
        self.line(0, node.line, &format!("enum {}", node.name), &after);
        for item in &node.items {
            let after = After::new(&item.annotations, item.doc.as_deref());
            self.line(
                1,
                item.line,
                &format!("{} = {}", item.name, item.value),
                &after,
            );
        }
    }

    fn structure(&mut self, node: &Struct) {
        let after = After::new(&node.annotations, node.doc.as_deref());
        let kind = format!("{:?}", node.kind).to_lowercase();
        self.line(0, node.line, &format!("{kind} {}", node.name), &after);
        self.fields(1, "", &node.fields);
    }

    fn fields(&mut self, indent: usize, before: &str, fields: &[Field]) {
        for field in fields {
            let requiredness = match field.requiredness {
                Requiredness::Default => "",
                Requiredness::Required => "required ",
                Requiredness::Optional => "optional ",
            };
            let ty = self.ty(&field.ty);
            let mut text = format!("{before}{}: {requiredness}{ty} {}", field.id, field.name);
            if let Some(default) = &field.default {
                write!(text, " = {}", self.value(default)).unwrap();
            }
            let after = After::new(&field.annotations, field.doc.as_deref());
            self.line(indent, field.line, &text, &after);
        }
    }

    fn service(&mut self, node: &Service) {
        let mut text = format!("service {}", node.name);
        if let Some(extends) = node.extends {
            let extended = &self.schema[extends];
            let file = &self.schema[extended.program].name;
            write!(text, " extends {file}.{}", extended.name).unwrap();
        }
        let after = After::new(&node.annotations, node.doc.as_deref());
        self.line(0, node.line, &text, &after);
        for function in &node.functions {
            self.function(function);
        }
    }

    fn function(&mut self, node: &Function) {
        let oneway = if node.oneway { "oneway " } else { "" };
        let result = node
            .result
            .as_ref()
            .map_or_else(|| "void".to_owned(), |ty| self.ty(ty));
        let after = After::new(&node.annotations, node.doc.as_deref());
        self.line(
            1,
            node.line,
            &format!("{oneway}{result} {}", node.name),
            &after,
        );
        self.fields(2, "", &node.arguments);
        self.fields(2, "throws ", &node.throws);
    }

    fn ty(&self, ty: &Type) -> String {
        match ty {
            Type::Enum(id) => format!("enum {}", self.schema[*id].name),
            Type::Struct(id) => {
                let node = &self.schema[*id];
                let kind = format!("{:?}", node.kind).to_lowercase();
                format!("{kind} {}", node.name)
            }
            Type::List(element) => format!("list<{}>", self.ty(element)),
            Type::Set(element) => format!("set<{}>", self.ty(element)),
            Type::Map(entry) => format!("map<{}, {}>", self.ty(&entry.0), self.ty(&entry.1)),
            base => format!("{base:?}").to_lowercase(),
        }
    }

    fn value(&self, value: &Value) -> String {
        let all = |values: &[Value]| -> String {
            let texts: Vec<String> = values.iter().map(|value| self.value(value)).collect();
            texts.join(", ")
        };
        match value {
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::BigInt(digits) => format!("big {digits}"),
            Value::Double(value) => format!("{value:?}"),
            Value::String(text) => format!("{text:?}"),
            Value::Uuid(uuid) => format!("uuid {:?}", uuid.as_str()),
            Value::List(values) => format!("[{}]", all(values)),
            Value::Set(values) => format!("set[{}]", all(values)),
            Value::Map(entries) => {
                let texts: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{}: {}", self.value(key), self.value(value)))
                    .collect();
                format!("{{{}}}", texts.join(", "))
            }
            Value::Struct { id, fields } => {
                let node = &self.schema[*id];
                let texts: Vec<String> = fields
                    .iter()
                    .map(|(index, value)| {
                        format!(
                            "{}={}",
                            node.fields[*index as usize].name,
                            self.value(value)
                        )
                    })
                    .collect();
                format!("{}({})", node.name, texts.join(", "))
            }
        }
    }
}

struct After<'a> {
    annotations: &'a [Annotation],
    doc: Option<&'a str>,
}

impl<'a> After<'a> {
    const NOTHING: Self = Self {
        annotations: &[],
        doc: None,
    };

    fn new(annotations: &'a [Annotation], doc: Option<&'a str>) -> Self {
        Self { annotations, doc }
    }
}
