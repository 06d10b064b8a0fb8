//! One way through a whole tree.

use super::source::Span;
use super::syntax::{
    Annotations, Const, Definition, Enum, EnumItem, Field, FieldValue, File, ForeignInclude,
    Function, Header, Include, Literal, Name, Namespace, NamespaceName, Package, Qualifier,
    ReturnType, Senum, Service, Struct, StructKind, StructuredAnnotation, Type, TypeKind, Typedef,
    Value, ValueKind, Xsd,
};

/// Is told of every node, a parent before its children.
pub trait Visitor {
    /// A node starts; `leaf` if it has no children and its text says it all.
    fn enter(&mut self, node: &'static str, span: Span, leaf: bool);
    /// The children of the node that was entered last and not yet left are done.
    fn leave(&mut self);
}

/// Shows every node of a file to a visitor, in the order of the text.
pub fn walk(file: &File, visitor: &mut dyn Visitor) {
    let mut walker = Walker { visitor };
    walker.node("file", file.span, |walker| {
        let mut doc = file.doc;
        // A header may stand after a definition, by mistake.
        let mut headers = file.headers.iter().peekable();
        for definition in &file.definitions {
            let start = definition.span().start;
            while let Some(header) = headers.next_if(|header| header.span().start < start) {
                walker.doc(doc.take_if(|doc| doc.start < header.span().start));
                walker.header(header);
            }
            walker.doc(doc.take());
            walker.definition(definition);
        }
        for header in headers {
            walker.doc(doc.take_if(|doc| doc.start < header.span().start));
            walker.header(header);
        }
        walker.doc(doc);
    });
}

struct Walker<'v> {
    visitor: &'v mut dyn Visitor,
}

impl Walker<'_> {
    fn node(&mut self, node: &'static str, span: Span, children: impl FnOnce(&mut Self)) {
        self.visitor.enter(node, span, false);
        children(self);
        self.visitor.leave();
    }

    fn leaf(&mut self, node: &'static str, span: Span) {
        self.visitor.enter(node, span, true);
        self.visitor.leave();
    }

    fn name(&mut self, name: Name) {
        self.leaf("name", name.span);
    }

    fn words(&mut self, words: impl IntoIterator<Item = Name>) {
        for word in words {
            self.leaf("word", word.span);
        }
    }

    fn literal(&mut self, literal: Literal) {
        self.leaf("literal", literal.span);
    }

    fn doc(&mut self, doc: Option<Span>) {
        if let Some(span) = doc {
            self.leaf("doc", span);
        }
    }

    fn header(&mut self, header: &Header) {
        match header {
            Header::Package(Package {
                span,
                structured,
                name,
            }) => self.node("package", *span, |walker| {
                walker.structured(structured);
                if let Some(name) = name {
                    walker.literal(*name);
                }
            }),
            Header::Include(Include { span, path, alias }) => {
                self.node("include", *span, |walker| {
                    walker.literal(*path);
                    if let Some(alias) = alias {
                        walker.name(*alias);
                    }
                });
            }
            Header::ForeignInclude(ForeignInclude {
                span,
                language,
                path,
            }) => {
                self.node(language.as_str(), *span, |walker| walker.literal(*path));
            }
            Header::Namespace(Namespace {
                span,
                scope,
                name,
                annotations,
            }) => self.node("namespace", *span, |walker| {
                walker.name(*scope);
                match name {
                    NamespaceName::Name(name) => walker.name(*name),
                    NamespaceName::Quoted(name) => walker.literal(*name),
                }
                walker.annotations(annotations.as_deref());
            }),
        }
    }

    fn definition(&mut self, definition: &Definition) {
        match definition {
            Definition::Const(node) => self.constant(node),
            Definition::Typedef(node) => self.typedef(node),
            Definition::Enum(node) => self.enumeration(node),
            Definition::Senum(node) => self.senum(node),
            Definition::Struct(node) => self.structure(node),
            Definition::Service(node) => self.service(node),
        }
    }

    fn constant(&mut self, constant: &Const) {
        self.node("const", constant.span, |walker| {
            walker.doc(constant.doc);
            walker.structured(&constant.structured);
            walker.ty(&constant.ty);
            walker.name(constant.name);
            walker.value(&constant.value);
            walker.annotations(constant.annotations.as_deref());
        });
    }

    fn typedef(&mut self, typedef: &Typedef) {
        self.node("typedef", typedef.span, |walker| {
            walker.doc(typedef.doc);
            walker.structured(&typedef.structured);
            walker.ty(&typedef.ty);
            walker.name(typedef.name);
            walker.annotations(typedef.annotations.as_deref());
        });
    }

    fn enumeration(&mut self, enumeration: &Enum) {
        self.node("enum", enumeration.span, |walker| {
            walker.doc(enumeration.doc);
            walker.structured(&enumeration.structured);
            walker.name(enumeration.name);
            for item in &enumeration.items {
                walker.enum_item(item);
            }
            walker.annotations(enumeration.annotations.as_deref());
        });
    }

    fn enum_item(&mut self, item: &EnumItem) {
        self.node("item", item.span, |walker| {
            walker.doc(item.doc);
            walker.structured(&item.structured);
            walker.name(item.name);
            if let Some(value) = item.value {
                walker.leaf("integer", value.span);
            }
            walker.annotations(item.annotations.as_deref());
        });
    }

    fn senum(&mut self, senum: &Senum) {
        self.node("senum", senum.span, |walker| {
            walker.doc(senum.doc);
            walker.structured(&senum.structured);
            walker.name(senum.name);
            for item in &senum.items {
                walker.literal(*item);
            }
            walker.annotations(senum.annotations.as_deref());
        });
    }

    fn structure(&mut self, structure: &Struct) {
        let node = match structure.kind {
            StructKind::Struct => "struct",
            StructKind::Union => "union",
            StructKind::Exception => "exception",
        };
        self.node(node, structure.span, |walker| {
            walker.doc(structure.doc);
            walker.structured(&structure.structured);
            walker.words(structure.qualifiers.iter().copied());
            walker.name(structure.name);
            walker.words(structure.xsd_all);
            walker.fields(&structure.fields);
            walker.annotations(structure.annotations.as_deref());
        });
    }

    fn fields(&mut self, fields: &[Field]) {
        for field in fields {
            self.node("field", field.span, |walker| {
                walker.doc(field.doc);
                walker.structured(&field.structured);
                if let Some(id) = field.id {
                    walker.leaf("id", id.span);
                }
                if let Some(requiredness) = field.requiredness {
                    walker.leaf("word", requiredness.span);
                }
                walker.ty(&field.ty);
                walker.words(field.reference());
                walker.name(field.name);
                if let Some(default) = &field.default {
                    walker.value(default);
                }
                if let Some(xsd) = field.xsd() {
                    walker.xsd(xsd);
                }
                walker.annotations(field.annotations.as_deref());
            });
        }
    }

    fn xsd(&mut self, xsd: &Xsd) {
        self.words(xsd.optional.into_iter().chain(xsd.nillable));
        if let Some(attributes) = &xsd.attributes {
            self.node("xsd_attrs", attributes.span, |walker| {
                walker.fields(&attributes.fields);
            });
        }
    }

    fn service(&mut self, service: &Service) {
        self.node("service", service.span, |walker| {
            walker.doc(service.doc);
            walker.structured(&service.structured);
            walker.name(service.name);
            if let Some(extends) = service.extends {
                walker.leaf("extends", extends.span);
            }
            for function in &service.functions {
                walker.function(function);
            }
            walker.annotations(service.annotations.as_deref());
        });
    }

    fn function(&mut self, function: &Function) {
        self.node("function", function.span, |walker| {
            walker.doc(function.doc);
            walker.structured(&function.structured);
            walker.words(function.qualifier.map(Qualifier::word));
            match &function.result {
                ReturnType::Void(span) => walker.leaf("void", *span),
                ReturnType::Type(ty) => walker.ty(ty),
            }
            walker.name(function.name);
            walker.fields(&function.arguments);
            if let Some(throws) = &function.throws {
                walker.node("throws", throws.span, |walker| {
                    walker.fields(&throws.fields);
                });
            }
            walker.annotations(function.annotations.as_deref());
        });
    }

    fn ty(&mut self, ty: &Type) {
        match &ty.kind {
            TypeKind::Base(_) | TypeKind::Named(_) if ty.annotations.is_none() => {
                self.leaf("type", ty.span);
            }
            TypeKind::Base(_) | TypeKind::Named(_) => self.node("type", ty.span, |walker| {
                walker.annotations(ty.annotations.as_deref());
            }),
            TypeKind::List(of) => self.node("list", ty.span, |walker| {
                walker.container(&[&of.element], &of.cpp_types, ty.annotations.as_deref());
            }),
            TypeKind::Set(of) => self.node("set", ty.span, |walker| {
                walker.container(&[&of.element], &of.cpp_types, ty.annotations.as_deref());
            }),
            TypeKind::Map(of) => self.node("map", ty.span, |walker| {
                walker.container(
                    &[&of.key, &of.value],
                    &of.cpp_types,
                    ty.annotations.as_deref(),
                );
            }),
        }
    }

    fn container(
        &mut self,
        elements: &[&Type],
        cpp_types: &[Literal],
        annotations: Option<&Annotations>,
    ) {
        for element in elements {
            self.ty(element);
        }
        for cpp_type in cpp_types {
            self.leaf("cpp_type", cpp_type.span);
        }
        self.annotations(annotations);
    }

    fn value(&mut self, value: &Value) {
        match &value.kind {
            ValueKind::Bool(_) => self.leaf("bool", value.span),
            ValueKind::Integer => self.leaf("integer", value.span),
            ValueKind::Double => self.leaf("double", value.span),
            ValueKind::Literal => self.leaf("literal", value.span),
            ValueKind::Reference => self.leaf("reference", value.span),
            ValueKind::List(elements) => self.node("list value", value.span, |walker| {
                for element in elements {
                    walker.value(element);
                }
            }),
            ValueKind::Struct { name, fields } => {
                self.node("struct value", value.span, |walker| {
                    walker.name(*name);
                    walker.field_values(fields);
                });
            }
            ValueKind::Map(entries) => self.node("map value", value.span, |walker| {
                for (key, value) in entries {
                    walker.value(key);
                    walker.value(value);
                }
            }),
        }
    }

    fn structured(&mut self, annotations: &[StructuredAnnotation]) {
        for annotation in annotations {
            self.node("structured annotation", annotation.span, |walker| {
                walker.name(annotation.name);
                walker.field_values(annotation.fields.as_deref().unwrap_or_default());
            });
        }
    }

    fn field_values(&mut self, fields: &[FieldValue]) {
        for field in fields {
            self.node("field value", field.span, |walker| {
                walker.name(field.name);
                walker.value(&field.value);
            });
        }
    }

    fn annotations(&mut self, annotations: Option<&Annotations>) {
        let Some(annotations) = annotations else {
            return;
        };
        self.node("annotations", annotations.span, |walker| {
            for annotation in &annotations.items {
                walker.node("annotation", annotation.span, |walker| {
                    walker.name(annotation.key);
                    if let Some(value) = annotation.value {
                        walker.literal(value);
                    }
                });
            }
        });
    }
}
