//! Structs, unions and exceptions.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::builder::Builder;
use super::members::{Members, spec_entry};
use crate::py::structs::{Layout, ttype};
use crate::schema::{Field, ProgramId, Requiredness, StructId, StructKind};

impl<'a, 'py> Builder<'a, 'py> {
    /// Makes the class of a struct, union or exception, whose specs are filled
    /// later.
    pub fn new_struct(&self, id: StructId) -> PyResult<()> {
        let py = self.py();
        let model = &self.schema()[id];
        let members = self.members(model.program, Some(model.line), &model.fields, model.kind)?;
        members.namespace.set_item(
            intern!(py, "__thrift_annotations__"),
            self.annotations(&model.annotations)?,
        )?;
        self.set_doc(&members.namespace, model.doc.as_deref())?;
        let name = self.definition_name(&model.name, &self.schema()[model.program]);
        let class = match model.kind {
            StructKind::Exception => members.make_exception(&name)?,
            StructKind::Struct | StructKind::Union => {
                members.make_struct(&name, self.classes().frozen)?
            }
        };
        if model.kind == StructKind::Union {
            Layout::mark_union(&class);
        }
        self.linked().get().set_struct(id, &class);
        self.open.borrow_mut()[id.index()] = Some(members);
        Ok(())
    }

    /// Sets the default values of a struct's fields, unless that was done or
    /// is being done. Structs among them have theirs before, without calls within
    /// each other: a thread may have little stack.
    pub fn set_defaults(&self, id: StructId) -> PyResult<()> {
        let mut steps = vec![Step::Begin(id)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Begin(id) => {
                    let members = match self.open.borrow_mut().get_mut(id.index()) {
                        Some(members) => members.take(),
                        None => None,
                    };
                    if let Some(members) = members {
                        steps.push(Step::Finish(id, members));
                        if !self.is_without_defaults(id) {
                            let mut needed = Vec::new();
                            let fields = self.schema()[id].fields.iter();
                            for value in fields.filter_map(|field| field.default.as_deref()) {
                                value.add_structs(1, &mut needed);
                            }
                            steps.extend(needed.into_iter().rev().map(|(id, _)| Step::Begin(id)));
                        }
                    }
                }
                Step::Finish(id, members) => {
                    let fields = &self.schema()[id].fields;
                    let defaults = if self.is_without_defaults(id) {
                        vec![self.py().None().into_bound(self.py()); fields.len()]
                    } else {
                        self.default_values(fields)?
                    };
                    members.set_defaults(self.struct_class(id), &defaults)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a struct is a strict union: a field of one that is set by itself would
    /// be a second one beside any other.
    fn is_without_defaults(&self, id: StructId) -> bool {
        self.classes().strict && self.schema()[id].kind == StructKind::Union
    }

    /// The attributes of a payload class, most of them still None: a copy of a
    /// dict that has them all need not grow with each.
    fn payload_namespace(
        &self,
        program: ProgramId,
        line: Option<u32>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let py = self.py();
        let mut template = self.template.borrow_mut();
        if template.as_ref().is_none_or(|(of, _)| *of != program) {
            let new = self.class_namespace(program, None)?;
            new.set_item(intern!(py, "_ttype"), ttype::STRUCT)?;
            for name in [
                intern!(py, "thrift_spec"),
                intern!(py, "_tspec"),
                intern!(py, "__thrift_field_linenos__"),
                intern!(py, "__thrift_field_annotations__"),
                intern!(py, "default_spec"),
            ] {
                new.set_item(name, py.None())?;
            }
            *template = Some((program, new));
        }
        let namespace = match &*template {
            Some((_, template)) => template.copy()?,
            None => PyDict::new(py),
        };
        namespace.set_item(intern!(py, "__thrift_lineno__"), line)?;
        Ok(namespace)
    }

    /// The attributes of a class with these fields; their types come later.
    pub fn members(
        &self,
        program: ProgramId,
        line: Option<u32>,
        fields: &'a [Field],
        kind: StructKind,
    ) -> PyResult<Members<'py>> {
        let py = self.py();
        let namespace = self.payload_namespace(program, line)?;
        let names: Vec<_> = fields
            .iter()
            .map(|field| self.field_name(&field.name, fields, kind))
            .collect();
        let no_defaults = names.iter().map(|name| self.no_default(name));
        let members = Members {
            thrift_spec: PyDict::new(py),
            default_spec: PyList::new(py, no_defaults.collect::<PyResult<Vec<_>>>()?)?,
            tspec: PyDict::new(py),
            names,
            namespace,
        };
        let linenos = PyDict::new(py);
        let annotations = PyDict::new(py);
        let renamed = PyDict::new(py);
        let docs = PyDict::new(py);
        for (field, name) in fields.iter().zip(&members.names) {
            linenos.set_item(name, field.line)?;
            if name != *field.name {
                renamed.set_item(name, &*field.name)?;
            }
            if !field.annotations.is_empty() {
                annotations.set_item(name, self.annotations(&field.annotations)?)?;
            }
            if let Some(doc) = &field.doc {
                docs.set_item(name, &**doc)?;
            }
        }
        let namespace = &members.namespace;
        namespace.set_item(intern!(py, "thrift_spec"), &members.thrift_spec)?;
        namespace.set_item(intern!(py, "_tspec"), &members.tspec)?;
        namespace.set_item(intern!(py, "__thrift_field_linenos__"), linenos)?;
        namespace.set_item(intern!(py, "__thrift_field_annotations__"), annotations)?;
        namespace.set_item(intern!(py, "default_spec"), &members.default_spec)?;
        if !renamed.is_empty() {
            // For protocols that send names.
            namespace.set_item(intern!(py, "__thrift_field_names__"), renamed)?;
        }
        if !docs.is_empty() {
            namespace.set_item(intern!(py, "__fastthrift_docs__"), docs)?;
        }
        Ok(members)
    }

    /// Fills the specs, now that every class exists.
    pub fn fill_members(&self, members: &Members<'py>, fields: &[Field]) -> PyResult<()> {
        for (field, name) in fields.iter().zip(&members.names) {
            let required = field.requiredness == Requiredness::Required;
            let (number, spec) = self.type_parts(&field.ty)?;
            let entry = spec_entry(number, name, spec.clone(), required)?;
            members.thrift_spec.set_item(field.id, entry)?;
            match spec {
                None => members.tspec.set_item(name, (required, number))?,
                Some(spec) => members.tspec.set_item(name, (required, (number, spec)))?,
            }
        }
        Ok(())
    }

    /// The default values of fields, None where there is none.
    pub fn default_values(&self, fields: &[Field]) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let py = self.py();
        fields
            .iter()
            .map(|field| match &field.default {
                None => Ok(py.None().into_bound(py)),
                Some(value) => self.value(&field.ty, value),
            })
            .collect()
    }
}

/// What is left to do for the defaults of a struct.
enum Step<'py> {
    /// Before them, the defaults of the structs that are in them.
    Begin(StructId),
    Finish(StructId, Members<'py>),
}
