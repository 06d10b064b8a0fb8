"""Breaks of the native code: each needs a build."""

# Source as it stands:
# ruff: noqa: E501

from __future__ import annotations

from page import Break

_UNSAID = "\n#[cfg(any())]\n"

BREAKS = [
    Break(
        "of a module with `keep_unknown` every field comes out",
        "what is kept is written at the end",
        "            self.unknown_behind(Some(field.id), &mut unknown, &mut last_id)?;\n",
        "",
        ("codec/test_keep_unknown::test_what_is_not_known_comes_out_as_it_came",),
    ),
    Break(
        "what was kept is written in another protocol",
        "a string is copied between JSON and others",
        "            if R::IS_TEXT != W::IS_TEXT {\n",
        "            if R::IS_TEXT && !R::IS_TEXT {\n",
        ("codec/test_keep_unknown::test_json_is_turned_into_others_where_there_is_no_string",),
    ),
    Break(
        "generated classes have the bytes and values of Apache's C extension",
        "a set is read as a list",
        "                    Mutable::Yes => py.get_type::<PySet>().call1((list,))?,\n",
        "                    Mutable::Yes => list.into_any(),\n",
        ("apache/test_generated_codec::test_bytes_and_values_are_those_of_apaches_extension",),
    ),
    Break(
        "each rule of `breaking` is what really happens",
        "a struct of another name is not compared",
        "                self.pending.push((old, new));\n                named(&self.old[old].name, &self.new[new].name)\n",
        "                named(&self.old[old].name, &self.new[new].name)\n",
        ("cli/test_breaking_rules::test_the_wire_compares_what_a_renamed_struct_holds",),
    ),
    # Rooms.
    Break(
        "`idl`, `schema`, `wire`, `stream` and `server` know nothing of Python",
        "the wire uses pyo3",
        "use super::run::compact::{self as run, LONG_LIST};",
        f"use super::run::compact::{{self as run, LONG_LIST}};{_UNSAID}use pyo3 as _;\n",
        ("tests/rooms.rs::the_rooms_below_python_know_nothing_of_it",),
    ),
    Break(
        "no two types share a name",
        "a second Depth",
        "use super::run::compact::{self as run, LONG_LIST};",
        f"use super::run::compact::{{self as run, LONG_LIST}};{_UNSAID}struct Depth;\n",
        ("tests/names.rs::no_two_types_share_a_name",),
    ),
    Break(
        "of the rooms below `src/py` none but `server` has sockets",
        "the wire opens connections",
        "use super::run::compact::{self as run, LONG_LIST};",
        f"use super::run::compact::{{self as run, LONG_LIST}};{_UNSAID}use std::{{fmt, net}};\n",
        ("tests/rooms.rs::the_rooms_below_python_wait_for_nothing_but_where_they_say_so",),
    ),
    Break(
        "a type of the wire is missed by no match",
        "the decoder takes any other for a uuid",
        "            Kind::Uuid => self.uuid(),\n",
        "            _ => self.uuid(),\n",
        ("tests/matches.rs::no_match_over_wire_types_has_an_arm_for_all_others",),
    ),
    Break(
        "the encoder and the decoder call",
        "the decoder has a name of its own for structs",
        "fn struct_in_slots(",
        "fn structure_in_slots(",
        ("tests/names.rs::the_encoder_and_the_decoder_mirror_each_other",),
    ),
    Break(
        "doc comments say something",
        "one that leans on the item above",
        "/// Whether a value is true.\n",
        "/// The same for a value that is true.\n",
        ("tests/names.rs::doc_comments_stand_alone",),
    ),
    Break(
        "what has no reference of its own is handled",
        "a writer that could call into Python",
        "/// Whether a value is true.\n",
        f"{_UNSAID}impl crate::wire::Writer for () {{}}\n\n/// Whether a value is true.\n",
        ("tests/soundness.rs::what_handles_objects_without_references_knows_nothing_of_python",),
    ),
    Break(
        "each room uses only those below it",
        "the wire uses the parser, by its way up",
        "use super::run::compact::{self as run, LONG_LIST};",
        "use super::run::compact::{self as run, LONG_LIST};\nuse super::super::idl as _;\n",
        ("tests/rooms.rs::each_room_uses_only_those_below_it",),
    ),
    Break(
        "unsafe code lives in `src/py/ffi` alone",
        "unsafe code in the decoder, over two lines",
        "/// Decodes values of one message.\n",
        f"{_UNSAID}fn elsewhere() {{ unsafe\n{{}} }}\n/// Decodes values of one message.\n",
        ("tests/rooms.rs::unsafe_code_lives_in_py_ffi_alone",),
    ),
    Break(
        "unsafe code lives in `src/py/ffi` alone",
        "the wire may have unsafe code",
        "#![forbid(unsafe_code)]\n\nmod binary;",
        "mod binary;",
        ("tests/rooms.rs::the_rooms_below_python_forbid_unsafe_code",),
    ),
    Break(
        "files need each other in no circle",
        "errors of the wire need its counter of nesting",
        "use super::limits::MAX_SIZE;\nuse super::wire_type::WireType;\n\n/// The result of",
        "use super::limits::MAX_SIZE;\nuse super::wire_type::WireType;\n#[allow(unused)]\n"
        "use super::Depth;\npub(super) type Counter = Depth;\n\n/// The result of",
        ("tests/rooms.rs::files_do_not_need_each_other_in_circles",),
    ),
    Break(
        "native code imports only what is listed",
        "of the standard library",
        'deepcopy, "copy", "deepcopy"',
        'deepcopy, "typing", "deepcopy"',
        ("tests/rooms.rs::native_code_imports_only_what_is_listed",),
    ),
    # IDL.
    Break(
        "no IDL text makes the front end fail other than by diagnostics",
        "an illegal character is one byte",
        "self.take(character.map_or(1, char::len_utf8), TokenKind::Illegal)",
        "self.take(character.map_or(1, |_| 1), TokenKind::Illegal)",
        ("tests/idl/robustness.rs::random_changes_of_every_fixture",),
    ),
    Break(
        "the ranges of a syntax tree nest",
        "a token ends a byte late",
        "            span: Span::new(start as u32, self.at as u32),\n",
        "            span: Span::new(start as u32, self.at as u32 + u32::from(first == b',')),\n",
        ("tests/idl/fixtures.rs::ranges_nest_and_tokens_cover_the_text",),
    ),
    Break(
        "every IDL fixture means what Apache's compiler and thriftpy2 say it means",
        "enums start at one",
        "let mut next = Some(0_i64);",
        "let mut next = Some(1_i64);",
        ("load/test_oracles::test_a_good_file_gives_the_module_that_thriftpy2_makes",),
    ),
    Break(
        "IDL that nests, doubles or chains without end",
        "the parser does not count levels",
        "        self.nesting += 1;\n",
        "",
        ("tests/idl/limits.rs::deep_types",),
    ),
    Break(
        "showing mistakes takes no longer than finding them",
        "all are shown",
        "        if counts[kind] <= MAX_SHOWN {",
        "        if counts[kind] <= usize::MAX - MAX_SHOWN {",
        ("tests/idl/limits.rs::many_warnings_are_counted",),
    ),
    Break(
        "each file is read once",
        "nobody notes what was read",
        "        self.by_identity.insert(identity, index);\n",
        "        let _ = identity;\n",
        ("tests/idl/loading.rs::each_file_is_read_once_and_stands_before_those_that_include_it",),
    ),
    Break(
        "a syntax tree holds all that the file says",
        "`oneway` is not printed",
        '            self.name(qualifier.word());\n            self.put(" ");\n',
        "            let _ = qualifier;\n",
        ("tests/idl/fixtures.rs::what_is_printed_is_the_same_tree",),
    ),
    # The wire.
    Break(
        "what the wire writes it reads and skips",
        "only the keys of maps are skipped",
        "            self.skip(key)?;\n            self.skip(value)?;\n",
        "            self.skip(key)?;\n            let _ = value;\n",
        ("tests/wire.rs::what_is_written_is_read_and_skipped",),
    ),
    Break(
        "bytes equal thriftpy2's and Apache Thrift's",
        "the last field of a struct is not forgotten by the next",
        "const LONG_LIST: u8 = 15;",
        "const LONG_LIST: u8 = 14;",
        ("codec/test_differential_matrix::test_container",),
    ),
    Break(
        "one decoder and one encoder for binary, compact and Apache's JSON",
        "a stream loses a byte of an odd number to pass over",
        "        let mut left = count;\n        while left > 0 {\n",
        "        let mut left = count & !1;\n        while left > 0 {\n",
        ("bad_input/test_bytes::test_sources_agree_on_changed_bytes",),
    ),
    Break(
        "no input crashes",
        "an unknown type is not expected",
        "    pub fn unknown_type(number: u8) -> Self {\n",
        "    pub fn unknown_type(number: u8) -> Self {\n        assert!(number < 1);\n",
        (
            "bad_input/test_bytes::test_every_byte_changed",
            "bad_input/test_bytes::test_random_bytes",
        ),
    ),
    Break(
        "Apache's JSON is byte for byte that of Apache's library, uuids included",
        "doubles have a digit less",
        "const PRECISION: i32 = 17;\n",
        "const PRECISION: i32 = 16;\n",
        (
            "json/test_apache::test_every_type_is_written_as_apache_does",
            "tests/wire.rs::json_is_that_of_apache",
        ),
    ),
    Break(
        "of a stream of JSON no byte behind a message is taken, however it comes",
        "one byte more is asked for",
        "        open.max(1)\n",
        "        open + 1\n",
        ("json/test_apache::test_nothing_behind_a_message_is_read",),
    ),
    Break(
        "a container of JSON has as many elements as it announces",
        "what is behind the last element is not looked at",
        "            Context::Element => self.expect(b']')?,\n",
        "            Context::Element => self.advance(1),\n",
        ("tests/wire.rs::promised_counts_of_json_are_those_that_come",),
    ),
    Break(
        "one depth counter on every path of the native codec",
        "lists are skipped without it",
        "                self.enter(Nesting::SKIP_CONTAINER)?;\n"
        "                let header = self.list()?;\n",
        "                self.enter(Nesting::SKIP_CONTAINER)?;\n"
        "                self.state_mut().leave();\n"
        "                let header = self.list()?;\n",
        (
            "tests/wire.rs::nesting_is_bounded_everywhere",
            "bad_input/test_depth::test_skipping_an_unknown_field",
        ),
    ),
    Break(
        "one depth counter on every path of the native codec",
        "maps are decoded without it",
        "        self.reader.enter(Nesting::READ_CONTAINER)?;\n"
        "        let header = self.reader.map()?;",
        "        self.reader.enter(Nesting::READ_CONTAINER)?;\n"
        "        self.reader.leave()?;\n"
        "        let header = self.reader.map()?;",
        ("bad_input/test_limits::test_containers_nest_as_structs_do",),
    ),
    Break(
        "the limits are the same on every path",
        "strings of any length are written",
        'checked_size("string", length, self.longest_string())',
        'checked_size("string", length, usize::MAX)',
        ("bad_input/test_limits::test_the_limit_of_a_string",),
    ),
    Break(
        "the limits are the same on every path",
        "JSON does not count lists",
        "        self.depth.enter(Nesting::READ_CONTAINER)?;\n        let mut items = ListBuilder",
        "        let mut items = ListBuilder",
        ("bad_input/test_limits::test_containers_nest_as_structs_do",),
    ),
    Break(
        "no nesting overflows the stack",
        "the levels that were asked for are granted",
        "    wanted.min(levels.max(granted))\n",
        "    wanted.max(levels.min(granted))\n",
        ("bad_input/test_limits::test_a_thread_with_a_small_stack",),
    ),
    Break(
        "memory grows with the bytes that arrived",
        "announced counts are believed",
        "Some(available) if checked.saturating_mul(size) > available => {",
        "Some(available) if checked.saturating_mul(size) > available.max(usize::MAX) => {",
        (
            "tests/wire.rs::promised_sizes_are_checked_before_anyone_allocates",
            "bad_input/test_sizes::test_memory_follows_the_bytes_that_arrived",
        ),
    ),
    Break(
        "strings and messages are limited; a varint ends after 10 bytes",
        "after 12",
        "    for index in 0..MAX_BYTES {\n        let byte = input.byte()?;\n"
        "        value |= u64::from(byte & 0x7f) << (7 * index);",
        "    for index in 0..MAX_BYTES + 2 {\n        let byte = input.byte()?;\n"
        "        value |= u64::from(byte & 0x7f).checked_shl(7 * index as u32).unwrap_or(0);",
        ("bad_input/test_sizes::test_varints_end_after_ten_bytes",),
    ),
    Break(
        "errors name the byte and the field",
        "a byte four before it",
        "    pub fn at(mut self, offset: u64) -> Self {\n"
        "        self.0.offset.get_or_insert(offset);\n        self\n    }\n\n"
        "    /// Names the field",
        "    pub fn at(mut self, offset: u64) -> Self {\n"
        "        self.0.offset.get_or_insert(offset.saturating_sub(4));\n        self\n    }\n\n"
        "    /// Names the field",
        ("bad_input/test_errors::test_the_offset_is_right",),
    ),
    Break(
        "errors name the byte and the field",
        "no field",
        "        self.0.path.push(segment);\n",
        "        drop(segment);\n",
        ("bad_input/test_errors::test_the_place_of_truncated_bytes",),
    ),
    Break(
        "lengths of frames are written and read in one place",
        "an empty frame is one",
        "        Ok(length) if (1..=limit).contains(&length) => Ok(length),\n",
        "        Ok(length) if (0..=limit).contains(&length) => Ok(length),\n",
        (
            "tests/stream.rs::a_length_that_is_none_is_refused_before_the_frame_comes",
            "transport/test_frames::test_what_no_frame_may_be",
        ),
    ),
    Break(
        "lengths of frames are written and read in one place",
        "those of SASL have a sign",
        "    let size = u32::from_be_bytes(header);\n    match usize::try_from(size) {\n",
        "    let size = u32::from_be_bytes(header) & 0x7fff_ffff;\n    match usize::try_from(size) {\n",
        (
            "tests/stream.rs::frames_of_sasl_may_be_empty_and_have_lengths_without_a_sign",
            "transport/test_frames::test_what_no_frame_of_sasl_may_be",
        ),
    ),
    Break(
        "what few compressed bytes stand for is decompressed up to a limit",
        "a message of THeader is decompressed whatever it has",
        "        if out.len() > limit {\n            out.truncate(limit);\n",
        "        if out.len() > usize::MAX - 1 {\n            return Err(HeaderError::MessageSize(limit));\n",
        ("transport/test_header::test_a_compressed_message_stands_for_no_more_than_the_limit",),
    ),
    Break(
        "binary messages without a version",
        "nobody takes them",
        "        } else if self.strict {\n",
        "        } else if !self.strict || self.strict {\n",
        (
            "calls/test_old_binary::test_servers_answer_old_messages_where_they_are_asked_to",
            "calls/test_old_binary::test_the_server_of_asyncio_does_so_too",
        ),
    ),
    Break(
        "frames of THeader in the core",
        "a message is decompressed above its limit",
        "        if out.len() > limit {\n            out.truncate(limit);\n",
        "        if out.len() > limit.saturating_add(1) {\n            out.truncate(limit);\n",
        ("tests/stream_header.rs::a_message_is_decompressed_as_far_as_its_limit",),
    ),
    Break(
        "frames of THeader in the core",
        "the protocol of a message is not told",
        "        put_varint(out, self.protocol_id as usize);\n",
        "        put_varint(out, 0);\n",
        (
            "tests/stream_header.rs::what_apache_writes_is_read_and_written_alike",
            "tests/stream_header.rs::what_is_written_is_read",
            "tests/stream_header.rs::damaged_frames_are_read_or_refused",
        ),
    ),
    Break(
        "what the first bytes of a connection speak is told in one place",
        "the compact protocol has another version",
        "[0x82, second, ..] if second & 0x1f == 1 =>",
        "[0x82, second, ..] if second & 0x1f == 2 =>",
        (
            "tests/stream.rs::first_bytes_tell_what_is_spoken",
            "calls/test_mismatch::test_both_sides_are_told",
        ),
    ),
    Break(
        "what the first bytes of a connection speak is told in one place",
        "THeader is not known",
        "        [0x0f, 0xff, ..] => unframed(Speech::Header),\n",
        "        [0x0f, 0xff, ..] => Opening::Unknown,\n",
        (
            "calls/test_mismatch::test_what_is_no_thrift",
            "calls/test_mismatch::test_what_is_no_thrift_with_asyncio",
        ),
    ),
    Break(
        "a source is asked for exactly the bytes needed",
        "for a byte more",
        "Fetch::Exact => self.fetch_until(count, 0),",
        "Fetch::Exact => self.fetch_until(count, count + 1),",
        (
            "protocol/test_transports::test_no_more_is_asked_for_than_the_message_holds",
            "protocol/test_transports::test_the_byte_after_a_struct_belongs_to_the_caller",
        ),
    ),
    Break(
        "what is wrong with a message that comes piece by piece over asyncio",
        "levels of structs are not counted while its end is looked for",
        "            depth: Depth::new(limits.depth),\n            to_come,\n",
        "            depth: Depth::new(500),\n            to_come,\n",
        ("aio/test_protocol::test_what_is_wrong_is_refused_without_waiting_for_more",),
    ),
    Break(
        "what is wrong with a message that comes piece by piece over asyncio",
        "a negative size is none, while asyncio looks for the end of a message",
        "            Err(_) => self.end = Some(self.scan.wanted()),\n",
        "            Err(_) => self.end = Some(self.scan.wanted() + 1000),\n",
        ("aio/test_protocol::test_what_is_wrong_is_refused_without_waiting_for_more",),
    ),
    Break(
        "what is wrong with a message that comes piece by piece over asyncio",
        "levels of JSON are not counted while its end is looked for",
        "            text: TextEnd::new(limits.depth),\n",
        "            text: TextEnd::new(5000),\n",
        ("aio/test_apache_json::test_what_is_wrong_is_refused_without_waiting_for_more",),
    ),
    Break(
        "any cut of the bytes of a stream gives the messages of none",
        "what was looked at of a text is forgotten with a piece of two bytes",
        "        self.position += position;\n",
        "        self.position += if position == 2 { 1 } else { position };\n",
        ("tests/stream.rs::any_cut_gives_the_messages_of_none",),
    ),
    Break(
        "any cut of the bytes of a stream gives the messages of none",
        "a frame is given before its last byte",
        "        if self.come.len() - FRAME_HEADER < length {\n",
        "        if self.come.len() - FRAME_HEADER + 1 < length {\n",
        ("tests/stream.rs::frames_are_messages_however_they_are_cut",),
    ),
    Break(
        "a message ends within its frame",
        "a value goes on in the next frame",
        "                if self.taken == 0 && self.available() == 0 {\n",
        "                while self.available() < count {\n",
        (
            "transport/test_frame_borders::test_a_call_does_not_go_on_in_the_next_frame",
            "transport/test_frame_borders::test_a_reply_does_not_go_on_in_the_next_frame",
        ),
    ),
    Break(
        "a message ends within its frame",
        "a byte may follow a reply",
        "    if rest > 0 {\n",
        "    if rest > 1 {\n",
        ("transport/test_frame_borders::test_what_follows_a_reply_in_its_frame_is_told",),
    ),
    Break(
        "what native code takes for granted of an interpreter",
        "nothing is compared",
        "    if holds(py)? {\n        return Ok(());",
        "    if holds(py)? || !advice.is_empty() {\n        return Ok(());",
        ("interpreters/test_layouts::test_an_interpreter_with_other_objects_is_refused_by_name",),
    ),
    Break(
        "nothing half-written is left behind",
        "a failed message stays in the buffer",
        "            write_bytes(py, settings, &mut bytes, job)?;\n"
        "            check_message(py, settings, bytes.len() - before)?;",
        "            let written = write_bytes(py, settings, &mut bytes, job);\n"
        "            if let Err(error) = written {\n"
        "                base.try_borrow_mut()?.put_written_back(bytes);\n"
        "                return Err(error.into());\n            }\n"
        "            check_message(py, settings, bytes.len() - before)?;",
        ("bad_input/test_objects::test_a_failed_message_leaves_nothing_behind",),
    ),
    Break(
        "ints, strings and calls that are made natively",
        "the protocol of `encode` is not taken by position",
        "    encode(&args[0], optional(args, 1)).map(Bound::into_any)\n",
        "    encode(&args[0], optional(args, 2)).map(Bound::into_any)\n",
        ("codec/test_native_values::test_functions_take_their_arguments_in_every_form",),
    ),
    Break(
        "one write for a message",
        "each half is sent alone",
        "            below.write_bytes(&output)?;\n",
        "            let (first, second) = output.as_bytes().split_at(1);\n"
        "            below.write(first)?;\n            below.write(second)?;\n",
        ("protocol/test_messages::test_one_write_for_a_buffered_message",),
    ),
    # Objects.
    Break(
        "overridden methods of protocols, transports and payloads",
        "whoever inherits from a native transport is one",
        "            (Some(ours), Some(theirs)) => ours.is(&theirs),\n            _ => false,",
        "            (Some(ours), Some(theirs)) => ours.is(&theirs) || true,\n            _ => false,",
        ("protocol/test_overrides::test_overridden_methods_of_a_transport_subclass",),
    ),
    Break(
        "a `thrift_spec` of an object",
        "that of its class goes before",
        "            && spec.is(&plan.get().spec)\n        {\n            return Ok(plan);\n        }\n"
        "        // A proxy",
        "            && !plan.get().spec.bind(py).is_none()\n"
        "        {\n            return Ok(plan);\n        }\n        // A proxy",
        ("codec/test_proxies::test_a_spec_of_the_object_decides_what_is_written_and_read",),
    ),
    Break(
        "classes made natively are what `type` makes",
        "an enum lacks the names of its values",
        '        namespace.set_item(intern!(py, "_NAMES_TO_VALUES"), names_to_values)?;\n',
        "        let _ = names_to_values;\n",
        ("load/test_classes::test_enums_and_services_are_plain_classes",),
    ),
    Break(
        "a function's classes are made once",
        "they do not take the place of what makes them",
        "                ffi::set_own_attribute(&holder, &name, Some(class.as_any()))?;\n",
        "",
        ("load/test_classes::test_function_classes_are_made_once",),
    ),
    Break(
        "objects that hold Python references take part",
        "the collector does not see what is in slots",
        "            if !value.is_null() && ffi::PyType_IS_GC(ffi::Py_TYPE(value)) != 0 {\n",
        "            if !value.is_null() && ffi::PyType_IS_GC(ffi::Py_TYPE(value)) > 1 {\n",
        ("structs/test_memory::test_cycles_are_collected",),
    ),
    Break(
        "decoding leaves the garbage collector as it was",
        "it does not start again",
        "        if self.was_enabled {\n            // SAFETY: attached, as the field proves.\n",
        "        if self.was_enabled && false {\n"
        "            // SAFETY: attached, as the field proves.\n",
        ("codec/test_collector::test_a_message_leaves_it_as_it_was",),
    ),
    # Calls.
    Break(
        "both ways of a call agree",
        "the native one does not look at the name of a reply",
        "        || header.name != method.name.to_str(py)?.as_bytes()\n",
        "",
        ("calls/test_ways::test_replies",),
    ),
    Break(
        "what is overridden of a client, a processor or a service",
        "a method of the object itself is not looked for",
        "                if own.contains(name)? {\n                    return Ok(false);",
        "                if own.contains(name)? {\n                    return Ok(true);",
        ("calls/test_ways::test_send_of_an_object_and_of_the_class",),
    ),
    Break(
        "what stands for a value is written as the value",
        "nobody is asked for its text",
        '    if let Some(encode) = value.getattr_opt(intern!(py, "encode"))? {',
        '    if let Some(encode) = value.getattr_opt(intern!(py, "encode "))? {',
        (
            "codec/test_proxies::test_every_field_takes_a_proxy",
            "codec/test_proxies::test_the_bytes_are_those_of_thriftpy2",
            "codec/test_proxies::test_calls_take_and_give_proxies",
        ),
    ),
    Break(
        "what a lazy value raises while it is written",
        "it is of another type then",
        "    if is_of_other_type {\n",
        "    if is_of_other_type || true {\n",
        ("codec/test_proxies::test_an_error_of_a_lazy_value_is_its_own",),
    ),
    Break(
        "no element of a set is on the wire twice",
        "each is new",
        "        if seen.add(index) {\n",
        "        if seen.add(index) || true {\n",
        ("codec/test_sets::test_each_element_is_written_once_and_in_order",),
    ),
    # Clients and servers.
    Break(
        "the client never returns somebody else's answer",
        "ids of replies are not looked at",
        "    if header.sequence_id != seqid\n        || header",
        "    if header",
        ("calls/test_broken::test_reply_that_does_not_belong_to_the_call",),
    ),
    Break(
        "plain data and JSON text of any value come back",
        "control characters are not escaped",
        "| word.wrapping_sub(ONES * 0x20);",
        ";",
        ("codec/test_plain::test_all_values_come_back",),
    ),
    Break(
        "what is wrong with plain data is told with its path and byte",
        "the path lacks a step",
        "    fn in_field(&self, field: &PlanField, error: CodecError) -> CodecError {\n",
        "    fn in_field(&self, field: &PlanField, error: CodecError) -> CodecError {\n"
        "        if field.id > 0 {\n            return error;\n        }\n",
        ("codec/test_plain::test_what_is_wrong_is_told_with_its_path_and_byte",),
    ),
    Break(
        "of a message that is decoded in part only the fields",
        "others keep their defaults",
        "narrow[position] = defaults[position].clone_ref(py);",
        "narrow = defaults.iter().map(|value| value.clone_ref(py)).collect();",
        (
            "codec/test_select::test_any_selection_is_the_whole_without_the_rest",
            "codec/test_select::test_a_field_that_does_not_come_has_its_default_where_it_is_named_alone",
        ),
    ),
    Break(
        "results of which a client wants some fields",
        "what a class says of its fields is not heard",
        "only.map(|paths| Self::of_tuple(&paths)).transpose()",
        "only.filter(|_| false).map(|paths| Self::of_tuple(&paths)).transpose()",
        (
            "pool/test_with_fields::test_results_have_the_fields_that_are_named_and_no_other",
            "pool/test_with_fields::test_clients_and_pools_of_asyncio",
        ),
    ),
    Break(
        "a set with chosen fields in its elements loses none of them",
        "sets stay sets",
        "            *self = mem::replace(&mut converted.kind, Self::Bool);\n",
        "            let _ = mem::size_of::<Self>();\n            return converted.kind.within_mut();\n",
        ("codec/test_select::test_sets_with_chosen_fields_in_them_are_lists_and_lose_nothing",),
    ),
    Break(
        "a selection follows the classes",
        "stale plans are not looked for",
        "if sources.any(|plan| plan.is_stale(py)) {",
        "if sources.len() == 0 {",
        ("codec/test_select::test_a_selection_follows_its_classes",),
    ),
    Break(
        "an array holds what a list would",
        "the index of a wrong number is forgotten",
        "Err((index, error)) => Err(wrong_number(0, index, error)),",
        "Err((_, error)) => Err(wrong_number(0, 0, error)),",
        ("codec/test_arrays::test_wrong_varints_are_refused_with_their_index_as_for_a_list",),
    ),
    Break(
        "many integers of a list that are read at once",
        "the index of a wrong one is that among those that are read together",
        "map_err(|(index, error)| wrong_number(before, index, error))?;\n            list",
        "map_err(|(index, error)| wrong_number(0, index, error))?;\n            list",
        ("codec/test_long_lists::test_a_wrong_number_is_told_with_its_index",),
    ),
    Break(
        "a buffer of numbers is written as its items",
        "nobody asks who gives the items",
        "if !has_buffer || !gives_items_natively(object) {",
        "if !has_buffer || (!gives_items_natively(object) && false) {",
        ("codec/test_arrays::test_a_class_of_python_that_gives_other_items_is_asked_for_them",),
    ),
    Break(
        "a program lives to its end while its daemon threads",
        "a thread that reads is not made ready for the end",
        "        ffi::stop_at_exit();\n        let data = self.0.call_method1(",
        "        let data = self.0.call_method1(",
        (
            "calls/test_broken::test_program_ends_while_a_daemon_thread_is_in_a_call",
            "calls/test_broken::test_program_ends_while_a_daemon_thread_serves",
        ),
    ),
    Break(
        "`_rbuf` and `_wbuf` of transports",
        "what was taken is not shown",
        "            ahead.left.min(ahead.position)\n",
        "            ahead.position\n",
        (
            "transport/test_buffers::"
            "test_reading_and_writing_leave_in_the_buffers_what_they_leave_in_thriftpy2",
        ),
    ),
    Break(
        "what a strict file refuses",
        "the last problem is told alone",
        "self.problems.push((path, text));",
        "self.problems = vec![(path, text)];",
        (
            "load/test_strict::test_all_problems_are_told_when_a_struct_is_written",
            "load/test_strict::test_all_problems_are_told_when_a_struct_is_read",
        ),
    ),
    Break(
        "an interpreter has the module to itself",
        "any other takes it",
        "        Err(owner) => Err(PyImportError::new_err(format!(",
        "        Err(owner) if owner == id => Ok(()),\n"
        "        Err(_) if id > 0 => Ok(()),\n"
        "        Err(owner) => Err(PyImportError::new_err(format!(",
        (
            "interpreters/test_interpreters::test_a_second_interpreter_is_refused_by_name_and_the_first_goes_on",
        ),
    ),
    Break(
        "reading, parsing and linking is done without the interpreter's lock",
        "it is held",
        "    py.detach(move || {\n        let thread = thread;\n"
        "        work(&Detached {\n            thread: Cell::new(Some(thread)),\n        })\n    })",
        "    let _ = py;\n    let _ = thread;\n    work(&Detached {\n"
        "        thread: Cell::new(None),\n    })",
        ("load/test_sources::test_other_threads_run_while_a_text_is_parsed",),
    ),
]
