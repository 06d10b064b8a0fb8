//! How a loaded struct class keeps its fields.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyDict, PyList, PyString, PyType};

use crate::py::ffi::{self, Kept, Quiet, Raised, Slot, SlotTable, Slots};
use crate::py::imports;

/// The fields of a loaded struct class, in IDL order.
#[pyclass(frozen, module = "fastthrift._core")]
pub struct Layout {
    /// Fields that have a slot.
    slots: SlotTable,
    fields: Box<[LayoutField]>,
    /// One for each field; all None until they are set.
    defaults: OnceLock<Box<[DefaultValue]>>,
    /// Whether attributes of the class's own objects are what the slots hold:
    /// nobody replaced a member descriptor or hooked attribute access.
    original_attributes: AtomicBool,
    /// Whether it is a union.
    union: AtomicBool,
    /// What shows the parameters of `__init__`, made when somebody asks.
    function: OnceLock<Py<PyAny>>,
}

/// A field of a layout.
pub struct LayoutField {
    /// The attribute's name.
    pub name: Py<PyString>,
    /// None for a field whose name cannot be a slot, which is an ordinary
    /// attribute.
    pub slot: Option<Slot>,
}

/// The default value of a field.
pub enum DefaultValue {
    /// One object for all.
    Shared(Py<PyAny>),
    /// A mutable value: every object gets a copy.
    Copied(Py<PyAny>),
}

impl DefaultValue {
    /// Chooses by the value: what nobody can change is shared.
    pub fn new(value: &Bound<'_, PyAny>) -> Self {
        let class = value.get_type();
        let simple = value.is_none()
            // Members of enums are ints too.
            || value.is_instance_of::<pyo3::types::PyInt>()
            || class.is(value.py().get_type::<pyo3::types::PyFloat>())
            || class.is(value.py().get_type::<pyo3::types::PyString>())
            || class.is(value.py().get_type::<pyo3::types::PyBytes>());
        if simple {
            Self::Shared(value.clone().unbind())
        } else {
            Self::Copied(value.clone().unbind())
        }
    }

    /// The value for one object.
    #[inline]
    pub fn get<'py>(&self, quiet: &mut Quiet<'py>) -> Result<Bound<'py, PyAny>, Raised<'py>> {
        match self {
            Self::Shared(value) => Ok(quiet.share(value)),
            Self::Copied(value) => copy(value, quiet),
        }
    }

    fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Shared(value) => Self::Shared(value.clone_ref(py)),
            Self::Copied(value) => Self::Copied(value.clone_ref(py)),
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
fn copy<'py>(value: &Py<PyAny>, quiet: &mut Quiet<'py>) -> Result<Bound<'py, PyAny>, Raised<'py>> {
    let value = quiet.share(value);
    if let Ok(list) = value.cast_exact::<PyList>()
        && list.is_empty()
    {
        return Ok(quiet.list().into_any());
    }
    if let Ok(dict) = value.cast_exact::<PyDict>()
        && dict.is_empty()
    {
        return Ok(quiet.dict().into_any());
    }
    let py = quiet.calls();
    let copied = imports::deepcopy(py).and_then(|deepcopy| deepcopy.call1((value,)));
    copied.map_err(|error| Raised::new(py, error))
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
            original_attributes: AtomicBool::new(ffi::has_original_attributes(class)),
            union: AtomicBool::new(false),
            function: OnceLock::new(),
        };
        let layout = Bound::new(py, layout)?;
        if !ffi::keep(class, Kept::Layout, Some(layout.as_any())) {
            return Err(PyTypeError::new_err("a class without room for its layout"));
        }
        Ok(())
    }

    /// Notes that a class just made is a union, of which one field is set.
    pub fn mark_union(class: &Bound<'_, PyType>) {
        if let Some(layout) = Self::of_itself(class) {
            layout.get().union.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it is that of a union.
    pub fn is_union(&self) -> bool {
        self.union.load(Ordering::Relaxed)
    }

    /// Sets the default values of a class's own layout, once.
    pub fn set_defaults(class: &Bound<'_, PyType>, values: &[Bound<'_, PyAny>]) -> PyResult<()> {
        let layout =
            Self::of(class).ok_or_else(|| PyTypeError::new_err("not a class made by load()"))?;
        debug_assert_eq!(values.len(), layout.get().fields.len());
        layout
            .get()
            .defaults
            .get_or_init(|| values.iter().map(DefaultValue::new).collect());
        Ok(())
    }

    /// The default of the field at a position.
    pub fn default<'py>(&self, position: usize, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.defaults.get() {
            None => Ok(py.None().into_bound(py)),
            Some(defaults) => Ok(defaults[position].get(&mut Quiet::new(py, false))?),
        }
    }

    /// Looks at the class again after an attribute of it was assigned.
    pub fn refresh(&self, class: &Bound<'_, PyType>) {
        let py = class.py();
        let original_attributes = ffi::has_original_attributes(class)
            && self.fields.iter().all(|field| {
                field
                    .slot
                    .is_none_or(|slot| self.slots.is_current(class, field.name.bind(py), slot))
            });
        self.original_attributes
            .store(original_attributes, Ordering::Relaxed);
    }

    /// Whether the slots may be used in place of the attributes.
    #[inline]
    pub fn has_original_attributes(&self) -> bool {
        self.original_attributes.load(Ordering::Relaxed)
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

    /// The fields in IDL order.
    pub fn fields(&self) -> &[LayoutField] {
        &self.fields
    }

    /// The slot of the field `name`.
    pub fn slot_of(&self, name: &Bound<'_, PyAny>) -> Option<Slot> {
        self.fields[self.position(name)?].slot
    }

    /// The position of the field `name`: names are interned, so the same
    /// object is looked for first.
    pub fn position(&self, name: &Bound<'_, PyAny>) -> Option<usize> {
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
        quiet: &mut Quiet<'py>,
    ) -> Result<(), Raised<'py>> {
        if self.is_complete()
            && let Some(defaults) = self.defaults.get()
        {
            return slots.fill_empty(defaults.iter(), |default| default.get(quiet));
        }
        self.fill_some_defaults(slots, quiet)
    }

    #[inline(never)]
    fn fill_some_defaults<'py>(
        &self,
        slots: Slots<'_, 'py>,
        quiet: &mut Quiet<'py>,
    ) -> Result<(), Raised<'py>> {
        for (position, field) in self.fields.iter().enumerate() {
            if let Some(slot) = field.slot
                && slots.is_empty(slot)
            {
                let default = match self.defaults.get() {
                    Some(defaults) => defaults[position].get(quiet)?,
                    None => quiet.none(),
                };
                slots.set(slot, Some(default));
            }
        }
        Ok(())
    }

    /// The layout of objects that get some of their fields only, of which the others
    /// are None, whatever their default is.
    pub fn narrow<'a, 'py: 'a>(
        &self,
        py: Python<'py>,
        kept: impl Iterator<Item = &'a Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let none = || DefaultValue::Shared(py.None());
        let mut narrow: Box<[_]> = self.fields.iter().map(|_| none()).collect();
        if let Some(defaults) = self.defaults.get() {
            for position in kept.filter_map(|name| self.position(name)) {
                narrow[position] = defaults[position].clone_ref(py);
            }
        }
        let fields = self.fields.iter().map(|field| LayoutField {
            name: field.name.clone_ref(py),
            slot: field.slot,
        });
        let layout = Self {
            slots: self.slots.clone_ref(py),
            fields: fields.collect(),
            defaults: OnceLock::from(narrow),
            original_attributes: AtomicBool::new(self.has_original_attributes()),
            union: AtomicBool::new(self.is_union()),
            function: OnceLock::new(),
        };
        Bound::new(py, layout)
    }

    /// Whether all fields are slots.
    #[inline]
    pub fn is_complete(&self) -> bool {
        self.slots.slots().len() == self.fields.len()
    }
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
