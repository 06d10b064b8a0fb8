//! Makes the classes of a schema, file by file.

use std::path::PathBuf;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyType};

use super::loading::Program;
use super::names::Naming;
use super::structs::Members;
use crate::schema::{
    Annotation, Definition, EnumId, ProgramId, Schema, ServiceId, StructId, StructKind,
};

/// The state of making classes.
pub struct Builder<'a, 'py> {
    py: Python<'py>,
    schema: &'a Schema,
    naming: Naming,
    files: &'a [(PathBuf, u64)],
    module_names: Vec<Bound<'py, PyString>>,
    /// By program: the path as Python shows it; None for a text without one.
    paths: Vec<Bound<'py, PyAny>>,
    enums: Vec<Option<Bound<'py, PyType>>>,
    structs: Vec<Option<Bound<'py, PyType>>>,
    services: Vec<Option<Bound<'py, PyType>>>,
    /// The structs made in this run whose defaults are not set yet.
    open: Vec<Option<Members<'py>>>,
}

impl<'a, 'py> Builder<'a, 'py> {
    /// A builder that has built nothing.
    pub fn new(
        py: Python<'py>,
        schema: &'a Schema,
        naming: Naming,
        files: &'a [(PathBuf, u64)],
        module_names: &[String],
    ) -> PyResult<Self> {
        let paths = schema
            .programs
            .iter()
            .map(|program| match program.path.to_string_lossy() {
                path if path.is_empty() => Ok(py.None().into_bound(py)),
                path => Ok(path.into_pyobject(py)?.into_any()),
            })
            .collect::<PyResult<_>>()?;
        Ok(Self {
            py,
            schema,
            naming,
            files,
            module_names: module_names
                .iter()
                .map(|name| PyString::new(py, name))
                .collect(),
            paths,
            enums: vec![None; schema.enums.len()],
            structs: vec![None; schema.structs.len()],
            services: vec![None; schema.services.len()],
            open: std::iter::repeat_with(|| None)
                .take(schema.structs.len())
                .collect(),
        })
    }

    /// The interpreter.
    pub fn py(&self) -> Python<'py> {
        self.py
    }

    /// How attributes are called.
    pub fn naming(&self) -> Naming {
        self.naming
    }

    /// What is built.
    pub fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// The programs in order; those that `known` has from the same text, with
    /// the same includes, are used again.
    pub fn build(mut self, known: &Bound<'py, PyDict>) -> PyResult<Vec<Bound<'py, Program>>> {
        let mut programs: Vec<Bound<'py, Program>> = Vec::new();
        let mut reused = Vec::new();
        for (index, program) in self.schema.programs.iter().enumerate() {
            let (identity, digest) = &self.files[index];
            let identity = identity.to_string_lossy();
            let includes_same = program
                .includes
                .iter()
                .filter_map(|include| include.program)
                .all(|id| reused[id.index()]);
            let found = known
                .get_item(&identity)?
                .and_then(|found| found.cast_into_exact::<Program>().ok());
            if let Some(found) = found
                && includes_same
                && let Some(classes) = found.get().classes_of(*digest)
            {
                self.adopt(index, classes.bind(self.py))?;
                programs.push(found);
                reused.push(true);
                continue;
            }
            let built = Bound::new(self.py, self.program(index)?)?;
            known.set_item(identity, &built)?;
            programs.push(built);
            reused.push(false);
        }
        Ok(programs)
    }

    /// Takes over the classes of a program that was built before.
    fn adopt(&mut self, index: usize, classes: &Bound<'py, PyList>) -> PyResult<()> {
        let mut classes = classes.iter();
        for definition in &self.schema.programs[index].definitions {
            let place = match definition {
                Definition::Enum(id) => &mut self.enums[id.index()],
                Definition::Struct(id) => &mut self.structs[id.index()],
                Definition::Service(id) => &mut self.services[id.index()],
                Definition::Const(_) | Definition::Typedef(_) => continue,
            };
            *place = match classes.next() {
                Some(class) => Some(class.cast_into()?),
                None => None,
            };
        }
        Ok(())
    }

    fn program(&mut self, index: usize) -> PyResult<Program> {
        let py = self.py;
        let schema = self.schema;
        let definitions = &schema.programs[index].definitions;
        for definition in definitions {
            match definition {
                Definition::Enum(id) => self.enums[id.index()] = Some(self.new_enum(*id)?),
                Definition::Struct(id) => self.new_struct(*id)?,
                _ => {}
            }
        }
        for definition in definitions {
            if let Definition::Struct(id) = definition
                && let Some(members) = &self.open[id.index()]
            {
                self.fill_members(members, &schema[*id].fields)?;
            }
        }
        for definition in definitions {
            if let Definition::Struct(id) = definition {
                self.set_defaults(*id)?;
            }
        }
        let mut output = Output::new(py);
        for definition in definitions {
            self.add(&mut output, *definition)?;
        }
        Ok(output.finish(self.files[index].1))
    }

    fn new_struct(&mut self, id: StructId) -> PyResult<()> {
        let py = self.py;
        let model = &self.schema[id];
        let members = self.members(model.program, Some(model.line), &model.fields)?;
        members.namespace.set_item(
            intern!(py, "__thrift_annotations__"),
            self.annotations(&model.annotations)?,
        )?;
        let name = self.definition_name(&model.name, &self.schema[model.program]);
        let class = match model.kind {
            StructKind::Exception => members.make_exception(&name)?,
            StructKind::Struct | StructKind::Union => members.make_struct(&name)?,
        };
        self.structs[id.index()] = Some(class);
        self.open[id.index()] = Some(members);
        Ok(())
    }

    /// Sets the default values of a struct's fields, unless that was done or
    /// is being done.
    pub fn set_defaults(&mut self, id: StructId) -> PyResult<()> {
        if let Some(members) = self.open[id.index()].take() {
            let defaults = self.default_values(&self.schema[id].fields)?;
            let class = self.struct_class(id).clone();
            members.set_defaults(&class, &defaults)?;
        }
        Ok(())
    }

    fn add(&mut self, output: &mut Output<'py>, definition: Definition) -> PyResult<()> {
        let py = self.py;
        let schema = self.schema;
        match definition {
            Definition::Const(id) => {
                let model = &schema[id];
                let value = self.value(&model.value)?;
                let name = self.definition_name(&model.name, &schema[model.program]);
                output.annotate(
                    intern!(py, "__thrift_const_annotations__"),
                    &name,
                    &self.annotations(&model.annotations)?,
                )?;
                output.list("consts", &value)?;
                output.namespace.set_item(name, value)
            }
            Definition::Typedef(id) => {
                let model = &schema[id];
                let name = self.definition_name(&model.name, &schema[model.program]);
                output.annotate(
                    intern!(py, "__thrift_typedef_annotations__"),
                    &name,
                    &self.annotations(&model.annotations)?,
                )?;
                output.namespace.set_item(name, self.type_spec(&model.ty)?)
            }
            Definition::Enum(id) => {
                let model = &schema[id];
                let name = self.definition_name(&model.name, &schema[model.program]);
                output.class("enums", &name, self.enum_class(id))
            }
            Definition::Struct(id) => {
                let model = &schema[id];
                let kind = match model.kind {
                    StructKind::Struct => "structs",
                    StructKind::Union => "unions",
                    StructKind::Exception => "exceptions",
                };
                {
                    let name = self.definition_name(&model.name, &schema[model.program]);
                    output.class(kind, &name, self.struct_class(id))
                }
            }
            Definition::Service(id) => {
                let class = self.service_class(id)?;
                let model = &schema[id];
                let name = self.definition_name(&model.name, &schema[model.program]);
                output.class("services", &name, &class)
            }
        }
    }

    /// The class of an enum, which is always made before it is needed.
    pub fn enum_class(&self, id: EnumId) -> &Bound<'py, PyType> {
        self.enums[id.index()]
            .as_ref()
            .expect("enums of a file are made before all else, and files after what they include")
    }

    /// The class of a struct, which is always made before it is needed.
    pub fn struct_class(&self, id: StructId) -> &Bound<'py, PyType> {
        self.structs[id.index()]
            .as_ref()
            .expect("structs of a file are made before they are used, and files after includes")
    }

    /// The class of a service, made now if need be: a service may extend one
    /// that stands behind it.
    pub fn service_class(&mut self, id: ServiceId) -> PyResult<Bound<'py, PyType>> {
        if let Some(class) = &self.services[id.index()] {
            return Ok(class.clone());
        }
        let class = self.new_service(id)?;
        self.services[id.index()] = Some(class.clone());
        Ok(class)
    }

    /// A name as the interned string that attribute access looks for.
    pub fn name(&self, name: &str) -> Bound<'py, PyString> {
        PyString::intern(self.py, name)
    }

    /// Annotations as a dict; None for one without a value.
    pub fn annotations(&self, annotations: &[Annotation]) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(self.py);
        for annotation in annotations {
            dict.set_item(&annotation.key, &annotation.value)?;
        }
        Ok(dict)
    }

    /// The attributes that every class of a file starts with.
    pub fn class_namespace(
        &self,
        program: ProgramId,
        line: Option<u32>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let py = self.py;
        let namespace = PyDict::new(py);
        namespace.set_item(
            intern!(py, "__module__"),
            &self.module_names[program.index()],
        )?;
        namespace.set_item(intern!(py, "__thrift_lineno__"), line)?;
        namespace.set_item(intern!(py, "__thrift_file__"), &self.paths[program.index()])?;
        Ok(namespace)
    }

    /// Makes a plain class.
    pub fn new_class(
        &self,
        name: &Bound<'py, PyString>,
        base: Bound<'py, PyType>,
        namespace: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyType>> {
        let made = self
            .py
            .get_type::<PyType>()
            .call1((name, (base,), namespace))?;
        Ok(made.cast_into()?)
    }
}

/// What a program gives its module.
struct Output<'py> {
    namespace: Bound<'py, PyDict>,
    meta: Bound<'py, PyDict>,
    classes: Bound<'py, PyList>,
}

impl<'py> Output<'py> {
    fn new(py: Python<'py>) -> Self {
        Self {
            namespace: PyDict::new(py),
            meta: PyDict::new(py),
            classes: PyList::empty(py),
        }
    }

    /// Lists something under its kind.
    fn list(&self, kind: &str, value: &Bound<'py, PyAny>) -> PyResult<()> {
        match self.meta.get_item(kind)? {
            Some(list) => list.cast::<PyList>()?.append(value),
            None => self.meta.set_item(kind, vec![value]),
        }
    }

    fn class(
        &self,
        kind: &str,
        name: &Bound<'py, PyString>,
        class: &Bound<'py, PyType>,
    ) -> PyResult<()> {
        self.list(kind, class.as_any())?;
        self.classes.append(class)?;
        self.namespace.set_item(name, class)
    }

    fn annotate(
        &self,
        attribute: &Bound<'py, PyString>,
        name: &Bound<'py, PyString>,
        annotations: &Bound<'py, PyDict>,
    ) -> PyResult<()> {
        if annotations.is_empty() {
            return Ok(());
        }
        if let Some(all) = self.namespace.get_item(attribute)? {
            return all.cast::<PyDict>()?.set_item(name, annotations);
        }
        let all = PyDict::new(attribute.py());
        all.set_item(name, annotations)?;
        self.namespace.set_item(attribute, all)
    }

    fn finish(self, digest: u64) -> Program {
        Program::new(
            self.namespace.unbind(),
            self.meta.unbind(),
            self.classes.unbind(),
            digest,
        )
    }
}
