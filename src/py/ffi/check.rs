//! What the unsafe code takes for granted of the interpreter, compared at
//! import with what its public functions say.
//!
//! Sizes come first, so that nothing is read that is not there.

use std::ffi::{c_int, c_void};

use pyo3::exceptions::{PyImportError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyString, PyTuple, PyType};

use super::class::{class_by_type, new_plain_class, new_slotted_class};
use super::instance::own_dict;
use super::int::{self, exact_i32, exact_i64, new_int};
use super::list::{ListBuilder, get_item};
use super::payload_type::{Room, payload_type, room_of};
use super::quiet::Quiet;
use super::slots::member_offset;
use super::storage::{Behaviour, make_storage_type};
use super::text::{exact_utf8, new_str};
use super::types::{lookup, own_attribute};

/// Whether something is as the code takes it to be.
type Check = fn(Python<'_>) -> PyResult<bool>;

/// What is always read.
const NEEDED: [(&str, Check); 3] = [
    ("object", objects),
    ("type", classes),
    ("member_descriptor", slots),
];

/// What is read where layouts are known, past public functions that are slower.
const fn read_if_known<B: Behaviour>() -> [(&'static str, Check); 6] {
    [
        ("str", strings),
        ("int", ints),
        ("list", lists),
        ("builtin_function_or_method", functions),
        ("__dict__", dicts),
        ("class", new_classes::<B>),
    ]
}

/// Refuses an interpreter whose objects are not as the code takes them to be.
/// `B` is what structs do, for the classes that are made to look at.
pub fn check<B: Behaviour>(py: Python<'_>) -> PyResult<()> {
    for (what, holds) in NEEDED {
        refuse_unless(py, what, holds, "use a version that it was tested with")?;
    }
    if cfg!(known_layouts) {
        for (what, holds) in read_if_known::<B>() {
            let advice = "build it from its source for this interpreter, with \
                          FASTTHRIFT_PUBLIC_CALLS=1 in the environment";
            refuse_unless(py, what, holds, advice)?;
        }
    }
    Ok(())
}

fn refuse_unless(py: Python<'_>, what: &str, holds: Check, advice: &str) -> PyResult<()> {
    if holds(py)? {
        return Ok(());
    }
    let version = py.import("sys")?.getattr("version")?;
    Err(PyImportError::new_err(format!(
        "fastthrift reads Python's objects in memory, and those of kind '{what}' are not as in \
         the versions of CPython that it was tested with (3.10 to 3.15); this is {version}: {advice}"
    )))
}

/// The size of the objects of a class, as the class says.
fn size_of_objects(class: &Bound<'_, PyType>) -> PyResult<usize> {
    class.getattr("__basicsize__")?.extract()
}

/// The size of an object, as it says.
fn size(object: &Bound<'_, PyAny>) -> PyResult<usize> {
    object.call_method0("__sizeof__")?.extract()
}

/// The head of every object: what counts references, and the type.
fn objects(py: Python<'_>) -> PyResult<bool> {
    let object = py.get_type::<PyAny>().call0()?;
    // SAFETY: the result is a new reference.
    let class = unsafe {
        let class = ffi::PyObject_Type(object.as_ptr());
        Bound::from_owned_ptr_or_err(py, class.cast())?
    };
    Ok(size(&object)? == size_of::<ffi::PyObject>()
        && object.get_type_ptr().cast() == class.as_ptr())
}

/// Text of each kind that `CPython` has: alone and not, of one byte, two and
/// four for a character, with and without others than ASCII.
const TEXTS: [&str; 11] = [
    "",
    "a",
    "name",
    "a name of more than two words of memory",
    "\u{e9}",
    "caf\u{e9}",
    "\u{436}",
    "na\u{436}na",
    "\u{ffff}\u{ffff}",
    "\u{1f600}",
    "\u{1f600} and \u{436}\u{e9}",
];

fn strings(py: Python<'_>) -> PyResult<bool> {
    let ascii = size_of::<ffi::PyASCIIObject>();
    let other = size_of::<ffi::PyCompactUnicodeObject>();
    let largest = other + size_of::<*mut c_void>();
    if size_of_objects(&py.get_type::<PyString>())? != largest {
        return Ok(false);
    }
    for (text, expected) in [
        ("ab", ascii + 3),
        ("\u{e9}\u{e9}", other + 3),
        ("\u{436}\u{436}", other + 6),
        ("\u{1f600}\u{1f600}", other + 12),
    ] {
        if size(PyString::new(py, text).as_any())? != expected {
            return Ok(false);
        }
    }

    // Memory that was in use, so that what a new string leaves as it was is
    // not zero by chance.
    let soiled: Vec<_> = (16..160)
        .step_by(8)
        .map(|length| PyBytes::new(py, &vec![0xff; length]))
        .collect();
    drop(soiled);
    let mut samples: Vec<_> = TEXTS.iter().map(|text| PyString::new(py, text)).collect();
    samples.extend(TEXTS.iter().map(|text| PyString::intern(py, text)));
    // Texts that are part of the interpreter, and that it put together.
    samples.push(py.get_type::<PyString>().name()?);
    samples.push(12_345_i32.into_pyobject(py)?.str()?);
    for sample in &samples {
        if !reads_text(sample)? {
            return Ok(false);
        }
    }
    for text in TEXTS {
        let Some(made) = new_str(py, text.as_bytes())? else {
            return Ok(false);
        };
        let usual = PyString::new(py, text);
        let usual_ascii = usual.call_method0("isascii")?;
        if !made.eq(&usual)?
            || made.hash()? != usual.hash()?
            || size(&made)? < size(usual.as_any())?
            || !made.call_method0("isascii")?.is(&usual_ascii)
            || !reads_text(made.cast()?)?
        {
            return Ok(false);
        }
    }
    let surrogate = PyBytes::new(py, b"\xed\xa0\x80");
    let surrogate = surrogate.call_method1("decode", ("utf-8", "surrogatepass"))?;
    Ok(exact_utf8(&surrogate).is_none())
}

/// Whether the text of a string is found where the public function finds it.
fn reads_text(text: &Bound<'_, PyString>) -> PyResult<bool> {
    let mut length = 0;
    // SAFETY: the pointer is to a variable; a string keeps its UTF-8.
    let public = unsafe { ffi::PyUnicode_AsUTF8AndSize(text.as_ptr(), &raw mut length) };
    if public.is_null() {
        return Err(PyErr::fetch(text.py()));
    }
    // Compares where it is, and reads nothing.
    Ok(exact_utf8(text).is_some_and(|found| {
        found.as_ptr() == public.cast() && found.len() == length.cast_unsigned()
    }))
}

fn ints(py: Python<'_>) -> PyResult<bool> {
    let class = py.get_type::<PyInt>();
    let digits = py.import("sys")?.getattr("int_info")?;
    if digits.getattr("bits_per_digit")?.extract::<u32>()? != int::DIGIT_BITS
        || digits.getattr("sizeof_digit")?.extract::<usize>()? != size_of::<u32>()
        || class.getattr("__itemsize__")?.extract::<usize>()? != size_of::<u32>()
        || size_of_objects(&class)? != int::DIGITS
    {
        return Ok(false);
    }
    let one = 1_i32.into_pyobject(py)?;
    for bits in [0, 1, 8, 29, 30, 31, 32, 59, 60, 61, 62, 63, 64, 89, 90, 120] {
        let power = one.lshift(bits)?;
        for value in [
            power.clone(),
            power.sub(&one)?,
            power.neg()?,
            power.neg()?.sub(&one)?,
        ] {
            let public = value.extract::<i64>().ok();
            if exact_i64(&value) != public
                || exact_i32(&value) != value.extract::<i32>().ok()
                || !public.map_or(Ok(true), |public| new_int(py, public)?.eq(&value))?
            {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn lists(py: Python<'_>) -> PyResult<bool> {
    let items: Vec<_> = (0..5)
        .map(|_| py.get_type::<PyAny>().call0())
        .collect::<PyResult<_>>()?;
    let list = PyList::new(py, &items)?;
    if size_of_objects(&py.get_type::<PyList>())? != size_of::<ffi::PyListObject>() {
        return Ok(false);
    }
    // SAFETY: the object has this size, so that all of these can be read.
    let (length, allocated) = unsafe {
        let list = list.as_ptr().cast::<ffi::PyListObject>();
        ((*list).ob_base.ob_size, (*list).allocated)
    };
    let memory = size(&list)? - size_of::<ffi::PyListObject>();
    // The third pointer is that of the items then.
    if length.cast_unsigned() != items.len()
        || allocated.cast_unsigned() != memory / size_of::<*mut ffi::PyObject>()
    {
        return Ok(false);
    }
    let mut made = ListBuilder::new(&Quiet::new(py, false), items.len())?;
    for (index, item) in items.iter().enumerate() {
        if !get_item(&list, index).is_some_and(|found| found.is(item)) {
            return Ok(false);
        }
        made.push(item.clone())?;
    }
    made.push(py.None().into_bound(py))?;
    let made = made.finish();
    list.append(py.None())?;
    Ok(made.eq(list)? && made.len()? == items.len() + 1)
}

/// Functions of modules.
fn functions(py: Python<'_>) -> PyResult<bool> {
    let function = py.import("sys")?.getattr("intern")?;
    if size_of_objects(&function.get_type())? != size_of::<ffi::PyCFunctionObject>() {
        return Ok(false);
    }
    // SAFETY: the function has this size. Its definition is read only if its
    // module is where it is taken to be, behind it.
    unsafe {
        let object = function.as_ptr();
        let found = object.cast::<ffi::PyCFunctionObject>();
        let code = ffi::PyCFunction_GetFunction(object);
        Ok((*found).m_self == ffi::PyCFunction_GetSelf(object)
            && !(*found).m_ml.is_null()
            && (*(*found).m_ml).ml_flags == ffi::PyCFunction_GetFlags(object)
            && Some((*(*found).m_ml).ml_meth.PyCFunction as usize)
                == code.map(|code| code as usize))
    }
}

/// A class with these slots, as `type` makes it.
fn sample<'py>(py: Python<'py>, slots: &[&str]) -> PyResult<Bound<'py, PyType>> {
    let namespace = PyDict::new(py);
    namespace.set_item("__slots__", PyTuple::new(py, slots)?)?;
    namespace.set_item("__module__", "fastthrift")?;
    class_by_type(
        &py.get_type::<PyType>(),
        &PyString::new(py, "Sample"),
        &py.get_type::<PyAny>(),
        &namespace,
    )
}

fn classes(py: Python<'_>) -> PyResult<bool> {
    if size_of_objects(&py.get_type::<PyType>())? != size_of::<ffi::PyHeapTypeObject>() {
        return Ok(false);
    }
    for names in [&["first", "second"][..], &["__dict__", "__weakref__"]] {
        let class = sample(py, names)?;
        let number = |name: &str| class.getattr(name)?.extract::<ffi::Py_ssize_t>();
        let slot = |slot: c_int| {
            // SAFETY: a class; a slot that it lacks is null.
            unsafe { ffi::PyType_GetSlot(class.as_type_ptr(), slot) as usize }
        };
        macro_rules! same_functions {
            ($object:expr, $($slot:ident: $field:ident),*) => {
                true $(&& slot(ffi::$slot) == (*$object).$field.map_or(0, |code| code as usize))*
            };
        }
        // SAFETY: the class has the size of the structure that is read. What
        // pointers refer to is not read.
        let same = unsafe {
            let object = class.as_type_ptr();
            let heap = object.cast::<ffi::PyHeapTypeObject>();
            same_functions!(
                object,
                Py_tp_dealloc: tp_dealloc, Py_tp_traverse: tp_traverse, Py_tp_clear: tp_clear,
                Py_tp_alloc: tp_alloc, Py_tp_free: tp_free, Py_tp_new: tp_new,
                Py_tp_init: tp_init, Py_tp_call: tp_call, Py_tp_getattro: tp_getattro,
                Py_tp_setattro: tp_setattro, Py_tp_hash: tp_hash,
                Py_tp_richcompare: tp_richcompare, Py_tp_finalize: tp_finalize
            ) && slot(ffi::Py_tp_base) == (*object).tp_base as usize
                && slot(ffi::Py_tp_bases) == (*object).tp_bases as usize
                && (*object).tp_basicsize == number("__basicsize__")?
                && (*object).tp_itemsize == number("__itemsize__")?
                && (*object).tp_dictoffset == number("__dictoffset__")?
                && (*object).tp_weaklistoffset == number("__weakrefoffset__")?
                && (*object).tp_flags == ffi::PyType_GetFlags(object)
                && (*heap).ht_name == class.name()?.as_ptr()
                && (*heap).ht_qualname == class.qualname()?.as_ptr()
                && (*object).tp_name == ffi::PyUnicode_AsUTF8((*heap).ht_name)
        };
        let name = PyString::new(py, "__module__");
        let module = class.getattr(&name)?;
        let attribute = || {
            Some(own_attribute(&class, &name)?.is(&module) && lookup(&class, &name)?.is(&module))
        };
        if !same || attribute() != Some(true) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where a slot is in an object, looked for in the object.
fn slots(py: Python<'_>) -> PyResult<bool> {
    let names = ["first", "second"];
    let class = sample(py, &names)?;
    for (index, name) in names.into_iter().enumerate() {
        let name = PyString::intern(py, name);
        let descriptor = class.getattr(&name)?;
        if size_of_objects(&descriptor.get_type())? != size_of::<ffi::PyMemberDescrObject>() {
            return Ok(false);
        }
        // SAFETY: the descriptor has this size, so that this can be read.
        let common = unsafe {
            let descriptor = descriptor.as_ptr().cast::<ffi::PyMemberDescrObject>();
            &(*descriptor).d_common
        };
        if common.d_type != class.as_type_ptr() || common.d_name != name.as_ptr() {
            return Ok(false);
        }
        let object = class.call0()?;
        object.setattr(&name, py.NotImplemented())?;
        let offset = size_of::<ffi::PyObject>() + index * size_of::<*mut ffi::PyObject>();
        let end = offset + size_of::<*mut ffi::PyObject>();
        // SAFETY: the place is inside of the object, or is not read.
        let found = end <= size_of_objects(&class)?
            && unsafe {
                let place = object.as_ptr().byte_add(offset);
                place.cast::<*mut ffi::PyObject>().read() == py.NotImplemented().as_ptr()
            };
        if !found || member_offset(&class, &name) != u32::try_from(offset).ok() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The dict of an object of a native class.
fn dicts(py: Python<'_>) -> PyResult<bool> {
    let object = py.get_type::<PyValueError>().call0()?;
    object.setattr("attribute", 1)?;
    let dict = object.getattr("__dict__")?;
    Ok(own_dict(&object).is_some_and(|own| own.is(&dict)))
}

/// Classes that are made here are those that `type` would make.
fn new_classes<B: Behaviour>(py: Python<'_>) -> PyResult<bool> {
    let name = PyString::new(py, "Sample");
    let namespace = |slots: Option<&Bound<'_, PyTuple>>| {
        let namespace = PyDict::new(py);
        namespace.set_item("__module__", "fastthrift")?;
        if let Some(slots) = slots {
            namespace.set_item("__slots__", slots)?;
        }
        Ok::<_, PyErr>(namespace)
    };
    let plain = py.get_type::<PyType>();
    let usual = class_by_type(&plain, &name, &py.get_type::<PyAny>(), &namespace(None)?)?;
    if !are_alike(&new_plain_class(&name, namespace(None)?)?, &usual)? {
        return Ok(false);
    }

    let (metaclass, base) = (payload_type(py)?, make_storage_type::<B>(py)?);
    let slots = PyTuple::new(py, ["first", "second"])?;
    let usual = class_by_type(metaclass, &name, base, &namespace(Some(&slots))?)?;
    let made = new_slotted_class(metaclass, &name, base, namespace(Some(&slots))?, &slots)?;
    if !are_alike(&made, &usual)? {
        return Ok(false);
    }
    for slot in slots {
        let slot = slot.cast_into::<PyString>()?;
        let offset = member_offset(&made, &slot);
        if offset.is_none() || offset != member_offset(&usual, &slot) {
            return Ok(false);
        }
    }
    has_room(&made)
}

/// Whether the room behind a class starts where the memory of a `type` ends, and
/// is all that its metaclass has added.
fn has_room(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let py = class.py();
    let class = class.as_type_ptr();
    let size = size_of_objects(&py.get_type::<PyType>())?;
    // SAFETY: the class is one of the metaclass.
    let room = unsafe { room_of(class) };
    Ok(room.addr() - class.addr() == size
        && size_of_objects(payload_type(py)?)? == size + size_of::<Room>())
}

/// Whether what can be asked of two classes is the same.
fn are_alike<'py>(one: &Bound<'py, PyType>, other: &Bound<'py, PyType>) -> PyResult<bool> {
    for name in [
        "__name__",
        "__qualname__",
        "__module__",
        "__basicsize__",
        "__itemsize__",
        "__dictoffset__",
        "__weakrefoffset__",
        "__flags__",
        "__bases__",
        "__base__",
    ] {
        if !one.getattr(name)?.eq(other.getattr(name)?)? {
            return Ok(false);
        }
    }
    let names = |class: &Bound<'py, PyType>| class.getattr("__dict__")?.call_method0("keys");
    names(one)?.eq(names(other)?)
}
