//! Direct access to the `__slots__` of a class.

use std::mem::ManuallyDrop;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::pyclass::PyTraverseError;
use pyo3::pyclass::PyVisit;
use pyo3::types::{PyString, PyType};

use super::storage::{allocate_untracked, install_dealloc, is_plain, track};
use super::types::{is_kind_of, own_attribute};

/// Where a class keeps its slots: offsets that were taken from its member
/// descriptors and verified against its size.
pub struct SlotTable {
    class: Py<PyType>,
    offsets: Box<[usize]>,
    /// Whether an object is the storage, these slots and nothing else.
    plain: bool,
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
    offsets: &'a [usize],
}

impl SlotTable {
    /// Finds the slots `names` of `class`.
    pub fn new(class: &Bound<'_, PyType>, names: &[Bound<'_, PyString>]) -> PyResult<Self> {
        let offsets = names
            .iter()
            .map(|name| {
                member_offset(class, name).ok_or_else(|| {
                    let class = class
                        .qualname()
                        .map_or_else(|_| String::new(), |n| n.to_string());
                    PyTypeError::new_err(format!("class {class} has no slot named {name}"))
                })
            })
            .collect::<PyResult<Box<[usize]>>>()?;
        Ok(Self {
            class: class.clone().unbind(),
            plain: is_plain(class, offsets.len())?,
            offsets,
        })
    }

    /// Lets objects of the class be freed by code that knows its slots.
    pub fn install_dealloc(&self, class: &Bound<'_, PyType>) {
        if self.plain {
            install_dealloc(class);
        }
    }

    /// The class whose slots these are.
    pub fn class(&self) -> &Py<PyType> {
        &self.class
    }

    /// How many slots the table has.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether the class still has its own member descriptor at this slot.
    pub fn is_current(
        &self,
        class: &Bound<'_, PyType>,
        name: &Bound<'_, PyString>,
        slot: usize,
    ) -> bool {
        member_offset(class, name) == Some(self.offsets[slot])
    }

    /// The object's slots, if it is exactly of the class.
    #[inline]
    pub fn view_exact<'a, 'py>(&'a self, object: &'a Bound<'py, PyAny>) -> Option<Slots<'a, 'py>> {
        (object.get_type_ptr().cast() == self.class.as_ptr()).then_some(Slots {
            object,
            offsets: &self.offsets,
        })
    }

    /// The object's slots, if it is of the class or a subclass.
    pub fn view<'a, 'py>(&'a self, object: &'a Bound<'py, PyAny>) -> Option<Slots<'a, 'py>> {
        is_kind_of(object, self.class.bind(object.py())).then_some(Slots {
            object,
            offsets: &self.offsets,
        })
    }

    /// A new object of the class with all slots empty and no call of
    /// `__new__` or `__init__`.
    #[inline]
    pub fn allocate<'py>(&self, py: Python<'py>) -> PyResult<NewStruct<'py>> {
        if self.plain {
            return allocate_untracked(self.class.bind(py)).map(NewStruct::Untracked);
        }
        // SAFETY: the class is a ready heap type made with `__slots__` on a
        // base whose memory is valid when zeroed, as `tp_alloc` leaves it.
        unsafe {
            let class = self.class.as_ptr().cast::<ffi::PyTypeObject>();
            let allocate = (*class).tp_alloc.unwrap_or(ffi::PyType_GenericAlloc);
            Bound::from_owned_ptr_or_err(py, allocate(class, 0)).map(NewStruct::Tracked)
        }
    }

    /// Reports the references held, for the garbage collector.
    pub fn traverse(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.class)
    }
}

impl<'py> Slots<'_, 'py> {
    #[inline]
    fn place(self, index: usize) -> *mut *mut ffi::PyObject {
        let offset = self.offsets[index];
        // SAFETY: the offset was verified to lie inside every object of the
        // class, and the object is one.
        unsafe { self.object.as_ptr().byte_add(offset).cast() }
    }

    /// The value of a slot, none when it is empty.
    #[inline]
    pub fn get(self, index: usize) -> Option<Bound<'py, PyAny>> {
        // SAFETY: a slot holds null or an object that it owns; the object
        // gets another reference before any other code runs.
        unsafe { Bound::from_borrowed_ptr_or_opt(self.object.py(), *self.place(index)) }
    }

    /// Shows `look` the value of a slot without giving it a reference of its
    /// own: `look` must not run code of objects, which could drop the value.
    #[inline]
    pub fn peek<T>(self, index: usize, look: impl FnOnce(&Bound<'py, PyAny>) -> T) -> Option<T> {
        // SAFETY: a slot holds null or an object that it owns, and keeps it
        // as long as no other code runs. The reference is not given up.
        unsafe {
            let value = Bound::from_owned_ptr_or_opt(self.object.py(), *self.place(index));
            ManuallyDrop::new(value).as_ref().map(look)
        }
    }

    /// Whether a slot has no value.
    #[inline]
    pub fn is_empty(self, index: usize) -> bool {
        // SAFETY: a slot is a pointer inside the object.
        unsafe { (*self.place(index)).is_null() }
    }

    /// Puts what `value` gives for each slot in turn into those that are empty.
    #[inline]
    pub fn fill_empty<T>(
        self,
        fields: impl Iterator<Item = T>,
        mut value: impl FnMut(T) -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        for (offset, field) in self.offsets.iter().zip(fields) {
            // SAFETY: the offset was verified to lie inside every object of
            // the class, and the object is one.
            let place = unsafe { self.object.as_ptr().byte_add(*offset) };
            let place = place.cast::<*mut ffi::PyObject>();
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
    pub fn set(self, index: usize, value: Option<Bound<'py, PyAny>>) {
        let value = value.map_or(std::ptr::null_mut(), Bound::into_ptr);
        // SAFETY: the new value's reference goes to the slot, the old one's
        // comes from it. Dropping the old value may run code, so the slot
        // holds the new one first.
        let old = unsafe {
            let old = self.place(index).replace(value);
            Bound::from_owned_ptr_or_opt(self.object.py(), old)
        };
        drop(old);
    }
}

/// The offset of the slot `name` that `class` itself defines.
fn member_offset(class: &Bound<'_, PyType>, name: &Bound<'_, PyString>) -> Option<usize> {
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
        fits.then_some(offset)
    }
}
