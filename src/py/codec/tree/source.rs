//! Where plain data comes from: Python objects.

use pyo3::exceptions::{PyTypeError, PyUnicodeEncodeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyIterator, PyList,
    PyMemoryView, PySet, PyString, PyTuple,
};

use crate::py::error::{CodecError, Result};
use crate::py::ffi::{self, Quiet};
use crate::py::structs::{Kind, PlanField};
use crate::wire::json::base64;
use crate::wire::json::text::{self, Utf8};

/// A text of a source.
pub trait SourceText<'py> {
    /// Its UTF-8; an error where it has half of a surrogate pair.
    fn utf8(&self, py: Python<'py>) -> Result<&[u8]>;
    /// The `str`.
    fn to_python(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>>;
}

/// What a value of plain data is.
pub enum PlainValue<'py, S: Source<'py> + ?Sized> {
    /// None.
    Null,
    /// A bool.
    Bool(bool),
    /// An int that fits 64 bits.
    Integer(i64),
    /// A larger int.
    Large(f64),
    /// A float.
    Double(f64),
    /// A text.
    Text(S::FoundText),
    /// Bytes.
    Bytes(Bound<'py, PyAny>),
    /// A list, set or tuple.
    List(S::List),
    /// An object, or dict.
    Object(S::Object),
    /// Something of Python that may stand for one of the others.
    Other(Bound<'py, PyAny>),
}

/// The key of an entry.
pub enum FoundKey<'py, S: Source<'py> + ?Sized> {
    /// A text.
    Text(S::FoundText),
    /// Any other value.
    Node(S::Node),
}

/// The characters of a text.
#[derive(Clone, Copy)]
pub enum Characters<'a> {
    /// UTF-8, as it stands in the text.
    Utf8(Utf8<'a>),
    /// Code points, put together.
    Codes(&'a [u32]),
}

impl Characters<'_> {
    /// The `str` of them; none where one is half of a surrogate pair.
    #[inline]
    pub fn to_str<'py>(self, quiet: &Quiet<'py>) -> Option<Bound<'py, PyAny>> {
        let text = match self {
            Self::Utf8(utf8) => quiet.str_of_text(utf8),
            Self::Codes(codes) => quiet.str_of_codes(codes),
        };
        // What is wrong is found again by whoever tells of it.
        text.map_err(|none| drop(none.raised())).ok()
    }

    /// The bytes that they are as base64, with all of its padding; none where they
    /// are anything else.
    #[inline]
    pub fn to_bytes<'py>(self, quiet: &Quiet<'py>) -> Option<Bound<'py, PyAny>> {
        let Self::Utf8(utf8) = self else {
            return None;
        };
        let utf8 = utf8.as_bytes();
        let size = base64::exact_size(utf8).filter(|_| utf8.len().is_multiple_of(4))?;
        quiet.bytes_if(size, |bytes| base64::decode_to(utf8, bytes))
    }
}

/// Gives plain data, the parts of a container one after the other.
pub trait Source<'py> {
    /// A value that nobody has looked at.
    type Node: Clone;
    /// A text.
    type FoundText: SourceText<'py>;
    /// What is left of a list.
    type List;
    /// What is left of an object.
    type Object;

    /// Looks at a value.
    fn look(&mut self, node: Self::Node) -> Result<PlainValue<'py, Self>>;
    /// The next item; none at the end.
    fn item(&mut self, list: &mut Self::List) -> Result<Option<Self::Node>>;
    /// The next entry; none at the end.
    fn entry(
        &mut self,
        object: &mut Self::Object,
    ) -> Result<Option<(FoundKey<'py, Self>, Self::Node)>>;
    /// The node, unless it is None.
    fn peek_null(&mut self, node: Self::Node) -> Result<Option<Self::Node>>;
    /// A scalar of the form that writers give it, which is the value of a kind
    /// whatever the options are: what a text has is taken at once. Nothing is
    /// taken where it is none.
    #[inline]
    fn scalar(
        &mut self,
        node: &Self::Node,
        kind: &Kind,
        quiet: &Quiet<'py>,
        longest: usize,
    ) -> Option<Bound<'py, PyAny>> {
        let _ = (node, kind, quiet, longest);
        None
    }
    /// What `make` gives for a text of at most so many bytes of UTF-8, taken at
    /// once. Nothing is taken where it is none.
    #[inline]
    fn text(
        &mut self,
        node: &Self::Node,
        longest: usize,
        make: impl FnOnce(Characters<'_>) -> Option<Bound<'py, PyAny>>,
    ) -> Option<Bound<'py, PyAny>> {
        let _ = (node, longest, make);
        None
    }
    /// Whether a value is an object, which is begun then. Nothing is taken where
    /// it is none.
    #[inline]
    fn begins_object(&mut self, node: &Self::Node) -> Option<Self::Object> {
        let _ = node;
        None
    }
    /// Whether an object has no more entries, and is ended then. Nothing is
    /// taken where it is not.
    #[inline]
    fn ends_object(&mut self, object: &Self::Object) -> bool {
        let _ = object;
        false
    }
    /// The next entry, where its key is this one, with its quotes and the colon
    /// behind it. Nothing is taken where it is none.
    #[inline]
    fn keyed(&mut self, object: &mut Self::Object, key: &[u8]) -> Option<Self::Node> {
        let _ = (object, key);
        None
    }
    /// The next entry, where its key is the name of one of these fields, and
    /// which of them. Nothing is taken where it is none.
    #[inline]
    fn field(
        &mut self,
        object: &mut Self::Object,
        fields: &[PlanField],
    ) -> Option<(usize, Self::Node)> {
        let _ = (object, fields);
        None
    }
    /// The text of a number, as Python writes it, where the source is of
    /// objects.
    fn text_of_number(node: &Self::Node) -> Result<Option<Bound<'py, PyString>>> {
        let _ = node;
        Ok(None)
    }
    /// A text, as if it had been looked at.
    fn text_found(text: &Self::FoundText) -> PlainValue<'py, Self>;
    /// An object of Python as a value, where the source is of such.
    fn of_python(value: Bound<'py, PyAny>) -> Option<Self::Node>;
    /// How many items there are, or room for how many is to be made at first.
    fn count(&self, list: &Self::List) -> usize;
    /// Where the value begins that was looked at last, in bytes of a text.
    fn offset(&self) -> Option<u64>;
    /// Whether looking at data runs code of the program.
    const RUNS_CODE: bool;
    /// What None is called.
    const NULL: &'static str;
}

/// Objects of Python.
pub struct PythonSource<'py> {
    /// The interpreter.
    pub py: Python<'py>,
}

/// The items of a list.
pub struct Items<'py> {
    items: Bound<'py, PyIterator>,
    count: usize,
}

/// The entries of a dict, of which there is a copy: what is made of them may
/// run code that changes it.
pub struct Pairs<'py> {
    pairs: std::vec::IntoIter<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
}

impl<'py> SourceText<'py> for Bound<'py, PyString> {
    fn utf8(&self, py: Python<'py>) -> Result<&[u8]> {
        match self.to_str() {
            Ok(text) => Ok(text.as_bytes()),
            Err(error) => {
                let error = ffi::exception_of(py, error);
                if error.is_instance_of::<PyUnicodeEncodeError>() {
                    return Err(half_pair());
                }
                Err(PyErr::from_value(error.into_any()).into())
            }
        }
    }

    fn to_python(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        match self.cast_exact::<PyString>() {
            Ok(text) => Ok(text.clone().into_any()),
            // A subclass may have attributes, which can change.
            Err(_) => Ok(PyString::new(py, self.to_str()?).into_any()),
        }
    }
}

#[cold]
pub fn half_pair() -> CodecError {
    CodecError::value("a text has half of a surrogate pair, which UTF-8 cannot hold")
}

impl<'py> PythonSource<'py> {
    fn items(value: &Bound<'py, PyAny>, count: usize) -> Result<PlainValue<'py, Self>> {
        let items = value.try_iter()?;
        Ok(PlainValue::List(Items { items, count }))
    }

    fn pairs(dict: &Bound<'py, PyDict>) -> PlainValue<'py, Self> {
        let pairs: Vec<_> = ffi::DictEntries::new(dict).collect();
        PlainValue::Object(Pairs {
            pairs: pairs.into_iter(),
        })
    }

    fn integer(value: &Bound<'py, PyAny>) -> PlainValue<'py, Self> {
        match value.extract::<i64>() {
            Ok(number) => PlainValue::Integer(number),
            Err(_) => PlainValue::Large(value.extract::<f64>().unwrap_or(f64::INFINITY)),
        }
    }
}

impl<'py> Source<'py> for PythonSource<'py> {
    type Node = Bound<'py, PyAny>;
    type FoundText = Bound<'py, PyString>;
    type List = Items<'py>;
    type Object = Pairs<'py>;

    // On its own: the frames of those that call it are needed at every level of
    // nesting.
    #[inline(never)]
    fn look(&mut self, node: Bound<'py, PyAny>) -> Result<PlainValue<'py, Self>> {
        if let Ok(text) = node.cast::<PyString>() {
            return Ok(PlainValue::Text(text.clone()));
        }
        if node.is_none() {
            return Ok(PlainValue::Null);
        }
        if let Ok(value) = node.cast::<PyBool>() {
            return Ok(PlainValue::Bool(value.is_true()));
        }
        if node.is_instance_of::<PyInt>() {
            return Ok(Self::integer(&node));
        }
        if let Ok(value) = node.cast::<PyFloat>() {
            return Ok(PlainValue::Double(value.value()));
        }
        if let Ok(dict) = node.cast_exact::<PyDict>() {
            return Ok(Self::pairs(dict));
        }
        if let Ok(list) = node.cast::<PyList>() {
            return Self::items(&node, list.len());
        }
        if let Ok(tuple) = node.cast::<PyTuple>() {
            return Self::items(&node, tuple.len());
        }
        if node.is_instance_of::<PySet>() || node.is_instance_of::<PyFrozenSet>() {
            let length = node.len()?;
            return Self::items(&node, length);
        }
        if node.is_instance_of::<PyBytes>()
            || node.is_instance_of::<PyByteArray>()
            || node.is_instance_of::<PyMemoryView>()
        {
            return Ok(PlainValue::Bytes(node));
        }
        // Other mappings: a subclass of dict has its own idea of its items.
        let is_mapping = node.is_instance_of::<PyDict>()
            || (node.hasattr(intern!(self.py, "keys"))?
                && node.hasattr(intern!(self.py, "__getitem__"))?);
        if is_mapping {
            let dict = PyDict::new(self.py);
            match dict.call_method1(intern!(self.py, "update"), (&node,)) {
                Ok(_) => return Ok(Self::pairs(&dict)),
                // A proxy has the methods, whatever it stands for.
                Err(error) => {
                    let error = ffi::exception_of(self.py, error);
                    if !error.is_instance_of::<PyTypeError>() {
                        return Err(PyErr::from_value(error.into_any()).into());
                    }
                }
            }
        }
        Ok(PlainValue::Other(node))
    }

    fn item(&mut self, list: &mut Items<'py>) -> Result<Option<Bound<'py, PyAny>>> {
        Ok(list.items.next().transpose()?)
    }

    fn entry(
        &mut self,
        object: &mut Pairs<'py>,
    ) -> Result<Option<(FoundKey<'py, Self>, Bound<'py, PyAny>)>> {
        Ok(object.pairs.next().map(|(key, value)| {
            let key = match key.cast_into::<PyString>() {
                Ok(text) => FoundKey::Text(text),
                Err(error) => FoundKey::Node(error.into_inner()),
            };
            (key, value)
        }))
    }

    fn peek_null(&mut self, node: Bound<'py, PyAny>) -> Result<Option<Bound<'py, PyAny>>> {
        Ok((!node.is_none()).then_some(node))
    }

    fn text_of_number(node: &Self::Node) -> Result<Option<Bound<'py, PyString>>> {
        if !node.is_instance_of::<PyInt>() && !node.is_instance_of::<PyFloat>() {
            return Ok(None);
        }
        Ok(Some(node.str()?))
    }

    fn text_found(text: &Bound<'py, PyString>) -> PlainValue<'py, Self> {
        PlainValue::Text(text.clone())
    }

    fn of_python(value: Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
        Some(value)
    }

    fn count(&self, list: &Items<'py>) -> usize {
        list.count
    }

    fn offset(&self) -> Option<u64> {
        None
    }

    const RUNS_CODE: bool = true;
    const NULL: &'static str = "None";
}

/// What a text is called in an error.
pub fn quoted(utf8: &[u8]) -> String {
    const LONGEST: usize = 40;
    let text = String::from_utf8_lossy(utf8);
    let (start, rest) = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => (&text[..end], "..."),
        None => (&*text, ""),
    };
    let mut escaped = Vec::new();
    text::escape(start.as_bytes(), |piece| escaped.extend_from_slice(piece));
    format!("\"{}{rest}\"", String::from_utf8_lossy(&escaped))
}
