//! Python objects that the core uses, each looked up once, at first use.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

macro_rules! import {
    ($(#[$doc:meta])* $name:ident, $module:literal, $attribute:literal) => {
        $(#[$doc])*
        pub fn $name(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
            static CELL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            CELL.import(py, $module, $attribute)
        }
    };
}

import!(
    /// `copy.deepcopy`
    deepcopy, "copy", "deepcopy"
);
import!(
    /// The class of a loaded struct's `__dict__`.
    fields_dict, "fastthrift._fields_dict", "FieldsDict"
);
import!(
    /// The names of the slots of a class and its bases.
    slot_names, "copyreg", "_slotnames"
);
import!(
    /// What a slot is as an attribute of its class.
    member_descriptor, "types", "MemberDescriptorType"
);
import!(
    /// The hash of a field value, containers frozen.
    hash_value, "fastthrift._payload", "hash_value"
);
import!(
    /// `json.loads`
    json_loads, "json", "loads"
);
import!(
    /// `json.dumps`
    json_dumps, "json", "dumps"
);
import!(
    /// `uuid.UUID`
    uuid, "uuid", "UUID"
);
import!(
    /// Bytes that are no message.
    malformed_data, "fastthrift.protocol.exc", "TMalformedDataException"
);
import!(
    /// `TProtocolException`
    protocol_exception, "fastthrift.protocol.exc", "TProtocolException"
);
import!(
    /// JSON that stands for no value of a type.
    mistyped_data, "fastthrift.protocol.exc", "TMistypedDataException"
);
import!(
    /// thriftpy2's JSON protocol, `TJSONProtocol`.
    json_protocol, "fastthrift.protocol.json", "TJSONProtocol"
);
import!(
    /// The methods of it that read a message.
    json_reading, "fastthrift.protocol.json", "READING"
);
import!(
    /// The methods of it that write a message.
    json_writing, "fastthrift.protocol.json", "WRITING"
);
import!(
    /// A frame whose length is wrong.
    frame_size, "fastthrift.protocol.exc", "TFrameSizeException"
);
import!(
    /// The class of what users see of a transport's buffers.
    transport_buffer, "fastthrift.transport._buffers", "TransportBuffer"
);
import!(
    /// What users assign to a transport's buffers, as bytes and a position.
    contents_of, "fastthrift.transport._buffers", "contents_of"
);
import!(
    /// A message that ends early.
    truncated_data, "fastthrift.protocol.exc", "TTruncatedDataException"
);
import!(
    /// Nesting beyond the limit.
    depth_limit, "fastthrift.protocol.exc", "TDepthLimitException"
);
import!(
    /// A string that is not UTF-8, where that is an error.
    invalid_text, "fastthrift.protocol.exc", "TInvalidTextException"
);
import!(
    /// A value that its field cannot take.
    encode_exception, "fastthrift.protocol.exc", "TEncodeException"
);
import!(
    /// The base of the native transports, for what is beneath it here.
    native_transport, "fastthrift._core", "CyTransportBase"
);
import!(
    /// `TTransportBase`, whose `read` gives exactly as many bytes as are asked for.
    transport_base, "fastthrift.transport.base", "TTransportBase"
);
import!(
    /// `TTransportException`
    transport_exception, "fastthrift.transport.base", "TTransportException"
);
import!(
    /// The base of Apache's immutable structs.
    apache_frozen_base, "thrift.protocol.TBase", "TFrozenBase"
);
import!(
    /// Apache's immutable map.
    apache_frozen_dict, "thrift.Thrift", "TFrozenDict"
);
import!(
    /// What the `__init__` of a class sets that Apache's compiler generated.
    generated_defaults, "fastthrift.contrib.apache._generated", "defaults"
);

/// What stands for a transport of this package before Apache's code.
pub fn apache_transport(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CELL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CELL.import(py, "fastthrift.contrib.apache._transport", "Readable")
}

/// The metaclass of payloads, `TPayloadMeta`.
pub fn payload_metaclass(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CELL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CELL.import(py, "fastthrift._payload", "TPayloadMeta")
}

/// The class that loaded structs inherit from.
pub fn struct_base(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CELL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CELL.import(py, "fastthrift._payload", "TStruct")
}

/// The base class of loaded structs that cannot be changed.
pub fn frozen_base(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CELL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CELL.import(py, "fastthrift._payload", "TFrozenStruct")
}

import!(
    /// A struct that breaks the rules of its file.
    invalid_struct, "fastthrift.protocol.exc", "TInvalidStructException"
);
import!(
    /// Makes an `IntEnum`.
    int_enum, "fastthrift.parser.enums", "int_enum"
);

/// The base class of payloads, `TPayload`.
pub fn payload(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CELL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CELL.import(py, "fastthrift._payload", "TPayload")
}

/// The base class of exceptions, `TException`.
pub fn exception(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CELL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CELL.import(py, "fastthrift._exceptions", "TException")
}

import!(
    /// `TApplicationException`
    application_exception, "fastthrift._exceptions", "TApplicationException"
);

/// The exception for a result that is missing, a new one.
pub fn missing_result(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    const MISSING_RESULT: i32 = 5;
    application_exception(py)?.call1((MISSING_RESULT,))
}

import!(
    /// `__init__` of loaded exceptions.
    exception_init, "fastthrift._exceptions", "exception_init"
);

/// The module of the parser's exceptions.
pub fn parser_exceptions(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    py.import(pyo3::intern!(py, "fastthrift.parser.exc"))
}
