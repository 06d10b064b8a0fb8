//! Constants and default values as Python objects.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyList, PySet, PyTuple, PyType};

use super::builder::Builder;
use super::options::EnumValues;
use crate::py::imports;
use crate::schema::{Type, TypeParts, Value};

impl<'py> Builder<'_, 'py> {
    /// The Python object of a value of a type.
    pub fn value(&self, ty: &Type, value: &Value) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py();
        Ok(match value {
            Value::Int(number) if self.classes().enums == EnumValues::Members => {
                let number = number.into_pyobject(py)?.into_any();
                match ty {
                    Type::Enum(id) => Self::member(self.enum_class(*id), number)?,
                    _ => number,
                }
            }
            Value::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
            Value::Int(value) => value.into_pyobject(py)?.into_any(),
            Value::BigInt(digits) => py.get_type::<PyInt>().call1((digits, 0))?,
            Value::Double(value) => value.into_pyobject(py)?.into_any(),
            Value::String(text) => text.into_pyobject(py)?.into_any(),
            Value::Uuid(text) => imports::uuid(py)?.call1((text.as_str(),))?,
            Value::List(items) => PyList::new(py, self.values(ty, items)?)?.into_any(),
            Value::Set(items) if !has_hash(ty) => {
                PyList::new(py, self.values(ty, items)?)?.into_any()
            }
            Value::Set(items) => {
                let items = self.values(ty, items)?;
                let set = PySet::empty(py)?;
                for item in items {
                    // Lists and sets as elements: Python can hash what cannot
                    // be changed only.
                    set.add(hashable(item)?)?;
                }
                set.into_any()
            }
            Value::Map(entries) => {
                let map = PyDict::new(py);
                let (key_type, value_type) = match ty.parts() {
                    TypeParts::Entries(key, value) => (key, value),
                    _ => (ty, ty),
                };
                for (key, value) in entries {
                    let key = self.value(key_type, key)?;
                    map.set_item(hashable(key)?, self.value(value_type, value)?)?;
                }
                map.into_any()
            }
            Value::Struct { id, fields } => {
                self.set_defaults(*id)?;
                let kwargs = PyDict::new(py);
                let schema = self.schema();
                for (index, value) in fields {
                    let model = &schema[*id];
                    let field = &model.fields[*index as usize];
                    let name = self.field_name(&field.name, &model.fields, model.kind);
                    kwargs.set_item(name, self.value(&field.ty, value)?)?;
                }
                self.struct_class(*id).call((), Some(&kwargs))?
            }
        })
    }

    /// The elements of a list or a set of a type.
    fn values(&self, ty: &Type, values: &[Value]) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let element = match ty.parts() {
            TypeParts::Elements(element) => element,
            _ => ty,
        };
        let values = values.iter();
        values.map(|value| self.value(element, value)).collect()
    }

    /// The member of an enum class that has a number, or the number.
    fn member(
        class: &Bound<'py, PyType>,
        number: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let members = class.getattr(intern!(class.py(), "__thrift_members__"))?;
        let member = members.cast::<PyDict>()?.get_item(&number)?;
        Ok(member.unwrap_or(number))
    }
}

/// Whether the elements of a set have no maps in them, of which Python makes no hash:
/// it stays a list then, as one that is read does.
fn has_hash(set: &Type) -> bool {
    match set.parts() {
        TypeParts::Elements(element) => has_hash(element),
        TypeParts::Entries(..) => false,
        TypeParts::Word | TypeParts::Enum(_) | TypeParts::Struct(_) => true,
    }
}

/// A value that can be a key: lists become tuples, sets frozen sets, maps
/// tuples of pairs.
fn hashable<'py>(value: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    if let Ok(list) = value.cast_exact::<PyList>() {
        let items = list.iter().map(hashable).collect::<PyResult<Vec<_>>>()?;
        return Ok(PyTuple::new(py, items)?.into_any());
    }
    if value.cast_exact::<PySet>().is_ok() {
        return py.get_type::<pyo3::types::PyFrozenSet>().call1((value,));
    }
    if let Ok(dict) = value.cast_exact::<PyDict>() {
        let items = dict
            .items()
            .iter()
            .map(|item| {
                let (key, value) = item.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()?;
                Ok((key, hashable(value)?).into_pyobject(py)?.into_any())
            })
            .collect::<PyResult<Vec<_>>>()?;
        return Ok(PyTuple::new(py, items)?.into_any());
    }
    Ok(value)
}
