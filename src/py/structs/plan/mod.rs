//! Compiled struct classes: what the codec interprets in place of
//! `thrift_spec`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyBool, PyDict, PyFrozenSet, PyList, PySet, PyString, PyTuple, PyType};

mod chosen;
mod converted;
mod field;
mod keeping;
mod kind;
mod options;
mod plan_slots;
mod positions;
mod selection;

use super::attributes::assign;
use super::layout::Layout;
use crate::py::ffi::{self, Garbage, Kept, Linked, Raised, SlotList};
use crate::py::imports;

use chosen::{AttributeNames, Chosen};
use kind::KindOptions;
use options::PlanOptions;
use plan_slots::PlanSlots;
use positions::Positions;

pub use converted::Converted;
pub use field::PlanField;
pub use keeping::Keeping;
pub use kind::{EnumClass, Kind, Numbers, StructClass, Within};
pub use selection::{Selection, select};

/// A struct class as the codec sees it.
///
/// Kept with the class, and dropped by the metaclass when an attribute of the
/// class is assigned.
#[pyclass(frozen, module = "fastthrift._core")]
pub struct Plan {
    class: Py<PyType>,
    fields: Box<[PlanField]>,
    positions: Positions,
    layout: Option<Py<Layout>>,
    /// The slots of the fields, if each has one.
    slots: Option<SlotList>,
    /// Whether the layout is the class's own, not that of a base.
    own_slots: bool,
    /// Whether objects are allocated, then filled: all fields are slots and
    /// `__init__` is ours. Otherwise the class is called.
    original_construction: bool,
    stale: AtomicBool,
    /// The size of the last message of this class, in bytes: the next one is
    /// probably like it.
    last_size: AtomicUsize,
    /// The `thrift_spec` that the plan was made from.
    spec: Py<PyAny>,
    /// Its entries, and how many there were: it may be changed where it is, which
    /// nobody tells.
    entries: Py<PyDict>,
    entry_count: usize,
    /// Whether the class cannot tell us of an assignment. Of a narrow plan the
    /// selection asks it.
    unwatched: bool,
    /// Whether `read` is that of `TPayload`.
    original_read: bool,
    /// Whether `write` is that of `TPayload`.
    original_write: bool,
    /// Whether it is the result of a method.
    result: bool,
    /// Whether it is a union.
    union: bool,
    /// Whether structs are looked at as a whole when they are written and read.
    strict: bool,
    /// Whether it has some of the class's fields only, for a selection.
    narrow: bool,
    /// The ids of the fields of a narrow plan, in order.
    chosen_ids: Box<[i16]>,
    /// The attributes of the fields that a narrow plan is without.
    others: AttributeNames,
    /// What lists of numbers become.
    numbers: Numbers,
    /// The plan of the same class by which they become arrays.
    arrays: OnceLock<Py<Self>>,
    /// Of a class whose objects keep what their IDL does not know. All that
    /// is quick for others is none here: they go where attributes are asked.
    keeping: Option<Keeping>,
    /// The selections that were asked for by their paths.
    selections: OnceLock<Py<PyDict>>,
}

impl Plan {
    /// The plan of a class, compiled at first use.
    #[inline]
    pub fn of<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, Self>> {
        match ffi::kept(class, Kept::Plan).map(Bound::cast_into_exact::<Self>) {
            Some(Ok(plan)) if !plan.get().is_stale(class.py()) => Ok(plan),
            Some(_) => {
                Self::drop_of(class)?;
                Self::of_any(class)
            }
            None => Self::of_any(class),
        }
    }

    /// The plan of a class for which none is kept, or of one that has room for
    /// it in its `__dict__` only.
    #[inline(never)]
    fn of_any<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, Self>> {
        // Looked up with the interpreter's own cache of attributes, which also
        // finds the plan of a base.
        let name = intern!(class.py(), "__fastthrift_plan__");
        if let Some(found) = ffi::lookup(class, name)
            && let Ok(plan) = found.cast_into_exact::<Self>()
            && plan.get().class.is(class)
            && plan.get().is_current(class)
        {
            return Ok(plan);
        }
        Self::compile(class)
    }

    /// Forgets the plan of a class and its subclasses, after an assignment.
    pub fn drop_of(class: &Bound<'_, PyType>) -> PyResult<()> {
        let py = class.py();
        let name = intern!(py, "__fastthrift_plan__");
        let found = ffi::kept(class, Kept::Plan);
        let found = found.or_else(|| ffi::own_attribute(class, name));
        if let Some(found) = found {
            if let Ok(plan) = found.cast_exact::<Self>() {
                plan.get().set_stale();
            }
            if !ffi::keep(class, Kept::Plan, None) {
                ffi::set_own_attribute(class, name, None)?;
            }
        }
        if let Some(layout) = Layout::of_itself(class) {
            layout.get().refresh(class);
        }
        // Subclasses inherit what was assigned.
        let subclasses = py
            .get_type::<PyType>()
            .call_method1(intern!(py, "__subclasses__"), (class,))?;
        for subclass in subclasses.try_iter()? {
            Self::drop_of(subclass?.cast::<PyType>()?)?;
        }
        Ok(())
    }

    /// The plan of an object: that of its class, unless it has a `thrift_spec`
    /// of its own, or stands for another object.
    #[expect(clippy::inline_always, reason = "measured: every call starts here")]
    #[inline(always)]
    pub fn of_object<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        match Self::of_own_class(object) {
            Some(plan) => Ok(plan),
            None => Self::of_any_object(object),
        }
    }

    /// The plan of an object that is a payload itself; none for others, which
    /// have to be asked by their methods.
    #[expect(clippy::inline_always, reason = "measured: every call starts here")]
    #[inline(always)]
    pub fn of_payload<'py>(
        object: &Bound<'py, PyAny>,
    ) -> Result<Option<Bound<'py, Self>>, Raised<'py>> {
        match Self::of_own_class(object) {
            Some(plan) => Ok(Some(plan)),
            None => Self::of_any_payload(object),
        }
    }

    #[inline(never)]
    fn of_any_payload<'py>(
        object: &Bound<'py, PyAny>,
    ) -> Result<Option<Bound<'py, Self>>, Raised<'py>> {
        let py = object.py();
        match Self::of_any_object(object) {
            Ok(plan) => {
                // A class has a `thrift_spec` too.
                let is_payload =
                    ffi::is_type(object, plan.get().class()) && !object.is_instance_of::<PyType>();
                Ok(is_payload.then_some(plan))
            }
            Err(error) => {
                let error = ffi::exception_of(py, error);
                let is_other = error.is_instance_of::<PyAttributeError>()
                    || error.is_instance_of::<PyTypeError>();
                if is_other {
                    return Ok(None);
                }
                Err(Raised::new(py, PyErr::from_value(error.into_any())))
            }
        }
    }

    /// The plan of a loaded struct that has its fields and no other attribute.
    #[expect(clippy::inline_always, reason = "measured: every call starts here")]
    #[inline(always)]
    fn of_own_class<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, Self>> {
        let plan = ffi::kept_by_class_of(object, Kept::Plan)?;
        let plan = plan.cast_into_exact::<Self>().ok()?;
        let bare = plan.get().layout()?.slots().view_bare(object).is_some();
        (bare && !plan.get().is_stale(object.py())).then_some(plan)
    }

    #[inline(never)]
    fn of_any_object<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let py = object.py();
        // Properties and proxies are code of the program, here and in the codec.
        ffi::stop_at_exit();
        let name = intern!(py, "thrift_spec");
        let class = object.get_type();
        // A property or a slot is asked by its object.
        let plan = match ffi::lookup(&class, name) {
            Some(spec) if spec.is_instance_of::<PyDict>() => Some(Self::of(&class)?),
            _ => None,
        };
        // Attributes of a loaded struct are in its slots and in this dict.
        if let Some(plan) = &plan
            && plan.get().layout.is_some()
            && ffi::is_kind_of(object, ffi::storage_type(py)?)
            && ffi::has_original_attributes(&class)
            && ffi::extras(object).is_none()
        {
            return Ok(plan.clone());
        }
        let spec = object.getattr(name)?;
        if let Some(plan) = plan
            && spec.is(&plan.get().spec)
        {
            return Ok(plan);
        }
        // A proxy says that it is of the class of what it stands for.
        let said = object.getattr(intern!(py, "__class__"))?;
        let said = said.cast::<PyType>().unwrap_or(&class);
        if !said.is(&class)
            && let Ok(plan) = Self::of(said)
            && spec.is(&plan.get().spec)
        {
            return Ok(plan);
        }
        Self::compile_spec(&class, &spec, None, Numbers::Lists)
    }

    fn set_stale(&self) {
        self.stale.store(true, Ordering::Relaxed);
        if let Some(plan) = self.arrays.get() {
            plan.get().set_stale();
        }
    }

    /// The plan of the same class by which lists of numbers become arrays.
    #[inline(never)]
    pub fn with_arrays<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        let (py, plan) = (this.py(), this.get());
        if plan.numbers == Numbers::Arrays {
            return Ok(this.clone());
        }
        if let Some(plan) = plan.arrays.get() {
            return Ok(plan.bind(py).clone());
        }
        let (class, spec) = (plan.class.bind(py), plan.spec.bind(py));
        let chosen = Chosen::of_class(class)?;
        let with_arrays = Self::compile_spec(class, spec, chosen.as_ref(), Numbers::Arrays)?;
        plan.arrays.get_or_init(|| with_arrays.clone().unbind());
        Ok(with_arrays)
    }

    #[cold]
    fn compile<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, Self>> {
        let py = class.py();
        let spec = class.getattr(intern!(py, "thrift_spec"))?;
        let chosen = Chosen::of_class(class)?;
        let plan = Self::compile_spec(class, &spec, chosen.as_ref(), Numbers::Lists)?;
        if ffi::keep(class, Kept::Plan, Some(plan.as_any())) {
            return Ok(plan);
        }
        let name = intern!(py, "__fastthrift_plan__");
        match ffi::set_own_attribute(class, name, Some(plan.as_any())) {
            // An immutable class works too, it is only compiled anew.
            Err(error) => {
                let error = ffi::exception_of(py, error);
                if error.is_instance_of::<PyTypeError>() {
                    Ok(plan)
                } else {
                    Err(PyErr::from_value(error.into_any()))
                }
            }
            Ok(()) => Ok(plan),
        }
    }

    /// Compiles the entries of a `thrift_spec`, each with its slot, if it has one.
    fn compile_fields<'py>(
        class: &Bound<'py, PyType>,
        entries: &Bound<'py, PyDict>,
        slot_of: &impl Fn(&Bound<'py, PyString>) -> Option<ffi::Slot>,
        kinds: KindOptions,
    ) -> PyResult<Vec<PlanField>> {
        let py = class.py();
        let renamed = class.getattr_opt(intern!(py, "__thrift_field_names__"))?;
        let renamed = renamed.and_then(|names| names.cast_into::<PyDict>().ok());
        let mut fields = Vec::with_capacity(entries.len());
        for (id, entry) in ffi::DictEntries::new(entries) {
            fields.push(
                PlanField::compile(&id, &entry, slot_of, renamed.as_ref(), kinds).map_err(
                    |error| {
                        let cause = ffi::exception_of(py, error);
                        let text = format!("thrift_spec of {class}, field {id}: {cause}");
                        let cause = PyErr::from_value(cause.into_any());
                        ffi::raised_from(py, PyTypeError::new_err(text), Some(cause))
                    },
                )?,
            );
        }
        Ok(fields)
    }

    /// Compiles a `thrift_spec`, or the fields of it that were chosen.
    fn compile_spec<'py>(
        class: &Bound<'py, PyType>,
        spec: &Bound<'py, PyAny>,
        chosen: Option<&Chosen>,
        numbers: Numbers,
    ) -> PyResult<Bound<'py, Self>> {
        let py = class.py();
        let entries = entries_of(class, spec)?;
        let layout = Layout::of(class);
        let attributes = layout
            .as_ref()
            .filter(|_| ffi::has_original_attributes(class));
        let slot_of =
            |name: &Bound<'py, PyString>| plan_slots::slot_of(class, attributes?.get(), name);
        let options = PlanOptions::of(class)?;
        let kinds = KindOptions {
            numbers,
            sets: options.sets,
            hashed: false,
        };
        let mut fields = Self::compile_fields(class, &entries, &slot_of, kinds)?;
        let watched = class
            .get_type()
            .is_subclass(imports::payload_metaclass(py)?)?;
        let [original_read, original_write] = original_methods(class, &fields, watched)?;
        let mut others = Box::default();
        let mut chosen_ids = Vec::new();
        if let Some(chosen) = chosen {
            (fields, others) = chosen.keep(class, fields, numbers)?;
            chosen_ids.extend(fields.iter().map(|field| field.id));
            chosen_ids.sort_unstable();
        }
        let slots = fields.iter().map(|field| field.slot).collect();
        let mut own = PlanSlots::of(class, layout, slots);
        if chosen.is_some() {
            let names = fields.iter().map(|field| field.name.bind(py).as_any());
            own.narrow(py, names)?;
        }
        let union = own.is_union();
        let keeps = chosen.is_none() && options.keep_unknown;
        let mut own = Some(own);
        let keeping = own.take_if(|_| keeps).map(Keeping::of_plan);
        let own = own.unwrap_or_default();
        let oneway = class.getattr_opt(intern!(py, "oneway"))?;
        Bound::new(
            py,
            Self {
                union,
                result: oneway.is_some_and(|oneway| oneway.is_exact_instance_of::<PyBool>()),
                class: class.clone().unbind(),
                positions: Positions::new(&fields),
                layout: own.layout.map(Bound::unbind),
                slots: own.slots,
                own_slots: own.is_own,
                original_construction: own.original_construction,
                stale: AtomicBool::new(false),
                last_size: AtomicUsize::new(0),
                spec: spec.clone().unbind(),
                entry_count: entries.len(),
                entries: entries.unbind(),
                unwatched: !watched && chosen.is_none(),
                original_read,
                original_write,
                strict: options.strict && chosen.is_none(),
                narrow: chosen.is_some(),
                chosen_ids: chosen_ids.into_boxed_slice(),
                others,
                numbers,
                arrays: OnceLock::new(),
                keeping,
                selections: OnceLock::new(),
                fields: fields.into_boxed_slice(),
            },
        )
    }

    /// Whether the class has said that it changed, which some classes cannot, or its
    /// `thrift_spec` has other entries than it had.
    #[inline]
    pub fn is_stale(&self, py: Python<'_>) -> bool {
        self.stale.load(Ordering::Relaxed) || self.entries.bind(py).len() != self.entry_count
    }

    fn is_current(&self, class: &Bound<'_, PyType>) -> bool {
        if self.is_stale(class.py()) {
            return false;
        }
        !self.unwatched
            || class
                .getattr(intern!(class.py(), "thrift_spec"))
                .is_ok_and(|now| now.is(&self.spec))
    }

    /// Whether the class's `read` is that of `TPayload` or hidden by a field, and is
    /// sure to stay so while this plan is current.
    #[inline]
    pub fn has_original_read(&self) -> bool {
        self.original_read
    }

    /// Whether the class's `write` is that of `TPayload` or hidden by a field, and is
    /// sure to stay so while this plan is current.
    #[inline]
    pub fn has_original_write(&self) -> bool {
        self.original_write
    }

    /// Whether the class is the result of a method, in which a field that is
    /// not known may be an exception.
    #[inline]
    pub fn is_result(&self) -> bool {
        self.result
    }

    /// Whether exactly one field of an object is set.
    #[inline]
    pub fn is_union(&self) -> bool {
        self.union
    }

    /// Whether structs are looked at as a whole when they are written and read.
    #[inline]
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Whether it has some of the class's fields only: objects of the class are
    /// read by it all the same.
    #[inline]
    pub fn is_narrow(&self) -> bool {
        self.narrow
    }

    /// The id of the field of a narrow plan that may come next, behind one of this
    /// id.
    pub fn chosen_behind(&self, id: i16) -> Option<i16> {
        let position = self.chosen_ids.partition_point(|known| *known <= id);
        self.chosen_ids.get(position).copied()
    }

    /// How objects are read and written that keep what their IDL does not
    /// know; none for all others.
    #[inline]
    pub fn keeping(&self) -> Option<&Keeping> {
        self.keeping.as_ref()
    }

    /// Takes away the defaults of the fields that a narrow plan is without, of a
    /// new object.
    pub fn unset_others(&self, object: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = object.py();
        let unset = |name: &Py<PyString>| assign(object, name.bind(py), py.None().into_bound(py));
        self.others.iter().try_for_each(unset)
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

    /// The class.
    pub fn class(&self) -> &Py<PyType> {
        &self.class
    }

    /// The fields in the order of `thrift_spec`.
    pub fn fields(&self) -> &[PlanField] {
        &self.fields
    }

    /// The layout of a class whose objects can be allocated and filled; others
    /// are made by calling the class.
    #[inline]
    pub fn original_layout(&self) -> Option<&Layout> {
        self.layout().filter(|_| self.original_construction)
    }

    /// The layout, for the slots of fields.
    #[inline]
    pub fn layout(&self) -> Option<&Layout> {
        self.layout.as_ref().map(Py::get)
    }

    /// The slots of the fields, in their order, if each field has one.
    #[inline]
    pub fn slot_list(&self) -> Option<&SlotList> {
        self.slots.as_ref()
    }

    /// Whether an object has a value in each slot of its layout when all fields have
    /// come.
    #[inline]
    pub fn fills_layout(&self) -> bool {
        self.slots.as_ref().is_some_and(SlotList::is_whole)
    }

    /// Whether an object is of this very class, and has its fields in slots and
    /// no `thrift_spec` of its own.
    #[inline]
    pub fn is_of(&self, object: &Bound<'_, PyAny>) -> bool {
        self.own_slots
            && self
                .layout()
                .is_some_and(|layout| layout.slots().view_bare(object).is_some())
    }

    /// The slots of an object whose plan this is.
    #[expect(
        clippy::inline_always,
        reason = "measured: once for each struct, of which most are small"
    )]
    #[inline(always)]
    pub fn slots<'a, 'py>(&'a self, object: &'a Bound<'py, PyAny>) -> Option<ffi::Slots<'a, 'py>> {
        let slots = self.layout()?.slots();
        slots.view_exact(object).or_else(|| slots.view(object))
    }

    /// The field with this id, and those after it.
    #[inline]
    pub fn find(&self, id: i16) -> Option<(&PlanField, &[PlanField])> {
        self.fields[self.positions.get(id)?..].split_first()
    }

    /// Whether the IDL says that the field with this id is always set.
    pub fn requires(&self, id: i16) -> bool {
        self.find(id).is_some_and(|(field, _)| field.required)
    }
}

/// The entries of a `thrift_spec`, by the ids of the fields.
fn entries_of<'py>(
    class: &Bound<'py, PyType>,
    spec: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    if let Ok(entries) = spec.cast::<PyDict>() {
        return Ok(entries.clone());
    }
    if is_empty(spec) {
        return Ok(PyDict::new(class.py()));
    }
    let hint = if spec.is_instance_of::<PyTuple>() {
        ": Apache's compiler generated the class; load() the .thrift file"
    } else {
        ""
    };
    Err(PyTypeError::new_err(format!(
        "thrift_spec of {class} is not a dict of field id -> (ttype, name, ...){hint}"
    )))
}

/// Whether a `thrift_spec` is a collection of nothing, which thriftpy2 takes of any
/// type.
fn is_empty(spec: &Bound<'_, PyAny>) -> bool {
    let is_collection = spec.is_instance_of::<PySet>()
        || spec.is_instance_of::<PyFrozenSet>()
        || spec.is_instance_of::<PyTuple>()
        || spec.is_instance_of::<PyList>();
    is_collection && spec.len().is_ok_and(|length| length == 0)
}

/// Whether a field is called `name`, so that objects show its value in place of a method.
fn hides(fields: &[PlanField], name: &Bound<'_, PyString>) -> bool {
    let (py, Ok(name)) = (name.py(), name.to_str()) else {
        return false;
    };
    let named = |field: &PlanField| field.name.bind(py).to_str().is_ok_and(|n| n == name);
    fields.iter().any(named)
}

/// Whether a class has the `read` and the `write` of `TPayload`, or fields hide them.
fn original_methods(
    class: &Bound<'_, PyType>,
    fields: &[PlanField],
    watched: bool,
) -> PyResult<[bool; 2]> {
    let py = class.py();
    let is_original = |name: &Bound<'_, PyString>| -> PyResult<bool> {
        Ok(watched && (hides(fields, name) || is_original(class, name)?))
    };
    Ok([
        is_original(intern!(py, "read"))?,
        is_original(intern!(py, "write"))?,
    ])
}

/// Whether a class has the `read` or `write` of `TPayload`.
fn is_original(class: &Bound<'_, PyType>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    let original = ffi::own_attribute(imports::payload(class.py())?, name);
    let found = ffi::lookup(class, name);
    Ok(match (original, found) {
        (Some(original), Some(found)) => original.is(&found),
        _ => false,
    })
}

impl Linked for Plan {
    fn condemn(&self) {
        self.set_stale();
    }

    fn cut(&self, garbage: &Garbage<'_>) {
        for field in &self.fields {
            field.kind.cut(garbage);
        }
    }
}

#[pymethods]
impl Plan {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.class)?;
        visit.call(&self.layout)?;
        if let Some(keeping) = &self.keeping {
            keeping.traverse(&visit)?;
        }
        visit.call(&self.spec)?;
        visit.call(&self.entries)?;
        visit.call(self.selections.get())?;
        visit.call(self.arrays.get())?;
        for field in &self.fields {
            visit.call(&field.spec)?;
            field.kind.traverse(&visit)?;
        }
        Ok(())
    }
}
