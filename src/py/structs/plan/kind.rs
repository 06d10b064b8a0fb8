//! What values look like on the Python side.

use std::mem;

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use super::Plan;
use super::converted::Converted;
use crate::py::ffi::{Garbage, Link, Quiet, Raised, ScalarKind};
use crate::py::structs::ttype;
use crate::wire::WireType;

/// What a value looks like on the Python side.
pub enum Kind {
    /// `bool`
    Bool,
    /// `i8`
    I8,
    /// `i16`
    I16,
    /// `i32`, and enums with their class
    I32(Option<EnumClass>),
    /// `i64`
    I64,
    /// `double`
    Double,
    /// `string`
    String,
    /// `binary`
    Binary,
    /// `uuid`
    Uuid,
    /// A struct, union or exception.
    Struct(Box<StructClass>),
    /// A list.
    List(Box<Kind>),
    /// A list of numbers, which is an array in Python.
    Array(Box<Kind>),
    /// A set, which is a list in Python.
    Set(Box<Kind>),
    /// A map.
    Map(Box<(Kind, Kind)>),
    /// One of the above, of which something else is made for Python.
    Converted(Box<Converted>),
}

/// What the values of a [`Kind`] hold: as a class `C`, or as kinds `K`.
pub enum Within<C, K> {
    /// Fields.
    Struct(C),
    /// The elements of a list or a set.
    Elements(K),
    /// Keys and values.
    Entries(K, K),
    /// Nothing, or numbers alone.
    Nothing,
}

/// How a type of `thrift_spec` is compiled.
#[derive(Clone, Copy)]
pub struct KindOptions {
    /// What lists of numbers become.
    pub numbers: Numbers,
    /// Whether sets are sets, and not lists.
    pub sets: bool,
    /// Whether values have to have a hash: those that are in a set.
    pub hashed: bool,
}

/// What lists of numbers become when they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Lists.
    Lists,
    /// Arrays, which have the buffer protocol.
    Arrays,
}

/// A struct class that a field refers to; its plan is found at first use,
/// for classes refer to each other.
pub struct StructClass {
    class: Py<PyAny>,
    numbers: Numbers,
    plan: Link<Plan>,
}

/// The class of an enum, which knows the names of its values.
pub struct EnumClass {
    class: Py<PyAny>,
    /// Whether its values are members, which have their names.
    has_members: bool,
}

impl EnumClass {
    fn of(spec: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if spec.is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            class: spec.clone().unbind(),
            has_members: spec.hasattr(intern!(spec.py(), "__thrift_members__"))?,
        }))
    }

    /// The name of a value; none where it has none.
    pub fn name_of<'py>(
        &self,
        py: Python<'py>,
        value: i32,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let name = if self.has_members {
            let member = self.find(intern!(py, "__thrift_members__"), value)?;
            let name = member.map(|member| member.getattr(intern!(py, "name")));
            name.transpose()?
        } else {
            self.find(intern!(py, "_VALUES_TO_NAMES"), value)?
        };
        Ok(name.and_then(|name| name.cast_into().ok()))
    }

    /// The value of a name; none where no value has it.
    pub fn value_of(&self, name: &Bound<'_, PyString>) -> PyResult<Option<i32>> {
        let values = intern!(name.py(), "_NAMES_TO_VALUES");
        match self.find(values, name)? {
            Some(value) => value.extract().map(Some),
            None => Ok(None),
        }
    }

    fn find<'py>(
        &self,
        dict: &Bound<'py, PyString>,
        key: impl IntoPyObject<'py>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.class.bind(dict.py()).getattr_opt(dict)? {
            Some(dict) => match dict.cast::<PyDict>() {
                Ok(dict) => dict.get_item(key),
                Err(_) => Ok(None),
            },
            None => Ok(None),
        }
    }
}

impl Kind {
    /// Reads a type as `thrift_spec` writes it.
    pub fn compile(
        ttype: &Bound<'_, PyAny>,
        spec: &Bound<'_, PyAny>,
        numbers: Numbers,
    ) -> PyResult<Self> {
        let options = KindOptions {
            numbers,
            sets: false,
            hashed: false,
        };
        Self::compile_with(ttype, spec, options)
    }

    /// Reads the type of a field of a class that was loaded with options.
    pub fn compile_with(
        ttype: &Bound<'_, PyAny>,
        spec: &Bound<'_, PyAny>,
        options: KindOptions,
    ) -> PyResult<Self> {
        let py = ttype.py();
        let part = |item: &Bound<'_, PyAny>, options| match item.cast::<PyTuple>() {
            Ok(pair) => Self::compile_with(&pair.get_item(0)?, &pair.get_item(1)?, options),
            Err(_) => Self::compile_with(item, &py.None().into_bound(py), options),
        };
        let element = |item: Bound<'_, PyAny>| part(&item, options);
        // Of which Python makes no hash stays a list.
        let in_set = |item: &Bound<'_, PyAny>| {
            let hashed = options.sets && has_hash(item)?;
            let numbers = if hashed {
                // Arrays have no hash.
                Numbers::Lists
            } else {
                options.numbers
            };
            let inside = KindOptions {
                numbers,
                hashed,
                ..options
            };
            Ok::<_, PyErr>((part(item, inside)?, hashed))
        };
        let number = ttype.extract::<u8>()?;
        if number == ttype::BINARY {
            return Ok(Self::Binary);
        }
        let Some(wire_type) = WireType::from_binary(number) else {
            return Err(PyValueError::new_err(format!("no such TType: {number}")));
        };
        Ok(match wire_type {
            WireType::Bool => Self::Bool,
            WireType::I8 => Self::I8,
            WireType::Double => Self::Double,
            WireType::I16 => Self::I16,
            WireType::I32 => Converted::members(spec, Self::I32(EnumClass::of(spec)?))?,
            WireType::I64 => Self::I64,
            WireType::String => Self::String,
            WireType::Struct => Self::Struct(Box::new(StructClass {
                class: spec.clone().unbind(),
                numbers: options.numbers,
                plan: Link::new(),
            })),
            WireType::Map => Self::Map(Box::new((
                in_set(&spec.get_item(0)?)?.0,
                element(spec.get_item(1)?)?,
            ))),
            WireType::Set => match in_set(spec)? {
                (element, true) => Converted::set(Self::Set(Box::new(element)), options.hashed),
                (element, false) => Self::Set(Box::new(element)),
            },
            WireType::List => {
                let element = Box::new(element(spec.clone())?);
                match options.numbers {
                    _ if options.hashed => Converted::tuple(Self::List(element)),
                    Numbers::Arrays if element.is_number() => Self::Array(element),
                    _ => Self::List(element),
                }
            }
            WireType::Uuid => Self::Uuid,
        })
    }

    /// Whether values are whole numbers, of enums too.
    pub fn is_integer(&self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32(_) | Self::I64)
    }

    /// Whether values are numbers of a fixed width.
    pub fn is_number(&self) -> bool {
        self.is_integer() || matches!(self, Self::Double)
    }

    /// How many bits the integers have that are read as this kind; as many as there
    /// are where it is none of integers.
    pub const fn bits(&self) -> u32 {
        match self {
            Self::I8 => 8,
            Self::I16 => 16,
            Self::I32(_) => 32,
            Self::Bool
            | Self::I64
            | Self::Double
            | Self::String
            | Self::Binary
            | Self::Uuid
            | Self::Struct(_)
            | Self::List(_)
            | Self::Array(_)
            | Self::Set(_)
            | Self::Map(_)
            | Self::Converted(_) => 64,
        }
    }

    /// Whether an integer is one of this kind.
    #[inline]
    pub const fn has_integer(&self, value: i64) -> bool {
        let unused = i64::BITS - self.bits();
        (value << unused) >> unused == value
    }

    /// What its values hold: for whoever looks for something in them.
    pub fn within(&self) -> Within<&StructClass, &Self> {
        match self {
            Self::Struct(class) => Within::Struct(class),
            Self::List(element) | Self::Set(element) => Within::Elements(element),
            Self::Map(entry) => Within::Entries(&entry.0, &entry.1),
            Self::Converted(converted) => converted.kind.within(),
            Self::Bool
            | Self::I8
            | Self::I16
            | Self::I32(_)
            | Self::I64
            | Self::Double
            | Self::String
            | Self::Binary
            | Self::Uuid
            | Self::Array(_) => Within::Nothing,
        }
    }

    /// What its values hold, to be changed: nothing else is made of them any more.
    ///
    /// Of a kind whose values are made of others only those are left.
    pub fn within_mut(&mut self) -> Within<&mut StructClass, &mut Self> {
        while let Self::Converted(converted) = self {
            *self = mem::replace(&mut converted.kind, Self::Bool);
        }
        match self {
            Self::Struct(class) => Within::Struct(class),
            Self::List(element) | Self::Set(element) => Within::Elements(element),
            Self::Map(entry) => Within::Entries(&mut entry.0, &mut entry.1),
            Self::Bool
            | Self::I8
            | Self::I16
            | Self::I32(_)
            | Self::I64
            | Self::Double
            | Self::String
            | Self::Binary
            | Self::Uuid
            | Self::Array(_)
            | Self::Converted(_) => Within::Nothing,
        }
    }

    /// Whether there may be structs in the values.
    pub fn has_structs(&self) -> bool {
        match self.within() {
            Within::Struct(_) => true,
            Within::Elements(element) => element.has_structs(),
            Within::Entries(key, value) => key.has_structs() || value.has_structs(),
            Within::Nothing => false,
        }
    }

    /// The plan of the structs in it, where that has some of their fields only.
    pub fn narrow_plan(&self, py: Python<'_>) -> Option<&Py<Plan>> {
        match self.within() {
            Within::Struct(class) => class.plan.get(py).filter(|plan| plan.get().is_narrow()),
            Within::Elements(element) => element.narrow_plan(py),
            Within::Entries(_, value) => value.narrow_plan(py),
            Within::Nothing => None,
        }
    }

    /// Whether a value is the number of a type, as `thrift_spec` writes it.
    pub fn is_ttype(value: &Bound<'_, PyAny>) -> bool {
        value
            .extract::<u8>()
            .is_ok_and(|number| number == ttype::BINARY || WireType::from_binary(number).is_some())
    }

    /// What Python has for a value that is a [`Scalar`](crate::wire::Scalar) of
    /// the wire.
    #[inline]
    pub fn scalar(&self) -> ScalarKind {
        match self {
            Self::Bool => ScalarKind::Bool,
            Self::I8 => ScalarKind::I8,
            Self::I16 => ScalarKind::I16,
            Self::I32(_) => ScalarKind::I32,
            Self::I64 => ScalarKind::I64,
            Self::Double => ScalarKind::Double,
            Self::String => ScalarKind::Str,
            Self::Binary => ScalarKind::Bytes,
            Self::Converted(converted) => converted.scalar,
            Self::Uuid
            | Self::Struct(_)
            | Self::List(_)
            | Self::Array(_)
            | Self::Set(_)
            | Self::Map(_) => ScalarKind::Other,
        }
    }

    /// The [`scalar`](Self::scalar) that Python has as the wire does, with nothing
    /// else made of it.
    #[inline]
    pub fn plain_scalar(&self) -> ScalarKind {
        match self {
            Self::Converted(_) => ScalarKind::Other,
            plain => plain.scalar(),
        }
    }

    /// The type on the wire.
    #[inline]
    pub fn wire_type(&self) -> WireType {
        match self {
            Self::Bool => WireType::Bool,
            Self::I8 => WireType::I8,
            Self::I16 => WireType::I16,
            Self::I32(_) => WireType::I32,
            Self::I64 => WireType::I64,
            Self::Double => WireType::Double,
            Self::String | Self::Binary => WireType::String,
            Self::Uuid => WireType::Uuid,
            Self::Struct(_) => WireType::Struct,
            Self::List(_) | Self::Array(_) => WireType::List,
            Self::Set(_) => WireType::Set,
            Self::Map(_) => WireType::Map,
            Self::Converted(converted) => converted.wire_type,
        }
    }

    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Struct(kind) => {
                visit.call(&kind.class)?;
                kind.plan.traverse(visit)
            }
            Self::I32(Some(class)) => visit.call(&class.class),
            Self::List(element) | Self::Array(element) | Self::Set(element) => {
                element.traverse(visit)
            }
            Self::Map(entry) => {
                entry.0.traverse(visit)?;
                entry.1.traverse(visit)
            }
            Self::Converted(converted) => converted.traverse(visit),
            Self::I32(None)
            | Self::Bool
            | Self::I8
            | Self::I16
            | Self::I64
            | Self::Double
            | Self::String
            | Self::Binary
            | Self::Uuid => Ok(()),
        }
    }

    /// Gives up the plans of the structs in it.
    pub fn cut(&self, garbage: &Garbage<'_>) {
        match self.within() {
            Within::Struct(class) => class.plan.cut(garbage),
            Within::Elements(element) => element.cut(garbage),
            Within::Entries(key, value) => {
                key.cut(garbage);
                value.cut(garbage);
            }
            Within::Nothing => {}
        }
    }
}

/// Whether Python can hash the values of a type, with tuples for lists: not maps,
/// nor what has them in it.
fn has_hash(spec: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Ok(pair) = spec.cast::<PyTuple>() else {
        return Ok(true);
    };
    match pair.get_item(0)?.extract::<u8>()? {
        ttype::MAP => Ok(false),
        ttype::LIST | ttype::SET => has_hash(&pair.get_item(1)?),
        _ => Ok(true),
    }
}

impl StructClass {
    /// A class whose objects are read by a plan of some of its fields.
    pub fn narrow(&self, py: Python<'_>, plan: Py<Plan>) -> Self {
        Self {
            class: self.class.clone_ref(py),
            numbers: self.numbers,
            plan: Link::to(plan),
        }
    }

    /// What makes the object: the class, or any callable.
    pub fn class(&self) -> &Py<PyAny> {
        &self.class
    }

    /// The plan of the class, if it was found before and is right still.
    ///
    /// It stays with this type, even where the class gets another one meanwhile, so
    /// that nobody needs a reference of his own.
    #[inline]
    pub fn known_plan(&self, py: Python<'_>) -> Option<&Plan> {
        let plan = self.plan.get(py)?;
        is_current(plan.bind(py)).then(|| plan.get())
    }

    /// What [`known_plan`](Self::known_plan) gives, while nothing but native code
    /// runs.
    #[inline]
    pub fn known_plan_in(&self, quiet: &Quiet<'_>) -> Option<&Plan> {
        let plan = quiet.follow(&self.plan)?;
        is_current(quiet.look_at(plan)).then(|| plan.get())
    }

    /// The plan of the class; none when it is a callable of another kind.
    pub fn plan<'py>(&self, py: Python<'py>) -> Result<Option<Bound<'py, Plan>>, Raised<'py>> {
        let plan = self.plan.get(py).map(|plan| plan.bind(py).clone());
        match plan.filter(is_current) {
            Some(plan) => Ok(Some(plan)),
            None => self.find_plan(py),
        }
    }

    /// The plan of the class, while nothing but native code runs; looking for it
    /// ends that.
    pub fn plan_in<'py>(
        &self,
        quiet: &mut Quiet<'py>,
    ) -> Result<Option<Bound<'py, Plan>>, Raised<'py>> {
        let plan = quiet.follow(&self.plan).map(|plan| quiet.share(plan));
        match plan.filter(is_current) {
            Some(plan) => Ok(Some(plan)),
            None => self.find_plan(quiet.calls()),
        }
    }

    /// The plan of an object that the class has made.
    pub fn plan_of<'py>(&self, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Plan>> {
        self.as_asked(Plan::of_object(object)?)
    }

    fn as_asked<'py>(&self, plan: Bound<'py, Plan>) -> PyResult<Bound<'py, Plan>> {
        match self.numbers {
            Numbers::Lists => Ok(plan),
            Numbers::Arrays => Plan::with_arrays(&plan),
        }
    }

    #[cold]
    fn find_plan<'py>(&self, py: Python<'py>) -> Result<Option<Bound<'py, Plan>>, Raised<'py>> {
        let Ok(class) = self.class.bind(py).cast::<PyType>() else {
            return Ok(None);
        };
        let plan = Plan::of(class).and_then(|plan| self.as_asked(plan));
        let plan = plan.map_err(|error| Raised::new(py, error))?;
        self.plan.set(plan.clone());
        Ok(Some(plan))
    }
}

/// Whether nothing has changed since a plan was found.
#[inline]
fn is_current(plan: &Bound<'_, Plan>) -> bool {
    !plan.get().is_stale(plan.py()) && !plan.get().unwatched
}
