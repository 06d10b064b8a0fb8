//! The protocol objects and their factories.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use super::codec::{self, Read, Write};
use super::decode::{Decoder, Text};
use super::encode::Encoder;
use super::error::Result;
use super::ffi;
use super::plan::{Kind, Plan};
use super::settings::{Dialect, ProtocolSettings, Settings};
use crate::wire::{Error, Limits, MessageHeader, Reader, WireType, Writer};

/// A protocol over a transport: what thriftpy2's protocol objects do, for
/// every dialect.
#[pyclass(extends = ProtocolSettings, subclass, module = "fastthrift._core")]
pub struct NativeProtocol {
    /// The transport, which may be swapped between two calls. An option, so
    /// that the collector may see the object before it is set.
    trans: Option<Py<PyAny>>,
}

/// The settings and the transport as they are now; nothing of the protocol
/// stays borrowed while the codec runs.
fn parts<'py>(this: &Bound<'py, NativeProtocol>) -> PyResult<(Settings, Bound<'py, PyAny>)> {
    let settings = this.as_super().get().get();
    let trans = this.try_borrow()?.trans(this.py()).into_bound(this.py());
    Ok((settings, trans))
}

/// What to read a message with in place of the methods of a protocol; none
/// unless it is one of ours, with its own methods.
pub fn untouched_reader<'py>(
    protocol: &Bound<'py, PyAny>,
) -> PyResult<Option<(Settings, Bound<'py, PyAny>)>> {
    let py = protocol.py();
    untouched(
        protocol,
        [
            intern!(py, "read_message_begin"),
            intern!(py, "read_struct"),
            intern!(py, "read_message_end"),
        ],
    )
}

/// The same for writing.
pub fn untouched_writer<'py>(
    protocol: &Bound<'py, PyAny>,
) -> PyResult<Option<(Settings, Bound<'py, PyAny>)>> {
    let py = protocol.py();
    untouched(
        protocol,
        [
            intern!(py, "write_message_begin"),
            intern!(py, "write_struct"),
            intern!(py, "write_message_end"),
        ],
    )
}

fn untouched<'py>(
    protocol: &Bound<'py, PyAny>,
    methods: [&Bound<'py, PyString>; 3],
) -> PyResult<Option<(Settings, Bound<'py, PyAny>)>> {
    let ours = protocol.is_exact_instance_of::<TBinaryProtocol>()
        || protocol.is_exact_instance_of::<TCompactProtocol>();
    if !ours || !ffi::has_native_methods(protocol, &methods)? {
        return Ok(None);
    }
    parts(protocol.cast()?).map(Some)
}

/// The name of a message. As in thriftpy2 one that is not UTF-8 stays bytes.
pub fn message_name<'py>(py: Python<'py>, header: &MessageHeader) -> Bound<'py, PyAny> {
    match PyString::from_bytes(py, &header.name) {
        Ok(name) => name.into_any(),
        Err(_) => PyBytes::new(py, &header.name).into_any(),
    }
}

#[pymethods]
impl NativeProtocol {
    /// The transport.
    #[getter]
    fn trans(&self, py: Python<'_>) -> Py<PyAny> {
        match &self.trans {
            Some(trans) => trans.clone_ref(py),
            None => py.None(),
        }
    }

    #[setter]
    fn set_trans(&mut self, trans: Py<PyAny>) {
        self.trans = Some(trans);
    }

    /// Passes over a value of a `TType`.
    fn skip(this: &Bound<'_, Self>, ttype: u8) -> PyResult<()> {
        let (settings, trans) = parts(this)?;
        codec::read(&settings, &trans, SkipValue(ttype))
    }

    /// Reads the header of a message: name, message type, sequence id.
    fn read_message_begin<'py>(this: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, u8, i32)> {
        let py = this.py();
        let (settings, trans) = parts(this)?;
        let header = codec::read(&settings, &trans, ReadMessage)?;
        let name = message_name(py, &header);
        Ok((name, header.message_type, header.sequence_id))
    }

    /// Ends a message; nothing is left to read.
    fn read_message_end(&self) {}

    /// Writes the header of a message.
    fn write_message_begin(
        this: &Bound<'_, Self>,
        name: &Bound<'_, PyAny>,
        ttype: u8,
        seqid: i32,
    ) -> PyResult<()> {
        let (settings, trans) = parts(this)?;
        let name = match name.cast::<PyBytes>() {
            Ok(bytes) => bytes.as_bytes().to_vec(),
            Err(_) => name.cast::<PyString>()?.to_str()?.as_bytes().to_vec(),
        };
        let header = MessageHeader {
            name,
            message_type: ttype,
            sequence_id: seqid,
        };
        codec::write(&settings, &trans, header)
    }

    /// Ends a message; nothing is left to write.
    fn write_message_end(&self) {}

    /// Reads the fields of a struct into `obj` and returns it.
    fn read_struct<'py>(
        this: &Bound<'py, Self>,
        obj: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (settings, trans) = parts(this)?;
        let text = settings.text();
        let plan = Plan::of_object(&obj)?;
        let job = ReadStruct {
            plan: plan.get(),
            object: &obj,
            text,
        };
        codec::read(&settings, &trans, job)?;
        Ok(obj)
    }

    /// Writes the fields of a struct.
    fn write_struct(this: &Bound<'_, Self>, obj: &Bound<'_, PyAny>) -> PyResult<()> {
        let (settings, trans) = parts(this)?;
        codec::write(&settings, &trans, WriteStruct(obj))
    }

    fn __getstate__(this: &Bound<'_, Self>) -> PyResult<()> {
        Err(PyTypeError::new_err(format!(
            "cannot pickle a {}: it belongs to a connection; pickle its factory",
            this.get_type().name()?
        )))
    }

    /// Reads a bare value of a type as `thrift_spec` writes it.
    #[pyo3(signature = (ttype, spec = None))]
    fn _read_val<'py>(
        this: &Bound<'py, Self>,
        ttype: &Bound<'py, PyAny>,
        spec: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        read_value(this, ttype, spec)
    }

    /// Writes a bare value of a type as `thrift_spec` writes it.
    #[pyo3(signature = (ttype, val, spec = None))]
    fn _write_val<'py>(
        this: &Bound<'py, Self>,
        ttype: &Bound<'py, PyAny>,
        val: &Bound<'py, PyAny>,
        spec: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        write_value(this, ttype, val, spec)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
        visit.call(&self.trans)
    }
}

/// The fields of a struct, to be read into an object.
pub struct ReadStruct<'a, 'py> {
    /// The object's plan.
    pub plan: &'a Plan,
    /// The object.
    pub object: &'a Bound<'py, PyAny>,
    /// What strings become.
    pub text: Text,
}

impl<'py> Read<'py> for ReadStruct<'_, 'py> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "measured, as `codec::read_bytes`")]
    #[inline(always)]
    fn read<R: Reader>(self, py: Python<'py>, reader: &mut R) -> Result<()> {
        let mut decoder = Decoder::new(py, reader, self.text);
        decoder.struct_into(self.plan, self.object)?;
        if let Some(field) = decoder.undeclared_exception()
            && self.plan.is_result()
        {
            // For the client, which asks the result for it.
            self.object
                .setattr(intern!(py, "_undeclared_exception"), field)?;
        }
        Ok(())
    }
}

/// A struct, to be written.
pub struct WriteStruct<'a, 'py>(pub &'a Bound<'py, PyAny>);

impl<'py> Write<'py> for WriteStruct<'_, 'py> {
    fn write<W: Writer>(self, py: Python<'py>, writer: W) -> Result<()> {
        Encoder::new(py, writer).structure(self.0)
    }
}

/// The header of a message, to be read.
pub struct ReadMessage;

impl Read<'_> for ReadMessage {
    type Output = MessageHeader;

    fn read<R: Reader>(self, _: Python<'_>, reader: &mut R) -> Result<MessageHeader> {
        Ok(reader.message()?)
    }
}

impl Write<'_> for MessageHeader {
    fn write<W: Writer>(self, _: Python<'_>, mut writer: W) -> Result<()> {
        Ok(writer.message(&self.name, self.message_type, self.sequence_id)?)
    }
}

/// A value of a `TType`, to be passed over.
struct SkipValue(u8);

impl Read<'_> for SkipValue {
    type Output = ();

    fn read<R: Reader>(self, _: Python<'_>, reader: &mut R) -> Result<()> {
        match self.0 {
            WireType::STOP => Ok(()),
            number => Ok(reader.skip(wire_type(number)?)?),
        }
    }
}

/// The wire type of a `TType`.
fn wire_type(ttype: u8) -> Result<WireType> {
    const BINARY: u8 = 18;
    match ttype {
        BINARY => Ok(WireType::String),
        number => WireType::from_binary(number).ok_or_else(|| Error::unknown_type(number).into()),
    }
}

struct ReadValue {
    kind: Kind,
    text: Text,
}

impl<'py> Read<'py> for ReadValue {
    type Output = Bound<'py, PyAny>;

    fn read<R: Reader>(self, py: Python<'py>, reader: &mut R) -> Result<Self::Output> {
        Decoder::new(py, reader, self.text).value(&self.kind)
    }
}

struct WriteValue<'a, 'py> {
    kind: Kind,
    value: &'a Bound<'py, PyAny>,
}

impl<'py> Write<'py> for WriteValue<'_, 'py> {
    fn write<W: Writer>(self, py: Python<'py>, writer: W) -> Result<()> {
        Encoder::new(py, writer).value(&self.kind, self.value)
    }
}

/// Reads a bare value of a type as `thrift_spec` writes it.
#[pyfunction]
#[pyo3(signature = (protocol, ttype, spec = None))]
pub fn read_value<'py>(
    protocol: &Bound<'py, NativeProtocol>,
    ttype: &Bound<'py, PyAny>,
    spec: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (settings, trans) = parts(protocol)?;
    let kind = kind(ttype, spec)?;
    let text = settings.text();
    codec::read(&settings, &trans, ReadValue { kind, text })
}

/// Writes a bare value of a type as `thrift_spec` writes it.
#[pyfunction]
#[pyo3(signature = (protocol, ttype, value, spec = None))]
pub fn write_value<'py>(
    protocol: &Bound<'py, NativeProtocol>,
    ttype: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
    spec: Option<&Bound<'py, PyAny>>,
) -> PyResult<()> {
    let (settings, trans) = parts(protocol)?;
    let kind = kind(ttype, spec)?;
    codec::write(&settings, &trans, WriteValue { kind, value })
}

fn kind(ttype: &Bound<'_, PyAny>, spec: Option<&Bound<'_, PyAny>>) -> PyResult<Kind> {
    let none = ttype.py().None().into_bound(ttype.py());
    Kind::compile(ttype, spec.unwrap_or(&none))
}

/// The binary protocol.
#[pyclass(extends = NativeProtocol, subclass, module = "fastthrift.protocol.binary")]
pub struct TBinaryProtocol;

/// The compact protocol.
#[pyclass(extends = NativeProtocol, subclass, module = "fastthrift.protocol.compact")]
pub struct TCompactProtocol;

/// Makes binary protocols.
#[pyclass(extends = ProtocolSettings, subclass, module = "fastthrift.protocol.binary")]
pub struct TBinaryProtocolFactory;

/// Makes compact protocols.
#[pyclass(extends = ProtocolSettings, subclass, module = "fastthrift.protocol.compact")]
pub struct TCompactProtocolFactory;

const BINARY: Settings = Settings::new(Dialect::Binary);
const COMPACT: Settings = Settings::new(Dialect::Compact);

fn protocol(settings: Settings, trans: Option<Py<PyAny>>) -> PyClassInitializer<NativeProtocol> {
    PyClassInitializer::from(ProtocolSettings::new(settings)).add_subclass(NativeProtocol { trans })
}

// `__new__` takes any arguments and `__init__` reads them, so that a subclass
// may have an `__init__` with others.

#[pymethods]
impl TBinaryProtocol {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(trans, strict_read=True, \
        strict_write=True, decode_response=True, strict_decode=False, max_depth=64, *, \
        max_string_size=104857600, max_message_size=104857600, check_seqid=True)")]
    fn new(
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyClassInitializer<Self> {
        protocol(BINARY, None).add_subclass(Self)
    }

    #[pyo3(signature = (
        trans, strict_read = true, strict_write = true, decode_response = true,
        strict_decode = false, max_depth = Limits::DEFAULT_DEPTH, *,
        max_string_size = Limits::DEFAULT_SIZE, max_message_size = Limits::DEFAULT_SIZE,
        check_seqid = true,
    ))]
    #[expect(
        clippy::too_many_arguments,
        reason = "the signature of thriftpy2, and more options"
    )]
    fn __init__(
        this: &Bound<'_, Self>,
        trans: Py<PyAny>,
        strict_read: bool,
        strict_write: bool,
        decode_response: bool,
        strict_decode: bool,
        max_depth: u32,
        max_string_size: usize,
        max_message_size: usize,
        check_seqid: bool,
    ) -> PyResult<()> {
        let settings = BINARY
            .strict(strict_read, strict_write)
            .strings(decode_response, strict_decode)
            .limited(max_depth, max_string_size, max_message_size)
            .sequence_ids(check_seqid);
        set_up(this.as_super(), settings, trans)
    }
}

#[pymethods]
impl TCompactProtocol {
    #[classattr]
    const PROTOCOL_ID: u8 = 0x82;
    #[classattr]
    const VERSION: u8 = 1;
    #[classattr]
    const VERSION_MASK: u8 = 0x1f;
    #[classattr]
    const TYPE_MASK: u8 = 0xe0;
    #[classattr]
    const TYPE_BITS: u8 = 0x07;
    #[classattr]
    const TYPE_SHIFT_AMOUNT: u8 = 5;

    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(trans, decode_response=True, \
        strict_decode=False, *, max_depth=64, max_string_size=104857600, \
        max_message_size=104857600, check_seqid=True)")]
    fn new(
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyClassInitializer<Self> {
        protocol(COMPACT, None).add_subclass(Self)
    }

    #[pyo3(signature = (
        trans, decode_response = true, strict_decode = false, *,
        max_depth = Limits::DEFAULT_DEPTH, max_string_size = Limits::DEFAULT_SIZE,
        max_message_size = Limits::DEFAULT_SIZE, check_seqid = true,
    ))]
    #[expect(
        clippy::too_many_arguments,
        reason = "the signature of thriftpy2, and more options"
    )]
    fn __init__(
        this: &Bound<'_, Self>,
        trans: Py<PyAny>,
        decode_response: bool,
        strict_decode: bool,
        max_depth: u32,
        max_string_size: usize,
        max_message_size: usize,
        check_seqid: bool,
    ) -> PyResult<()> {
        let settings = COMPACT
            .strings(decode_response, strict_decode)
            .limited(max_depth, max_string_size, max_message_size)
            .sequence_ids(check_seqid);
        set_up(this.as_super(), settings, trans)
    }
}

fn set_up(this: &Bound<'_, NativeProtocol>, settings: Settings, trans: Py<PyAny>) -> PyResult<()> {
    this.as_super().get().set(settings);
    this.try_borrow_mut()?.trans = Some(trans);
    Ok(())
}

#[pymethods]
impl TBinaryProtocolFactory {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(strict_read=True, \
        strict_write=True, decode_response=True, strict_decode=False, max_depth=64, *, \
        max_string_size=104857600, max_message_size=104857600, check_seqid=True)")]
    fn new(
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyClassInitializer<Self> {
        PyClassInitializer::from(ProtocolSettings::new(BINARY)).add_subclass(Self)
    }

    #[pyo3(signature = (
        strict_read = true, strict_write = true, decode_response = true, strict_decode = false,
        max_depth = Limits::DEFAULT_DEPTH, *, max_string_size = Limits::DEFAULT_SIZE,
        max_message_size = Limits::DEFAULT_SIZE, check_seqid = true,
    ))]
    #[expect(
        clippy::too_many_arguments,
        reason = "the signature of thriftpy2, and more options"
    )]
    fn __init__(
        this: &Bound<'_, Self>,
        strict_read: bool,
        strict_write: bool,
        decode_response: bool,
        strict_decode: bool,
        max_depth: u32,
        max_string_size: usize,
        max_message_size: usize,
        check_seqid: bool,
    ) {
        this.as_super().get().set(
            BINARY
                .strict(strict_read, strict_write)
                .strings(decode_response, strict_decode)
                .limited(max_depth, max_string_size, max_message_size)
                .sequence_ids(check_seqid),
        );
    }

    /// A binary protocol over `trans`.
    fn get_protocol(this: &Bound<'_, Self>, trans: Py<PyAny>) -> PyResult<Py<TBinaryProtocol>> {
        let settings = this.as_super().get().get();
        Py::new(
            this.py(),
            protocol(settings, Some(trans)).add_subclass(TBinaryProtocol),
        )
    }
}

#[pymethods]
impl TCompactProtocolFactory {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(decode_response=True, \
        strict_decode=False, *, max_depth=64, max_string_size=104857600, \
        max_message_size=104857600, check_seqid=True)")]
    fn new(
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyClassInitializer<Self> {
        PyClassInitializer::from(ProtocolSettings::new(COMPACT)).add_subclass(Self)
    }

    #[pyo3(signature = (
        decode_response = true, strict_decode = false, *, max_depth = Limits::DEFAULT_DEPTH,
        max_string_size = Limits::DEFAULT_SIZE, max_message_size = Limits::DEFAULT_SIZE,
        check_seqid = true,
    ))]
    fn __init__(
        this: &Bound<'_, Self>,
        decode_response: bool,
        strict_decode: bool,
        max_depth: u32,
        max_string_size: usize,
        max_message_size: usize,
        check_seqid: bool,
    ) {
        this.as_super().get().set(
            COMPACT
                .strings(decode_response, strict_decode)
                .limited(max_depth, max_string_size, max_message_size)
                .sequence_ids(check_seqid),
        );
    }

    /// A compact protocol over `trans`.
    fn get_protocol(this: &Bound<'_, Self>, trans: Py<PyAny>) -> PyResult<Py<TCompactProtocol>> {
        let settings = this.as_super().get().get();
        Py::new(
            this.py(),
            protocol(settings, Some(trans)).add_subclass(TCompactProtocol),
        )
    }
}
