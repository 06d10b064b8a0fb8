//! Service classes, with an argument and a result class for each function.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyType};

use super::builder::Builder;
use super::structs::Members;
use crate::schema::{Function, ProgramId, Service, ServiceId};

impl<'py> Builder<'_, 'py> {
    /// Makes the class of a service; the one it extends exists.
    pub fn new_service(&mut self, id: ServiceId) -> PyResult<Bound<'py, PyType>> {
        let py = self.py();
        let schema = self.schema();
        let model: &Service = &schema[id];
        let namespace = self.class_namespace(model.program, Some(model.line))?;
        let base = match model.extends {
            Some(base) => self.service_class(base)?,
            None => py.get_type::<PyAny>(),
        };
        let methods = PyList::empty(py);
        let linenos = PyDict::new(py);
        if model.extends.is_some() {
            let inherited = base.getattr(intern!(py, "__thrift_function_linenos__"))?;
            linenos.update(inherited.cast()?)?;
        }
        let annotations = PyDict::new(py);
        for function in &model.functions {
            let name = self.name(&function.name);
            self.add_function(&namespace, model.program, function)?;
            methods.append(&name)?;
            linenos.set_item(&name, function.line)?;
            if !function.annotations.is_empty() {
                annotations.set_item(&name, self.annotations(&function.annotations)?)?;
            }
        }
        if model.extends.is_some() {
            methods.call_method1(
                intern!(py, "extend"),
                (base.getattr(intern!(py, "thrift_services"))?,),
            )?;
        }
        namespace.set_item(intern!(py, "thrift_services"), methods)?;
        namespace.set_item(intern!(py, "__thrift_function_linenos__"), linenos)?;
        namespace.set_item(
            intern!(py, "__thrift_annotations__"),
            self.annotations(&model.annotations)?,
        )?;
        namespace.set_item(intern!(py, "__thrift_function_annotations__"), annotations)?;
        let name = self.definition_name(&model.name, &schema[model.program]);
        self.new_class(&name, base, &namespace)
    }

    fn add_function(
        &mut self,
        namespace: &Bound<'py, PyDict>,
        program: ProgramId,
        function: &Function,
    ) -> PyResult<()> {
        let py = self.py();
        let name = format!("{}_args", function.name);
        let arguments = self.function_struct(&name, program, &function.arguments, |_| Ok(()))?;
        namespace.set_item(name, arguments)?;

        let name = format!("{}_result", function.name);
        let success = function
            .result
            .as_ref()
            .map(|ty| self.type_parts(ty))
            .transpose()?;
        let result = self.function_struct(&name, program, &function.throws, |members| {
            if let Some((number, spec)) = success {
                members.add_success(number, spec)?;
            }
            members
                .namespace
                .set_item(intern!(py, "oneway"), function.oneway)
        })?;
        namespace.set_item(name, result)
    }

    fn function_struct(
        &mut self,
        name: &str,
        program: ProgramId,
        fields: &[crate::schema::Field],
        adjust: impl FnOnce(&mut Members<'py>) -> PyResult<()>,
    ) -> PyResult<Bound<'py, PyType>> {
        let mut members = self.members(program, None, fields)?;
        self.fill_members(&members, fields)?;
        let defaults = self.default_values(fields)?;
        adjust(&mut members)?;
        let class = members.make_struct(&self.name(name))?;
        members.set_defaults(&class, &defaults)?;
        Ok(class)
    }
}
