//! Values that are read as others, and then made of those: members of enums, and
//! sets, as options of `load` have them.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyDict, PyFrozenSet, PyList, PySet};

use super::kind::Kind;
use crate::py::ffi::ScalarKind;
use crate::wire::WireType;

/// A kind whose values in Python are made of those of another one. What is written
/// is as for that one, which takes them.
pub struct Converted {
    /// What is read and written.
    pub kind: Kind,
    /// What the scalars of the kind are in Python: known here, since what calls
    /// itself is not inlined, and every list asks.
    pub scalar: ScalarKind,
    /// The type of the kind on the wire, as `scalar`.
    pub wire_type: WireType,
    into: Conversion,
}

/// What is made of a value that was read.
enum Conversion {
    /// The member of an enum, by its number; a number that has none stays.
    Member(Py<PyDict>),
    /// A set of a list.
    Set,
    /// A set, where it has to have a hash.
    FrozenSet,
    /// A tuple of a list, where that has to have a hash.
    Tuple,
}

impl Converted {
    /// The members of an enum class that has some.
    pub fn members(class: &Bound<'_, PyAny>, kind: Kind) -> PyResult<Kind> {
        let members = class.getattr_opt(intern!(class.py(), "__thrift_members__"))?;
        Ok(match members.map(Bound::cast_into::<PyDict>) {
            Some(Ok(members)) => Self::into(kind, Conversion::Member(members.unbind())),
            _ => kind,
        })
    }

    /// A set, which is read as a list.
    pub fn set(kind: Kind, hashed: bool) -> Kind {
        let into = if hashed {
            Conversion::FrozenSet
        } else {
            Conversion::Set
        };
        Self::into(kind, into)
    }

    /// A list in a place where it has to have a hash.
    pub fn tuple(kind: Kind) -> Kind {
        Self::into(kind, Conversion::Tuple)
    }

    fn into(kind: Kind, into: Conversion) -> Kind {
        Kind::Converted(Box::new(Self {
            scalar: kind.scalar(),
            wire_type: kind.wire_type(),
            kind,
            into,
        }))
    }

    /// Whether making the value may run code of the program: the hash of what is in
    /// a set.
    #[inline]
    pub fn runs_code(&self) -> bool {
        matches!(self.into, Conversion::Set | Conversion::FrozenSet)
    }

    /// The value that is made of one that was read.
    pub fn convert<'py>(&self, read: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = read.py();
        match &self.into {
            Conversion::Member(members) => {
                let member = members.bind(py).get_item(&read)?;
                Ok(member.unwrap_or(read))
            }
            Conversion::Set => py.get_type::<PySet>().call1((read,)),
            Conversion::FrozenSet => py.get_type::<PyFrozenSet>().call1((read,)),
            Conversion::Tuple => match read.cast::<PyList>() {
                Ok(list) => Ok(list.to_tuple().into_any()),
                Err(_) => Ok(read),
            },
        }
    }

    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Conversion::Member(members) = &self.into {
            visit.call(members)?;
        }
        self.kind.traverse(visit)
    }
}
