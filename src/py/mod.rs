//! The extension module `fastthrift._core`: Python objects to and from the
//! wire, struct classes, transports.

use pyo3::prelude::*;
use pyo3::types::PyType;

mod call;
mod classes;
mod codec;
mod constants;
mod error;
mod ffi;
mod functions;
mod generated;
mod imports;
mod logging;
mod plain;
mod protocol;
mod server;
mod stream;
mod structs;
mod thriftpy_json;
mod trace;
mod transport;

/// Forgets what was compiled from a struct class, after an assignment to it.
#[pyfunction]
fn drop_plan(cls: &Bound<'_, PyType>) -> PyResult<()> {
    structs::Plan::drop_of(cls)
}

/// Makes attributes of a class with a `__getattr__` cheaper.
#[pyfunction]
fn install_getattr(cls: &Bound<'_, PyType>) {
    ffi::install_getattr(cls);
}

/// Lets objects of a class be called as fast as those of its base.
#[pyfunction]
fn inherit_vectorcall(cls: &Bound<'_, PyType>) {
    ffi::inherit_vectorcall(cls);
}

// The codec reads and fills objects without locks of its own.
#[cfg(Py_GIL_DISABLED)]
compile_error!("fastthrift needs a CPython with the interpreter's lock: no free-threaded build");

#[pymodule(gil_used = true)]
mod _core {
    use super::{ffi, structs, structs::LoadedStruct};
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::call::{
        Method, OriginalMethods, bind, find_method, read_call, read_reply, write_call, write_result,
    };
    #[pymodule_export]
    use super::classes::{PyDiagnostic, PyProgram, PySchema, format_text, load_schema};
    #[pymodule_export]
    use super::codec::{UnknownField, UnknownFields, copy_options, unknown_fields};
    #[pymodule_export]
    use super::functions::{decode, deserialize, encode, serialize};
    #[pymodule_export]
    use super::generated::GeneratedCodec;
    #[pymodule_export]
    use super::plain::{from_dict, from_json, to_dict, to_json};
    #[pymodule_export]
    use super::protocol::{
        TApacheJSONProtocol, TApacheJSONProtocolFactory, TBinaryProtocol, TBinaryProtocolFactory,
        TCompactProtocol, TCompactProtocolFactory, ValueScan, read_value, write_value,
    };
    #[pymodule_export]
    use super::server::{AnswerTimer, NativeServer, NativeWorker, ServedCalls, ServerNotice};
    #[pymodule_export]
    use super::stream::{
        detect, detect_struct, end_of_file, frame_end, frame_ended, frame_header, frame_length,
        framed, guess, keep_headers, read_header_frame, refused_client, refused_protocol,
        refused_transform, tells_later, unsigned_header, unsigned_length, write_header_frame,
    };
    #[pymodule_export]
    use super::structs::{
        Initializer, Selection, before_slots, delete_raw, get_raw, inherit_native, initialize,
        install_call, install_frozen, is_slot, layout_fields, select, set_raw, snapshot_function,
    };
    #[pymodule_export]
    use super::thriftpy_json::{
        fill_from_json, parse_json, read_json, read_json_message, read_json_value, skip_json,
        write_json_message, write_json_value,
    };
    #[pymodule_export]
    use super::trace::trace;
    #[pymodule_export]
    use super::transport::{
        CyTransportBase, TBufferedTransport, TBufferedTransportFactory, TFramedTransport,
        TFramedTransportFactory, TMemoryBuffer, end_unless_arrived, pass_over_stop, rest_of_frame,
        send_at_once, source_below, start_of_arrived, take_output,
    };
    #[pymodule_export]
    use super::{drop_plan, inherit_vectorcall, install_getattr};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        ffi::claim(module.py())?;
        ffi::check::<LoadedStruct>(module.py())?;
        super::functions::take_by_position(module)?;
        super::constants::add_to(module)?;
        module.add("FRAME_HEADER", crate::stream::FRAME_HEADER)?;
        structs::cut_circles(module.py());
        let storage = ffi::make_storage_type::<LoadedStruct>(module.py())?;
        module.add("PayloadType", ffi::payload_type(module.py())?)?;
        module.add("StructStorage", storage)
    }
}
