//! Structs, unions, exceptions, and fields wherever they are.

use std::collections::HashMap;

use super::super::model::{
    Field, ProgramId, Requiredness, Struct, StructId, StructKind, Type, Value,
};
use super::values::Owner;
use super::{Linker, SHORT, Site};
use crate::idl::literal::{self, ParsedInteger};
use crate::idl::syntax::{self, Name};
use crate::idl::{Code, MAX_NESTING, Span};

/// Fields but for their defaults, which may need constants, which may need the
/// fields of structs.
#[derive(Default)]
pub(super) struct Fields {
    /// One for each node.
    pub(super) list: Vec<Field>,
    /// Those whose type is wrong, which has been reported, in order; they have
    /// any other.
    wrong: Vec<usize>,
}

impl Fields {
    /// The type of a field; `None` if it is wrong.
    pub(super) fn ty(&self, index: usize) -> Option<&Type> {
        self.wrong
            .binary_search(&index)
            .is_err()
            .then(|| &self.list[index].ty)
    }
}

impl Linker<'_> {
    pub(super) fn struct_name(&self, id: StructId) -> &str {
        let Site { program, node } = self.structs[id.index()];
        self.text(program, node.name.span)
    }

    pub(super) fn link_fields(&mut self) {
        for index in 0..self.structs.len() {
            let Site { program, node } = self.structs[index];
            let mut fields = self.fields_of(program, &node.fields);
            if node.kind == StructKind::Union {
                // One of them at a time: Apache's compiler makes them optional.
                for field in &mut fields.list {
                    if field.requiredness == Requiredness::Default {
                        field.requiredness = Requiredness::Optional;
                    }
                }
            }
            self.fields.push(fields);
        }
    }

    pub(super) fn link_structs(&mut self) -> Vec<Struct> {
        // Values need the fields of any struct, so they are not taken out of
        // the list before all have their defaults.
        for index in 0..self.structs.len() {
            let Site { program, node } = self.structs[index];
            for (number, node) in node.fields.iter().enumerate() {
                if let Some(value) = &node.default
                    && let Some(ty) = self.fields[index].ty(number).cloned()
                {
                    let default = self.default(program, node.name, value, &ty);
                    self.fields[index].list[number].default = default;
                }
            }
        }
        self.refuse_deep_defaults();
        let fields = std::mem::take(&mut self.fields);
        let mut structs = Vec::with_capacity(self.structs.len());
        for (index, fields) in fields.into_iter().enumerate() {
            let Site { program, node } = self.structs[index];
            structs.push(Struct {
                program,
                kind: node.kind,
                name: self.name(program, node.name),
                fields: fields.list,
                annotations: self.annotations(program, node.annotations.as_deref()),
                doc: self.doc(program, node.doc),
                line: self.line(program, node.name),
            });
        }
        structs
    }

    /// Defaults are structs that have defaults, which are copied into each object:
    /// how many there are within each other, without calls within each other.
    fn refuse_deep_defaults(&mut self) {
        // None while it is being worked out: a struct that needs itself is there
        // without its defaults.
        let mut levels: Vec<Option<u32>> = vec![None; self.structs.len()];
        let mut is_begun = vec![false; self.structs.len()];
        for index in 0..self.structs.len() {
            let mut steps = vec![(index, false)];
            while let Some((index, is_left)) = steps.pop() {
                if is_left {
                    let needed = self.structs_of_defaults(index);
                    let deepest = needed
                        .iter()
                        .map(|(id, level)| level + levels[id.index()].unwrap_or_default());
                    let deepest = deepest.max().unwrap_or_default();
                    if deepest > MAX_NESTING {
                        let Site { program, node } = self.structs[index];
                        self.too_deep::<()>(program, node.name.span);
                        return;
                    }
                    levels[index] = Some(deepest);
                } else if !std::mem::replace(&mut is_begun[index], true) {
                    steps.push((index, true));
                    let needed = self.structs_of_defaults(index);
                    steps.extend(needed.iter().rev().map(|(id, _)| (id.index(), false)));
                }
            }
        }
    }

    /// The structs in the defaults of a struct, each with its level there.
    fn structs_of_defaults(&self, index: usize) -> Vec<(StructId, u32)> {
        let mut found = Vec::new();
        for field in &self.fields[index].list {
            if let Some(value) = &field.default {
                value.add_structs(1, &mut found);
            }
        }
        found
    }

    /// The arguments or exceptions of a function, with their defaults.
    pub(super) fn with_defaults(
        &mut self,
        program: ProgramId,
        nodes: &[syntax::Field],
        mut fields: Fields,
    ) -> Vec<Field> {
        for (index, node) in nodes.iter().enumerate() {
            if let Some(value) = &node.default
                && let Some(ty) = fields.ty(index)
            {
                let default = self.default(program, node.name, value, ty);
                fields.list[index].default = default;
            }
        }
        fields.list
    }

    fn default(
        &mut self,
        program: ProgramId,
        name: Name,
        value: &syntax::Value,
        ty: &Type,
    ) -> Option<Box<Value>> {
        let owner = Owner {
            what: "field",
            program,
            name,
        };
        self.value(&owner, value, ty, 0).map(Box::new)
    }
}

impl<'a> Linker<'a> {
    /// Checks ids and names of a list of fields, gives ids to those that have
    /// none, and resolves their types.
    pub(super) fn fields_of(&mut self, program: ProgramId, nodes: &'a [syntax::Field]) -> Fields {
        let mut fields = Fields {
            list: Vec::with_capacity(nodes.len()),
            wrong: Vec::new(),
        };
        let mut seen = SeenFields::new(nodes.len());
        let mut automatic = -1;
        // What Apache's compiler would give the next field without an id.
        let mut replacement = -1;
        for (index, node) in nodes.iter().enumerate() {
            let list = &fields.list;
            let name = self.text(program, node.name.span);
            let explicit = node.id.and_then(|id| self.explicit_id(program, id.span));
            if let Some(id) = explicit.filter(|id| *id <= 0) {
                self.non_positive_id(program, node, id, replacement);
            }
            replacement -= i32::from(explicit.is_none_or(|id| id <= 0));
            // Apache's compiler gives another id to a field whose own is not
            // positive; here only where a field without one has it already.
            let is_taken = explicit.is_some_and(|id| {
                let other = seen.id(list, id);
                id <= 0 && other.is_some_and(|other| nodes[other].id.is_none())
            });
            let id = if node.id.is_some() && !is_taken {
                explicit
            } else {
                // An id that a field before it claims is passed over, as
                // Apache's compiler does.
                while seen.id(list, automatic).is_some() {
                    automatic -= 1;
                }
                self.missing_id(program, node, automatic);
                automatic -= 1;
                Some(automatic + 1)
            };
            // A number that is no id has been reported; any other will do for
            // finding what else is wrong.
            let id = id.unwrap_or(i32::MIN + index as i32);
            if let Some(other) = seen.id(list, id).or_else(|| seen.name(list, name)) {
                self.duplicate_field(program, node, id, nodes[other].name.span);
            }
            seen.add(index, id, name);
            let ty = self.ty(program, &node.ty).unwrap_or_else(|| {
                fields.wrong.push(index);
                Type::Bool
            });
            fields.list.push(Field {
                id,
                name: self.name(program, node.name),
                requiredness: match node.requiredness {
                    None => Requiredness::Default,
                    Some(word) if word.required => Requiredness::Required,
                    Some(_) => Requiredness::Optional,
                },
                ty,
                default: None,
                annotations: self.annotations(program, node.annotations.as_deref()),
                doc: self.doc(program, node.doc),
                line: self.line(program, node.name),
            });
        }
        fields
    }

    fn explicit_id(&mut self, program: ProgramId, span: Span) -> Option<i32> {
        let text = self.text(program, span);
        let id = match literal::integer(text) {
            ParsedInteger::Small(id) => i32::try_from(id).ok(),
            ParsedInteger::Big(_) => None,
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

    /// `replacement` is what Apache's compiler sends in its place.
    fn non_positive_id(
        &mut self,
        program: ProgramId,
        node: &syntax::Field,
        id: i32,
        replacement: i32,
    ) {
        let span = node.id.map_or(node.name.span, |id| id.span);
        let message = if id == replacement {
            format!("the field id {id} is not positive")
        } else {
            format!(
                "the field id {id} is not positive: Apache's compiler sends {replacement} instead"
            )
        };
        let diagnostic = self
            .diagnostic(Code::NonPositiveFieldId, program, span, message)
            .expecting("a number from 1 to 32767")
            .hint("peers disagree on such fields; give it a positive id that is free");
        self.report(diagnostic);
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
type FieldTables<'a> = (HashMap<i32, usize>, HashMap<&'a str, usize>);

/// Which ids and names a list of fields has so far.
struct SeenFields<'a> {
    /// Only for long lists.
    tables: Option<FieldTables<'a>>,
}

impl<'a> SeenFields<'a> {
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

    fn id(&self, fields: &[Field], id: i32) -> Option<usize> {
        match &self.tables {
            Some((ids, _)) => ids.get(&id).copied(),
            None => fields.iter().position(|field| field.id == id),
        }
    }

    fn name(&self, fields: &[Field], name: &str) -> Option<usize> {
        match &self.tables {
            Some((_, names)) => names.get(name).copied(),
            None => fields.iter().position(|field| field.name == name),
        }
    }
}
