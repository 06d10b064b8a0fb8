//! Direct access to the `__slots__` of a class.

use std::mem::ManuallyDrop;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::pyclass::PyTraverseError;
use pyo3::pyclass::PyVisit;
use pyo3::types::{PyString, PyType};

use super::quiet::Quiet;
use super::raised::Raised;
use super::scalar::{ScalarKind, write_exact_field};
use super::storage::{
    Behaviour, allocate_untracked, has_only_slots, install_functions, may_have_extras,
    storage_type, track,
};
use super::types::{is_kind_of, own_attribute};
use crate::wire::Writer;

/// Where a class keeps its slots.
pub struct SlotTable {
    class: Py<PyType>,
    id: TableId,
    slots: Box<[Slot]>,
    /// Whether an object is the storage, these slots and nothing else.
    only_slots: bool,
    /// The class, if its objects start with the storage; null otherwise.
    stored: *const ffi::PyTypeObject,
}

// SAFETY: the pointer is to the class that the table holds, and is compared only.
unsafe impl Send for SlotTable {}
// SAFETY: as above, and it never changes.
unsafe impl Sync for SlotTable {}

/// The number of a table; only copies of it have the same.
type TableId = NonZeroU64;

/// A slot: its offset was taken from a member descriptor of the class and
/// verified against the size of its objects.
#[derive(Clone, Copy)]
pub struct Slot {
    table: TableId,
    offset: u32,
    index: u32,
}

impl Slot {
    /// Which of the slots of its class it is.
    pub fn index(self) -> usize {
        self.index as usize
    }
}

/// Slots of one table, in an order of their own.
///
/// That they are of one table is checked once, not at each of them.
pub struct SlotList {
    table: TableId,
    slots: Box<[Slot]>,
    whole: bool,
}

impl SlotList {
    /// Whether every slot of the table is among them.
    #[inline]
    pub fn is_whole(&self) -> bool {
        self.whole
    }
}

/// The slots of a [`SlotList`] in an object of their class.
#[derive(Clone, Copy)]
pub struct ListedSlots<'a, 'py> {
    slots: Slots<'a, 'py>,
    list: &'a [Slot],
}

/// A slot of an object, known to be one of its class.
#[derive(Clone, Copy)]
pub struct ListedSlot<'a, 'py> {
    slots: Slots<'a, 'py>,
    slot: Slot,
}

/// A struct under construction.
pub enum NewStruct<'py> {
    /// The garbage collector does not look at it yet.
    Untracked(Bound<'py, PyAny>),
    /// It does already.
    Tracked(Bound<'py, PyAny>),
}

impl<'py> NewStruct<'py> {
    /// The object, which is filled.
    #[inline]
    pub fn finish(self) -> Bound<'py, PyAny> {
        match self {
            Self::Untracked(object) => {
                track(&object);
                object
            }
            Self::Tracked(object) => object,
        }
    }

    /// The object, to fill it.
    #[inline]
    pub fn object(&self) -> &Bound<'py, PyAny> {
        match self {
            Self::Untracked(object) | Self::Tracked(object) => object,
        }
    }
}

/// An object of the class that a [`SlotTable`] describes, or of a subclass.
#[derive(Clone, Copy)]
pub struct Slots<'a, 'py> {
    object: &'a Bound<'py, PyAny>,
    table: &'a SlotTable,
}

impl SlotTable {
    /// A copy of the table, for the same class and with the same slots.
    pub fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            class: self.class.clone_ref(py),
            id: self.id,
            slots: self.slots.clone(),
            only_slots: self.only_slots,
            stored: self.stored,
        }
    }

    /// Finds the slots `names` of `class`.
    pub fn new(class: &Bound<'_, PyType>, names: &[Bound<'_, PyString>]) -> PyResult<Self> {
        static LAST_ID: AtomicU64 = AtomicU64::new(0);
        let id = LAST_ID.fetch_add(1, Ordering::Relaxed) + 1;
        let id = TableId::new(id).ok_or_else(|| PyTypeError::new_err("too many classes"))?;
        let slots = names
            .iter()
            .zip(0..)
            .map(|(name, index)| match member_offset(class, name) {
                Some(offset) => Ok(Slot {
                    table: id,
                    offset,
                    index,
                }),
                None => Err(PyTypeError::new_err(format!(
                    "class {} has no slot named {name}",
                    class.name()?
                ))),
            })
            .collect::<PyResult<Box<[Slot]>>>()?;
        let stored = if class.is_subclass(storage_type(class.py())?)? {
            class.as_type_ptr().cast_const()
        } else {
            std::ptr::null()
        };
        Ok(Self {
            class: class.clone().unbind(),
            id,
            only_slots: has_only_slots(class, slots.len())?,
            stored,
            slots,
        })
    }

    /// Lets objects of the class be made and freed by code that knows its slots.
    pub fn install_functions<B: Behaviour>(&self, class: &Bound<'_, PyType>) {
        if self.only_slots {
            install_functions::<B>(class);
        }
    }

    /// The class whose slots these are.
    pub fn class(&self) -> &Py<PyType> {
        &self.class
    }

    /// The slots, in the order of their names.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// A list of slots, none if they are not all of this table.
    pub fn list(&self, slots: Box<[Slot]>) -> Option<SlotList> {
        let mut found = vec![false; self.slots.len()];
        for slot in &slots {
            if slot.table != self.id {
                return None;
            }
            found[slot.index()] = true;
        }
        Some(SlotList {
            table: self.id,
            slots,
            whole: found.into_iter().all(|found| found),
        })
    }

    /// Whether the class still has its own member descriptor at this slot.
    pub fn is_current(
        &self,
        class: &Bound<'_, PyType>,
        name: &Bound<'_, PyString>,
        slot: Slot,
    ) -> bool {
        slot.table == self.id && member_offset(class, name) == Some(slot.offset)
    }

    /// The object's slots, if it is exactly of the class.
    #[inline]
    pub fn view_exact<'a, 'py>(&'a self, object: &'a Bound<'py, PyAny>) -> Option<Slots<'a, 'py>> {
        (object.get_type_ptr().cast() == self.class.as_ptr()).then_some(Slots {
            object,
            table: self,
        })
    }

    /// The object's slots, if it is exactly of the class and has no attributes
    /// beside them.
    #[inline]
    pub fn view_bare<'a, 'py>(&'a self, object: &'a Bound<'py, PyAny>) -> Option<Slots<'a, 'py>> {
        // SAFETY: objects of this class start with the storage.
        let bare = object.get_type_ptr().cast_const() == self.stored
            && unsafe { !may_have_extras(object) };
        bare.then_some(Slots {
            object,
            table: self,
        })
    }

    /// The object's slots, if it is of the class or a subclass.
    pub fn view<'a, 'py>(&'a self, object: &'a Bound<'py, PyAny>) -> Option<Slots<'a, 'py>> {
        is_kind_of(object, self.class.bind(object.py())).then_some(Slots {
            object,
            table: self,
        })
    }

    /// A new object of the class with all slots empty and no call of
    /// `__new__` or `__init__`.
    #[inline]
    pub fn allocate<'py>(&self, quiet: &Quiet<'py>) -> Result<NewStruct<'py>, Raised<'py>> {
        let py = quiet.py();
        if self.only_slots {
            return allocate_untracked(self.class.bind(py)).map(NewStruct::Untracked);
        }
        // SAFETY: the class is a ready heap type made with `__slots__` on a
        // base whose memory is valid when zeroed, as `tp_alloc` leaves it.
        unsafe {
            let class = self.class.as_ptr().cast::<ffi::PyTypeObject>();
            let allocate = (*class).tp_alloc.unwrap_or(ffi::PyType_GenericAlloc);
            Raised::or_owned(py, allocate(class, 0)).map(NewStruct::Tracked)
        }
    }

    /// Reports the references held, for the garbage collector.
    pub fn traverse(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.class)
    }
}

impl<'a, 'py> Slots<'a, 'py> {
    /// These slots of the object, none if they are of another class.
    #[inline]
    pub fn listed(self, list: &'a SlotList) -> Option<ListedSlots<'a, 'py>> {
        (list.table == self.table.id).then_some(ListedSlots {
            slots: self,
            list: &list.slots,
        })
    }
}

impl<'a, 'py> ListedSlots<'a, 'py> {
    /// The slots, in the order of the list.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = ListedSlot<'a, 'py>> {
        let slots = self.slots;
        self.list
            .iter()
            .map(move |slot| ListedSlot { slots, slot: *slot })
    }
}

impl<'py> ListedSlot<'_, 'py> {
    #[inline]
    fn place(self) -> *mut *mut ffi::PyObject {
        // SAFETY: whoever makes one has checked that the slot is of this table.
        unsafe { self.slots.place_of_own(self.slot) }
    }

    /// The value of the slot, none when it is empty.
    #[inline]
    pub fn get(self) -> Option<Bound<'py, PyAny>> {
        // SAFETY: a slot holds null or an object that it owns; the object
        // gets another reference before any other code runs.
        unsafe { Bound::from_borrowed_ptr_or_opt(self.slots.object.py(), *self.place()) }
    }

    #[inline]
    fn set(self, value: Option<Bound<'py, PyAny>>) {
        let value = value.map_or(std::ptr::null_mut(), Bound::into_ptr);
        // SAFETY: the new value's reference goes to the slot, the old one's
        // comes from it. Dropping the old value may run code, so the slot
        // holds the new one first.
        let old = unsafe {
            let old = self.place().replace(value);
            Bound::from_owned_ptr_or_opt(self.slots.object.py(), old)
        };
        drop(old);
    }

    /// Writes the value of the slot as a field, if there is none or it can be
    /// read without running any code; whether that is so.
    #[expect(clippy::inline_always, reason = "measured: the loop over fields")]
    #[inline(always)]
    pub fn write_field<W: Writer>(
        self,
        kind: ScalarKind,
        id: i16,
        last_id: &mut i16,
        writer: &mut W,
    ) -> bool {
        // SAFETY: a slot holds null or an object that it owns, and keeps it
        // as long as no other code runs. None does while the value is read and
        // written, or the value is not looked at again. The reference is not
        // given up.
        unsafe {
            let value = Bound::from_owned_ptr_or_opt(self.slots.object.py(), *self.place());
            match ManuallyDrop::new(value).as_ref() {
                Some(value) => write_exact_field(kind, value, id, last_id, writer),
                None => true,
            }
        }
    }
}

impl<'a, 'py> Slots<'a, 'py> {
    #[inline]
    fn checked(self, slot: Slot) -> ListedSlot<'a, 'py> {
        assert!(slot.table == self.table.id, "the slot of another class");
        ListedSlot { slots: self, slot }
    }

    #[inline]
    fn place(self, slot: Slot) -> *mut *mut ffi::PyObject {
        self.checked(slot).place()
    }

    /// # Safety
    /// The slot is of this table.
    #[inline]
    unsafe fn place_of_own(self, slot: Slot) -> *mut *mut ffi::PyObject {
        // SAFETY: the offset was verified to lie inside every object of the
        // class, and the object is one.
        unsafe { self.object.as_ptr().byte_add(slot.offset as usize).cast() }
    }

    /// The value of a slot, none when it is empty.
    #[inline]
    pub fn get(self, slot: Slot) -> Option<Bound<'py, PyAny>> {
        self.checked(slot).get()
    }

    /// Whether a slot has no value.
    #[inline]
    pub fn is_empty(self, slot: Slot) -> bool {
        // SAFETY: a slot is a pointer inside the object.
        unsafe { (*self.place(slot)).is_null() }
    }

    /// Puts what `value` gives for each slot in turn into those that are empty.
    #[inline]
    pub fn fill_empty<T>(
        self,
        fields: impl Iterator<Item = T>,
        mut value: impl FnMut(T) -> Result<Bound<'py, PyAny>, Raised<'py>>,
    ) -> Result<(), Raised<'py>> {
        for (slot, field) in self.table.slots.iter().zip(fields) {
            // SAFETY: the slot is of this table.
            let place = unsafe { self.place_of_own(*slot) };
            // SAFETY: a slot is a pointer inside the object. It is looked at
            // again, for the value may have been made by other code.
            unsafe {
                if (*place).is_null() {
                    let new = value(field)?.into_ptr();
                    drop(Bound::from_owned_ptr_or_opt(
                        self.object.py(),
                        place.replace(new),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Puts a value into a slot, or empties it, and drops the old value.
    #[inline]
    pub fn set(self, slot: Slot, value: Option<Bound<'py, PyAny>>) {
        self.checked(slot).set(value);
    }

    /// Puts a value into a slot, if it is one of this class, and drops the old value.
    #[inline]
    pub fn put(self, slot: Option<Slot>, value: Bound<'py, PyAny>) {
        if let Some(slot) = slot.filter(|slot| slot.table == self.table.id) {
            ListedSlot { slots: self, slot }.set(Some(value));
        }
    }
}

/// The offset of the slot `name` that `class` itself defines.
pub(super) fn member_offset(class: &Bound<'_, PyType>, name: &Bound<'_, PyString>) -> Option<u32> {
    let descriptor = own_attribute(class, name)?;
    // SAFETY: the object is read as a member descriptor only after its type
    // was checked; such a descriptor points to a definition that lives as
    // long as the class.
    unsafe {
        if descriptor.get_type_ptr() != &raw mut ffi::PyMemberDescr_Type {
            return None;
        }
        let descriptor = descriptor.as_ptr().cast::<ffi::PyMemberDescrObject>();
        if (*descriptor).d_common.d_type != class.as_type_ptr() {
            return None;
        }
        let member = (*descriptor).d_member.cast::<ffi::PyMemberDef>();
        let offset = usize::try_from((*member).offset).ok()?;
        let size = usize::try_from((*class.as_type_ptr()).tp_basicsize).ok()?;
        let fits = (*member).type_code == ffi::Py_T_OBJECT_EX
            && offset >= size_of::<ffi::PyObject>()
            && offset.is_multiple_of(align_of::<*mut ffi::PyObject>())
            && offset + size_of::<*mut ffi::PyObject>() <= size;
        fits.then_some(u32::try_from(offset).ok()?)
    }
}
