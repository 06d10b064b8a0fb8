//! Constants and default values as Python objects.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyList, PySet, PyTuple};

use super::builder::Builder;
use crate::py::imports;
use crate::schema::Value;

impl<'py> Builder<'_, 'py> {
    /// The Python object of a value.
    pub fn value(&self, value: &Value) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py();
        Ok(match value {
            Value::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
            Value::Int(value) => value.into_pyobject(py)?.into_any(),
            Value::BigInt(digits) => py.get_type::<PyInt>().call1((digits, 0))?,
            Value::Double(value) => value.into_pyobject(py)?.into_any(),
            Value::String(text) => text.into_pyobject(py)?.into_any(),
            Value::Uuid(text) => imports::uuid(py)?.call1((text,))?,
            Value::List(items) => PyList::new(py, self.values(items)?)?.into_any(),
            Value::Set(items) => {
                let items = self.values(items)?;
                let set = PySet::empty(py)?;
                for item in items {
                    // Lists and maps as elements: Python can hash what cannot
                    // be changed only.
                    set.add(hashable(item)?)?;
                }
                set.into_any()
            }
            Value::Map(entries) => {
                let map = PyDict::new(py);
                for (key, value) in entries {
                    let key = self.value(key)?;
                    map.set_item(hashable(key)?, self.value(value)?)?;
                }
                map.into_any()
            }
            Value::Struct { id, fields } => {
                self.set_defaults(*id)?;
                let kwargs = PyDict::new(py);
                let schema = self.schema();
                for (index, value) in fields {
                    let all = &schema[*id].fields;
                    let name = self.field_name(&all[*index as usize].name, all);
                    kwargs.set_item(name, self.value(value)?)?;
                }
                self.struct_class(*id).call((), Some(&kwargs))?
            }
        })
    }

    fn values(&self, values: &[Value]) -> PyResult<Vec<Bound<'py, PyAny>>> {
        values.iter().map(|value| self.value(value)).collect()
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
