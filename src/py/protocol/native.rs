//! The classes of the binary and the compact protocol and their factories, and
//! the macro that all of them come from, for they differ in their options only.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::base::NativeProtocol;
use crate::py::codec::{Dialect, ProtocolSettings, Settings, default_text, of_every_protocol};

/// What a protocol object is made from.
pub fn initializer(
    settings: Settings,
    trans: Option<Py<PyAny>>,
) -> PyClassInitializer<NativeProtocol> {
    PyClassInitializer::from(ProtocolSettings::new(settings)).add_subclass(NativeProtocol { trans })
}

/// A protocol class and its factory, of a dialect.
///
/// Its options by position, then those by name only, each with the method of
/// [`Settings`] that sets it, without those of every protocol; constants and methods of
/// the class. What an object of the class keeps is its `$state`. The signature that
/// `inspect` finds is the first line of its docstring, as for all native classes: here
/// it is made of the options.
macro_rules! protocol {
    ($($given:tt)*) => {
        of_every_protocol! { protocol_with_options! { $($given)* } }
    };
}

/// What [`protocol!`] makes of what it is given and of the options of every protocol.
macro_rules! protocol_with_options {
    (
        $(#[doc = $doc:literal])* $protocol:ident,
        $(#[doc = $factory_doc:literal])* $factory:ident,
        $module:literal, $dialect:ident, $state:ty,
        ($($option:ident / $set:ident: $type:ty,)* * $(, $own:ident / $set_own:ident: $own_type:ty)*),
        { $($constant:tt)* }
        ($($common:ident / $set_common:ident: $common_type:ty),*)
    ) => {
        #[doc = concat!(
            stringify!($protocol), "(trans, ",
            $(stringify!($option), "=", default_text!($option), ", ",)* "*"
            $(, ", ", stringify!($own), "=", default_text!($own))*
            $(, ", ", stringify!($common), "=", default_text!($common))*, ")\n--\n"
        )]
        $(#[doc = $doc])*
        #[pyclass(extends = NativeProtocol, subclass, module = $module)]
        pub struct $protocol($state);

        #[doc = concat!(
            stringify!($factory), "(",
            $(stringify!($option), "=", default_text!($option), ", ",)* "*"
            $(, ", ", stringify!($own), "=", default_text!($own))*
            $(, ", ", stringify!($common), "=", default_text!($common))*, ")\n--\n"
        )]
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
                #[pyo3(signature = (*_args, **_kwargs), text_signature = None)]
                fn new(
                    _args: &Bound<'_, PyTuple>,
                    _kwargs: Option<&Bound<'_, PyDict>>,
                ) -> PyClassInitializer<Self> {
                    initializer(DEFAULT, None).add_subclass(Self(Default::default()))
                }

                #[pyo3(signature = (
                    trans, $($option = DEFAULT.$option(),)* * $(, $own = DEFAULT.$own())* $(, $common = DEFAULT.$common())*
                ))]
                #[allow(clippy::too_many_arguments, reason = "thriftpy2's signature, and more options")]
                fn __init__(
                    this: &Bound<'_, Self>,
                    trans: Py<PyAny>,
                    $($option: $type,)*
                    $($own: $own_type,)*
                    $($common: $common_type,)*
                ) -> PyResult<()> {
                    let settings = DEFAULT
                        $(.$set($option))*$(.$set_own($own))*$(.$set_common($common))*;
                    let base = this.as_super();
                    base.as_super().get().set(settings);
                    base.try_borrow_mut()?.trans = Some(trans);
                    Ok(())
                }
            }

            #[pymethods]
            impl $factory {
                #[new]
                #[pyo3(signature = (*_args, **_kwargs), text_signature = None)]
                fn new(
                    _args: &Bound<'_, PyTuple>,
                    _kwargs: Option<&Bound<'_, PyDict>>,
                ) -> PyClassInitializer<Self> {
                    PyClassInitializer::from(ProtocolSettings::new(DEFAULT)).add_subclass(Self)
                }

                #[pyo3(signature = (
                    $($option = DEFAULT.$option(),)* * $(, $own = DEFAULT.$own())* $(, $common = DEFAULT.$common())*
                ))]
                #[allow(clippy::too_many_arguments, reason = "thriftpy2's signature, and more options")]
                fn __init__(
                    this: &Bound<'_, Self>,
                    $($option: $type,)*
                    $($own: $own_type,)*
                    $($common: $common_type,)*
                ) {
                    let settings = DEFAULT
                        $(.$set($option))*$(.$set_own($own))*$(.$set_common($common))*;
                    this.as_super().get().set(settings);
                }

                /// A protocol with these options over `trans`.
                fn get_protocol(this: &Bound<'_, Self>, trans: Py<PyAny>) -> PyResult<Py<$protocol>> {
                    let settings = this.as_super().get().get();
                    let protocol = initializer(settings, Some(trans)).add_subclass($protocol(Default::default()));
                    Py::new(this.py(), protocol)
                }
            }
        };
    };
}

pub(super) use {protocol, protocol_with_options};

protocol! {
    /// The binary protocol.
    TBinaryProtocol,
    /// Makes binary protocols.
    TBinaryProtocolFactory,
    "fastthrift.protocol.binary", Binary, (),
    (
        strict_read / set_strict_read: bool, strict_write / set_strict_write: bool,
        decode_response / set_decode_response: bool, strict_decode / set_strict_decode: bool,
        max_depth / set_max_depth: u32, *
    ),
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
        max_depth / set_max_depth: u32
    ),
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
