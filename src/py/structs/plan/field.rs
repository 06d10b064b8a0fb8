//! A field of a plan.

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple};

use super::kind::{Kind, KindOptions};
use crate::py::ffi::{ScalarKind, Slot};
use crate::wire::WireType;
use crate::wire::json::text;

/// A field.
pub struct PlanField {
    /// The field id.
    pub id: i16,
    /// What its value looks like.
    pub kind: Kind,
    /// What Python has for its value.
    pub scalar: ScalarKind,
    /// The type on the wire.
    pub wire_type: WireType,
    /// Its slot in the class's layout; by attribute otherwise.
    pub slot: Option<Slot>,
    /// The attribute's name.
    pub name: Py<PyString>,
    /// Its name in the IDL, for formats that have names.
    pub idl_name: Py<PyString>,
    /// That name as the key of JSON; none where it needs escapes.
    pub json_key: Option<JsonKey>,
    /// Whether the IDL says that it is always set.
    pub required: bool,
    /// The `ttype` of `thrift_spec`, for error texts.
    pub ttype: Py<PyAny>,
    /// The sub-spec of `thrift_spec`, for error texts.
    pub spec: Py<PyAny>,
}

impl PlanField {
    pub fn compile<'py>(
        id: &Bound<'py, PyAny>,
        entry: &Bound<'py, PyAny>,
        slot_of: &impl Fn(&Bound<'py, PyString>) -> Option<Slot>,
        renamed: Option<&Bound<'py, PyDict>>,
        kinds: KindOptions,
    ) -> PyResult<Self> {
        let py = id.py();
        let entry = entry.cast::<PyTuple>()?;
        let ttype = entry.get_item(0)?;
        let name = entry.get_item(1)?.cast_into::<PyString>()?;
        // (ttype, name, required) or (ttype, name, spec, required).
        let spec = if entry.len() > 3 {
            entry.get_item(2)?
        } else {
            py.None().into_bound(py)
        };
        let required = entry.get_item(entry.len() - 1)?.is_truthy()?;
        let other = match renamed {
            Some(renamed) => renamed.get_item(&name)?,
            None => None,
        };
        let idl_name = match other {
            Some(other) => other.cast_into::<PyString>()?,
            None => name.clone(),
        };
        let kind = Kind::compile_with(&ttype, &spec, kinds)?;
        Ok(Self {
            id: id_of(id, &name)?,
            scalar: kind.scalar(),
            wire_type: kind.wire_type(),
            kind,
            slot: slot_of(&name),
            name: name.unbind(),
            json_key: JsonKey::new(&idl_name),
            idl_name: idl_name.unbind(),
            required,
            ttype: ttype.unbind(),
            spec: spec.unbind(),
        })
    }
}

impl PlanField {
    /// Whether it has this name, as an attribute or in the IDL.
    pub fn is_called(&self, py: Python<'_>, name: &str) -> bool {
        *self.name.bind(py) == *name || *self.idl_name.bind(py) == *name
    }
}

/// A name as the key of JSON, `"name":`.
pub struct JsonKey {
    text: Box<[u8]>,
    /// The whole of a short one as a number, and the bits that it has of so many bytes.
    /// No text has what a long one has here.
    number: u128,
    mask: u128,
}

impl JsonKey {
    /// How long a short one is at most.
    const SHORT: usize = size_of::<u128>();

    fn new(name: &Bound<'_, PyString>) -> Option<Self> {
        let name = name.to_str().ok()?.as_bytes();
        (text::plain(name) == (name.len(), true)).then_some(())?;
        let text = [b"\"", name, b"\":"].concat().into_boxed_slice();
        let (mut number, mut mask) = (1, 0);
        if text.len() <= Self::SHORT {
            let mut padded = [0; Self::SHORT];
            padded[..text.len()].copy_from_slice(&text);
            number = u128::from_le_bytes(padded);
            mask = u128::MAX >> (8 * (Self::SHORT - text.len()));
        }
        Some(Self { text, number, mask })
    }

    /// The key.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// Whether a text begins with the key, where that can be seen at once: the key is
    /// short, and the end of the text is not near.
    #[inline]
    pub fn is_short_start_of(&self, text: &[u8]) -> bool {
        text.first_chunk()
            .is_some_and(|start| u128::from_le_bytes(*start) & self.mask == self.number)
    }
}

/// A field id, of which a file may have larger ones than are sent: `fastthrift check`
/// warns of them in the same words.
fn id_of(id: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> PyResult<i16> {
    id.extract().map_err(|error| {
        if !id.is_instance_of::<PyInt>() {
            return error;
        }
        PyOverflowError::new_err(format!(
            "the field id {id} does not fit the 16 bits it is sent in; give `{name}` a number \
             from {} to {}",
            i16::MIN,
            i16::MAX
        ))
    })
}
