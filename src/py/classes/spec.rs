//! Types as `thrift_spec` writes them: a `TType`, or a tuple of it and what
//! it is of.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::builder::Builder;
use crate::py::structs::ttype;
use crate::schema::Type;

impl<'py> Builder<'_, 'py> {
    /// The type's `TType`, and the sub-spec of a type that has one.
    pub fn type_parts(&self, ty: &Type) -> PyResult<(u8, Option<Bound<'py, PyAny>>)> {
        let simple = |number| Ok((number, None));
        match ty {
            Type::Bool => simple(ttype::BOOL),
            Type::I8 => simple(ttype::BYTE),
            Type::I16 => simple(ttype::I16),
            Type::I32 => simple(ttype::I32),
            Type::I64 => simple(ttype::I64),
            Type::Double => simple(ttype::DOUBLE),
            Type::Float => simple(ttype::FLOAT),
            Type::String => simple(ttype::STRING),
            Type::Binary => simple(ttype::BINARY),
            Type::Uuid => simple(ttype::UUID),
            Type::Enum(id) => Ok((ttype::I32, Some(self.enum_class(*id).clone().into_any()))),
            Type::Struct(id) => Ok((
                ttype::STRUCT,
                Some(self.struct_class(*id).clone().into_any()),
            )),
            Type::List(element) => Ok((ttype::LIST, Some(self.type_spec(element)?))),
            Type::Set(element) => Ok((ttype::SET, Some(self.type_spec(element)?))),
            Type::Map(entry) => {
                let pair = (self.type_spec(&entry.0)?, self.type_spec(&entry.1)?);
                Ok((ttype::MAP, Some(pair.into_pyobject(self.py())?.into_any())))
            }
        }
    }

    /// The type by itself: `TType.I32`, or `(TType.LIST, TType.I32)`.
    pub fn type_spec(&self, ty: &Type) -> PyResult<Bound<'py, PyAny>> {
        let (number, spec) = self.type_parts(ty)?;
        let number = number.into_pyobject(self.py())?;
        match spec {
            None => Ok(number.into_any()),
            Some(spec) => Ok(PyTuple::new(self.py(), [number.into_any(), spec])?.into_any()),
        }
    }
}
