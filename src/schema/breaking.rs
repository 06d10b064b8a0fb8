//! What peers and programs of an older schema would notice of a newer one.
//!
//! Names mean nothing to most of what travels: fields and exceptions are known
//! by their ids, methods by their names. So a struct that was renamed is
//! compared with what its fields, arguments and results hold now, and its name
//! is a matter of source code.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use super::counterparts::Counterparts;
use super::model::{
    Const, Enum, EnumId, Field, Function, Namespace, Program, ProgramId, Requiredness, Schema,
    ServiceId, Struct, StructId, StructKind, Type, TypeParts, Typedef,
};
use super::rules::Rule;
use super::same::Values;
use crate::idl::Text;

/// Where something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedPlace {
    /// The file, as its schema names it.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl ChangedPlace {
    fn of(text: &Text) -> Self {
        let position = text.position();
        Self {
            path: text.path().to_owned(),
            line: position.line,
            column: position.column,
        }
    }

    fn in_file(program: &Program, line: u32) -> Self {
        Self {
            path: program.path.clone(),
            line,
            column: 1,
        }
    }
}

/// One change that breaks something.
#[derive(Clone, Debug)]
pub struct Breaking {
    /// Which rule.
    pub rule: Rule,
    /// What was there and what is.
    pub message: String,
    /// What happens, and what to do: that of the rule, fitted to what it is.
    pub advice: &'static str,
    /// Where in the new files; `None` where the file is gone.
    pub place: Option<ChangedPlace>,
    /// Where in the old ones.
    pub was: Option<ChangedPlace>,
}

impl Schema {
    /// What breaks those who have the `old` schema, in the order of its files.
    #[must_use]
    pub fn breaking(&self, old: &Self) -> Vec<Breaking> {
        let mut comparison = Comparison {
            counterparts: Counterparts::new(old, self),
            named: named_types(self),
            old,
            new: self,
            pending: Vec::new(),
            compared_structs: HashSet::new(),
            compared_enums: HashSet::new(),
            compared_methods: HashSet::new(),
            found: Vec::new(),
        };
        comparison.programs();
        comparison.definitions();
        while let Some((old, new)) = comparison.pending.pop() {
            comparison.structs(old, new);
        }
        comparison.found
    }
}

/// What the wire has of two types.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    Nothing,
    Name,
    Binary,
    Wire,
}

/// What fields are of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Member {
    Field,
    OfUnion,
    Argument,
    Exception,
}

impl Member {
    const fn word(self) -> &'static str {
        match self {
            Self::Field | Self::OfUnion => "field",
            Self::Argument => "argument",
            Self::Exception => "exception",
        }
    }
}

/// What a name stands for.
#[derive(Clone)]
struct Meaning<'s> {
    name: &'s Text,
    ty: Type,
    is_typedef: bool,
}

struct Comparison<'s> {
    old: &'s Schema,
    new: &'s Schema,
    counterparts: Counterparts,
    /// The types that have a name in the new files.
    named: HashMap<(ProgramId, &'s str), Meaning<'s>>,
    /// Structs that fields hold: no recursion, for a chain of structs may be
    /// longer than the stack.
    pending: Vec<(StructId, StructId)>,
    /// A struct may hold itself, and be compared by several ways.
    compared_structs: HashSet<(StructId, StructId)>,
    compared_enums: HashSet<(EnumId, EnumId)>,
    /// A method may be inherited by several services.
    compared_methods: HashSet<(*const Function, *const Function)>,
    found: Vec<Breaking>,
}

impl<'s> Comparison<'s> {
    fn add(&mut self, rule: Rule, new: Option<ChangedPlace>, old: &Text, message: String) {
        self.push(rule, message, new, Some(ChangedPlace::of(old)));
    }

    fn push(
        &mut self,
        rule: Rule,
        message: String,
        place: Option<ChangedPlace>,
        was: Option<ChangedPlace>,
    ) {
        self.found.push(Breaking {
            rule,
            message,
            advice: rule.advice(),
            place,
            was,
        });
    }

    /// Where a definition of an old file would be.
    fn instead(&self, program: ProgramId) -> Option<ChangedPlace> {
        let new = self.counterparts.program(program)?;
        Some(ChangedPlace::in_file(&self.new[new], 1))
    }

    fn programs(&mut self) {
        for (index, old) in self.old.programs.iter().enumerate() {
            let Some(new) = self.counterparts.program(ProgramId::at(index)) else {
                let message = format!("`{}.thrift` is gone, or no longer included", old.name);
                let was = Some(ChangedPlace::in_file(old, 1));
                self.push(Rule::FileRemoved, message, None, was);
                continue;
            };
            let new = &self.new[new];
            // Roots are where whoever compares them says.
            let is_root = index + 1 == self.old.programs.len();
            if !is_root && let Some((was, now)) = self.counterparts.moved(old, new) {
                let message = format!("`{}` is `{}` now", was.display(), now.display());
                let places = [new, old].map(|file| Some(ChangedPlace::in_file(file, 1)));
                let [place, was] = places;
                self.push(Rule::FileMoved, message, place, was);
            }
            self.namespaces(old, new);
        }
    }

    fn namespaces(&mut self, old: &Program, new: &Program) {
        let (before, after) = (namespaces(old), namespaces(new));
        let scopes: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
        for scope in scopes {
            // A language that has none of its own has that of all.
            let of = |namespaces: &BTreeMap<&str, _>| {
                namespaces.get(scope).or(namespaces.get("*")).copied()
            };
            let message = match (of(&before), of(&after)) {
                (Some(was), Some(now)) if was.name == now.name => continue,
                (Some(was), Some(now)) => {
                    format!(
                        "namespace of `{scope}` was `{}`, is `{}`",
                        was.name, now.name
                    )
                }
                (Some(was), None) => format!("namespace `{}` of `{scope}` is gone", was.name),
                (None, Some(now)) => format!("namespace `{}` of `{scope}` is new", now.name),
                (None, None) => continue,
            };
            let line = |found: Option<&Namespace>| found.map_or(1, |found| found.line);
            let place = ChangedPlace::in_file(new, line(of(&after)));
            let was = ChangedPlace::in_file(old, line(of(&before)));
            self.push(Rule::NamespaceChanged, message, Some(place), Some(was));
        }
    }

    fn definitions(&mut self) {
        let (old, new) = (self.old, self.new);
        for (index, was) in old.enums.iter().enumerate() {
            let now = self.counterparts.enums[index];
            let place = now.map(|id| (new[id].program, &new[id].name));
            if let Some(now) = self.type_now("enum", was.program, &was.name, place) {
                self.definition(&was.name, &Type::Enum(EnumId::at(index)), &now);
            }
        }
        for (index, was) in old.structs.iter().enumerate() {
            let now = self.counterparts.structs[index];
            let place = now.map(|id| (new[id].program, &new[id].name));
            if let Some(now) = self.type_now(word(was.kind), was.program, &was.name, place) {
                self.definition(&was.name, &Type::Struct(StructId::at(index)), &now);
            }
        }
        for (index, was) in old.typedefs.iter().enumerate() {
            let now = self.counterparts.typedefs[index];
            let place = now.map(|id| (new[id].program, &new[id].name));
            if let Some(now) = self.type_now("typedef", was.program, &was.name, place) {
                self.typedef(was, &now);
            }
        }
        for (index, was) in old.consts.iter().enumerate() {
            let now = self.counterparts.consts[index];
            let place = now.map(|id| (new[id].program, &new[id].name));
            if self.is_there(Rule::ConstRemoved, "const", was.program, &was.name, place)
                && let Some(id) = now
            {
                self.constant(was, &new[id]);
            }
        }
        for (index, was) in old.services.iter().enumerate() {
            match self.counterparts.services[index] {
                Some(id) => {
                    let place = Some((new[id].program, &new[id].name));
                    self.is_there(
                        Rule::ServiceRemoved,
                        "service",
                        was.program,
                        &was.name,
                        place,
                    );
                    self.services(ServiceId::at(index), id);
                }
                None => self.service_gone(ServiceId::at(index)),
            }
        }
    }

    /// Whether a definition still is anywhere; says so where it is not, or
    /// where it is in another file.
    fn is_there(
        &mut self,
        removed: Rule,
        kind: &str,
        program: ProgramId,
        name: &Text,
        now: Option<(ProgramId, &Text)>,
    ) -> bool {
        let Some((new_program, new_name)) = now else {
            let message = format!("{kind} `{name}` is gone");
            let place = self.instead(program);
            self.add(removed, place, name, message);
            return false;
        };
        if self.counterparts.program(program) != Some(new_program) {
            let message = format!(
                "{kind} `{name}` was in `{}.thrift`, is in `{}.thrift`",
                self.old[program].name, self.new[new_program].name
            );
            let advice = match removed {
                Rule::ServiceRemoved => {
                    "programs import it from the old file: leave a service there that extends it"
                }
                Rule::ConstRemoved => {
                    "programs import it from the old file: leave a constant of its value there"
                }
                _ => "programs import it from the old file: leave a typedef there",
            };
            self.found.push(Breaking {
                rule: Rule::DefinitionMoved,
                message,
                advice,
                place: Some(ChangedPlace::of(new_name)),
                was: Some(ChangedPlace::of(name)),
            });
        }
        true
    }

    /// What the name of a type stands for now: in its file, whatever that is, or
    /// in another one.
    fn type_now(
        &mut self,
        kind: &str,
        program: ProgramId,
        name: &Text,
        place: Option<(ProgramId, &'s Text)>,
    ) -> Option<Meaning<'s>> {
        let here = self.counterparts.program(program);
        let here = here.and_then(|program| self.named.get(&(program, &**name)));
        if let Some(found) = here {
            return Some(found.clone());
        }
        self.is_there(Rule::TypeRemoved, kind, program, name, place);
        let (program, name) = place?;
        self.named.get(&(program, &**name)).cloned()
    }

    /// An enum or a struct, and what has its name.
    fn definition(&mut self, name: &Text, was: &Type, now: &Meaning<'s>) {
        match (was.parts(), now.ty.parts()) {
            (TypeParts::Enum(old), TypeParts::Enum(new)) => self.enums(old, new),
            (TypeParts::Struct(old), TypeParts::Struct(new)) => self.structs(old, new),
            _ => {
                let message = format!("`{name}` {}", self.change_text(Some(was), Some(&now.ty)));
                let place = Some(ChangedPlace::of(now.name));
                self.add(Rule::TypeKindChanged, place, name, message);
            }
        }
    }

    /// A typedef, which files have in fields that may not be among those that
    /// are compared.
    fn typedef(&mut self, was: &Typedef, now: &Meaning<'s>) {
        let rule = match self.types(&was.ty, &now.ty) {
            Difference::Nothing => return,
            // A type of the name itself.
            Difference::Name if !now.is_typedef => return,
            Difference::Name => Rule::TypeNameChanged,
            Difference::Binary | Difference::Wire => Rule::TypedefChanged,
        };
        let change = self.change_text(Some(&was.ty), Some(&now.ty));
        let message = format!("typedef `{}` {change}", was.name);
        self.add(rule, Some(ChangedPlace::of(now.name)), &was.name, message);
    }

    fn constant(&mut self, was: &'s Const, now: &'s Const) {
        let place = Some(ChangedPlace::of(&now.name));
        let difference = self.types(&was.ty, &now.ty);
        if difference != Difference::Nothing {
            let change = self.change_text(Some(&was.ty), Some(&now.ty));
            let message = format!("const `{}` {change}", was.name);
            self.add(Rule::ConstTypeChanged, place.clone(), &was.name, message);
        }
        // Values of types that have nothing in common are always others.
        if difference != Difference::Wire
            && !Values::new(self.old, self.new).are_same(&was.value, &now.value)
        {
            let message = format!("const `{}` has another value", was.name);
            self.add(Rule::ConstChanged, place, &was.name, message);
        }
    }

    fn service_gone(&mut self, id: ServiceId) {
        let was = &self.old[id];
        let methods = methods(self.old, id);
        let heir = self.counterparts.free_services(self.new).find(|&new| {
            let has = self::methods(self.new, new);
            !methods.is_empty() && methods.keys().all(|name| has.contains_key(name))
        });
        if let Some(new) = heir {
            let name = &self.new[new].name;
            let message = format!("service `{}` is `{name}` now", was.name);
            self.add(
                Rule::ServiceRenamed,
                Some(ChangedPlace::of(name)),
                &was.name,
                message,
            );
            self.services(id, new);
        } else {
            let message = format!("service `{}` is gone", was.name);
            let place = self.instead(was.program);
            self.add(Rule::ServiceRemoved, place, &was.name, message);
        }
    }

    fn enums(&mut self, old: EnumId, new: EnumId) {
        if !self.compared_enums.insert((old, new)) {
            return;
        }
        let (old, new): (&Enum, &Enum) = (&self.old[old], &self.new[new]);
        let in_new = if old.name == new.name {
            String::new()
        } else {
            format!(" in enum `{}`", new.name)
        };
        for was in &old.items {
            let of = format!("`{}` of enum `{}`", was.name, old.name);
            if let Some(now) = new.items.iter().find(|now| now.name == was.name) {
                if now.value != was.value {
                    let message = format!("{of} was {}, is {}{in_new}", was.value, now.value);
                    let place = Some(ChangedPlace::of(&now.name));
                    self.add(Rule::EnumValueChanged, place, &was.name, message);
                }
            } else if let Some(now) = new.items.iter().find(|now| now.value == was.value) {
                let message = format!(
                    "{of} is `{}` now{in_new}, with the value {}",
                    now.name, now.value
                );
                let place = Some(ChangedPlace::of(&now.name));
                self.add(Rule::EnumItemRenamed, place, &was.name, message);
            } else {
                let message = format!("{of} is gone{in_new}, and its value {}", was.value);
                let place = Some(ChangedPlace::of(&new.name));
                self.add(Rule::EnumItemRemoved, place, &was.name, message);
            }
        }
    }

    fn structs(&mut self, old: StructId, new: StructId) {
        if !self.compared_structs.insert((old, new)) {
            return;
        }
        let (old, new): (&'s Struct, &'s Struct) = (&self.old[old], &self.new[new]);
        if old.kind != new.kind {
            let is_union = [old.kind, new.kind].contains(&StructKind::Union);
            let rule = if is_union {
                Rule::UnionChanged
            } else {
                Rule::TypeKindChanged
            };
            let message = format!(
                "`{}` was of kind {}, is of kind {}",
                new.name,
                word(old.kind),
                word(new.kind)
            );
            self.add(rule, Some(ChangedPlace::of(&new.name)), &old.name, message);
        }
        let of = format!("{} `{}`", word(new.kind), new.name);
        let member = if old.kind == StructKind::Union && old.kind == new.kind {
            Member::OfUnion
        } else {
            Member::Field
        };
        self.fields(member, &of, &old.fields, &new.fields, &new.name);
    }

    fn fields(
        &mut self,
        member: Member,
        of: &str,
        old: &'s [Field],
        new: &'s [Field],
        owner: &Text,
    ) {
        let kind = member.word();
        for was in old {
            let what = format!("{kind} {} `{}` of {of}", was.id, was.name);
            if let Some(now) = new.iter().find(|now| now.name == was.name) {
                if now.id == was.id {
                    self.field(member, &what, was, now);
                } else {
                    let message = format!("{what} has the id {} now", now.id);
                    let place = Some(ChangedPlace::of(&now.name));
                    self.add(Rule::FieldIdChanged, place, &was.name, message);
                }
                continue;
            }
            // Whose name was there before is that field, with another id.
            let heir = new
                .iter()
                .find(|now| now.id == was.id && !old.iter().any(|other| other.name == now.name));
            if let Some(now) = heir {
                // Nothing on the wire or in a program has the names of exceptions.
                if member != Member::Exception {
                    let message = format!("{what} is `{}` now", now.name);
                    let place = Some(ChangedPlace::of(&now.name));
                    self.add(Rule::FieldRenamed, place, &was.name, message);
                }
                self.field(member, &what, was, now);
                continue;
            }
            let rule = match (member, was.requiredness) {
                (Member::Exception, _) => Rule::ExceptionRemoved,
                (_, Requiredness::Required) => Rule::RequiredFieldRemoved,
                _ => Rule::FieldRemoved,
            };
            let place = Some(ChangedPlace::of(owner));
            self.add(rule, place, &was.name, format!("{what} is gone"));
        }
        for now in new {
            let is_new = !old
                .iter()
                .any(|was| was.name == now.name || was.id == now.id);
            let rule = match (member, now.requiredness) {
                (Member::Exception, _) => Rule::ExceptionAdded,
                (Member::OfUnion, _) => Rule::UnionFieldAdded,
                (_, Requiredness::Required) => Rule::RequiredFieldAdded,
                (Member::Argument, _) => Rule::ArgumentAdded,
                _ => continue,
            };
            if is_new {
                let message = format!("{kind} {} `{}` of {of} is new", now.id, now.name);
                self.push(rule, message, Some(ChangedPlace::of(&now.name)), None);
            }
        }
    }

    /// A field that is in both.
    fn field(&mut self, member: Member, what: &str, was: &'s Field, now: &'s Field) {
        let place = Some(ChangedPlace::of(&now.name));
        let change = format!("{what} {}", self.change_text(Some(&was.ty), Some(&now.ty)));
        match self.types(&was.ty, &now.ty) {
            Difference::Nothing => {}
            Difference::Name => {
                self.add(Rule::TypeNameChanged, place.clone(), &was.name, change);
            }
            Difference::Binary => {
                self.add(Rule::FieldBinaryChanged, place.clone(), &was.name, change);
            }
            Difference::Wire => {
                self.add(Rule::FieldTypeChanged, place.clone(), &was.name, change);
                return;
            }
        }
        if member == Member::Exception {
            return;
        }
        let is = |field: &Field| field.requiredness == Requiredness::Required;
        let rule = match (is(was), is(now)) {
            (false, true) => Some(Rule::FieldMadeRequired),
            (true, false) => Some(Rule::FieldNoLongerRequired),
            _ => None,
        };
        if let Some(rule) = rule {
            let message = match rule {
                Rule::FieldMadeRequired => format!("{what} is required now"),
                _ => format!("{what} is no longer required"),
            };
            self.add(rule, place.clone(), &was.name, message);
        }
        let same = match (&was.default, &now.default) {
            (None, None) => true,
            (Some(was), Some(now)) => Values::new(self.old, self.new).are_same(was, now),
            _ => false,
        };
        if !same {
            let message = match (&was.default, &now.default) {
                (None, _) => format!("{what} has a default now"),
                (_, None) => format!("{what} has no default any more"),
                _ => format!("{what} has another default"),
            };
            self.add(Rule::FieldDefaultChanged, place, &was.name, message);
        }
    }

    fn types(&mut self, old: &Type, new: &Type) -> Difference {
        let same_word = old.word() == new.word();
        match (old.parts(), new.parts()) {
            (TypeParts::Elements(old), TypeParts::Elements(new)) if same_word => {
                self.types(old, new)
            }
            (TypeParts::Entries(old_key, old), TypeParts::Entries(new_key, new)) if same_word => {
                let keys = self.types(old_key, new_key);
                keys.max(self.types(old, new))
            }
            (TypeParts::Struct(old), TypeParts::Struct(new)) => {
                self.pending.push((old, new));
                named(&self.old[old].name, &self.new[new].name)
            }
            (TypeParts::Enum(old), TypeParts::Enum(new)) => {
                self.enums(old, new);
                named(&self.old[old].name, &self.new[new].name)
            }
            (TypeParts::Word, TypeParts::Word) if same_word => Difference::Nothing,
            _ => match (old, new) {
                (Type::Enum(_), Type::I32) | (Type::I32, Type::Enum(_)) => Difference::Name,
                (Type::String, Type::Binary) | (Type::Binary, Type::String) => Difference::Binary,
                _ => Difference::Wire,
            },
        }
    }

    /// What a type was and what it is; none is that of a method without a result.
    fn change_text(&self, old: Option<&Type>, new: Option<&Type>) -> String {
        let texts = |kinds| {
            let text = |schema, ty: Option<&Type>| {
                ty.map_or_else(|| "void".to_owned(), |ty| type_text(schema, ty, kinds))
            };
            (text(self.old, old), text(self.new, new))
        };
        let (mut was, mut is) = texts(false);
        if was == is {
            (was, is) = texts(true);
        }
        format!("was {was}, is {is}")
    }

    fn services(&mut self, old: ServiceId, new: ServiceId) {
        let owner = &self.new[new].name;
        let now = methods(self.new, new);
        let base = self.old[old].extends;
        let new_base = base.and_then(|base| self.counterparts.services[base.index()]);
        if let Some(base) = new_base
            && !ancestors(self.new, new).any(|id| id == base)
        {
            let now = self.new[new].extends.map(|id| &self.new[id].name);
            let message = format!(
                "service `{owner}` does not extend `{}` any more{}",
                self.new[base].name,
                now.map_or_else(String::new, |now| format!(", but `{now}`")),
            );
            let place = Some(ChangedPlace::of(owner));
            self.add(Rule::BaseChanged, place, &self.old[old].name, message);
        }
        let own = &self.old[old].functions;
        let inherited = base.map_or_else(BTreeMap::new, |base| methods(self.old, base));
        let is_own = |was: &&Function| own.iter().any(|own| own.name == was.name);
        let inherited = inherited.into_values().filter(|was| !is_own(was));
        for was in own.iter().chain(inherited) {
            if let Some(now) = now.get(&*was.name) {
                self.method(&format!("`{owner}.{}`", was.name), was, now);
                continue;
            }
            // What its base has lost is told of that.
            let is_told = !is_own(&was)
                && new_base.is_some_and(|id| !methods(self.new, id).contains_key(&*was.name));
            if !is_told {
                let message = format!("method `{}` of service `{owner}` is gone", was.name);
                let place = Some(ChangedPlace::of(owner));
                self.add(Rule::MethodRemoved, place, &was.name, message);
            }
        }
    }

    fn method(&mut self, of: &str, was: &'s Function, now: &'s Function) {
        let pair = (std::ptr::from_ref(was), std::ptr::from_ref(now));
        if !self.compared_methods.insert(pair) {
            return;
        }
        let place = Some(ChangedPlace::of(&now.name));
        if was.oneway != now.oneway {
            let state = if now.oneway { "is" } else { "is no longer" };
            let message = format!("method {of} {state} oneway");
            self.add(Rule::MethodOnewayChanged, place.clone(), &was.name, message);
        }
        let difference = match (&was.result, &now.result) {
            (None, None) => Difference::Nothing,
            (Some(was), Some(now)) => self.types(was, now),
            _ => Difference::Wire,
        };
        let change = self.change_text(was.result.as_ref(), now.result.as_ref());
        let message = format!("result of {of} {change}");
        match difference {
            Difference::Nothing => {}
            Difference::Name => self.add(Rule::TypeNameChanged, place, &was.name, message),
            _ => self.add(Rule::MethodResultChanged, place, &was.name, message),
        }
        self.fields(
            Member::Argument,
            of,
            &was.arguments,
            &now.arguments,
            &now.name,
        );
        self.fields(Member::Exception, of, &was.throws, &now.throws, &now.name);
        let common = |these: &'s [Field], those: &[Field]| -> Vec<i32> {
            let ids = these.iter().map(|field| field.id);
            ids.filter(|&id| those.iter().any(|field| field.id == id))
                .collect()
        };
        if common(&was.arguments, &now.arguments) != common(&now.arguments, &was.arguments) {
            let message = format!("arguments of {of} have another order");
            let place = Some(ChangedPlace::of(&now.name));
            self.add(Rule::ArgumentOrderChanged, place, &was.name, message);
        }
    }
}

fn named(old: &Text, new: &Text) -> Difference {
    if old == new {
        Difference::Nothing
    } else {
        Difference::Name
    }
}

const fn word(kind: StructKind) -> &'static str {
    match kind {
        StructKind::Struct => "struct",
        StructKind::Union => "union",
        StructKind::Exception => "exception",
    }
}

/// The types of a schema by their names and files.
fn named_types(schema: &Schema) -> HashMap<(ProgramId, &str), Meaning<'_>> {
    let mut found = HashMap::new();
    let mut add = |program, name, ty, is_typedef| {
        let named = Meaning {
            name,
            ty,
            is_typedef,
        };
        found.insert((program, &**name), named);
    };
    for (index, each) in schema.enums.iter().enumerate() {
        add(
            each.program,
            &each.name,
            Type::Enum(EnumId::at(index)),
            false,
        );
    }
    for (index, each) in schema.structs.iter().enumerate() {
        add(
            each.program,
            &each.name,
            Type::Struct(StructId::at(index)),
            false,
        );
    }
    for each in &schema.typedefs {
        add(each.program, &each.name, each.ty.clone(), true);
    }
    found
}

/// By scope the namespace that counts.
fn namespaces(program: &Program) -> BTreeMap<&str, &Namespace> {
    let all = program.namespaces.iter();
    all.map(|namespace| (&*namespace.scope, namespace))
        .collect()
}

/// The methods of a service with those that it inherits, by name.
fn methods(schema: &Schema, id: ServiceId) -> BTreeMap<&str, &Function> {
    let mut found = BTreeMap::new();
    for id in std::iter::once(id).chain(ancestors(schema, id)) {
        for function in &schema[id].functions {
            found.entry(&*function.name).or_insert(function);
        }
    }
    found
}

/// What a service extends, and what that extends.
fn ancestors(schema: &Schema, id: ServiceId) -> impl Iterator<Item = ServiceId> {
    std::iter::successors(schema[id].extends, |&id| schema[id].extends)
}

/// The text of a type, with the kinds of what has a name where they are asked for.
fn type_text(schema: &Schema, ty: &Type, kinds: bool) -> String {
    let named = |kind: &str, name: &Text| {
        if kinds {
            format!("{kind} `{name}`")
        } else {
            format!("`{name}`")
        }
    };
    ty.text(&|id| named("enum", &schema[id].name), &|id| {
        named(word(schema[id].kind), &schema[id].name)
    })
}
