//! How a loaded struct class keeps its fields, and what its objects do as
//! Python objects: construction, `__dict__`, equality, hash.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::{PyAttributeError, PyRecursionError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

use super::ffi::{self, Kept, Raised, Slot, SlotTable, Slots};
use super::imports;

/// The fields of a loaded struct class, in IDL order.
#[pyclass(frozen, module = "fastthrift._core")]
pub struct Layout {
    /// Fields that have a slot.
    slots: SlotTable,
    fields: Box<[LayoutField]>,
    /// One for each field; all None until they are set.
    defaults: OnceLock<Box<[Default]>>,
    /// Whether attributes of the class's own objects are what the slots hold:
    /// nobody replaced a member descriptor or hooked attribute access.
    intact: AtomicBool,
    /// What shows the parameters of `__init__`, made when somebody asks.
    function: OnceLock<Py<PyAny>>,
}

struct LayoutField {
    name: Py<PyString>,
    /// None for a field whose name cannot be a slot, which is an ordinary
    /// attribute.
    slot: Option<Slot>,
}

/// The default value of a field.
pub enum Default {
    /// One object for all.
    Shared(Py<PyAny>),
    /// A mutable value: every object gets a copy.
    Copied(Py<PyAny>),
}

impl Default {
    /// Chooses by the value: what nobody can change is shared.
    pub fn new(value: &Bound<'_, PyAny>) -> Self {
        let class = value.get_type();
        let simple = value.is_none()
            || class.is(value.py().get_type::<pyo3::types::PyInt>())
            || class.is(value.py().get_type::<pyo3::types::PyFloat>())
            || class.is(value.py().get_type::<pyo3::types::PyString>())
            || class.is(value.py().get_type::<pyo3::types::PyBytes>())
            || class.is(value.py().get_type::<pyo3::types::PyBool>());
        if simple {
            Self::Shared(value.clone().unbind())
        } else {
            Self::Copied(value.clone().unbind())
        }
    }

    /// The value for one object.
    #[inline]
    pub fn get<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>, Raised<'py>> {
        match self {
            Self::Shared(value) => Ok(value.bind(py).clone()),
            Self::Copied(value) => copy(value.bind(py)).map_err(|error| Raised::new(py, error)),
        }
    }

    /// The value that they are made from.
    pub fn value(&self) -> &Py<PyAny> {
        match self {
            Self::Shared(value) | Self::Copied(value) => value,
        }
    }
}

#[cold]
fn copy<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    if let Ok(list) = value.cast_exact::<PyList>()
        && list.is_empty()
    {
        return Ok(PyList::empty(py).into_any());
    }
    if let Ok(dict) = value.cast_exact::<PyDict>()
        && dict.is_empty()
    {
        return Ok(PyDict::new(py).into_any());
    }
    imports::deepcopy(py)?.call1((value,))
}

#[pymethods]
impl Layout {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.slots.traverse(visit)?;
        for default in self.defaults.get().into_iter().flatten() {
            visit.call(default.value())?;
        }
        visit.call(self.function.get())
    }
}

impl Layout {
    /// The layout of a class, its own or inherited.
    pub fn of<'py>(class: &Bound<'py, PyType>) -> Option<Bound<'py, Self>> {
        Self::of_itself(class).or_else(|| {
            let base = |base: Bound<'py, PyAny>| Self::of_itself(base.cast().ok()?);
            class.mro().iter().find_map(base)
        })
    }

    /// The layout of a class, not an inherited one.
    #[inline]
    pub fn of_itself<'py>(class: &Bound<'py, PyType>) -> Option<Bound<'py, Self>> {
        ffi::kept(class, Kept::Layout)?.cast_into_exact().ok()
    }

    /// Finds the slots of a class just made and attaches its layout.
    ///
    /// `fields` are the names in IDL order, `slotted` those among them that
    /// are slots. Defaults are None until they are set.
    pub fn attach(
        class: &Bound<'_, PyType>,
        fields: &[Bound<'_, PyString>],
        slotted: &[Bound<'_, PyString>],
    ) -> PyResult<()> {
        let py = class.py();
        let slots = SlotTable::new(class, slotted)?;
        let mut rest = slotted.iter().zip(slots.slots()).peekable();
        let fields = fields
            .iter()
            .map(|name| {
                let slot = rest
                    .next_if(|(slot, _)| slot.is(name))
                    .map(|(_, slot)| *slot);
                LayoutField {
                    name: name.clone().unbind(),
                    slot,
                }
            })
            .collect();
        let layout = Self {
            slots,
            fields,
            defaults: OnceLock::new(),
            intact: AtomicBool::new(ffi::has_default_attributes(class)),
            function: OnceLock::new(),
        };
        let layout = Bound::new(py, layout)?;
        if !ffi::keep(class, Kept::Layout, Some(layout.as_any())) {
            return Err(PyTypeError::new_err("a class without room for its layout"));
        }
        Ok(())
    }

    /// Lets objects of a loaded struct class be freed faster.
    pub fn install_dealloc(class: &Bound<'_, PyType>) {
        if let Some(layout) = Self::of(class) {
            layout.get().slots.install_dealloc(class);
        }
    }

    /// Sets the default values of a class's own layout, once.
    pub fn set_defaults(class: &Bound<'_, PyType>, values: &[Bound<'_, PyAny>]) -> PyResult<()> {
        let layout =
            Self::of(class).ok_or_else(|| PyTypeError::new_err("not a class made by load()"))?;
        debug_assert_eq!(values.len(), layout.get().fields.len());
        layout
            .get()
            .defaults
            .get_or_init(|| values.iter().map(Default::new).collect());
        Ok(())
    }

    /// The default of the field at a position.
    fn default<'py>(&self, position: usize, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.defaults.get() {
            None => Ok(py.None().into_bound(py)),
            Some(defaults) => Ok(defaults[position].get(py)?),
        }
    }

    /// Looks at the class again after an attribute of it was assigned.
    pub fn refresh(&self, class: &Bound<'_, PyType>) {
        let py = class.py();
        let intact = ffi::has_default_attributes(class)
            && self.fields.iter().all(|field| {
                field
                    .slot
                    .is_none_or(|slot| self.slots.is_current(class, field.name.bind(py), slot))
            });
        self.intact.store(intact, Ordering::Relaxed);
    }

    /// Whether the slots may be used in place of the attributes.
    #[inline]
    pub fn is_intact(&self) -> bool {
        self.intact.load(Ordering::Relaxed)
    }

    /// The function that shows the parameters of `__init__`, as `describe`
    /// makes it of a class with this layout.
    pub fn function<'py>(
        &self,
        class: &Bound<'py, PyType>,
        describe: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let function = if let Some(function) = self.function.get() {
            function
        } else {
            let made = describe.call1((class,))?.unbind();
            self.function.get_or_init(|| made)
        };
        Ok(function.bind(class.py()).clone())
    }

    /// The slots of the class.
    pub fn slots(&self) -> &SlotTable {
        &self.slots
    }

    /// The slot of the field `name`.
    pub fn slot_of(&self, name: &Bound<'_, PyAny>) -> Option<Slot> {
        self.fields[self.position(name)?].slot
    }

    /// The position of the field `name`: names are interned, so the same
    /// object is looked for first.
    fn position(&self, name: &Bound<'_, PyAny>) -> Option<usize> {
        let py = name.py();
        let same = self
            .fields
            .iter()
            .position(|field| field.name.bind(py).is(name));
        // Compared as text: `==` may fail, at the limit of recursion even
        // for strings.
        same.or_else(|| {
            let name = name.cast::<PyString>().ok()?.to_str().ok()?;
            let named = |field: &LayoutField| field.name.bind(py).to_str().is_ok_and(|n| n == name);
            self.fields.iter().position(named)
        })
    }

    /// Gives every empty slot its default.
    #[inline]
    pub fn fill_defaults<'py>(
        &self,
        slots: Slots<'_, 'py>,
        py: Python<'py>,
    ) -> Result<(), Raised<'py>> {
        if self.is_complete()
            && let Some(defaults) = self.defaults.get()
        {
            return slots.fill_empty(defaults.iter(), |default| default.get(py));
        }
        self.fill_some_defaults(slots, py)
    }

    #[inline(never)]
    fn fill_some_defaults<'py>(
        &self,
        slots: Slots<'_, 'py>,
        py: Python<'py>,
    ) -> Result<(), Raised<'py>> {
        for (position, field) in self.fields.iter().enumerate() {
            if let Some(slot) = field.slot
                && slots.is_empty(slot)
            {
                let default = self.default(position, py);
                let default = default.map_err(|error| Raised::new(py, error))?;
                slots.set(slot, Some(default));
            }
        }
        Ok(())
    }

    /// Whether all fields are slots.
    #[inline]
    pub fn is_complete(&self) -> bool {
        self.slots.slots().len() == self.fields.len()
    }
}

/// `__init__` of classes that `load` made: the fields by position in IDL
/// order, or by name.
#[pyfunction]
#[pyo3(signature = (object, args, kwargs))]
pub fn initialize(
    object: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, PyDict>>,
) -> PyResult<()> {
    let keywords = kwargs.into_iter().flat_map(ffi::DictEntries::new);
    initialize_with(object, args.iter(), keywords)
}

/// The same for a new object and no arguments.
#[inline]
pub fn initialize_empty<'py>(object: &Bound<'py, PyAny>) -> Result<(), Raised<'py>> {
    if let Some(layout) = ffi::kept_by_class_of(object, Kept::Layout)
        && let Ok(layout) = layout.cast_exact::<Layout>()
        && layout.get().is_intact()
        && let Some(slots) = layout.get().slots.view_exact(object)
        && layout.get().is_complete()
    {
        return layout.get().fill_defaults(slots, object.py());
    }
    initialize_with(object, [].into_iter(), [].into_iter())
        .map_err(|error| Raised::new(object.py(), error))
}

/// The same for arguments that come one by one.
#[inline]
pub fn initialize_with<'py>(
    object: &Bound<'py, PyAny>,
    args: impl ExactSizeIterator<Item = Bound<'py, PyAny>>,
    keywords: impl Iterator<Item = (Bound<'py, PyAny>, Bound<'py, PyAny>)>,
) -> PyResult<()> {
    let py = object.py();
    let class = object.get_type();
    let Some(layout) = Layout::of(&class) else {
        return Err(PyTypeError::new_err(
            "StructStorage is the base of loaded structs and has no fields of its own",
        ));
    };
    let layout = layout.get();
    let fields = &layout.fields;
    if args.len() > fields.len() {
        return Err(PyTypeError::new_err(format!(
            "{}() takes at most {} arguments ({} given)",
            class.name()?,
            fields.len(),
            args.len()
        )));
    }
    let slots = layout
        .is_intact()
        .then(|| layout.slots.view_exact(object))
        .flatten();
    let set = |field: &LayoutField, value: Bound<'py, PyAny>| match (slots, field.slot) {
        (Some(slots), Some(slot)) => {
            slots.set(slot, Some(value));
            Ok(())
        }
        _ => object.setattr(field.name.bind(py), value),
    };
    let mut given = Given::default();
    for (index, value) in args.enumerate() {
        given.add(index);
        set(&fields[index], value)?;
    }
    for (name, value) in keywords {
        let Some(index) = layout.position(&name) else {
            return Err(PyTypeError::new_err(format!(
                "{}() got an unexpected keyword argument '{name}'",
                class.name()?
            )));
        };
        if !given.add(index) {
            return Err(PyTypeError::new_err(format!(
                "{}() got multiple values for argument '{name}'",
                class.name()?
            )));
        }
        set(&fields[index], value)?;
    }
    for (index, field) in fields.iter().enumerate() {
        if !given.has(index) {
            set(field, layout.default(index, py)?)?;
        }
    }
    Ok(())
}

/// Which arguments were given.
#[derive(Default)]
struct Given {
    first: u64,
    /// Those from the 64th on.
    others: Vec<usize>,
}

impl Given {
    #[inline]
    fn has(&self, index: usize) -> bool {
        match index {
            0..64 => self.first & (1 << index) != 0,
            _ => self.others.contains(&index),
        }
    }

    /// Notes an argument; whether it is new.
    fn add(&mut self, index: usize) -> bool {
        let new = !self.has(index);
        match index {
            0..64 => self.first |= 1 << index,
            _ => self.others.push(index),
        }
        new
    }
}

/// The attributes as a plain dict: fields in IDL order, then others.
pub fn snapshot<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let py = object.py();
    let dict = PyDict::new(py);
    let layout = Layout::of(&object.get_type());
    let extras = ffi::extras(object);
    if let Some(layout) = &layout {
        let layout = layout.get();
        let slots = layout.slots.view(object);
        for field in &layout.fields {
            let name = field.name.bind(py);
            let value = match (field.slot, slots) {
                (Some(slot), Some(slots)) => slots.get(slot),
                _ => match &extras {
                    Some(extras) => extras.get_item(name)?,
                    None => None,
                },
            };
            if let Some(value) = value {
                dict.set_item(name, value)?;
            }
        }
    }
    for (name, value) in extras.iter().flat_map(ffi::DictEntries::new) {
        if !dict.contains(&name)? {
            dict.set_item(name, value)?;
        }
    }
    Ok(dict)
}

/// What `__dict__` gives.
pub fn dict_view<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    imports::fields_dict(object.py())?.call1((object,))
}

/// Assignment to `__dict__`; none deletes.
pub fn replace_dict(object: &Bound<'_, PyAny>, value: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    let new = match value {
        None => None,
        Some(value) => match value.cast::<PyDict>() {
            // A copy, for it may be a view of this very object.
            Ok(dict) => Some(dict.call_method0("copy")?.cast_into::<PyDict>()?),
            Err(_) => {
                return Err(PyTypeError::new_err(format!(
                    "__dict__ must be set to a dictionary, not a '{}'",
                    value.get_type().name()?
                )));
            }
        },
    };
    if let Some(layout) = Layout::of(&object.get_type())
        && let Some(slots) = layout.get().slots.view(object)
    {
        for slot in layout.get().slots.slots() {
            slots.set(*slot, None);
        }
    }
    if let Some(extras) = ffi::extras(object) {
        extras.clear();
    }
    for (name, value) in new.iter().flat_map(ffi::DictEntries::new) {
        set_raw(object, &name, value)?;
    }
    Ok(())
}

/// Sets an attribute as an assignment into an ordinary `__dict__` would:
/// past properties and `__setattr__`.
#[pyfunction]
#[pyo3(name = "set_raw")]
pub fn set_raw(
    object: &Bound<'_, PyAny>,
    name: &Bound<'_, PyAny>,
    value: Bound<'_, PyAny>,
) -> PyResult<()> {
    if let Some(layout) = Layout::of(&object.get_type()) {
        let layout = layout.get();
        if let (Some(slot), Some(slots)) = (layout.slot_of(name), layout.slots.view(object)) {
            slots.set(slot, Some(value));
            return Ok(());
        }
    }
    ffi::extras_or_new(object)?.set_item(name, value)
}

/// Deletes an attribute the same way; whether there was one.
#[pyfunction]
#[pyo3(name = "delete_raw")]
pub fn delete_raw(object: &Bound<'_, PyAny>, name: &Bound<'_, PyAny>) -> PyResult<bool> {
    if let Some(layout) = Layout::of(&object.get_type()) {
        let layout = layout.get();
        if let (Some(slot), Some(slots)) = (layout.slot_of(name), layout.slots.view(object)) {
            let there = !slots.is_empty(slot);
            slots.set(slot, None);
            return Ok(there);
        }
    }
    match ffi::extras(object) {
        Some(extras) if extras.contains(name)? => {
            extras.del_item(name)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The attributes of a struct as a plain dict.
#[pyfunction]
#[pyo3(name = "snapshot")]
pub fn snapshot_function<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    if !ffi::is_kind_of(object, ffi::storage_type(object.py())?) {
        return Err(PyAttributeError::new_err("not a loaded struct"));
    }
    snapshot(object)
}

/// Whether instances of a class keep the attribute `name` in a slot.
#[pyfunction]
pub fn is_slot(cls: &Bound<'_, PyType>, name: &Bound<'_, PyAny>) -> bool {
    Layout::of(cls).is_some_and(|layout| layout.get().slot_of(name).is_some())
}

type NameAndDefault<'py> = (Bound<'py, PyString>, Bound<'py, PyAny>);

/// The fields of a loaded struct class as (name, default) pairs; None for
/// other classes.
#[pyfunction]
pub fn layout_fields<'py>(cls: &Bound<'py, PyType>) -> PyResult<Option<Vec<NameAndDefault<'py>>>> {
    let py = cls.py();
    let Some(layout) = Layout::of(cls) else {
        return Ok(None);
    };
    let layout = layout.get();
    let fields = layout.fields.iter().enumerate();
    fields
        .map(|(position, field)| Ok((field.name.bind(py).clone(), layout.default(position, py)?)))
        .collect::<PyResult<Vec<_>>>()
        .map(Some)
}

thread_local! {
    /// How deep `equal` is nested.
    static NESTING: Cell<i32> = const { Cell::new(0) };
}

/// A level of nested comparison.
struct Level;

impl Level {
    /// Enters a level, as many as the interpreter allows Python calls: its own
    /// limit for native ones allows more than these need of the stack.
    fn enter(py: Python<'_>) -> PyResult<Self> {
        if NESTING.get() >= ffi::recursion_limit(py) {
            return Err(PyRecursionError::new_err(
                "maximum recursion depth exceeded in comparison",
            ));
        }
        NESTING.set(NESTING.get() + 1);
        Ok(Self)
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        NESTING.set(NESTING.get() - 1);
    }
}

/// `==`: the other is of this class or a subclass and has equal attributes.
pub fn equal(object: &Bound<'_, PyAny>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
    let class = object.get_type();
    if !ffi::is_kind_of(other, &class) {
        // A proxy says that it is, and forwards to what it stands for.
        return Ok(other.is_instance(&class)?
            && snapshot(object)?.eq(other.getattr(intern!(object.py(), "__dict__"))?)?);
    }
    let _level = Level::enter(object.py())?;
    if let Some(layout) = Layout::of(&class)
        && !has_extras(object)
        && !has_extras(other)
        && let Some(left) = layout.get().slots.view_exact(object)
        && let Some(right) = layout.get().slots.view_exact(other)
    {
        for slot in layout.get().slots.slots() {
            let same = match (left.get(*slot), right.get(*slot)) {
                (None, None) => true,
                (Some(left), Some(right)) => left.is(&right) || left.eq(&right)?,
                _ => false,
            };
            if !same {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    snapshot(object)?.eq(snapshot(other)?)
}

fn has_extras(object: &Bound<'_, PyAny>) -> bool {
    ffi::extras(object).is_some_and(|extras| !extras.is_empty())
}

/// `hash`: by class and attributes, containers frozen.
pub fn hash(object: &Bound<'_, PyAny>) -> PyResult<isize> {
    let class = object.get_type().hash()?;
    let fields = imports::hash_value(object.py())?.call1((snapshot(object)?,))?;
    let hash = class ^ fields.hash()?;
    Ok(if hash == -1 { -2 } else { hash })
}
