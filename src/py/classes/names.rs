//! What things are called in Python.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::builder::Builder;
use crate::schema::{Definition, Field, Program, Schema};

/// The words that Python keeps for itself.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// How the names of an IDL file become those of attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Naming {
    /// As they are.
    Same,
    /// Keywords of Python get an underscore behind them: `from_`.
    Suffix,
}

impl Naming {
    /// The attribute for a name; `taken` tells which other names there are.
    fn attribute(self, name: &str, taken: impl Fn(&str) -> bool) -> Option<String> {
        if self == Self::Same || KEYWORDS.binary_search(&name).is_err() {
            return None;
        }
        let mut attribute = format!("{name}_");
        while taken(&attribute) {
            attribute.push('_');
        }
        Some(attribute)
    }
}

impl<'a, 'py> Builder<'a, 'py> {
    /// The attribute for a name among others.
    pub fn attribute(&self, name: &'a str, taken: impl Fn(&str) -> bool) -> Bound<'py, PyString> {
        match self.naming().attribute(name, taken) {
            Some(attribute) => PyString::intern(self.py(), &attribute),
            None => self.name(name),
        }
    }

    /// The attribute for a field.
    pub fn field_name(&self, name: &'a str, fields: &[Field]) -> Bound<'py, PyString> {
        self.attribute(name, |other| fields.iter().any(|field| field.name == other))
    }

    /// The attribute of the module for a definition of a file.
    pub fn definition_name(&self, name: &'a str, program: &Program) -> Bound<'py, PyString> {
        let schema = self.schema();
        self.attribute(name, |other| {
            let mut definitions = program.definitions.iter();
            definitions.any(|&definition| name_of(schema, definition) == other)
        })
    }
}

fn name_of(schema: &Schema, definition: Definition) -> &str {
    match definition {
        Definition::Const(id) => &schema[id].name,
        Definition::Typedef(id) => &schema[id].name,
        Definition::Enum(id) => &schema[id].name,
        Definition::Struct(id) => &schema[id].name,
        Definition::Service(id) => &schema[id].name,
    }
}
