//! "Did you mean": the name that was probably meant.

use super::super::model::{Definition, ProgramId, Type};
use super::{Linker, Progress};

/// Types of other languages, and what Thrift calls them.
const FOREIGN_TYPES: [(&str, &str); 15] = [
    ("int", "i32"),
    ("integer", "i32"),
    ("int8", "i8"),
    ("int16", "i16"),
    ("int32", "i32"),
    ("int64", "i64"),
    ("short", "i16"),
    ("long", "i64"),
    ("u32", "i64"),
    ("str", "string"),
    ("String", "string"),
    ("text", "string"),
    ("bytes", "binary"),
    ("boolean", "bool"),
    ("dict", "map"),
];

/// Words that are always types, and long enough to be misspelt.
const LONG_WORDS: [&str; 4] = ["bool", "double", "string", "binary"];

/// Each search looks at all names of a file, struct or enum; enough for a
/// person to read.
const MAX_SEARCHES: usize = 50;

impl Linker<'_> {
    /// A hint for a type that is not defined.
    pub(super) fn suggest_type(&mut self, program: ProgramId, name: &str) -> Option<String> {
        if let Some((_, meant)) = FOREIGN_TYPES.iter().find(|(foreign, _)| *foreign == name) {
            return Some(format!("did you mean `{meant}`?"));
        }
        let defined = self.suggest(program, name, |definition| {
            matches!(
                definition,
                Definition::Struct(_) | Definition::Enum(_) | Definition::Typedef(_)
            )
        });
        defined.or_else(|| {
            let later = Type::LATER.iter().filter_map(Type::word);
            let meant = nearest(name, LONG_WORDS.into_iter().chain(later))?;
            Some(format!("did you mean `{meant}`?"))
        })
    }

    /// Whether one more search among all names may be made.
    pub(super) fn may_search(&mut self) -> bool {
        self.suggestions += 1;
        self.suggestions <= MAX_SEARCHES
    }

    /// A hint for a name that is not defined: the one of an included file, or
    /// one much like it. Never what is being defined, which would need itself.
    pub(super) fn suggest(
        &mut self,
        program: ProgramId,
        name: &str,
        accept: impl Fn(Definition) -> bool,
    ) -> Option<String> {
        if !self.may_search() {
            return None;
        }
        if let Some(meant) = self.of_an_include(program, name, &accept) {
            return Some(format!("did you mean `{meant}`?"));
        }
        let included = self.included_by(program, name);
        let (prefix, last) = match (included, name.rfind('.')) {
            (Some(_), Some(dot)) => name.split_at(dot + 1),
            _ => ("", name),
        };
        let of = |program: ProgramId| {
            self.scopes[program.index()]
                .names()
                .filter(|(_, definition)| {
                    accept(*definition) && !self.is_being_defined(*definition)
                })
                .map(|(name, _)| name)
        };
        if let Some(nearest) = nearest(last, of(included.unwrap_or(program))) {
            return Some(format!("did you mean `{prefix}{nearest}`?"));
        }
        // The name may lack both its prefix and a letter.
        self.scopes[program.index()]
            .includes()
            .find_map(|(prefix, program)| Some((prefix, nearest(name, of(program))?)))
            .map(|(prefix, nearest)| format!("did you mean `{prefix}.{nearest}`?"))
    }

    /// A name of another file, with the prefix that it needs here.
    pub(super) fn of_an_include(
        &self,
        program: ProgramId,
        name: &str,
        accept: &impl Fn(Definition) -> bool,
    ) -> Option<String> {
        let mut includes = self.scopes[program.index()].includes();
        let (prefix, _) = includes.find(|(_, included)| {
            let scope = &self.scopes[included.index()];
            scope
                .find(name, u32::MAX, &|found| accept(found).then_some(()))
                .is_some()
        })?;
        Some(format!("{prefix}.{name}"))
    }

    fn is_being_defined(&self, definition: Definition) -> bool {
        match definition {
            Definition::Typedef(id) => matches!(self.typedef_types[id.index()], Progress::Active),
            Definition::Const(id) => matches!(self.const_values[id.index()], Progress::Active),
            Definition::Service(id) => self.linking_service == Some(id),
            Definition::Enum(_) | Definition::Struct(_) => false,
        }
    }
}

/// The candidate most like a name, if one is like enough.
pub(super) fn nearest<'c>(
    name: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    let limit = (name.len() / 3).clamp(1, 3);
    candidates
        .filter(|candidate| *candidate != name)
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= limit && candidate.len() < 100)
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        // By name where the distance is equal: candidates come in no order.
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be changed, added, dropped or swapped with the next;
/// case does not count.
fn distance(left: &str, right: &str) -> usize {
    let left = left.to_ascii_lowercase().into_bytes();
    let right = right.to_ascii_lowercase().into_bytes();
    let mut before_previous = vec![0; right.len() + 1];
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    for (i, &from) in left.iter().enumerate() {
        let mut current = vec![i + 1; right.len() + 1];
        for (j, &to) in right.iter().enumerate() {
            let mut best = (previous[j] + usize::from(from != to))
                .min(previous[j + 1] + 1)
                .min(current[j] + 1);
            let swapped = i > 0 && j > 0 && from == right[j - 1] && left[i - 1] == to;
            if swapped {
                best = best.min(before_previous[j - 1] + 1);
            }
            current[j + 1] = best;
        }
        before_previous = std::mem::replace(&mut previous, current);
    }
    previous[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name() {
        let names = ["Person", "PhoneType", "Status"];
        assert_eq!(nearest("Persno", names.into_iter()), Some("Person"));
        assert_eq!(nearest("phonetype", names.into_iter()), Some("PhoneType"));
        assert_eq!(nearest("Address", names.into_iter()), None);
    }
}
