//! Apache's JSON protocol, and what it does where it is asked by its methods: a
//! message is read as a whole when it is begun, and written as a whole with its
//! struct.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple, PyType};

use super::base::{NativeProtocol, message_name, name_bytes, parts};
use super::jobs::{ReadMessage, ReadStruct, SkipValue, WriteStruct};
use super::native::{initializer, protocol, protocol_with_options};
use crate::py::codec::{self, Dialect, Encoder, ProtocolSettings, Read, Settings, Write};
use crate::py::codec::{default_text, of_every_protocol};
use crate::py::error::Result;
use crate::py::imports;
use crate::py::structs::Plan;
use crate::py::transport::TMemoryBuffer;
use crate::wire::{MessageHeader, Output, Writer};

/// What a protocol keeps between two of its methods.
#[derive(Default)]
struct Pending {
    /// What is left of the message that was begun, or loaded.
    message: Option<Py<TMemoryBuffer>>,
    /// The text of the header that goes before the next struct.
    header: Option<Vec<u8>>,
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
    "fastthrift.protocol.apache_json", ApacheJson, Pending,
    (
        *, decode_response / set_decode_response: bool, strict_decode / set_strict_decode: bool,
        max_depth / set_max_depth: u32
    ),
    {
        /// Reads the header of a message: name, message type, sequence id. All
        /// of the message is taken from the transport.
        fn read_message_begin<'py>(
            this: &Bound<'py, Self>,
        ) -> PyResult<(Bound<'py, PyAny>, u8, i32)> {
            read_message_begin(this)
        }

        /// Forgets what is left of the message.
        fn read_message_end(this: &Bound<'_, Self>) -> PyResult<()> {
            read_message_end(this)
        }

        /// Fills a payload from the message that was begun, or from a struct;
        /// returns it.
        fn read_struct<'py>(
            this: &Bound<'py, Self>,
            obj: Bound<'py, PyAny>,
        ) -> PyResult<Bound<'py, PyAny>> {
            read_struct(this, obj)
        }

        /// Reads the struct of the message that was begun, or a value of a
        /// `TType`, and forgets it.
        fn skip(this: &Bound<'_, Self>, ttype: u8) -> PyResult<()> {
            skip(this, ttype)
        }

        /// Begins a message, which is written with its struct.
        fn write_message_begin<'py>(
            this: &Bound<'py, Self>,
            name: &Bound<'py, PyAny>,
            ttype: u8,
            seqid: i32,
        ) -> PyResult<()> {
            write_message_begin(this, name, ttype, seqid)
        }

        /// The message was written with its struct.
        fn write_message_end(this: &Bound<'_, Self>) -> PyResult<()> {
            write_message_end(this)
        }

        /// Writes the fields of a struct, in the message that was begun.
        fn write_struct<'py>(this: &Bound<'py, Self>, obj: &Bound<'py, PyAny>) -> PyResult<()> {
            write_struct(this, obj)
        }

        /// Whether a message was begun whose struct is not read yet.
        #[getter]
        fn has_begun(this: &Bound<'_, Self>) -> PyResult<bool> {
            has_begun(this)
        }

        /// Reads a message before it is asked for.
        fn _load_data(this: &Bound<'_, Self>) -> PyResult<()> {
            load_data(this)
        }

        /// The message that was read and not handed out, as parsed JSON.
        #[getter]
        fn _req<'py>(this: &Bound<'py, Self>) -> PyResult<Option<Bound<'py, PyAny>>> {
            loaded(this)
        }

        /// A payload as the parsed JSON of it; other objects as they are.
        #[pyo3(signature = (thrift_obj, item_type = None))]
        fn _thrift_to_dict<'py>(
            this: &Bound<'py, Self>,
            thrift_obj: Bound<'py, PyAny>,
            item_type: Option<Bound<'py, PyAny>>,
        ) -> PyResult<Bound<'py, PyAny>> {
            drop(item_type);
            thrift_to_dict(this, thrift_obj)
        }

        /// Fills a payload, or a new one of a class, from parsed JSON.
        fn _dict_to_thrift<'py>(
            this: &Bound<'py, Self>,
            data: &Bound<'py, PyAny>,
            base_type: &Bound<'py, PyAny>,
        ) -> PyResult<Bound<'py, PyAny>> {
            dict_to_thrift(this, data, base_type)
        }
    }
}

type This<'a, 'py> = &'a Bound<'py, TApacheJSONProtocol>;

/// The settings and the transport of a protocol.
fn parts_of<'py>(this: This<'_, 'py>) -> PyResult<(Settings, Bound<'py, PyAny>)> {
    parts(this.as_super())
}

/// Whether a header waits for its struct.
pub fn has_header(this: This<'_, '_>) -> PyResult<bool> {
    Ok(this.try_borrow()?.0.header.is_some())
}

/// Reads the next text from the transport, to be read from.
fn load<'py>(this: This<'_, 'py>) -> PyResult<Bound<'py, TMemoryBuffer>> {
    let py = this.py();
    this.try_borrow_mut()?.0.message = None;
    let (settings, trans) = parts_of(this)?;
    let text = codec::read_text(&settings, &trans)?;
    let message = Bound::new(py, TMemoryBuffer::of(text))?;
    this.try_borrow_mut()?.0.message = Some(message.clone().unbind());
    Ok(message)
}

/// The message to be read next, its header first: the one that was loaded,
/// unless it was begun already, or the next of the transport.
pub fn next_message<'py>(this: This<'_, 'py>) -> PyResult<Bound<'py, TMemoryBuffer>> {
    let loaded = this
        .try_borrow()?
        .0
        .message
        .as_ref()
        .map(|m| m.clone_ref(this.py()));
    match loaded.map(|message| message.into_bound(this.py())) {
        Some(message) if message.try_borrow()?.is_whole() => Ok(message),
        _ => load(this),
    }
}

/// Reads the struct of the message that was begun, if it has one still, or what comes
/// from the transport. The message is given up.
fn read_next<'py, J: Read<'py>>(this: This<'_, 'py>, job: J) -> PyResult<J::Taken> {
    let (settings, trans) = parts_of(this)?;
    let message = this.try_borrow_mut()?.0.message.take();
    match message.map(|message| message.into_bound(this.py())) {
        Some(message) if has_struct(&message)? => {
            let taken = codec::read(&settings, message.as_any(), job)?;
            codec::end_of_message(this.py(), message.try_borrow()?.unread())?;
            Ok(taken)
        }
        _ => codec::read(&settings, &trans, job),
    }
}

/// Whether more than the end of a message is left.
fn has_struct(message: &Bound<'_, TMemoryBuffer>) -> PyResult<bool> {
    let message = message.try_borrow()?;
    let left = message.unread().trim_ascii_start();
    Ok(!matches!(left.first(), None | Some(b']')))
}

/// Makes the next text the message to be read next.
fn load_data(this: This<'_, '_>) -> PyResult<()> {
    load(this).map(drop)
}

/// The message that was loaded or begun and not handed out, as parsed JSON.
fn loaded<'py>(this: This<'_, 'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = this.py();
    match &this.try_borrow()?.0.message {
        Some(message) => {
            let message = message.bind(py).try_borrow()?;
            let text = PyBytes::new(py, message.contents());
            imports::json_loads(py)?.call1((text,)).map(Some)
        }
        None => Ok(None),
    }
}

/// Whether a message was begun whose struct is not read yet.
fn has_begun(this: This<'_, '_>) -> PyResult<bool> {
    match &this.try_borrow()?.0.message {
        Some(message) => has_struct(message.bind(this.py())),
        None => Ok(false),
    }
}

/// Reads the header of a message, all of which comes from the transport.
fn read_message_begin<'py>(this: This<'_, 'py>) -> PyResult<(Bound<'py, PyAny>, u8, i32)> {
    let message = next_message(this)?;
    let (settings, _) = parts_of(this)?;
    let header = codec::read(&settings, message.as_any(), ReadMessage)?;
    let name = message_name(this.py(), &header);
    Ok((name, header.message_type, header.sequence_id))
}

/// Forgets what is left of a message.
fn read_message_end(this: This<'_, '_>) -> PyResult<()> {
    this.try_borrow_mut()?.0.message = None;
    Ok(())
}

/// Reads the struct of the message that was begun, or one without a message.
fn read_struct<'py>(this: This<'_, 'py>, object: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let plan = Plan::of_object(&object)?;
    let (settings, _) = parts_of(this)?;
    let job = ReadStruct {
        plan: plan.get(),
        object: &object,
        strings: settings.strings(),
    };
    read_next(this, job)?;
    Ok(object)
}

/// Passes over the struct of the message that was begun, or over a value.
fn skip(this: This<'_, '_>, ttype: u8) -> PyResult<()> {
    read_next(this, SkipValue(ttype))
}

/// Keeps the header of a message for the struct that follows.
fn write_message_begin<'py>(
    this: This<'_, 'py>,
    name: &Bound<'py, PyAny>,
    message_type: u8,
    sequence_id: i32,
) -> PyResult<()> {
    let py = this.py();
    let (settings, _) = parts_of(this)?;
    let header = MessageHeader {
        name: name_bytes(name)?,
        message_type,
        sequence_id,
    };
    let header = codec::write_new(py, &settings, 0, header)?;
    this.try_borrow_mut()?.0.header = Some(header.as_bytes().to_vec());
    // As in thriftpy2.
    this.setattr(intern!(py, "api"), name)?;
    this.setattr(intern!(py, "ttype"), message_type)?;
    this.setattr(intern!(py, "seqid"), sequence_id)
}

/// The message was written with its struct.
fn write_message_end(this: This<'_, '_>) -> PyResult<()> {
    this.try_borrow_mut()?.0.header = None;
    Ok(())
}

/// A struct, and the header before it of which it makes a message.
struct WriteBehind<'a, 'py> {
    header: Vec<u8>,
    object: &'a Bound<'py, PyAny>,
}

impl<'py> Write<'py> for WriteBehind<'_, 'py> {
    fn write<W: Writer>(self, py: Python<'py>, mut writer: W) -> Result<()> {
        writer.output().put(&self.header);
        let mut encoder = Encoder::new(py, writer);
        encoder.struct_of_any(self.object)?;
        encoder.end_message();
        Ok(())
    }
}

/// Writes a struct, and the header that waits for it before.
fn write_struct<'py>(this: This<'_, 'py>, object: &Bound<'py, PyAny>) -> PyResult<()> {
    let (settings, trans) = parts_of(this)?;
    let header = this.try_borrow_mut()?.0.header.take();
    match header {
        Some(header) => codec::write(&settings, &trans, WriteBehind { header, object }),
        None => codec::write(&settings, &trans, WriteStruct(object)),
    }
}

/// A payload as the parsed JSON of it; other objects as they are.
fn thrift_to_dict<'py>(
    this: This<'_, 'py>,
    object: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = this.py();
    if !object.hasattr(intern!(py, "thrift_spec"))? {
        return Ok(object);
    }
    let (settings, _) = parts_of(this)?;
    let text = codec::write_new(py, &settings, 0, WriteStruct(&object))?;
    imports::json_loads(py)?.call1((text,))
}

/// Fills a payload, or a new one of a class, from parsed JSON.
fn dict_to_thrift<'py>(
    this: This<'_, 'py>,
    data: &Bound<'py, PyAny>,
    base: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = this.py();
    let object = if base.is_instance_of::<PyType>() {
        base.call0()?
    } else {
        base.clone()
    };
    let text: String = imports::json_dumps(py)?.call1((data,))?.extract()?;
    let (settings, _) = parts_of(this)?;
    let plan = Plan::of_object(&object)?;
    let job = ReadStruct {
        plan: plan.get(),
        object: &object,
        strings: settings.strings(),
    };
    codec::read_bytes(py, &settings, text.as_bytes(), job)?;
    Ok(object)
}
