"""The native module: the codec, the classes of loaded structs, protocols and transports. What is
public of it has thriftpy2's names in other modules; the rest may change in any release.

Its parts are called after the rooms of `src/py`."""

from ._core_call import (
    Method,
    OriginalMethods,
    bind,
    find_method,
    read_call,
    read_reply,
    write_call,
    write_result,
)
from ._core_classes import Diagnostic, Program, Schema, format_text, load_schema
from ._core_classes import _FileInfo as _FileInfo
from ._core_codec import (
    GeneratedCodec,
    Selection,
    decode,
    deserialize,
    encode,
    from_dict,
    from_json,
    parse_json,
    read_json,
    read_json_message,
    read_json_value,
    select,
    serialize,
    skip_json,
    to_dict,
    to_json,
    trace,
    write_json_message,
    write_json_value,
)
from ._core_protocol import (
    DEFAULT_MAX_DEPTH,
    DEFAULT_MAX_SIZE,
    TApacheJSONProtocol,
    TApacheJSONProtocolFactory,
    TBinaryProtocol,
    TBinaryProtocolFactory,
    TCompactProtocol,
    TCompactProtocolFactory,
    TMessageType,
    ValueScan,
    copy_options,
    read_value,
    write_value,
)
from ._core_server import AnswerClock, NativeServer, NativeWorker, ServedCalls, ServerNotice
from ._core_stream import (
    FRAME_HEADER,
    detect,
    detect_struct,
    end_of_file,
    frame_end,
    frame_ended,
    frame_header,
    frame_length,
    framed,
    guess,
    keep_headers,
    read_header_frame,
    refused_client,
    refused_protocol,
    refused_transform,
    tells_later,
    unsigned_header,
    unsigned_length,
    write_header_frame,
)
from ._core_structs import (
    TYPES,
    Initializer,
    PayloadType,
    StructStorage,
    TType,
    delete_raw,
    drop_plan,
    inherit_native,
    inherit_vectorcall,
    initialize,
    install_call,
    install_frozen,
    install_getattr,
    is_slot,
    layout_fields,
    set_raw,
    snapshot,
)
from ._core_transport import (
    CyTransportBase,
    TBufferedTransport,
    TBufferedTransportFactory,
    TFramedTransport,
    TFramedTransportFactory,
    TMemoryBuffer,
    end_unless_arrived,
    pass_over_stop,
    rest_of_frame,
    send_at_once,
    source_below,
    start_of_arrived,
    take_output,
)
from ._core_unknown import UnknownField, UnknownFields, unknown_fields

# fmt: off
__all__ = [
    "DEFAULT_MAX_DEPTH", "DEFAULT_MAX_SIZE", "FRAME_HEADER", "TYPES", "AnswerClock",
    "CyTransportBase", "Diagnostic", "GeneratedCodec", "Initializer", "Method", "NativeServer",
    "NativeWorker", "OriginalMethods", "PayloadType", "Program", "Schema", "Selection",
    "ServedCalls", "ServerNotice", "StructStorage", "TApacheJSONProtocol",
    "TApacheJSONProtocolFactory", "TBinaryProtocol", "TBinaryProtocolFactory", "TBufferedTransport",
    "TBufferedTransportFactory", "TCompactProtocol", "TCompactProtocolFactory", "TFramedTransport",
    "TFramedTransportFactory", "TMemoryBuffer", "TMessageType", "TType", "UnknownField",
    "UnknownFields", "ValueScan", "bind", "copy_options", "decode", "delete_raw", "deserialize",
    "detect", "detect_struct", "drop_plan", "encode", "end_of_file", "end_unless_arrived",
    "find_method", "format_text", "frame_end", "frame_ended", "frame_header", "frame_length",
    "framed", "from_dict", "from_json", "guess", "inherit_native", "inherit_vectorcall",
    "initialize", "install_call", "install_frozen", "install_getattr", "is_slot", "keep_headers",
    "layout_fields", "load_schema", "parse_json", "pass_over_stop", "read_call",
    "read_header_frame", "read_json", "read_json_message", "read_json_value", "read_reply",
    "read_value", "refused_client", "refused_protocol", "refused_transform", "rest_of_frame",
    "select", "send_at_once", "serialize", "set_raw", "skip_json", "snapshot", "source_below",
    "start_of_arrived", "take_output", "tells_later", "to_dict", "to_json", "trace",
    "unknown_fields", "unsigned_header", "unsigned_length", "write_call", "write_header_frame",
    "write_json_message", "write_json_value", "write_result", "write_value",
]
# fmt: on
