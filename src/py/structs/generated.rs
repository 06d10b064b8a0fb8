//! Compiled classes of Apache's generated code, whose `thrift_spec` is a tuple of
//! fields by id.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyList, PyString, PyTuple, PyType};

use super::{Kind, Numbers, ttype};
use crate::py::ffi::{
    self, Garbage, Link, Linked, ListedSlots, Quiet, Raised, ScalarKind, Slot, SlotList, SlotTable,
    Slots,
};
use crate::py::imports;
use crate::wire::WireType;

/// A generated class as the codec sees it, kept in the class's `__dict__`.
#[pyclass(frozen, module = "fastthrift._core")]
pub struct GeneratedPlan {
    class: Py<PyType>,
    /// The `thrift_spec` that it was made from.
    spec: Py<PyAny>,
    /// In the order of their ids.
    fields: Box<[GeneratedField]>,
    /// The index of the field of an id.
    by_id: Box<[Option<u16>]>,
    construction: Construction,
    /// The slots of the fields, in their order, if each has one.
    slots: Option<FieldSlots>,
    /// The version of the class when it was last as it was when it was compiled;
    /// 0 for none.
    version: AtomicU32,
    last_size: AtomicUsize,
    /// Whether the collector has found that nobody uses it.
    condemned: AtomicBool,
}

struct FieldSlots {
    table: SlotTable,
    list: SlotList,
}

/// How an object of a generated class is made.
pub enum Construction {
    /// It is allocated, and all fields are set as its own `__init__` would.
    Filled(GeneratedInitializer),
    /// The class is called, and fields are set after that.
    Called,
    /// Fields cannot be set: the class is called with them.
    Keywords,
}

/// What the `__init__` that was generated for a class does.
pub struct GeneratedInitializer {
    function: Option<Py<PyAny>>,
    /// What it sets, in its order: the attributes, and what they are at first.
    defaults: Box<[(Py<PyString>, Py<PyAny>)]>,
}

/// A field of a generated class.
pub struct GeneratedField {
    /// The field id.
    pub id: i16,
    /// What its value looks like.
    pub kind: GeneratedKind,
    /// What Python has for its value.
    pub scalar: ScalarKind,
    /// The type on the wire.
    pub wire_type: WireType,
    /// The attribute's name.
    pub name: Py<PyString>,
    /// Its place among what the `__init__` sets.
    pub position: usize,
    /// Its slot, where each field of the class has one.
    pub slot: Option<Slot>,
}

/// What a value of generated code looks like on the Python side.
pub enum GeneratedKind {
    /// One that holds no others, as in any struct.
    Scalar(Kind),
    /// A struct, union or exception.
    Struct(GeneratedClass),
    /// A list; a tuple where it is immutable.
    List(Box<GeneratedKind>, Mutable),
    /// A set; a frozenset where it is immutable.
    Set(Box<GeneratedKind>, Mutable),
    /// A map; a `TFrozenDict` where it is immutable.
    Map(Box<(GeneratedKind, GeneratedKind)>, Mutable),
}

/// Whether a container may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutable {
    /// It may.
    Yes,
    /// It is annotated with `python.immutable`.
    No,
}

/// A class that a field refers to, with its `thrift_spec`: Apache's `fix_spec`
/// puts that there after all classes of a module are made.
pub struct GeneratedClass {
    class_and_spec: Py<PyAny>,
    plan: Link<GeneratedPlan>,
}

impl GeneratedPlan {
    /// The plan of a class and its `thrift_spec`, compiled at first use.
    #[inline]
    pub fn of<'py>(
        class: &Bound<'py, PyType>,
        spec: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, Self>> {
        let name = intern!(class.py(), "__fastthrift_generated__");
        if let Some(found) = ffi::lookup(class, name)
            && let Ok(plan) = found.cast_into_exact::<Self>()
            && plan.get().class.is(class)
            && plan.get().spec.is(spec)
            && !plan.get().condemned.load(Ordering::Relaxed)
        {
            return Ok(plan);
        }
        Self::compile(class, spec)
    }

    /// The plan of what Apache's code hands to a codec: a list of a class and its
    /// `thrift_spec`.
    #[inline]
    pub fn of_pair<'py>(pair: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        if let Ok(pair) = pair.cast::<PyList>()
            && let Ok(class) = pair.get_item(0)
            && let Ok(class) = class.cast_into::<PyType>()
            && let Ok(spec) = pair.get_item(1)
        {
            return Self::of(&class, &spec);
        }
        Err(PyTypeError::new_err(format!(
            "a struct of generated code is told as [class, class.thrift_spec], not {pair}"
        )))
    }

    #[cold]
    fn compile<'py>(
        class: &Bound<'py, PyType>,
        spec: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, Self>> {
        let py = class.py();
        let entries = spec.cast::<PyTuple>().map_err(|_| {
            PyTypeError::new_err(format!(
                "thrift_spec of {class} is not a tuple of (id, type, name, ...)"
            ))
        })?;
        let construction = Construction::of(class)?;
        let mut fields = Vec::with_capacity(entries.len());
        let mut by_id = vec![None; entries.len()];
        for (place, entry) in entries.iter().enumerate() {
            if entry.is_none() {
                continue;
            }
            let field = GeneratedField::compile(&entry, &construction).map_err(|error| {
                let cause = ffi::exception_of(py, error);
                let text = format!("thrift_spec of {class}, field {place}: {cause}");
                let cause = PyErr::from_value(cause.into_any());
                ffi::raised_from(py, PyTypeError::new_err(text), Some(cause))
            })?;
            by_id[place] = u16::try_from(fields.len()).ok();
            fields.push(field);
        }
        let slots = FieldSlots::of(class, &fields, &construction);
        if let Some(slots) = &slots {
            for (field, slot) in fields.iter_mut().zip(slots.table.slots()) {
                field.slot = Some(*slot);
            }
        }
        let plan = Bound::new(
            py,
            Self {
                slots,
                version: AtomicU32::new(0),
                class: class.clone().unbind(),
                spec: spec.clone().unbind(),
                fields: fields.into_boxed_slice(),
                by_id: by_id.into_boxed_slice(),
                construction,
                last_size: AtomicUsize::new(0),
                condemned: AtomicBool::new(false),
            },
        )?;
        let name = intern!(py, "__fastthrift_generated__");
        ffi::set_own_attribute(class, name, Some(plan.as_any()))?;
        Ok(plan)
    }

    /// The class.
    pub fn class(&self) -> &Py<PyType> {
        &self.class
    }

    /// Whether nothing of the class has changed by which its objects are made and
    /// keep their fields: these are attributes of theirs, as the compiler has them.
    #[inline]
    fn is_as_compiled(&self, class: &Bound<'_, PyType>) -> bool {
        let version = ffi::version_of(class);
        let last = self.version.load(Ordering::Relaxed);
        (last != 0 && last == version) || self.is_still_as_compiled(class)
    }

    #[cold]
    fn is_still_as_compiled(&self, class: &Bound<'_, PyType>) -> bool {
        let py = class.py();
        let is_kept = |index: usize, name: &Bound<'_, PyString>| match &self.slots {
            Some(slots) => {
                let table = &slots.table;
                table.is_current(class, name, table.slots()[index])
            }
            None => ffi::lookup(class, name).is_none(),
        };
        let is_same = ffi::has_original_attributes(class)
            && match &self.construction {
                Construction::Filled(initializer) => initializer.is_of(class),
                Construction::Called | Construction::Keywords => true,
            }
            && self
                .fields
                .iter()
                .enumerate()
                .all(|(index, field)| is_kept(index, field.name.bind(py)));
        if is_same {
            // Looking something up has given it one.
            self.version
                .store(ffi::version_of(class), Ordering::Relaxed);
        }
        is_same
    }

    /// The slots of an object, in the order of the fields, if it is exactly of the
    /// class and keeps all of them there.
    #[inline]
    pub fn slots<'a, 'py>(
        &'a self,
        object: &'a Bound<'py, PyAny>,
    ) -> Option<(Slots<'a, 'py>, ListedSlots<'a, 'py>)> {
        let own = self.slots.as_ref()?;
        let slots = own.table.view_exact(object)?;
        let listed = slots.listed(&own.list)?;
        self.is_as_compiled(self.class.bind(object.py()))
            .then_some((slots, listed))
    }

    /// The fields in the order of their ids.
    #[inline]
    pub fn fields(&self) -> &[GeneratedField] {
        &self.fields
    }

    /// The field with this id, and those after it.
    #[inline]
    pub fn find(&self, id: i16) -> Option<(&GeneratedField, &[GeneratedField])> {
        let index = (*self.by_id.get(usize::try_from(id).ok()?)?)?;
        self.fields[usize::from(index)..].split_first()
    }

    /// How an object is made now: by the class as a whole where somebody has given
    /// it another `__init__` since.
    #[inline]
    pub fn construction(&self, class: &Bound<'_, PyType>) -> &Construction {
        match &self.construction {
            Construction::Filled(_) if !self.is_as_compiled(class) => &Construction::Called,
            construction => construction,
        }
    }

    /// How many bytes to expect of a message of this class; a single large one
    /// does not count.
    #[inline]
    pub fn expected_size(&self) -> usize {
        const MOST: usize = 1 << 20;
        self.last_size.load(Ordering::Relaxed).min(MOST)
    }

    /// Remembers the size of a message of this class, in bytes.
    #[inline]
    pub fn note_size(&self, size: usize) {
        self.last_size.store(size, Ordering::Relaxed);
    }
}

impl FieldSlots {
    fn of(
        class: &Bound<'_, PyType>,
        fields: &[GeneratedField],
        construction: &Construction,
    ) -> Option<Self> {
        let Construction::Filled(initializer) = construction else {
            return None;
        };
        if fields.is_empty() || initializer.defaults.len() != fields.len() {
            return None;
        }
        let py = class.py();
        let names: Vec<_> = fields.iter().map(|it| it.name.bind(py).clone()).collect();
        // What has a dict has none of them.
        let table = SlotTable::new(class, &names).ok()?;
        let list = table.list(table.slots().into())?;
        Some(Self { table, list })
    }
}

impl Construction {
    fn of(class: &Bound<'_, PyType>) -> PyResult<Self> {
        let py = class.py();
        // As Apache's C extension tells immutable classes.
        if !ffi::sets_attributes_as_object(class)
            || class.is_subclass(imports::apache_frozen_base(py)?)?
        {
            return Ok(Self::Keywords);
        }
        if !ffi::allocates_as_object(class) || !class.get_type().is(py.get_type::<PyType>()) {
            return Ok(Self::Called);
        }
        let found = imports::generated_defaults(py)?.call1((class,))?;
        if found.is_none() {
            return Ok(Self::Called);
        }
        let defaults = found
            .try_iter()?
            .map(|default| {
                let (name, value) = default?.extract::<(Bound<'_, PyString>, Py<PyAny>)>()?;
                Ok((intern_of(&name), value))
            })
            .collect::<PyResult<Box<_>>>()?;
        let function = ffi::lookup(class, intern!(py, "__init__")).map(Bound::unbind);
        Ok(Self::Filled(GeneratedInitializer { function, defaults }))
    }
}

impl GeneratedInitializer {
    /// Whether it is still the one of its class.
    #[inline]
    fn is_of(&self, class: &Bound<'_, PyType>) -> bool {
        let now = ffi::lookup(class, intern!(class.py(), "__init__"));
        now.as_ref().map(Bound::as_ptr) == self.function.as_ref().map(Py::as_ptr)
            && ffi::allocates_as_object(class)
    }

    /// What it sets, in its order.
    #[inline]
    pub fn defaults(&self) -> &[(Py<PyString>, Py<PyAny>)] {
        &self.defaults
    }
}

impl GeneratedField {
    fn compile(entry: &Bound<'_, PyAny>, construction: &Construction) -> PyResult<Self> {
        let py = entry.py();
        let entry = entry.cast::<PyTuple>()?;
        let name = entry.get_item(2)?.cast_into::<PyString>()?;
        let kind = GeneratedKind::compile(&entry.get_item(1)?, &entry.get_item(3)?)?;
        let position = match construction {
            Construction::Filled(initializer) => {
                let text = name.to_str()?;
                let mut defaults = initializer.defaults.iter();
                let found = defaults.position(|(other, _)| other.bind(py) == text);
                found
                    .ok_or_else(|| PyValueError::new_err(format!("__init__ does not set {name}")))?
            }
            _ => 0,
        };
        Ok(Self {
            id: entry.get_item(0)?.extract()?,
            scalar: kind.scalar(),
            wire_type: kind.wire_type(),
            kind,
            name: intern_of(&name),
            position,
            slot: None,
        })
    }
}

/// The one string of this text that attributes are found by at once.
fn intern_of(name: &Bound<'_, PyString>) -> Py<PyString> {
    match name.to_str() {
        Ok(text) => PyString::intern(name.py(), text).unbind(),
        Err(_) => name.clone().unbind(),
    }
}

impl GeneratedKind {
    fn compile(number: &Bound<'_, PyAny>, args: &Bound<'_, PyAny>) -> PyResult<Self> {
        let element = |number: usize| {
            Self::compile(&args.get_item(number)?, &args.get_item(number + 1)?).map(Box::new)
        };
        let mutable = |place: usize| -> PyResult<Mutable> {
            let is_immutable = args.get_item(place)?.is_truthy()?;
            Ok(if is_immutable {
                Mutable::No
            } else {
                Mutable::Yes
            })
        };
        Ok(match number.extract::<u8>()? {
            ttype::STRUCT => Self::Struct(GeneratedClass {
                class_and_spec: args.clone().unbind(),
                plan: Link::new(),
            }),
            ttype::LIST => Self::List(element(0)?, mutable(2)?),
            ttype::SET => Self::Set(element(0)?, mutable(2)?),
            ttype::MAP => Self::Map(Box::new((*element(0)?, *element(2)?)), mutable(4)?),
            ttype::STRING if args.cast::<PyString>().is_ok_and(|args| args == "BINARY") => {
                Self::Scalar(Kind::Binary)
            }
            _ => Self::Scalar(Kind::compile(
                number,
                &number.py().None().into_bound(number.py()),
                Numbers::Lists,
            )?),
        })
    }

    /// What Python has for a value that is a scalar.
    #[inline]
    pub fn scalar(&self) -> ScalarKind {
        match self {
            Self::Scalar(kind) => kind.scalar(),
            _ => ScalarKind::Other,
        }
    }

    /// The type on the wire.
    #[inline]
    pub fn wire_type(&self) -> WireType {
        match self {
            Self::Scalar(kind) => kind.wire_type(),
            Self::Struct(_) => WireType::Struct,
            Self::List(..) => WireType::List,
            Self::Set(..) => WireType::Set,
            Self::Map(..) => WireType::Map,
        }
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Scalar(_) => Ok(()),
            Self::Struct(class) => {
                visit.call(&class.class_and_spec)?;
                class.plan.traverse(visit)
            }
            Self::List(element, _) | Self::Set(element, _) => element.traverse(visit),
            Self::Map(entry, _) => {
                entry.0.traverse(visit)?;
                entry.1.traverse(visit)
            }
        }
    }

    fn cut(&self, garbage: &Garbage<'_>) {
        match self {
            Self::Scalar(_) => {}
            Self::Struct(class) => class.plan.cut(garbage),
            Self::List(element, _) | Self::Set(element, _) => element.cut(garbage),
            Self::Map(entry, _) => {
                entry.0.cut(garbage);
                entry.1.cut(garbage);
            }
        }
    }
}

impl GeneratedClass {
    /// The plan of the class.
    #[inline]
    pub fn plan<'py>(&self, py: Python<'py>) -> Result<&GeneratedPlan, Raised<'py>> {
        match self.plan.get(py) {
            Some(plan) => Ok(plan.get()),
            None => self.find_plan(py),
        }
    }

    /// The plan of the class, if it was found before.
    #[inline]
    pub fn known_plan_in(&self, quiet: &Quiet<'_>) -> Option<&GeneratedPlan> {
        quiet.follow(&self.plan).map(Py::get)
    }

    #[cold]
    fn find_plan<'py>(&self, py: Python<'py>) -> Result<&GeneratedPlan, Raised<'py>> {
        let plan = GeneratedPlan::of_pair(self.class_and_spec.bind(py))
            .map_err(|error| Raised::new(py, error))?;
        Ok(self.plan.set(plan).get())
    }
}

impl Linked for GeneratedPlan {
    fn condemn(&self) {
        self.condemned.store(true, Ordering::Relaxed);
    }

    fn cut(&self, garbage: &Garbage<'_>) {
        for field in &self.fields {
            field.kind.cut(garbage);
        }
    }
}

#[pymethods]
impl GeneratedPlan {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.class)?;
        visit.call(&self.spec)?;
        if let Some(slots) = &self.slots {
            slots.table.traverse(visit)?;
        }
        if let Construction::Filled(initializer) = &self.construction {
            visit.call(&initializer.function)?;
            for (_, default) in &initializer.defaults {
                visit.call(default)?;
            }
        }
        for field in &self.fields {
            field.kind.traverse(&visit)?;
        }
        Ok(())
    }
}
