//! Whole payloads to bytes and back, without transport objects.

use std::sync::OnceLock;

use pyo3::Borrowed;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView, PyString, PyTuple, PyType};

use super::codec::{
    self, Decoder, Dialect, Direction, Encoder, Read, Settings, Strings, Write, type_name,
};
use super::error::CodecError;
use super::ffi::{self, ByPosition, General, Raised};
use super::protocol::{
    ReadStruct, TApacheJSONProtocolFactory, TBinaryProtocol, TBinaryProtocolFactory,
    TCompactProtocolFactory, WriteStruct,
};
use super::structs::{Layout, Numbers, Plan, Selection};
use super::transport::TMemoryBuffer;
use crate::wire::{Reader, Writer};

/// The settings of a factory that is exactly one of ours.
#[expect(
    clippy::inline_always,
    reason = "measured: moved settings are loaded while they are still being stored"
)]
#[inline(always)]
fn original_settings(factory: &Bound<'_, PyAny>) -> Option<Settings> {
    let settings = if let Some(factory) = ffi::exactly::<TBinaryProtocolFactory>(factory) {
        factory.as_super()
    } else if let Some(factory) = ffi::exactly::<TCompactProtocolFactory>(factory) {
        factory.as_super()
    } else if let Some(factory) = ffi::exactly::<TApacheJSONProtocolFactory>(factory) {
        factory.as_super()
    } else {
        return None;
    };
    Some(settings.get().get())
}

/// A struct, to be written by the plan that was found for it.
struct WriteByPlan<'a, 'py> {
    plan: &'a Plan,
    object: &'a Bound<'py, PyAny>,
}

impl<'py> Write<'py> for WriteByPlan<'_, 'py> {
    fn write<W: Writer>(self, py: Python<'py>, mut writer: W) -> Result<(), CodecError> {
        let depth = *writer.depth();
        codec::check(self.plan, self.object, Direction::Written, depth)?;
        Encoder::new(py, writer).struct_of_object(self.plan, self.object)
    }
}

#[expect(clippy::inline_always, reason = "measured, as `codec::read_bytes`")]
#[inline(always)]
fn write_by_plan<'py>(
    settings: &Settings,
    plan: &Plan,
    object: &Bound<'py, PyAny>,
) -> Result<Bound<'py, PyBytes>, Raised<'py>> {
    let job = WriteByPlan { plan, object };
    let bytes = codec::write_new(object.py(), settings, plan.expected_size(), job)?;
    plan.note_size(bytes.as_bytes().len());
    Ok(bytes)
}

/// The payload as bytes, without a message around it.
///
/// `proto_factory` is any protocol factory; the binary one by default.
#[pyfunction]
#[pyo3(signature = (thrift_object, proto_factory = None))]
pub fn serialize<'py>(
    thrift_object: &Bound<'py, PyAny>,
    proto_factory: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>, Raised<'py>> {
    if let Some(settings) = factory_settings(proto_factory)
        && let Some(plan) = Plan::of_payload(thrift_object)?
        && plan.get().has_original_write()
    {
        return Ok(write_by_plan(&settings, plan.get(), thrift_object)?.into_any());
    }
    serialize_by_protocol(thrift_object, proto_factory)
        .map_err(|error| Raised::new(thrift_object.py(), error))
}

#[inline(never)]
fn serialize_by_protocol<'py>(
    thrift_object: &Bound<'py, PyAny>,
    proto_factory: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = thrift_object.py();
    ffi::stop_at_exit();
    if !has_method(thrift_object, intern!(py, "write"))? {
        check_object("serialize", "thrift_object", thrift_object)?;
    }
    let transport = py.get_type::<TMemoryBuffer>().call0()?;
    let protocol = protocol_of(proto_factory, &transport)?;
    let write = thrift_object.getattr(intern!(py, "write"))?;
    // A field may be called so.
    if write.is_callable() {
        write.call1((&protocol,))?;
    } else {
        protocol.call_method1(intern!(py, "write_struct"), (thrift_object,))?;
    }
    protocol.call_method0(intern!(py, "write_message_end"))?;
    transport.call_method0(intern!(py, "getvalue"))
}

/// Fills `thrift_object` from bytes and returns it. Bytes after its end are
/// ignored.
///
/// `proto_factory` is any protocol factory; the binary one by default.
#[pyfunction]
#[pyo3(signature = (thrift_object, buf, proto_factory = None))]
pub fn deserialize<'py>(
    thrift_object: Bound<'py, PyAny>,
    buf: &Bound<'py, PyAny>,
    proto_factory: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>, Raised<'py>> {
    if let Some(settings) = factory_settings(proto_factory)
        && let Some(plan) = Plan::of_payload(&thrift_object)?
        && plan.get().has_original_read()
    {
        let job = ReadStruct {
            plan: plan.get(),
            object: &thrift_object,
            strings: settings.strings(),
        };
        read_buffer(&settings, buf, ("deserialize", "buf"), job)?;
        return Ok(thrift_object);
    }
    deserialize_by_protocol(thrift_object, buf, proto_factory)
        .map_err(|error| Raised::new(buf.py(), error))
}

#[inline(never)]
fn deserialize_by_protocol<'py>(
    thrift_object: Bound<'py, PyAny>,
    buf: &Bound<'py, PyAny>,
    proto_factory: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = thrift_object.py();
    ffi::stop_at_exit();
    if !has_method(&thrift_object, intern!(py, "read"))? {
        check_object("deserialize", "thrift_object", &thrift_object)?;
    }
    check_buffer("deserialize", "buf", buf)?;
    let transport = py.get_type::<TMemoryBuffer>().call1((buf,))?;
    let protocol = protocol_of(proto_factory, &transport)?;
    let read = thrift_object.getattr(intern!(py, "read"))?;
    if read.is_callable() {
        read.call1((&protocol,))?;
    } else {
        protocol.call_method1(intern!(py, "read_struct"), (&thrift_object,))?;
    }
    Ok(thrift_object)
}

/// Whether an object can write or read itself by a protocol of this package;
/// one that Apache's compiler generated has such a method for other ones.
fn has_method(object: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    let spec = object.getattr_opt(intern!(object.py(), "thrift_spec"))?;
    let of_apache = spec.is_some_and(|spec| spec.is_instance_of::<PyTuple>());
    Ok(!of_apache && !object.is_instance_of::<PyType>() && object.hasattr(name)?)
}

#[expect(
    clippy::inline_always,
    reason = "measured: moved settings are loaded while they are still being stored"
)]
#[inline(always)]
fn factory_settings(factory: Option<&Bound<'_, PyAny>>) -> Option<Settings> {
    match factory {
        None => Some(Settings::new(Dialect::Binary)),
        Some(factory) => original_settings(factory),
    }
}

fn protocol_of<'py>(
    factory: Option<&Bound<'py, PyAny>>,
    transport: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = transport.py();
    match factory {
        None => py.get_type::<TBinaryProtocol>().call1((transport,)),
        Some(factory) => factory.call_method1(intern!(py, "get_protocol"), (transport,)),
    }
}

#[expect(clippy::inline_always, reason = "measured, as `codec::read_bytes`")]
#[inline(always)]
fn read_buffer<'py, J: Read<'py>>(
    settings: &Settings,
    buffer: &Bound<'py, PyAny>,
    (function, argument): (&str, &str),
    job: J,
) -> Result<J::Taken, Raised<'py>> {
    let py = buffer.py();
    if let Ok(bytes) = buffer.cast::<PyBytes>() {
        return codec::read_bytes(py, settings, bytes.as_bytes(), job);
    }
    // Other buffers may change while Python code runs: work on a copy.
    let bytes = check_buffer(function, argument, buffer)
        .and_then(|()| super::transport::bytes_of(buffer))
        .map_err(|error| Raised::new(py, error))?;
    codec::read_bytes(py, settings, &bytes, job)
}

/// The settings meant by the `protocol` argument of `encode` and `decode`.
#[expect(
    clippy::inline_always,
    reason = "measured: moved settings are loaded while they are still being stored"
)]
#[inline(always)]
fn settings<'py>(protocol: Option<&Bound<'py, PyAny>>) -> Result<Settings, Raised<'py>> {
    let Some(protocol) = protocol else {
        return Ok(Settings::new(Dialect::Binary));
    };
    match ffi::exact_utf8(protocol) {
        Some(b"binary") => Ok(Settings::new(Dialect::Binary)),
        Some(b"compact") => Ok(Settings::new(Dialect::Compact)),
        _ => match original_settings(protocol) {
            Some(settings) => Ok(settings),
            None => Err(Raised::new(protocol.py(), unknown_protocol(protocol))),
        },
    }
}

#[cold]
fn unknown_protocol(protocol: &Bound<'_, PyAny>) -> PyErr {
    if let Ok(name) = protocol.cast::<PyString>() {
        return PyValueError::new_err(format!(
            "unknown protocol '{name}': use 'binary', 'compact' or a protocol factory"
        ));
    }
    PyTypeError::new_err(
        "protocol must be 'binary', 'compact', a TBinaryProtocolFactory, a \
         TCompactProtocolFactory or a TApacheJSONProtocolFactory; use fastthrift.utils.serialize for other factories",
    )
}

/// The bytes of a struct.
///
/// `protocol` is 'binary' (the default), 'compact' or a native protocol
/// factory.
#[pyfunction]
#[pyo3(signature = (obj, protocol = None))]
pub fn encode<'py>(
    obj: &Bound<'py, PyAny>,
    protocol: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyBytes>, Raised<'py>> {
    let settings = settings(protocol)?;
    if let Some(plan) = Plan::of_payload(obj)? {
        return write_by_plan(&settings, plan.get(), obj);
    }
    encode_other(obj, &settings)
}

#[cold]
fn encode_other<'py>(
    obj: &Bound<'py, PyAny>,
    settings: &Settings,
) -> Result<Bound<'py, PyBytes>, Raised<'py>> {
    check_object("encode", "obj", obj).map_err(|error| Raised::new(obj.py(), error))?;
    codec::write_new(obj.py(), settings, 0, WriteStruct(obj))
}

/// What a class or object of other libraries is called in an error.
const OF_APACHE: &str = "whose class Apache's compiler generated: load() the .thrift file \
                         and use the classes of the module that it gives";

/// Refuses an argument that is no struct.
#[cold]
fn check_object(function: &str, argument: &str, object: &Bound<'_, PyAny>) -> PyResult<()> {
    let found = type_name(object);
    let refuse = |what: &str| {
        Err(PyTypeError::new_err(format!(
            "{function}() argument '{argument}' must be a struct, not {found}{what}"
        )))
    };
    if object.is_instance_of::<PyType>() {
        return refuse(": make an object of it");
    }
    match object.getattr_opt(intern!(object.py(), "thrift_spec"))? {
        Some(spec) if spec.is_instance_of::<PyTuple>() => refuse(&format!(", {OF_APACHE}")),
        Some(_) => Ok(()),
        None => refuse(""),
    }
}

/// Refuses an argument that is no struct class.
#[cold]
fn check_class(class: &Bound<'_, PyAny>) -> PyResult<()> {
    let found = type_name(class);
    let refuse = |what: &str| {
        Err(PyTypeError::new_err(format!(
            "decode() argument 'cls' must be a struct class, not {found}{what}"
        )))
    };
    if !class.is_callable() {
        let is_struct = class.hasattr(intern!(class.py(), "thrift_spec"))?;
        return refuse(if is_struct {
            " object: utils.deserialize() fills objects"
        } else {
            ""
        });
    }
    match class.getattr_opt(intern!(class.py(), "thrift_spec"))? {
        Some(spec) if spec.is_instance_of::<PyTuple>() => refuse(&format!(", {OF_APACHE}")),
        None if class.is_instance_of::<PyType>() => refuse(""),
        _ => Ok(()),
    }
}

/// Refuses an argument that has no bytes.
#[cold]
fn check_buffer(function: &str, argument: &str, buffer: &Bound<'_, PyAny>) -> PyResult<()> {
    if PyMemoryView::from(buffer).is_ok() {
        return Ok(());
    }
    Err(PyTypeError::new_err(format!(
        "{function}() argument '{argument}' must be bytes or another buffer, not {}",
        type_name(buffer)
    )))
}

/// A new struct of class `cls` from any bytes-like `buffer`.
///
/// `protocol` is 'binary' (the default), 'compact' or a native protocol
/// factory. Of the fields that `only` names, all else is skipped. With `arrays` as
/// "array" lists of numbers become objects of `array.array`.
#[pyfunction]
#[pyo3(signature = (cls, buffer, protocol = None, *, only = None, arrays = None))]
pub fn decode<'py>(
    cls: &Bound<'py, PyAny>,
    buffer: &Bound<'py, PyAny>,
    protocol: Option<&Bound<'py, PyAny>>,
    only: Option<&Bound<'py, PyAny>>,
    arrays: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>, Raised<'py>> {
    let settings = settings(protocol)?;
    match (only, arrays) {
        (None, None) => decode_whole(cls, buffer, &settings),
        _ => decode_as_asked(cls, buffer, &settings, only, arrays),
    }
}

#[expect(clippy::inline_always, reason = "measured, as `codec::read_bytes`")]
#[inline(always)]
fn decode_whole<'py>(
    cls: &Bound<'py, PyAny>,
    buffer: &Bound<'py, PyAny>,
    settings: &Settings,
) -> Result<Bound<'py, PyAny>, Raised<'py>> {
    if let Ok(class) = cls.cast::<PyType>()
        && let Ok(plan) = Plan::of(class)
        && let Some(layout) = plan.get().original_layout()
    {
        let job = ReadNew {
            plan: plan.get(),
            layout,
            strings: settings.strings(),
        };
        return read_buffer(settings, buffer, DECODED, job);
    }
    decode_by_call(cls, buffer, settings).map_err(|error| Raised::new(cls.py(), error))
}

/// What `arrays` says that lists of numbers become.
fn numbers_of(arrays: Option<&Bound<'_, PyAny>>) -> PyResult<Numbers> {
    let Some(arrays) = arrays else {
        return Ok(Numbers::Lists);
    };
    if ffi::exact_utf8(arrays) == Some(b"array") {
        return Ok(Numbers::Arrays);
    }
    Err(PyValueError::new_err(format!(
        "decode() argument 'arrays' must be \"array\", or None for lists, not {}",
        arrays.repr()?
    )))
}

/// Decodes the fields that `only` names, or all; lists of numbers as `arrays` says.
#[inline(never)]
fn decode_as_asked<'py>(
    cls: &Bound<'py, PyAny>,
    buffer: &Bound<'py, PyAny>,
    settings: &Settings,
    only: Option<&Bound<'py, PyAny>>,
    arrays: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>, Raised<'py>> {
    let py = cls.py();
    ffi::stop_at_exit();
    let find = || {
        check_class(cls)?;
        let numbers = numbers_of(arrays)?;
        if let Some(only) = only {
            let selection = Selection::of(cls.cast()?, only)?;
            return Ok((selection.get().plan(py, numbers)?, None));
        }
        if let Ok(class) = cls.cast::<PyType>()
            && let Ok(plan) = Plan::of(class)
        {
            return Ok((Plan::with_arrays(&plan)?, None));
        }
        let object = cls.call0()?;
        let plan = Plan::of_object(&object)?;
        Ok((Plan::with_arrays(&plan)?, Some(object)))
    };
    let (plan, object) = find().map_err(|error| Raised::new(py, error))?;
    let strings = settings.strings();
    if let Some(layout) = plan.get().original_layout() {
        let plan = plan.get();
        let job = ReadNew {
            plan,
            layout,
            strings,
        };
        return read_buffer(settings, buffer, DECODED, job);
    }
    let make = || {
        let object = object.map_or_else(|| cls.call0(), Ok)?;
        plan.get().unset_others(&object)?;
        Ok(object)
    };
    let object = make().map_err(|error| Raised::new(py, error))?;
    let job = ReadStruct {
        plan: plan.get(),
        object: &object,
        strings,
    };
    read_buffer(settings, buffer, DECODED, job)?;
    Ok(object)
}

/// What `decode` and its argument are called in an error.
const DECODED: (&str, &str) = ("decode", "buffer");

#[inline(never)]
fn decode_by_call<'py>(
    cls: &Bound<'py, PyAny>,
    buffer: &Bound<'py, PyAny>,
    settings: &Settings,
) -> PyResult<Bound<'py, PyAny>> {
    ffi::stop_at_exit();
    check_class(cls)?;
    let object = cls.call0()?;
    let plan = Plan::of_object(&object)?;
    let job = ReadStruct {
        plan: plan.get(),
        object: &object,
        strings: settings.strings(),
    };
    read_buffer(settings, buffer, DECODED, job)?;
    Ok(object)
}

/// A struct to be made from what is read.
struct ReadNew<'a> {
    plan: &'a Plan,
    layout: &'a Layout,
    strings: Strings,
}

impl<'py> Read<'py> for ReadNew<'_> {
    type Taken = Bound<'py, PyAny>;

    fn read<R: Reader>(
        self,
        py: Python<'py>,
        reader: &mut R,
    ) -> Result<Bound<'py, PyAny>, CodecError> {
        let made = Decoder::new(py, reader, self.strings).new_struct(self.plan, self.layout)?;
        codec::check(self.plan, &made, Direction::Read, reader.depth())?;
        Ok(made)
    }
}

/// Gives the functions of this file their ways in by position.
pub fn take_by_position(module: &Bound<'_, PyModule>) -> PyResult<()> {
    ffi::take_by_position::<Serialize>(&module.getattr("serialize")?)?;
    ffi::take_by_position::<Deserialize>(&module.getattr("deserialize")?)?;
    ffi::take_by_position::<Encode>(&module.getattr("encode")?)?;
    ffi::take_by_position::<Decode>(&module.getattr("decode")?)
}

/// An argument that may be left out, or None.
#[inline]
fn optional<'a, 'py>(
    args: &'a [Borrowed<'_, 'py, PyAny>],
    index: usize,
) -> Option<&'a Bound<'py, PyAny>> {
    args.get(index)
        .map(|value| &**value)
        .filter(|value| !value.is_none())
}

macro_rules! by_position {
    ($name:ident, $least:literal, $most:literal, |$args:ident| $call:expr) => {
        struct $name;

        impl ByPosition for $name {
            const LEAST: usize = $least;
            const MOST: usize = $most;

            fn general() -> &'static OnceLock<General> {
                static GENERAL: OnceLock<General> = OnceLock::new();
                &GENERAL
            }

            #[inline]
            fn call<'py>(
                _: Python<'py>,
                $args: &[Borrowed<'_, 'py, PyAny>],
            ) -> Result<Bound<'py, PyAny>, Raised<'py>> {
                $call
            }
        }
    };
}

by_position!(Serialize, 1, 2, |args| serialize(
    &args[0],
    optional(args, 1)
));
by_position!(Deserialize, 2, 3, |args| deserialize(
    args[0].to_owned(),
    &args[1],
    optional(args, 2)
));
by_position!(Encode, 1, 2, |args| {
    encode(&args[0], optional(args, 1)).map(Bound::into_any)
});
by_position!(Decode, 2, 3, |args| decode(
    &args[0],
    &args[1],
    optional(args, 2),
    None,
    None
));
