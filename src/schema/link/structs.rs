//! Structs, unions, exceptions, and fields wherever they are.

use std::collections::HashMap;

use super::super::model::{Field, ProgramId, Requiredness, Struct, StructId, StructKind, Type};
use super::values::Owner;
use super::{Linker, Site};
use crate::idl::literal::{self, Integer};
use crate::idl::{Code, Span, syntax};

/// A field but for its default, which may need constants, which may need the
/// fields of structs.
pub(super) struct FieldHead<'a> {
    pub(super) name: &'a str,
    pub(super) id: i32,
    pub(super) requiredness: Requiredness,
    /// `None` if the type is wrong, which has been reported.
    pub(super) ty: Option<Type>,
    pub(super) has_default: bool,
}

/// Lists up to this length are searched one by one for duplicates; longer
/// ones are worth a table.
const SHORT: usize = 16;

impl Linker<'_> {
    pub(super) fn struct_name(&self, id: StructId) -> &str {
        let Site { program, node } = self.structs[id.index()];
        self.text(program, node.name.span)
    }

    pub(super) fn link_heads(&mut self) {
        for index in 0..self.structs.len() {
            let Site { program, node } = self.structs[index];
            let mut heads = self.field_heads(program, &node.fields);
            if node.kind == StructKind::Union {
                // One of them at a time: Apache's compiler makes them optional.
                for head in &mut heads {
                    if head.requiredness == Requiredness::Default {
                        head.requiredness = Requiredness::Optional;
                    }
                }
            }
            self.heads.push(heads);
        }
    }

    pub(super) fn link_structs(&mut self) -> Vec<Struct> {
        // Values need the heads of any struct, so each is lent in turn by
        // index rather than taken out of the list.
        let mut structs = Vec::with_capacity(self.structs.len());
        for index in 0..self.structs.len() {
            let Site { program, node } = self.structs[index];
            let mut fields = Vec::with_capacity(node.fields.len());
            for (number, field) in node.fields.iter().enumerate() {
                let head = &self.heads[index][number];
                let (id, requiredness, ty) = (head.id, head.requiredness, head.ty.clone());
                if let Some(ty) = ty {
                    fields.push(self.field(program, field, id, requiredness, ty));
                }
            }
            structs.push(Struct {
                program,
                kind: node.kind,
                name: self.owned(program, node.name),
                fields,
                annotations: self.annotations(program, node.annotations.as_ref()),
                doc: self.doc(program, node.doc),
                line: self.line(program, node.name),
            });
        }
        structs
    }

    fn field(
        &mut self,
        program: ProgramId,
        node: &syntax::Field,
        id: i32,
        requiredness: Requiredness,
        ty: Type,
    ) -> Field {
        let default = node.default.as_ref().and_then(|value| {
            let owner = Owner {
                what: "field",
                program,
                name: node.name,
            };
            self.value(&owner, value, &ty, 0)
        });
        Field {
            id,
            name: self.owned(program, node.name),
            requiredness,
            ty,
            default,
            annotations: self.annotations(program, node.annotations.as_ref()),
            doc: self.doc(program, node.doc),
            line: self.line(program, node.name),
        }
    }
}

impl<'a> Linker<'a> {
    /// The arguments or exceptions of a function, whose heads nothing else needs.
    pub(super) fn finish_fields(
        &mut self,
        program: ProgramId,
        nodes: &'a [syntax::Field],
        heads: Vec<FieldHead<'a>>,
    ) -> Vec<Field> {
        nodes
            .iter()
            .zip(heads)
            .filter_map(|(node, head)| {
                let ty = head.ty?;
                Some(self.field(program, node, head.id, head.requiredness, ty))
            })
            .collect()
    }

    /// Checks ids and names of a list of fields, gives ids to those that have
    /// none, and resolves their types.
    pub(super) fn field_heads(
        &mut self,
        program: ProgramId,
        nodes: &'a [syntax::Field],
    ) -> Vec<FieldHead<'a>> {
        let mut heads: Vec<FieldHead<'a>> = Vec::with_capacity(nodes.len());
        let mut seen = Seen::new(nodes.len());
        let mut automatic = -1;
        for node in nodes {
            let name = self.text(program, node.name.span);
            let explicit = node.id.and_then(|id| self.explicit_id(program, id.span));
            // Apache's compiler gives another id to a field whose own is not
            // positive; here only where a field without one has it already.
            let is_taken = explicit.is_some_and(|id| {
                let other = seen.id(&heads, id);
                id <= 0 && other.is_some_and(|other| nodes[other].id.is_none())
            });
            let id = if node.id.is_some() && !is_taken {
                explicit
            } else {
                // An id that a field before it claims is passed over, as
                // Apache's compiler does.
                while seen.id(&heads, automatic).is_some() {
                    automatic -= 1;
                }
                self.missing_id(program, node, automatic);
                automatic -= 1;
                Some(automatic + 1)
            };
            // A number that is no id has been reported; any other will do for
            // finding what else is wrong.
            let id = id.unwrap_or(i32::MIN + heads.len() as i32);
            if let Some(other) = seen.id(&heads, id).or_else(|| seen.name(&heads, name)) {
                self.duplicate_field(program, node, id, nodes[other].name.span);
            }
            seen.add(heads.len(), id, name);
            let ty = self.ty(program, &node.ty);
            heads.push(FieldHead {
                name,
                id,
                requiredness: match node.requiredness {
                    None => Requiredness::Default,
                    Some(word) if word.required => Requiredness::Required,
                    Some(_) => Requiredness::Optional,
                },
                ty,
                has_default: node.default.is_some(),
            });
        }
        heads
    }

    fn explicit_id(&mut self, program: ProgramId, span: Span) -> Option<i32> {
        let text = self.text(program, span);
        let id = match literal::integer(text) {
            Integer::Small(id) => i32::try_from(id).ok(),
            Integer::Big(_) => None,
        };
        let (code, message) = match id {
            Some(id) if i16::try_from(id).is_ok() => return Some(id),
            Some(id) => (
                Code::ValueOutOfRange,
                format!("the field id {id} does not fit the 16 bits it is sent in"),
            ),
            None => (Code::NumberOutOfRange, format!("`{text}` is no field id")),
        };
        let diagnostic = self
            .diagnostic(code, program, span, message)
            .expecting("a number from -32768 to 32767");
        self.report(diagnostic);
        id
    }

    fn missing_id(&mut self, program: ProgramId, node: &syntax::Field, id: i32) {
        let name = self.text(program, node.name.span);
        let diagnostic = self.diagnostic(
            Code::MissingFieldId,
            program,
            node.name.span,
            match node.id {
                None => format!(
                    "the field `{name}` has no id and gets {id}, which changes with its place"
                ),
                Some(_) => {
                    format!("the id of the field `{name}` is that of one without; it gets {id}")
                }
            },
        );
        self.report(diagnostic);
    }

    fn duplicate_field(&mut self, program: ProgramId, node: &syntax::Field, id: i32, other: Span) {
        let name = self.text(program, node.name.span);
        let text = format!("'{id}:{name}' field identifier/name has already been used");
        let same_name = self.text(program, other) == name;
        let message = if same_name {
            format!("there is another field `{name}`")
        } else {
            format!("there is another field with the id {id}")
        };
        let span = match node.id {
            Some(id) if !same_name => id.span,
            _ => node.name.span,
        };
        let diagnostic = self
            .diagnostic(Code::DuplicateField, program, span, message)
            .related(self.source(program), other, "used here")
            .thriftpy2(text);
        self.report(diagnostic);
    }
}

/// The first field of each id and of each name.
type Tables<'a> = (HashMap<i32, usize>, HashMap<&'a str, usize>);

/// Which ids and names a list of fields has so far.
struct Seen<'a> {
    /// Only for long lists.
    tables: Option<Tables<'a>>,
}

impl<'a> Seen<'a> {
    fn new(length: usize) -> Self {
        Self {
            tables: (length > SHORT).then(Default::default),
        }
    }

    fn add(&mut self, index: usize, id: i32, name: &'a str) {
        if let Some((ids, names)) = &mut self.tables {
            ids.entry(id).or_insert(index);
            names.entry(name).or_insert(index);
        }
    }

    fn id(&self, heads: &[FieldHead<'_>], id: i32) -> Option<usize> {
        match &self.tables {
            Some((ids, _)) => ids.get(&id).copied(),
            None => heads.iter().position(|head| head.id == id),
        }
    }

    fn name(&self, heads: &[FieldHead<'_>], name: &str) -> Option<usize> {
        match &self.tables {
            Some((_, names)) => names.get(name).copied(),
            None => heads.iter().position(|head| head.name == name),
        }
    }
}
