//! The `<function>_args` and `<function>_result` classes of services.
//!
//! Most of them are never used: a client calls a few functions of a few
//! services. Each is made when it is first asked for, by a descriptor that
//! stands in its place. A descriptor rather than a metaclass, so that the
//! class of a service class stays `type`.

use std::sync::OnceLock;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyString, PyType};

use super::builder::Builder;
use super::built::BuiltSchema;
use crate::py::ffi;
use crate::schema::{Function, Service, ServiceId, StructKind};

/// Which of the two classes of a function.
#[derive(Clone, Copy)]
pub enum Part {
    /// What is sent.
    Arguments,
    /// What is answered.
    Result,
}

impl Part {
    /// The name of the class.
    pub fn name(self, function: &Function) -> String {
        let suffix = match self {
            Self::Arguments => "_args",
            Self::Result => "_result",
        };
        [&function.name, suffix].concat()
    }
}

/// Stands in a service for a class of one of its functions until that is
/// asked for; then the class takes its place.
#[pyclass(frozen, module = "fastthrift._core")]
pub struct FunctionClass {
    linked: Py<BuiltSchema>,
    service: ServiceId,
    function: usize,
    part: Part,
    class: OnceLock<Py<PyType>>,
}

impl FunctionClass {
    /// The class of a function, not made yet.
    pub fn new(
        linked: &Bound<'_, BuiltSchema>,
        service: ServiceId,
        function: usize,
        part: Part,
    ) -> Self {
        Self {
            linked: linked.clone().unbind(),
            service,
            function,
            part,
            class: OnceLock::new(),
        }
    }

    /// The class, made at first use.
    fn class<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyType>> {
        if let Some(class) = self.class.get() {
            return Ok(class.bind(py));
        }
        let linked = self.linked.bind(py);
        let made =
            Builder::resume(linked).function_class(self.service, self.function, self.part)?;
        // Making it may run any code, of other threads too, which may have
        // come here as well: the first class is the one. No lock is held
        // meanwhile, so nobody can wait for himself.
        Ok(self.class.get_or_init(|| made.unbind()).bind(py))
    }

    fn name<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        let service = &self.linked.get().schema()[self.service];
        PyString::intern(py, &self.part.name(&service.functions[self.function]))
    }
}

#[pymethods]
impl FunctionClass {
    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        _object: &Bound<'py, PyAny>,
        owner: Option<&Bound<'py, PyType>>,
    ) -> PyResult<Bound<'py, PyType>> {
        let py = slf.py();
        let class = slf.get().class(py)?;
        let name = slf.get().name(py);
        // The service itself, or one that extends it, or one that was given
        // its attributes.
        for holder in owner.map(PyTypeMethods::mro).iter().flatten() {
            let holder = holder.cast_into::<PyType>()?;
            if ffi::own_attribute(&holder, &name).is_some_and(|own| own.is(slf)) {
                ffi::set_own_attribute(&holder, &name, Some(class.as_any()))?;
            }
        }
        Ok(class.clone())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.linked)?;
        visit.call(self.class.get())
    }
}

impl<'py> Builder<'_, 'py> {
    /// Makes a class of a function.
    fn function_class(
        &self,
        service: ServiceId,
        function: usize,
        part: Part,
    ) -> PyResult<Bound<'py, PyType>> {
        let py = self.py();
        let service: &Service = &self.schema()[service];
        let function = &service.functions[function];
        let fields = match part {
            Part::Arguments => &function.arguments,
            Part::Result => &function.throws,
        };
        let mut members = self.members(service.program, None, fields, StructKind::Struct)?;
        self.fill_members(&members, fields)?;
        self.set_doc(&members.namespace, function.doc.as_deref())?;
        let defaults = self.default_values(fields)?;
        if let Part::Result = part {
            if let Some(ty) = &function.result {
                let (number, spec) = self.type_parts(ty)?;
                members.add_success(number, spec)?;
            }
            let oneway = intern!(py, "oneway");
            members.namespace.set_item(oneway, function.oneway)?;
        }
        let class = members.make_struct(&PyString::intern(py, &part.name(function)), false)?;
        members.set_defaults(&class, &defaults)?;
        Ok(class)
    }
}
