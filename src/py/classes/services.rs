//! Service classes.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyType};

use super::builder::{Builder, new_class};
use super::functions::{FunctionClass, Part};
use crate::py::ffi;
use crate::schema::{Service, ServiceId};

impl<'py> Builder<'_, 'py> {
    /// Makes the class of a service; the one it extends exists.
    pub fn new_service(&self, id: ServiceId) -> PyResult<Bound<'py, PyType>> {
        let py = self.py();
        let model: &Service = &self.schema()[id];
        let namespace = self.class_namespace(model.program, Some(model.line))?;
        self.set_doc(&namespace, model.doc.as_deref())?;
        let base = model
            .extends
            .map(|base| self.service_class(base))
            .transpose()?;
        let methods = PyList::empty(py);
        let linenos = PyDict::new(py);
        if let Some(base) = &base {
            let inherited = base.getattr(intern!(py, "__thrift_function_linenos__"))?;
            linenos.update(inherited.cast()?)?;
        }
        let annotations = PyDict::new(py);
        for (index, function) in model.functions.iter().enumerate() {
            let name = self.name(&function.name);
            for part in [Part::Arguments, Part::Result] {
                let class = FunctionClass::new(self.linked(), id, index, part);
                let name = PyString::intern(py, &part.name(function));
                namespace.set_item(name, Bound::new(py, class)?)?;
            }
            methods.append(&name)?;
            linenos.set_item(&name, function.line)?;
            if !function.annotations.is_empty() {
                annotations.set_item(&name, self.annotations(&function.annotations)?)?;
            }
        }
        if let Some(base) = &base {
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
        let name = self.definition_name(&model.name, &self.schema()[model.program]);
        match base {
            Some(base) => new_class(&name, &base, &namespace),
            None => ffi::new_plain_class(&name, namespace),
        }
    }
}
