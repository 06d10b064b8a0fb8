//! What things are called in Python.

use std::path::PathBuf;

use crate::idl::is_python_keyword;
use crate::schema::{Definition, Program, Schema};

/// How the names of an IDL file become those of attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Naming {
    /// An attribute has the name of its field, also one that is a keyword of
    /// Python.
    Same,
    /// Keywords of Python get an underscore behind them: `from_`.
    Suffix,
}

impl Naming {
    /// What tells a file from others for what is made of it: classes whose
    /// attributes are called otherwise are other classes.
    pub fn identity(self, mut file: PathBuf) -> PathBuf {
        if self == Self::Same {
            file.as_mut_os_string().push("?names=same");
        }
        file
    }

    /// The attribute for a name, if it is another than the name; `taken` tells
    /// which other names there are.
    pub fn attribute(self, name: &str, taken: impl Fn(&str) -> bool) -> Option<String> {
        if self == Self::Same || !is_python_keyword(name) {
            return None;
        }
        Some(underscored(name, taken))
    }
}

/// A name with as many underscores behind it as it needs to be another than
/// those that are taken.
pub fn underscored(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut attribute = format!("{name}_");
    while taken(&attribute) {
        attribute.push('_');
    }
    attribute
}

/// Whether a file has a definition of this name.
pub fn defines(schema: &Schema, program: &Program, name: &str) -> bool {
    let mut definitions = program.definitions.iter();
    definitions.any(|&definition| name_of(schema, definition) == name)
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
