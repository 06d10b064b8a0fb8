//! The protocol classes and their factories: one macro, for they differ in
//! their options only.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::NativeProtocol;
use super::apache_json::{self, Pending};
use crate::py::codec::{Dialect, ProtocolSettings, Settings};

fn protocol(settings: Settings, trans: Option<Py<PyAny>>) -> PyClassInitializer<NativeProtocol> {
    PyClassInitializer::from(ProtocolSettings::new(settings)).add_subclass(NativeProtocol { trans })
}

/// A protocol class and its factory, of a dialect.
///
/// Its options by position, then those by name only, each with the method of
/// [`Settings`] that sets it; the same as text for `inspect`, since `PyO3` takes a
/// literal only; constants and methods of the class. What an object of the
/// class keeps is its `$state`.
macro_rules! protocol {
    (
        $(#[doc = $doc:literal])* $protocol:ident,
        $(#[doc = $factory_doc:literal])* $factory:ident,
        $module:literal, $dialect:ident, $state:ty,
        ($($option:ident / $set:ident: $type:ty,)* * $(, $named:ident / $set_named:ident: $named_type:ty)*),
        $protocol_text:literal, $factory_text:literal,
        { $($constant:tt)* }
    ) => {
        $(#[doc = $doc])*
        #[pyclass(extends = NativeProtocol, subclass, module = $module)]
        pub struct $protocol(pub(super) $state);

        $(#[doc = $factory_doc])*
        #[pyclass(extends = ProtocolSettings, subclass, module = $module)]
        pub struct $factory;

        const _: () = {
            const DEFAULT: Settings = Settings::new(Dialect::$dialect);

            // `__new__` takes any arguments and `__init__` reads them, so that a
            // subclass may have an `__init__` with others.

            #[pymethods]
            impl $protocol {
                $($constant)*

                #[new]
                #[pyo3(signature = (*_args, **_kwargs), text_signature = $protocol_text)]
                fn new(
                    _args: &Bound<'_, PyTuple>,
                    _kwargs: Option<&Bound<'_, PyDict>>,
                ) -> PyClassInitializer<Self> {
                    protocol(DEFAULT, None).add_subclass(Self(Default::default()))
                }

                #[pyo3(signature = (
                    trans, $($option = DEFAULT.$option(),)* * $(, $named = DEFAULT.$named())*
                ))]
                #[allow(clippy::too_many_arguments, reason = "thriftpy2's signature, and more options")]
                fn __init__(
                    this: &Bound<'_, Self>,
                    trans: Py<PyAny>,
                    $($option: $type,)*
                    $($named: $named_type,)*
                ) -> PyResult<()> {
                    let settings = DEFAULT$(.$set($option))*$(.$set_named($named))*;
                    let base = this.as_super();
                    base.as_super().get().set(settings);
                    base.try_borrow_mut()?.trans = Some(trans);
                    Ok(())
                }
            }

            #[pymethods]
            impl $factory {
                #[new]
                #[pyo3(signature = (*_args, **_kwargs), text_signature = $factory_text)]
                fn new(
                    _args: &Bound<'_, PyTuple>,
                    _kwargs: Option<&Bound<'_, PyDict>>,
                ) -> PyClassInitializer<Self> {
                    PyClassInitializer::from(ProtocolSettings::new(DEFAULT)).add_subclass(Self)
                }

                #[pyo3(signature = (
                    $($option = DEFAULT.$option(),)* * $(, $named = DEFAULT.$named())*
                ))]
                #[allow(clippy::too_many_arguments, reason = "thriftpy2's signature, and more options")]
                fn __init__(
                    this: &Bound<'_, Self>,
                    $($option: $type,)*
                    $($named: $named_type,)*
                ) {
                    let settings = DEFAULT$(.$set($option))*$(.$set_named($named))*;
                    this.as_super().get().set(settings);
                }

                /// A protocol with these options over `trans`.
                fn get_protocol(this: &Bound<'_, Self>, trans: Py<PyAny>) -> PyResult<Py<$protocol>> {
                    let settings = this.as_super().get().get();
                    let protocol = protocol(settings, Some(trans)).add_subclass($protocol(Default::default()));
                    Py::new(this.py(), protocol)
                }
            }
        };
    };
}

protocol! {
    /// The binary protocol.
    TBinaryProtocol,
    /// Makes binary protocols.
    TBinaryProtocolFactory,
    "fastthrift.protocol.binary", Binary, (),
    (
        strict_read / set_strict_read: bool, strict_write / set_strict_write: bool,
        decode_response / set_decode_response: bool, strict_decode / set_strict_decode: bool,
        max_depth / set_max_depth: u32, *, max_string_size / set_max_string_size: usize,
        max_message_size / set_max_message_size: usize, check_seqid / set_check_seqid: bool
    ),
    "(trans, strict_read=True, strict_write=True, decode_response=True, strict_decode=False, \
        max_depth=64, *, max_string_size=104857600, max_message_size=104857600, check_seqid=True)",
    "(strict_read=True, strict_write=True, decode_response=True, strict_decode=False, \
        max_depth=64, *, max_string_size=104857600, max_message_size=104857600, check_seqid=True)",
    {}
}

protocol! {
    /// The compact protocol.
    TCompactProtocol,
    /// Makes compact protocols.
    TCompactProtocolFactory,
    "fastthrift.protocol.compact", Compact, (),
    (
        decode_response / set_decode_response: bool, strict_decode / set_strict_decode: bool, *,
        max_depth / set_max_depth: u32, max_string_size / set_max_string_size: usize,
        max_message_size / set_max_message_size: usize, check_seqid / set_check_seqid: bool
    ),
    "(trans, decode_response=True, strict_decode=False, *, max_depth=64, \
        max_string_size=104857600, max_message_size=104857600, check_seqid=True)",
    "(decode_response=True, strict_decode=False, *, max_depth=64, max_string_size=104857600, \
        max_message_size=104857600, check_seqid=True)",
    {
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
    }
}

protocol! {
    /// Apache Thrift's JSON protocol.
    ///
    /// Sizes are limited in bytes, those of strings as UTF-8 and those of
    /// ``binary`` without base64; structs and containers may nest
    /// ``max_depth`` deep. The other options are those of ``TBinaryProtocol``.
    TApacheJSONProtocol,
    /// Makes ``TApacheJSONProtocol`` objects with the same options.
    TApacheJSONProtocolFactory,
    "fastthrift.protocol.apache_json", Json, Pending,
    (
        *, decode_response / set_decode_response: bool, strict_decode / set_strict_decode: bool,
        max_depth / set_max_depth: u32, max_string_size / set_max_string_size: usize,
        max_message_size / set_max_message_size: usize, check_seqid / set_check_seqid: bool
    ),
    "(trans, *, decode_response=True, strict_decode=False, max_depth=64, \
        max_string_size=104857600, max_message_size=104857600, check_seqid=True)",
    "(*, decode_response=True, strict_decode=False, max_depth=64, max_string_size=104857600, \
        max_message_size=104857600, check_seqid=True)",
    {
        /// Reads the header of a message: name, message type, sequence id. All
        /// of the message is taken from the transport.
        fn read_message_begin<'py>(
            this: &Bound<'py, Self>,
        ) -> PyResult<(Bound<'py, PyAny>, u8, i32)> {
            apache_json::read_message_begin(this)
        }

        /// Forgets what is left of the message.
        fn read_message_end(this: &Bound<'_, Self>) -> PyResult<()> {
            apache_json::read_message_end(this)
        }

        /// Fills a payload from the message that was begun, or from a struct;
        /// returns it.
        fn read_struct<'py>(
            this: &Bound<'py, Self>,
            obj: Bound<'py, PyAny>,
        ) -> PyResult<Bound<'py, PyAny>> {
            apache_json::read_struct(this, obj)
        }

        /// Reads the struct of the message that was begun, or a value of a
        /// `TType`, and forgets it.
        fn skip(this: &Bound<'_, Self>, ttype: u8) -> PyResult<()> {
            apache_json::skip(this, ttype)
        }

        /// Begins a message, which is written with its struct.
        fn write_message_begin<'py>(
            this: &Bound<'py, Self>,
            name: &Bound<'py, PyAny>,
            ttype: u8,
            seqid: i32,
        ) -> PyResult<()> {
            apache_json::write_message_begin(this, name, ttype, seqid)
        }

        /// The message was written with its struct.
        fn write_message_end(this: &Bound<'_, Self>) -> PyResult<()> {
            apache_json::write_message_end(this)
        }

        /// Writes the fields of a struct, in the message that was begun.
        fn write_struct<'py>(this: &Bound<'py, Self>, obj: &Bound<'py, PyAny>) -> PyResult<()> {
            apache_json::write_struct(this, obj)
        }

        /// Whether a message was begun whose struct is not read yet.
        #[getter]
        fn has_begun(this: &Bound<'_, Self>) -> PyResult<bool> {
            apache_json::has_begun(this)
        }

        /// Reads a message before it is asked for.
        fn _load_data(this: &Bound<'_, Self>) -> PyResult<()> {
            apache_json::load_data(this)
        }

        /// The message that was read and not handed out, as parsed JSON.
        #[getter]
        fn _req<'py>(this: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
            apache_json::loaded(this)
        }

        /// A payload as the parsed JSON of it; other objects as they are.
        #[pyo3(signature = (thrift_obj, item_type = None))]
        fn _thrift_to_dict<'py>(
            this: &Bound<'py, Self>,
            thrift_obj: Bound<'py, PyAny>,
            item_type: Option<Bound<'py, PyAny>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            drop(item_type);
            apache_json::thrift_to_dict(this, thrift_obj)
        }

        /// Fills a payload, or a new one of a class, from parsed JSON.
        fn _dict_to_thrift<'py>(
            this: &Bound<'py, Self>,
            data: &Bound<'py, PyAny>,
            base_type: &Bound<'py, PyAny>,
        ) -> PyResult<Bound<'py, PyAny>> {
            apache_json::dict_to_thrift(this, data, base_type)
        }
    }
}
