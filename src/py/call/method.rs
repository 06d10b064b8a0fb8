//! What is known of a method of a service before it is called.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

use crate::py::ffi::{self, Slot};
use crate::py::structs::{DefaultValue, Plan, layout_fields};

/// A method of a service, prepared for calls.
///
/// Kept in the service class's own `__dict__`, and dropped when one of the
/// method's two classes is another or has changed.
#[pyclass(frozen, module = "fastthrift._core")]
pub struct Method {
    /// The name, as `thrift_services` has it.
    pub name: Py<PyString>,
    /// Where `thrift_services` had the name when it was last looked for.
    place: AtomicUsize,
    arguments: Payload,
    result: Payload,
    /// None where something can see the objects of these classes, which must
    /// be made then.
    signature: Option<Signature>,
}

/// `<method>_args` or `<method>_result`.
struct Payload {
    /// The name by which the service has it.
    attribute: Py<PyString>,
    class: Py<PyType>,
    plan: Py<Plan>,
}

/// What a method takes and gives, for calls without objects of its classes.
pub struct Signature {
    /// The parameters, in declaration order.
    pub parameters: Box<[Parameter]>,
    /// The slot of `success` in the result; none for `void`.
    pub success: Option<usize>,
    /// Whether nobody waits for an answer.
    pub oneway: bool,
}

/// A parameter of a method.
pub struct Parameter {
    /// The name.
    pub name: Py<PyString>,
    /// Whether it must be given.
    pub required: bool,
    /// Its value when it is not given.
    pub default: DefaultValue,
}

impl Method {
    /// The plan of `<method>_args`.
    pub fn arguments(&self) -> &Plan {
        self.arguments.plan.get()
    }

    /// The plan of `<method>_result`.
    pub fn result(&self) -> &Plan {
        self.result.plan.get()
    }

    /// What the method takes and gives; none where calls of it go by parts.
    pub fn signature(&self) -> Option<&Signature> {
        self.signature.as_ref()
    }

    /// The method `name`, where the service has it and calls of it need no
    /// objects of its classes.
    pub fn served<'py>(
        service: &Bound<'py, PyAny>,
        name: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, Self>>> {
        let Ok(name) = name.cast_exact::<PyString>() else {
            return Ok(None);
        };
        let services = service.getattr(intern!(service.py(), "thrift_services"))?;
        let known = Self::known(service, name)?;
        // A walk compares the text of all names that come before.
        let is_seen = (known.as_ref()).is_some_and(|method| method.get().is_seen_in(&services));
        if is_seen || services.contains(name)? {
            Self::current(service, name, known)
        } else {
            Ok(None)
        }
    }

    /// The method `name` of a service, where calls of it need no objects of
    /// its classes.
    pub fn find<'py>(
        service: &Bound<'py, PyAny>,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Option<Bound<'py, Self>>> {
        Self::current(service, name, Self::known(service, name)?)
    }

    /// The method of this name that was prepared last; its classes may be
    /// others by now.
    fn known<'py>(
        service: &Bound<'py, PyAny>,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Option<Bound<'py, Self>>> {
        let Some(known) = service.cast::<PyType>().ok().and_then(methods_of) else {
            return Ok(None);
        };
        let found = known.get_item(name)?;
        Ok(found.and_then(|method| method.cast_into_exact().ok()))
    }

    fn current<'py>(
        service: &Bound<'py, PyAny>,
        name: &Bound<'py, PyString>,
        known: Option<Bound<'py, Self>>,
    ) -> PyResult<Option<Bound<'py, Self>>> {
        let py = service.py();
        let Ok(service) = service.cast::<PyType>() else {
            return Ok(None);
        };
        if let Some(method) = known
            && method.get().is_current(service)
        {
            return Ok(method.get().signature.is_some().then_some(method));
        }
        // What is wrong with a class is said by those who use it.
        let Ok(method) = Self::prepare(service, name) else {
            return Ok(None);
        };
        let method = Bound::new(py, method)?;
        if let Some(known) = methods_of(service) {
            known.set_item(name, &method)?;
        } else {
            let known = PyDict::new(py);
            known.set_item(name, &method)?;
            ffi::set_own_attribute(service, methods_attribute(py), Some(&known))?;
        }
        Ok(method.get().signature.is_some().then_some(method))
    }

    fn prepare(service: &Bound<'_, PyType>, name: &Bound<'_, PyString>) -> PyResult<Self> {
        let arguments = Payload::of(service, &format!("{name}_args"))?;
        let result = Payload::of(service, &format!("{name}_result"))?;
        let signature = Signature::of(service.py(), &arguments, &result)?;
        Ok(Self {
            name: PyString::intern(service.py(), name.to_str()?).unbind(),
            place: AtomicUsize::new(0),
            arguments,
            result,
            signature,
        })
    }

    fn is_current(&self, service: &Bound<'_, PyType>) -> bool {
        self.arguments.is_current(service) && self.result.is_current(service)
    }

    /// Whether `services` is a list with this very name. Programs may change
    /// the list at any time: what is remembered of it is only where to look
    /// first.
    fn is_seen_in(&self, services: &Bound<'_, PyAny>) -> bool {
        let Ok(services) = services.cast_exact::<PyList>() else {
            return false;
        };
        let place = self.place.load(Ordering::Relaxed);
        if place < services.len()
            && services
                .get_item(place)
                .is_ok_and(|name| name.is(&self.name))
        {
            return true;
        }
        let found = services.iter().position(|name| name.is(&self.name));
        if let Some(place) = found {
            self.place.store(place, Ordering::Relaxed);
        }
        found.is_some()
    }
}

fn methods_attribute(py: Python<'_>) -> &Bound<'_, PyString> {
    intern!(py, "__fastthrift_methods__")
}

/// The methods prepared so far, by name.
fn methods_of<'py>(service: &Bound<'py, PyType>) -> Option<Bound<'py, PyDict>> {
    let known = ffi::own_attribute(service, methods_attribute(service.py()))?;
    known.cast_into_exact().ok()
}

#[pymethods]
impl Method {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        for payload in [&self.arguments, &self.result] {
            visit.call(&payload.class)?;
            visit.call(&payload.plan)?;
        }
        let parameters = self.signature.iter().flat_map(|known| &known.parameters);
        for parameter in parameters {
            visit.call(parameter.default.value())?;
        }
        Ok(())
    }
}

/// The method `name` of a service, prepared; None where its calls go by
/// parts.
#[pyfunction]
pub fn find_method<'py>(
    service: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, Method>>> {
    Method::find(service, name)
}

impl Payload {
    fn of(service: &Bound<'_, PyType>, attribute: &str) -> PyResult<Self> {
        let py = service.py();
        let attribute = PyString::intern(py, attribute);
        let class = service.getattr(&attribute)?.cast_into::<PyType>()?;
        Ok(Self {
            plan: Plan::of(&class)?.unbind(),
            attribute: attribute.unbind(),
            class: class.unbind(),
        })
    }

    fn is_current(&self, service: &Bound<'_, PyType>) -> bool {
        let py = service.py();
        let found = ffi::lookup(service, self.attribute.bind(py));
        found.is_some_and(|class| class.is(&self.class)) && !self.plan.get().is_stale(py)
    }

    /// Whether nothing sees that an object of the class was not made: it has
    /// what `load` gave it, and nothing else. It is one of those that say
    /// when they change.
    fn is_original(&self) -> bool {
        let plan = self.plan.get();
        plan.original_layout().is_some() && plan.has_original_read() && plan.has_original_write()
    }
}

impl Signature {
    /// None where the classes are not as `load` made them.
    fn of(py: Python<'_>, arguments: &Payload, result: &Payload) -> PyResult<Option<Self>> {
        if !arguments.is_original() || !result.is_original() {
            return Ok(None);
        }
        let defaults = layout_fields(arguments.class.bind(py))?.unwrap_or_default();
        let spec = arguments.class.bind(py).getattr("thrift_spec")?;
        let mut parameters = Vec::with_capacity(defaults.len());
        for (position, field) in arguments.plan.get().fields().iter().enumerate() {
            // Everything below counts on one order.
            let Some((name, default)) = defaults.get(position) else {
                return Ok(None);
            };
            if field.slot.map(Slot::index) != Some(position) || !name.is(&field.name) {
                return Ok(None);
            }
            let entry = spec.get_item(field.id)?.cast_into::<PyTuple>()?;
            parameters.push(Parameter {
                name: name.clone().unbind(),
                required: entry.get_item(entry.len() - 1)?.is_truthy()?,
                default: DefaultValue::new(default),
            });
        }
        if parameters.len() != defaults.len() {
            return Ok(None);
        }
        let has_defaults = layout_fields(result.class.bind(py))?
            .unwrap_or_default()
            .iter()
            .any(|(_, default)| !default.is_none());
        if has_defaults {
            return Ok(None);
        }
        let success =
            (result.plan.get().fields().iter()).find(|field| *field.name.bind(py) == "success");
        Ok(Some(Self {
            parameters: parameters.into_boxed_slice(),
            success: success.and_then(|field| field.slot).map(Slot::index),
            oneway: result.class.bind(py).getattr("oneway")?.is_truthy()?,
        }))
    }
}
