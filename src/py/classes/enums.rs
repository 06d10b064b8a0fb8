//! Enum classes: plain classes whose attributes are ints.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyType};

use super::builder::{Builder, new_class};
use super::options::EnumValues;
use crate::py::structs::ttype;
use crate::py::{ffi, imports};
use crate::schema::{Enum, EnumId};

impl<'py> Builder<'_, 'py> {
    /// Makes the class of an enum.
    pub fn new_enum(&self, id: EnumId) -> PyResult<Bound<'py, PyType>> {
        let py = self.py();
        let model: &Enum = &self.schema()[id];
        let namespace = self.class_namespace(model.program, Some(model.line))?;
        namespace.set_item(intern!(py, "_ttype"), ttype::I32)?;
        self.set_doc(&namespace, model.doc.as_deref())?;
        let values_to_names = PyDict::new(py);
        let names_to_values = PyDict::new(py);
        let linenos = PyDict::new(py);
        let annotations = PyDict::new(py);
        let docs = PyDict::new(py);
        let members = PyList::empty(py);
        for item in &model.items {
            let name = self.name(&item.name);
            // One that is called like a word of Python is found under its
            // name nevertheless, as in thriftpy2 where that takes the word.
            let attribute = self.attribute(&item.name, |other| {
                model.items.iter().any(|item| item.name == other)
            });
            if self.classes().enums == EnumValues::Members {
                members.append((&name, item.value))?;
                if !attribute.is(&name) {
                    members.append((attribute, item.value))?;
                }
            } else {
                namespace.set_item(attribute, item.value)?;
                namespace.set_item(&name, item.value)?;
            }
            values_to_names.set_item(item.value, &name)?;
            names_to_values.set_item(&name, item.value)?;
            linenos.set_item(&name, item.line)?;
            if !item.annotations.is_empty() {
                annotations.set_item(&name, self.annotations(&item.annotations)?)?;
            }
            if let Some(doc) = &item.doc {
                docs.set_item(&name, &**doc)?;
            }
        }
        namespace.set_item(intern!(py, "_VALUES_TO_NAMES"), values_to_names)?;
        namespace.set_item(intern!(py, "_NAMES_TO_VALUES"), names_to_values)?;
        namespace.set_item(intern!(py, "__thrift_item_linenos__"), linenos)?;
        namespace.set_item(
            intern!(py, "__thrift_annotations__"),
            self.annotations(&model.annotations)?,
        )?;
        namespace.set_item(intern!(py, "__thrift_item_annotations__"), annotations)?;
        if !docs.is_empty() {
            namespace.set_item(intern!(py, "__fastthrift_docs__"), docs)?;
        }
        let name = self.definition_name(&model.name, &self.schema()[model.program]);
        if self.classes().enums == EnumValues::Members {
            let class = imports::int_enum(py)?.call1((name, members, namespace))?;
            return Ok(class.cast_into()?);
        }
        // An item with the name of a special method is one, to Python.
        if model.items.iter().any(|item| item.name.starts_with("__")) {
            return Self::class_with_special_items(&name, &namespace);
        }
        ffi::new_plain_class(&name, namespace)
    }

    /// What `type()` asks a namespace for is no number there: such items are set once the
    /// class is made, as thriftpy2 sets all of them.
    fn class_with_special_items(
        name: &Bound<'py, PyString>,
        namespace: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyType>> {
        let py = name.py();
        let mut later = Vec::new();
        for word in ["__slots__", "__classcell__", "__qualname__"] {
            if let Some(value) = namespace.get_item(word)? {
                namespace.del_item(word)?;
                later.push((word, value));
            }
        }
        let class = new_class(name, &py.get_type::<PyAny>(), namespace)?;
        for (word, value) in later {
            // The class has its own name whatever there is of that, and a name is a text.
            if word != "__qualname__" {
                class.setattr(word, value)?;
            }
        }
        Ok(class)
    }
}
