//! Where plain data goes: Python containers or JSON text.

use pyo3::prelude::*;
use pyo3::types::frozenset::PyFrozenSetBuilder;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyList, PySet, PyString};

use crate::py::error::Result;
use crate::py::ffi::{self, Quiet};
use crate::py::structs::PlanField;
use crate::wire::Output;
use crate::wire::json::number::Digits;
use crate::wire::json::{base64, shortest, text};

/// The key of an entry.
pub enum Key<'a, 'py> {
    /// A text.
    Text(&'a Bound<'py, PyString>),
    /// A text that needs no escapes.
    Plain(&'a str),
    /// Any value that Python can hash.
    Own(Bound<'py, PyAny>),
}

/// What a list or set is in Python.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ListForm {
    /// A list.
    List,
    /// A list in a set, which has to have a hash.
    Tuple,
    /// A set.
    Set,
    /// A set in a set.
    FrozenSet,
}

/// Takes plain data, the parts of a container one after the other.
pub trait Sink<'py> {
    /// A finished value.
    type Written;
    /// A list that is not finished.
    type OpenList;
    /// An object, or dict, that is not finished.
    type OpenObject;

    /// None.
    fn null(&mut self) -> Self::Written;
    /// A bool.
    fn bool(&mut self, value: bool) -> Self::Written;
    /// An int.
    fn integer(&mut self, value: i64) -> Result<Self::Written>;
    /// A float.
    fn double(&mut self, value: f64) -> Self::Written;
    /// A text, with its UTF-8.
    fn text(&mut self, value: &Bound<'py, PyString>, utf8: &str) -> Self::Written;
    /// A text that needs no escapes.
    fn plain(&mut self, value: &str) -> Self::Written;
    /// An object of Python as it is, where the sink takes such.
    fn own(&mut self, value: Bound<'py, PyAny>) -> Option<Self::Written>;
    /// A finished value as an object of Python, where the sink has such.
    fn made(node: &Self::Written) -> Option<&Bound<'py, PyAny>>;
    /// Bytes, where they need not be text.
    fn bytes(&mut self, value: &[u8]) -> Self::Written;
    /// Begins a list or set.
    fn list(&mut self, form: ListForm) -> Result<Self::OpenList>;
    /// Goes on to the next item.
    fn before_item(&mut self, list: &mut Self::OpenList);
    /// Adds the item.
    fn item(&mut self, list: &mut Self::OpenList, node: Self::Written) -> Result<()>;
    /// Ends a list or set.
    fn end_list(&mut self, list: Self::OpenList) -> Self::Written;
    /// Begins an object.
    fn object(&mut self) -> Self::OpenObject;
    /// Goes on to the entry of a field.
    fn field(&mut self, object: &mut Self::OpenObject, field: &PlanField) -> Result<()>;
    /// Goes on to the next entry.
    fn key(&mut self, object: &mut Self::OpenObject, key: Key<'_, 'py>) -> Result<()>;
    /// Adds the value of the entry.
    fn entry(&mut self, object: &mut Self::OpenObject, node: Self::Written) -> Result<()>;
    /// Ends an object.
    fn end_object(&mut self, object: Self::OpenObject) -> Self::Written;
}

/// Makes dicts, lists and sets.
pub struct PythonSink<'py> {
    /// The interpreter.
    pub py: Python<'py>,
}

/// A list or set of Python.
pub enum Sequence<'py> {
    List(Bound<'py, PyList>),
    Tuple(Bound<'py, PyList>),
    Set(Bound<'py, PySet>),
    FrozenSet(PyFrozenSetBuilder<'py>),
}

/// A dict, and the key whose value comes next.
pub struct DictEntry<'py> {
    dict: Bound<'py, PyDict>,
    key: Option<Bound<'py, PyAny>>,
}

impl<'py> Sink<'py> for PythonSink<'py> {
    type Written = Bound<'py, PyAny>;
    type OpenList = Sequence<'py>;
    type OpenObject = DictEntry<'py>;

    fn null(&mut self) -> Self::Written {
        self.py.None().into_bound(self.py)
    }

    fn bool(&mut self, value: bool) -> Self::Written {
        PyBool::new(self.py, value).to_owned().into_any()
    }

    fn integer(&mut self, value: i64) -> Result<Self::Written> {
        Ok(Quiet::new(self.py, false).int(value))
    }

    fn double(&mut self, value: f64) -> Self::Written {
        PyFloat::new(self.py, value).into_any()
    }

    fn text(&mut self, value: &Bound<'py, PyString>, utf8: &str) -> Self::Written {
        match value.cast_exact::<PyString>() {
            Ok(text) => text.clone().into_any(),
            // A subclass may have attributes, which can change.
            Err(_) => self.plain(utf8),
        }
    }

    fn plain(&mut self, value: &str) -> Self::Written {
        PyString::new(self.py, value).into_any()
    }

    fn own(&mut self, value: Bound<'py, PyAny>) -> Option<Self::Written> {
        Some(value)
    }

    fn made(node: &Self::Written) -> Option<&Bound<'py, PyAny>> {
        Some(node)
    }

    fn bytes(&mut self, value: &[u8]) -> Self::Written {
        PyBytes::new(self.py, value).into_any()
    }

    fn list(&mut self, form: ListForm) -> Result<Self::OpenList> {
        Ok(match form {
            ListForm::List => Sequence::List(PyList::empty(self.py)),
            ListForm::Tuple => Sequence::Tuple(PyList::empty(self.py)),
            ListForm::Set => Sequence::Set(PySet::empty(self.py)?),
            ListForm::FrozenSet => Sequence::FrozenSet(PyFrozenSetBuilder::new(self.py)?),
        })
    }

    fn before_item(&mut self, _: &mut Self::OpenList) {}

    fn item(&mut self, list: &mut Self::OpenList, node: Self::Written) -> Result<()> {
        match list {
            Sequence::List(list) | Sequence::Tuple(list) => list.append(node)?,
            Sequence::Set(set) => set.add(node)?,
            Sequence::FrozenSet(set) => set.add(node)?,
        }
        Ok(())
    }

    fn end_list(&mut self, list: Self::OpenList) -> Self::Written {
        match list {
            Sequence::List(list) => list.into_any(),
            Sequence::Tuple(list) => list.to_tuple().into_any(),
            Sequence::Set(set) => set.into_any(),
            Sequence::FrozenSet(set) => set.finalize().into_any(),
        }
    }

    fn object(&mut self) -> Self::OpenObject {
        DictEntry {
            dict: PyDict::new(self.py),
            key: None,
        }
    }

    fn field(&mut self, object: &mut Self::OpenObject, field: &PlanField) -> Result<()> {
        object.key = Some(field.idl_name.bind(self.py).clone().into_any());
        Ok(())
    }

    fn key(&mut self, object: &mut Self::OpenObject, key: Key<'_, 'py>) -> Result<()> {
        object.key = Some(match key {
            Key::Text(text) => match text.cast_exact::<PyString>() {
                Ok(text) => text.clone().into_any(),
                Err(_) => PyString::new(self.py, text.to_str()?).into_any(),
            },
            Key::Plain(text) => PyString::new(self.py, text).into_any(),
            Key::Own(value) => value,
        });
        Ok(())
    }

    fn entry(&mut self, object: &mut Self::OpenObject, node: Self::Written) -> Result<()> {
        if let Some(key) = object.key.take() {
            ffi::set_item(&object.dict, &key, &node)?;
        }
        Ok(())
    }

    fn end_object(&mut self, object: Self::OpenObject) -> Self::Written {
        object.dict.into_any()
    }
}

/// Writes JSON text: dense, or `SPACED` as by `json.dumps` of Python, in ASCII
/// and with a space behind commas and colons.
pub struct TextSink<'a, 'py, O, const SPACED: bool> {
    /// The interpreter.
    pub py: Python<'py>,
    /// Where it goes.
    pub out: &'a mut O,
}

impl<O: Output, const SPACED: bool> TextSink<'_, '_, O, SPACED> {
    fn string(&mut self, value: &str) {
        const QUOTE: u64 = b'"' as u64;
        let bytes = value.as_bytes();
        let length = if SPACED {
            text::printable(bytes)
        } else {
            text::plain(bytes).0
        };
        if length == bytes.len() {
            self.out.put_headed(QUOTE, 1, bytes);
            self.out.put_short(QUOTE, 1);
            return;
        }
        self.out.put(b"\"");
        if SPACED {
            text::escape_ascii(value, |piece| self.out.put(piece));
        } else {
            text::escape(bytes, |piece| self.out.put(piece));
        }
        self.out.put(b"\"");
    }

    fn comma(&mut self, begun: &mut bool) {
        if *begun {
            self.out.put(if SPACED { b", " } else { b"," });
        }
        *begun = true;
    }
}

impl<'py, O: Output, const SPACED: bool> Sink<'py> for TextSink<'_, 'py, O, SPACED> {
    type Written = ();
    /// Whether it has an item.
    type OpenList = bool;
    /// Whether it has an entry.
    type OpenObject = bool;

    fn null(&mut self) {
        self.out.put(b"null");
    }

    fn bool(&mut self, value: bool) {
        self.out.put(if value { b"true" } else { b"false" });
    }

    fn integer(&mut self, value: i64) -> Result<()> {
        self.out.put(Digits::of(value).as_bytes());
        Ok(())
    }

    fn double(&mut self, value: f64) {
        shortest::format(value, |text| self.out.put(text));
    }

    fn text(&mut self, _: &Bound<'py, PyString>, utf8: &str) {
        self.string(utf8);
    }

    fn plain(&mut self, value: &str) {
        self.out.put(b"\"");
        self.out.put(value.as_bytes());
        self.out.put(b"\"");
    }

    fn own(&mut self, _: Bound<'py, PyAny>) -> Option<()> {
        None
    }

    fn made((): &()) -> Option<&Bound<'py, PyAny>> {
        None
    }

    fn bytes(&mut self, value: &[u8]) {
        self.out.put(b"\"");
        base64::encode(value, |piece| self.out.put(piece));
        self.out.put(b"\"");
    }

    fn list(&mut self, _: ListForm) -> Result<bool> {
        self.out.put(b"[");
        Ok(false)
    }

    #[inline]
    fn before_item(&mut self, list: &mut bool) {
        self.comma(list);
    }

    fn item(&mut self, _: &mut bool, (): ()) -> Result<()> {
        Ok(())
    }

    fn end_list(&mut self, _: bool) {
        self.out.put(b"]");
    }

    fn object(&mut self) -> bool {
        self.out.put(b"{");
        false
    }

    #[inline]
    fn field(&mut self, object: &mut bool, field: &PlanField) -> Result<()> {
        let Some(key) = &field.json_key else {
            return self.key(object, Key::Text(field.idl_name.bind(self.py)));
        };
        let key = key.as_bytes();
        if !*object {
            *object = true;
            self.out.put(key);
        } else if SPACED {
            self.out
                .put_headed(u64::from(u16::from_le_bytes(*b", ")), 2, key);
        } else {
            self.out.put_headed(b','.into(), 1, key);
        }
        if SPACED {
            self.out.put_short(b' '.into(), 1);
        }
        Ok(())
    }

    #[inline]
    fn key(&mut self, object: &mut bool, key: Key<'_, 'py>) -> Result<()> {
        self.comma(object);
        match key {
            Key::Text(text) => match ffi::exact_utf8(text.as_any()) {
                Some(bytes) if text::plain(bytes) == (bytes.len(), true) => {
                    self.out.put(b"\"");
                    self.out.put(bytes);
                    self.out.put(b"\"");
                }
                _ => self.string(text.to_str()?),
            },
            Key::Plain(text) => self.plain(text),
            Key::Own(value) => self.string(value.str()?.to_str()?),
        }
        self.out.put(if SPACED { b": " } else { b":" });
        Ok(())
    }

    fn entry(&mut self, _: &mut bool, (): ()) -> Result<()> {
        Ok(())
    }

    fn end_object(&mut self, _: bool) {
        self.out.put(b"}");
    }
}
