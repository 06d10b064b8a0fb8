//! Makes the classes of a schema, file by file.

use std::cell::RefCell;
use std::path::PathBuf;

use foldhash::HashMap;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

use super::built::BuiltSchema;
use super::members::Members;
use super::names::{defines, underscored};
use super::options::ClassOptions;
use super::program::{MetaList, ModuleContents, PyProgram};
use crate::py::ffi;
use crate::schema::{
    Annotation, Definition, EnumId, Field, Program, ProgramId, Schema, ServiceId, StructId,
    StructKind,
};

/// Makes Python objects of a schema.
pub struct Builder<'a, 'py> {
    linked: &'a Bound<'py, BuiltSchema>,
    /// The structs made in this run whose defaults are not set yet.
    pub(super) open: RefCell<Vec<Option<Members<'py>>>>,
    services: RefCell<Vec<Option<Bound<'py, PyType>>>>,
    /// A few names come up all the time: `id`, `name`, `UNKNOWN`.
    names: RefCell<HashMap<&'a str, KnownName<'py>>>,
    /// What the attributes of the payload classes of a file are copied from.
    pub(super) template: RefCell<Option<(ProgramId, Bound<'py, PyDict>)>>,
}

impl<'a, 'py> Builder<'a, 'py> {
    /// A builder that has built nothing of its schema.
    pub fn new(linked: &'a Bound<'py, BuiltSchema>) -> Self {
        let schema = linked.get().schema();
        let none = |count| std::iter::repeat_with(|| None).take(count).collect();
        Self {
            linked,
            open: RefCell::new(none(schema.structs.len())),
            services: RefCell::new(vec![None; schema.services.len()]),
            names: RefCell::default(),
            template: RefCell::default(),
        }
    }

    /// A builder for more of a schema whose files were built.
    pub fn resume(linked: &'a Bound<'py, BuiltSchema>) -> Self {
        Self {
            linked,
            open: RefCell::default(),
            services: RefCell::default(),
            names: RefCell::default(),
            template: RefCell::default(),
        }
    }

    /// The interpreter.
    pub fn py(&self) -> Python<'py> {
        self.linked.py()
    }

    /// The schema with the classes that were made of it.
    pub fn linked(&self) -> &'a Bound<'py, BuiltSchema> {
        self.linked
    }

    /// What the classes are like.
    pub fn classes(&self) -> &'a ClassOptions {
        self.linked.get().classes()
    }

    /// What is built.
    pub fn schema(&self) -> &'a Schema {
        self.linked.get().schema()
    }

    /// The programs in order; those that `known` has from the same text, with
    /// the same includes, are used again.
    pub fn build(
        &self,
        files: &[(PathBuf, u64)],
        known: &Bound<'py, PyDict>,
    ) -> PyResult<Vec<Bound<'py, PyProgram>>> {
        let py = self.py();
        let mut programs: Vec<Bound<'py, PyProgram>> = Vec::new();
        let mut reused = Vec::new();
        for (index, program) in self.schema().programs.iter().enumerate() {
            let (identity, digest) = &files[index];
            let identity = identity.to_string_lossy();
            let includes_same = program
                .includes
                .iter()
                .filter_map(|include| include.program)
                .all(|id| reused[id.index()]);
            let found = known
                .get_item(&identity)?
                .and_then(|found| found.cast_into_exact::<PyProgram>().ok());
            if let Some(found) = found
                && includes_same
                && let Some(classes) = found.get().classes_of(*digest)
            {
                self.adopt(index, classes.bind(py))?;
                programs.push(found);
                reused.push(true);
                continue;
            }
            let built = Bound::new(py, self.program(index, *digest)?)?;
            self.tell_services(program, &built)?;
            known.set_item(identity, &built)?;
            programs.push(built);
            reused.push(false);
        }
        Ok(programs)
    }

    /// Has the services of a file lead to all that it defines: a class does
    /// not know its module, which may be in no table.
    fn tell_services(&self, program: &Program, built: &Bound<'py, PyProgram>) -> PyResult<()> {
        let name = intern!(self.py(), "__fastthrift_program__");
        for definition in &program.definitions {
            if let Definition::Service(id) = definition
                && let Some(class) = &self.services.borrow()[id.index()]
            {
                ffi::set_own_attribute(class, name, Some(built.as_any()))?;
            }
        }
        Ok(())
    }

    /// Takes over the classes of a program that was built before.
    fn adopt(&self, index: usize, classes: &Bound<'py, PyList>) -> PyResult<()> {
        let linked = self.linked.get();
        let mut classes = classes.iter();
        for definition in &self.schema().programs[index].definitions {
            if matches!(definition, Definition::Const(_) | Definition::Typedef(_)) {
                continue;
            }
            let Some(class) = classes.next() else { break };
            let class = class.cast_into()?;
            match definition {
                Definition::Enum(id) => linked.set_enum(*id, &class),
                Definition::Struct(id) => linked.set_struct(*id, &class),
                Definition::Service(id) => self.services.borrow_mut()[id.index()] = Some(class),
                Definition::Const(_) | Definition::Typedef(_) => {}
            }
        }
        Ok(())
    }

    fn program(&self, index: usize, digest: u64) -> PyResult<PyProgram> {
        let schema = self.schema();
        let definitions = &schema.programs[index].definitions;
        for definition in definitions {
            match definition {
                Definition::Enum(id) => self.linked.get().set_enum(*id, &self.new_enum(*id)?),
                Definition::Struct(id) => self.new_struct(*id)?,
                _ => {}
            }
        }
        for definition in definitions {
            if let Definition::Struct(id) = definition
                && let Some(members) = &self.open.borrow()[id.index()]
            {
                self.fill_members(members, &schema[*id].fields)?;
            }
        }
        for definition in definitions {
            if let Definition::Struct(id) = definition {
                self.set_defaults(*id)?;
            }
        }
        let output = ModuleContents::new(self.py());
        for definition in definitions {
            self.add(&output, *definition)?;
        }
        Ok(output.finish(digest))
    }

    fn add(&self, output: &ModuleContents<'py>, definition: Definition) -> PyResult<()> {
        let py = self.py();
        let schema = self.schema();
        match definition {
            Definition::Const(id) => {
                let model = &schema[id];
                let value = self.value(&model.ty, &model.value)?;
                let name = self.definition_name(&model.name, &schema[model.program]);
                output.annotate(
                    intern!(py, "__thrift_const_annotations__"),
                    &name,
                    &self.annotations(&model.annotations)?,
                )?;
                let ty = self.type_spec(&model.ty)?;
                output.note(intern!(py, "__fastthrift_consts__"), &name, &ty)?;
                if let Some(doc) = &model.doc {
                    let doc = PyString::new(py, doc);
                    output.note(intern!(py, "__fastthrift_docs__"), &name, &doc)?;
                }
                output.list(MetaList::Consts, &value)?;
                output.define(&model.name, &name, &value)
            }
            Definition::Typedef(id) => {
                let model = &schema[id];
                let name = self.definition_name(&model.name, &schema[model.program]);
                output.annotate(
                    intern!(py, "__thrift_typedef_annotations__"),
                    &name,
                    &self.annotations(&model.annotations)?,
                )?;
                let ty = self.type_spec(&model.ty)?;
                output.note(intern!(py, "__fastthrift_typedefs__"), &name, &ty)?;
                if let Some(doc) = &model.doc {
                    let doc = PyString::new(py, doc);
                    output.note(intern!(py, "__fastthrift_docs__"), &name, &doc)?;
                }
                output.define(&model.name, &name, &ty)
            }
            Definition::Enum(id) => {
                let model = &schema[id];
                let name = self.definition_name(&model.name, &schema[model.program]);
                output.class(MetaList::Enums, &model.name, &name, self.enum_class(id))
            }
            Definition::Struct(id) => {
                let model = &schema[id];
                let kind = match model.kind {
                    StructKind::Struct => MetaList::Structs,
                    StructKind::Union => MetaList::Unions,
                    StructKind::Exception => MetaList::Exceptions,
                };
                let name = self.definition_name(&model.name, &schema[model.program]);
                output.class(kind, &model.name, &name, self.struct_class(id))
            }
            Definition::Service(id) => {
                let class = self.service_class(id)?;
                let model = &schema[id];
                let name = self.definition_name(&model.name, &schema[model.program]);
                output.class(MetaList::Services, &model.name, &name, &class)
            }
        }
    }

    /// The class of an enum, which is always made before it is needed.
    pub fn enum_class(&self, id: EnumId) -> &'a Bound<'py, PyType> {
        let class = self.linked.get().enum_class(self.py(), id);
        class.expect("enums of a file are made before all else, and files after what they include")
    }

    /// The class of a struct, which is always made before it is needed.
    pub fn struct_class(&self, id: StructId) -> &'a Bound<'py, PyType> {
        let class = self.linked.get().struct_class(self.py(), id);
        class.expect("structs of a file are made before they are used, and files after includes")
    }

    /// The class of a service, made now if need be: a service may extend one
    /// that stands behind it.
    pub fn service_class(&self, id: ServiceId) -> PyResult<Bound<'py, PyType>> {
        if let Some(class) = &self.services.borrow()[id.index()] {
            return Ok(class.clone());
        }
        // From the first of them on: a chain may be of any length.
        let is_new = |id: &ServiceId| self.services.borrow()[id.index()].is_none();
        let base = |id: &ServiceId| self.schema()[*id].extends.filter(is_new);
        let chain: Vec<_> = std::iter::successors(Some(id), base).collect();
        for id in chain.into_iter().rev() {
            let class = self.new_service(id)?;
            self.services.borrow_mut()[id.index()] = Some(class);
        }
        let made = self.services.borrow()[id.index()].clone();
        Ok(made.expect("it is the last of the chain"))
    }

    /// A name as the interned string that attribute access looks for.
    pub fn name(&self, name: &'a str) -> Bound<'py, PyString> {
        let mut names = self.names.borrow_mut();
        let known = names
            .entry(name)
            .or_insert_with(|| KnownName::new(self.py(), name));
        known.text.clone()
    }

    /// The attribute for a name among others.
    pub fn attribute(&self, name: &'a str, taken: impl Fn(&str) -> bool) -> Bound<'py, PyString> {
        match self.classes().naming.attribute(name, taken) {
            Some(attribute) => PyString::intern(self.py(), &attribute),
            None => self.name(name),
        }
    }

    /// The attribute for a field among those of a definition of its kind.
    pub fn field_name(
        &self,
        name: &'a str,
        fields: &[Field],
        kind: StructKind,
    ) -> Bound<'py, PyString> {
        let taken = |other: &str| fields.iter().any(|field| field.name == other);
        // Those of every exception of Python are a tuple, and nothing else.
        if kind == StructKind::Exception && name == "args" {
            return PyString::intern(self.py(), &underscored(name, taken));
        }
        self.attribute(name, taken)
    }

    /// The attribute of the module for a definition of a file.
    pub fn definition_name(&self, name: &'a str, program: &Program) -> Bound<'py, PyString> {
        let schema = self.schema();
        self.attribute(name, |other| defines(schema, program, other))
    }

    /// `(name, None)`, which says in `default_spec` that a field of this name
    /// has no default: one for all of them.
    pub fn no_default(&self, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyTuple>> {
        let new = || (name, name.py().None()).into_pyobject(name.py());
        let mut names = self.names.borrow_mut();
        let Some(known) = names.get_mut(name.to_str()?) else {
            return new();
        };
        if let Some(pair) = &known.no_default {
            return Ok(pair.clone());
        }
        Ok(known.no_default.insert(new()?).clone())
    }

    /// Annotations as a dict; None for one without a value.
    pub fn annotations(&self, annotations: &[Annotation]) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(self.py());
        for annotation in annotations {
            dict.set_item(&annotation.key, &annotation.value)?;
        }
        Ok(dict)
    }

    /// Sets what a doc comment says; without one it is None, as everywhere.
    pub fn set_doc(&self, namespace: &Bound<'py, PyDict>, doc: Option<&str>) -> PyResult<()> {
        match doc {
            Some(doc) => namespace.set_item(intern!(self.py(), "__doc__"), doc),
            None => Ok(()),
        }
    }

    /// The attributes that every class of a file starts with.
    pub fn class_namespace(
        &self,
        program: ProgramId,
        line: Option<u32>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let py = self.py();
        let linked = self.linked.get();
        let namespace = PyDict::new(py);
        namespace.set_item(intern!(py, "__module__"), linked.module_name(program))?;
        namespace.set_item(intern!(py, "__thrift_lineno__"), line)?;
        namespace.set_item(intern!(py, "__thrift_file__"), linked.path(program))?;
        if let Some(options) = linked.options() {
            namespace.set_item(intern!(py, "__thrift_options__"), options)?;
        }
        Ok(namespace)
    }
}

/// A name that came up.
struct KnownName<'py> {
    /// As the interned string that attribute access looks for.
    text: Bound<'py, PyString>,
    /// `(name, None)`, if that came up too.
    no_default: Option<Bound<'py, PyTuple>>,
}

impl<'py> KnownName<'py> {
    fn new(py: Python<'py>, name: &str) -> Self {
        Self {
            text: PyString::intern(py, name),
            no_default: None,
        }
    }
}

/// A class as `type()` makes it, of a name, its base and its attributes.
pub fn new_class<'py>(
    name: &Bound<'py, PyString>,
    base: &Bound<'py, PyType>,
    namespace: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyType>> {
    let class = name.py().get_type::<PyType>();
    Ok(class.call1((name, (base,), namespace))?.cast_into()?)
}
