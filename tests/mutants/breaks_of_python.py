"""Breaks of the Python package."""

# Source as it stands:
# ruff: noqa: E501

from __future__ import annotations

from page import Break

BREAKS = [
    Break(
        "structs one after the other",
        "what was read is kept",
        "        del self.ahead[:count]\n        self._offset += count\n",
        "        self._kept = [*getattr(self, '_kept', ()), bytes(self.ahead[:count])]\n        del self.ahead[:count]\n        self._offset += count\n",
        ("codec/test_messages_in_a_row::test_memory_does_not_grow_with_the_number_of_messages",),
    ),
    Break(
        "structs one after the other",
        "an end in the middle is an end",
        '                raise TTruncatedDataException(\n                    message=f"the input ends',
        '                raise StopIteration(\n                    f"the input ends',
        (
            "codec/test_messages_in_a_row::test_a_last_one_that_is_cut_off_is_told_of_after_those_before_it",
        ),
    ),
    Break(
        "a worker of gunicorn that is replaced or ends",
        "it is gone at once",
        '        super().handle_exit(sig, frame)\n        self._call_hook("worker_term", self)\n',
        "        os._exit(0)\n",
        ("serve/test_gunicorn::test_no_answer_is_lost_when_workers_are_replaced_and_end",),
    ),
    Break(
        "gunicorn kills a worker whose handler hangs",
        "it is well whatever it does",
        "        return all(connection.is_idle for connection in list(self.connections))\n",
        "        return True\n",
        ("serve/test_gunicorn::test_a_handler_that_hangs_is_killed_and_an_idle_client_is_not",),
    ),
    Break(
        "what a stub says of a module is what was loaded",
        "fields without a default have to be given",
        '                f"{field}: {taken} | None = None"\n',
        '                f"{field}: {taken} | None"\n',
        ("cli/test_stubs::test_stubs_of_all_good_files_agree_with_their_modules",),
    ),
    Break(
        "a call that does not fit a service is refused by type checkers",
        "arguments of calls could be anything",
        '                parameters.append(f"{field[1]}: {kind}")\n',
        '                parameters.append(f"{field[1]}: object")\n',
        (
            "cli/test_stubs::test_mypy_finds_what_is_wrong_in_a_program_and_nothing_else",
            "cli/test_stubs::test_pyright_finds_what_is_wrong_in_a_program_and_nothing_else",
        ),
    ),
    Break(
        "objects of generated classes are filled",
        "any `__init__` is taken for that of the compiler",
        "    if any(getattr(code, aspect) != getattr(written, aspect) for aspect in _ASPECTS):\n",
        "    if False:\n",
        ("apache/test_generated_codec::test_an_init_that_does_anything_else_is_called",),
    ),
    Break(
        "what is wrong with bytes for a generated class",
        "the exceptions are those of this package",
        "    if isinstance(error, exc.TProtocolException):\n        return TProtocolException(error.type, str(error))\n",
        "",
        (
            "apache/test_generated_codec::test_what_is_damaged_is_refused_by_apaches_exceptions_or_read_as_by_them",
        ),
    ),
    Break(
        "generated clients and processors work with those of this package",
        "transports of this package are not known",
        "    if isinstance(transport, (CyTransportBase, TMemoryBuffer, OwnTransportBase)):\n",
        "    if isinstance(transport, TMemoryBuffer):\n",
        (
            "apache/test_generated_calls::test_a_generated_client_goes_over_transports_of_this_package",
        ),
    ),
    Break(
        "what comes in another dialect is refused",
        "a bad request does not tell what came",
        "f\"the body is {found or 'no Thrift message'}\"",
        '"the body is no Thrift message"',
        (
            "servers/test_dialects::test_another_dialect_over_http_is_a_bad_request_that_tells_it",
            "web/test_mounted::test_what_comes_in_another_dialect_is_told",
        ),
    ),
    Break(
        "what is no call at a URL is refused",
        "a body may end too early",
        "        if self._length is not None and len(self._data) != self._length:\n",
        "        if False:\n",
        ("web/test_mounted::test_a_body_that_is_shorter_than_announced",),
    ),
    Break(
        "a page of another site has no browser call",
        "a body without a type is taken of a browser",
        "if media_type not in _PROTOCOLS or untyped_by_browser:",
        "if media_type not in _PROTOCOLS:",
        ("web/test_mounted::test_a_body_without_a_type_is_not_taken_of_a_browser",),
    ),
    Break(
        "what the page of a mount shows of others is text",
        "a comment is HTML",
        """return f'<p class="doc">{escape(doc)}</p>' if doc else \"\"""",
        """return f'<p class="doc">{doc}</p>' if doc else \"\"""",
        (
            "web/test_mounted::test_the_page_tells_methods_types_and_comments_and_asks_no_other_host",
            "web/test_mounted::test_the_page_tells_of_all_that_the_file_says",
        ),
    ),
    Break(
        "under ASGI a handler that blocks",
        "it is called on the event loop",
        "            value = await asyncio.to_thread(_called, call, function, args)\n",
        "            value = _called(call, function, args)\n",
        (
            "web/test_mounted::test_a_function_that_blocks_is_called_in_a_thread_and_in_the_context_of_the_request",
        ),
    ),
    Break(
        "no file is longer than 800 lines",
        "one of Python is",
        "# The number that Thrift has given to `uuid`, which thriftpy2 calls UTF8.\n",
        "# The number that Thrift has given to `uuid`, which thriftpy2 calls UTF8.\n" + "#\n" * 800,
        ("tests/rooms.rs::no_file_is_too_long_to_read",),
    ),
    Break(
        "files need each other in no circle",
        "payloads know a class of protocols",
        "    class ReadsStructs(Protocol):\n",
        "    from fastthrift.protocol.base import TProtocolBase\n\n    class ReadsStructs(Protocol):\n",
        ("project/test_rooms::test_files_do_not_import_each_other",),
    ),
    Break(
        "a part of the Python package imports only those below it",
        "payloads know a class of protocols",
        "    class ReadsStructs(Protocol):\n",
        "    from fastthrift.protocol.base import TProtocolBase\n\n    class ReadsStructs(Protocol):\n",
        ("project/test_rooms::test_each_room_imports_only_those_below_it",),
    ),
    Break(
        "what is imported by name",
        "the core's dict of fields is imported by name alone",
        "    import fastthrift._fields_dict\n",
        "",
        (
            "project/test_frozen::test_what_the_core_imports_stands_in_python_code_as_well",
            "project/test_frozen::test_a_program_runs_with_what_is_found",
        ),
    ),
    Break(
        "a part of the Python package imports only those below it",
        "the command line asks for a private name",
        'UNREADABLE = "unreadable-file"\n',
        'UNREADABLE = "unreadable-file"\nANY: Any = ThriftParserError\nANY._own = 1\n',
        ("project/test_rooms::test_no_private_name_of_another_room_is_used",),
    ),
    Break(
        "mutable defaults are copied",
        "hand-written classes share them",
        "    return isinstance(value, (list, dict, set, bytearray, TPayload))\n",
        "    return isinstance(value, TPayload)\n",
        ("structs/test_thrift::test_mutable_defaults_are_not_shared",),
    ),
    Break(
        "what is overridden of a client, a processor or a service",
        "parts of a processor are not asked for",
        '_PARTS = ("process_in", "send_result", "send_exception")',
        '_PARTS = ("__init__",)',
        ("calls/test_ways::test_parts_of_a_processor",),
    ),
    Break(
        "struct classes look to `inspect`",
        "no parameter has a default",
        "Parameter(name, kind, default=default) for name, default in fields",
        "Parameter(name, kind) for name, default in fields",
        ("structs/test_protocols::test_signatures_are_those_of_thriftpy2",),
    ),
    Break(
        "a plan is dropped when the class changes",
        "the class does not tell",
        "        super().__setattr__(name, value)\n        _core.drop_plan(cls)\n",
        "        super().__setattr__(name, value)\n",
        (
            "structs/test_classes::test_thrift_spec_assigned_after_use",
            "structs/test_classes::test_a_nested_spec_assigned_after_use",
        ),
    ),
    Break(
        "`__module__` of a loaded class names where pickle finds it",
        "registered modules are not named in their classes",
        "        _name_in_classes(module, own)\n",
        "",
        ("load/test_modules::test_objects_can_be_pickled_in_whatever_order_the_files_were_loaded",),
    ),
    Break(
        "a load that fails leaves nothing",
        "a module is kept before its file is read",
        "        try:\n            schema = _schema(path, directories, encoding, resolver, options)\n",
        "        _thrift_cache[key] = types.ModuleType(key)\n"
        "        try:\n            schema = _schema(path, directories, encoding, resolver, options)\n",
        ("load/test_modules::test_a_failed_load_leaves_nothing",),
    ),
    Break(
        "exceptions keep all that they tell",
        "nothing but their arguments",
        "        state = dict(reduced[2]) if len(reduced) > 2 else {}\n",
        "        state: dict[str, Any] = {}\n",
        ("structs/test_exceptions::test_exceptions_keep_all_that_they_tell",),
    ),
    Break(
        "`__dict__` shows and sets the fields",
        "what is set is seen in the view only",
        "        _core.set_raw(self._object, name, value)\n        self._refresh()\n\n"
        "    def __delitem__",
        "        dict.__setitem__(self, name, value)\n\n    def __delitem__",
        ("structs/test_storage::test_dict_writes_through",),
    ),
    Break(
        "a request is read in one way only",
        "a line may end without CR",
        '        if not line.endswith(b"\\r\\n") or line.find(b"\\r") != end - 1:',
        '        if not line.endswith(b"\\n"):',
        ("http/test_requests::test_refused_requests_end_the_connection",),
    ),
    Break(
        "of two messages in one body none runs",
        "nobody looks for a second",
        "    return len(rest) > _MOST_WHITE_SPACE or bool(rest.strip())\n",
        "    return False\n",
        (
            "http/test_requests::test_two_messages_in_one_body",
            "http/test_requests::test_two_messages_for_several_services",
        ),
    ),
    Break(
        "a forked child does not talk on its parent's connection",
        "the child goes on where its parent was",
        '        client._seqid = int.from_bytes(os.urandom(4), "big") % MAX_SEQUENCE_ID\n',
        "        del client\n",
        ("calls/test_broken::test_a_forked_child_and_its_parent_on_a_socket_that_was_given",),
    ),
    Break(
        "all addresses of a host are tried",
        "each has all the time",
        "        left = deadline - time.monotonic()\n",
        "        left = seconds or 0.0\n",
        ("transport/test_addresses::test_the_connect_timeout_covers_all_addresses_together",),
    ),
    Break(
        "all addresses of a host are tried",
        "the first of them has all the time until a deadline",
        "            patience = left\n",
        "            patience = left and 2 * left\n",
        (
            "transport/test_addresses::"
            "test_an_address_that_is_silent_leaves_time_for_the_next_until_a_deadline",
        ),
    ),
    Break(
        "all addresses of a host are tried",
        "who hangs up at TLS is the last",
        "    return isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError)\n",
        "    return isinstance(error, (ssl.SSLError, ConnectionError))\n",
        ("transport/test_addresses::test_who_says_nothing_by_tls_leaves_time_for_the_next",),
    ),
    Break(
        "all addresses of a host are tried",
        "whoever has a certificate of somebody else is passed over",
        "    return isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError)\n",
        "    return False\n",
        ("transport/test_addresses::test_who_fails_at_tls_is_not_passed_over",),
    ),
    Break(
        "the rules of a call need no socket",
        "what is awaited fails outside of the rule",
        "            except BaseException as error:\n                step = steps.throw(error)\n",
        "            except BaseException:\n                raise\n",
        (
            "calls/test_objects::"
            "test_a_rule_has_one_outcome_whether_its_steps_give_values_or_are_awaited",
        ),
    ),
    Break(
        "the rules of a call need no socket",
        "an exception by steps is a result",
        "        if message_type == TMessageType.EXCEPTION:\n"
        "            return (yield from self.read_refusal(iprot))\n",
        "",
        ("calls/test_objects::test_both_ways_of_a_reply_mean_the_same",),
    ),
    Break(
        "processors of ours are handed the call",
        "those of several services are wrapped",
        "    return several(processor) if own_several.are_kept_by(processor) else None\n",
        "    return None\n",
        ("calls/test_objects::test_multiplexed_processors_note_their_calls_without_wrappers",),
    ),
    Break(
        "an exception of a handler is answered",
        "the connection ends",
        "    return Settlement(answer or _internal_error(error, call), True)\n",
        "    return Settlement(answer or _internal_error(error, call), False)\n",
        ("servers/test_server::test_undeclared_exception",),
    ),
    Break(
        "a server executes nothing but calls",
        "replies too",
        "    if message_type in (TMessageType.CALL, TMessageType.ONEWAY):\n        return None\n",
        "    if message_type in (TMessageType.CALL, TMessageType.ONEWAY, TMessageType.REPLY):\n"
        "        return None\n",
        (
            "calls/test_refused::test_what_is_no_call_is_refused_and_never_executed",
            "servers/test_message_types::test_other_types_than_call_and_oneway_are_refused",
        ),
    ),
    Break(
        "what a closed connection has brought answers no call",
        "it stays in the buffer",
        "            trans.clean()\n        self.answered = False",
        "            pass\n        self.answered = False",
        (
            "calls/test_sequence_ids::"
            "test_what_was_read_ahead_is_not_taken_for_an_answer_on_another_connection",
        ),
    ),
    Break(
        "what a closed connection has brought answers no call",
        "it stays in the buffer of a client that is opened again",
        "                trans.clean()\n        for trans in transports:\n            layer",
        "                pass\n        for trans in transports:\n            layer",
        (
            "calls/test_sequence_ids::"
            "test_what_was_read_ahead_is_gone_when_a_client_is_opened_again",
        ),
    ),
    Break(
        "`close` ends `serve`, after the calls in flight",
        "both directions of busy connections are shut",
        "        if is_coming(self.call):\n            self._shut_down()\n",
        "        self.client.sock.shutdown(socket.SHUT_RDWR)\n",
        ("servers/test_close::test_started_call_is_finished_and_answered",),
    ),
    Break(
        "a signal closes a server that serves in the main thread",
        "signals are left to the system",
        "    if handler in (signal.SIG_DFL, signal.default_int_handler):\n        return True\n",
        "    if handler in ():\n        return True\n",
        ("serve/test_signals::test_calls_in_flight_are_answered_and_idle_clients_do_not_matter",),
    ),
    Break(
        "a server that was closed before it serves returns at once",
        "it listens again",
        "        if self.closed:\n            return\n        with self._connections.serving_left():\n",
        "        with self._connections.serving_left():\n",
        ("serve/test_signals::test_a_server_that_was_closed_serves_no_more",),
    ),
    Break(
        "`on_serving` is called once connections are taken",
        "nobody is told",
        "        if self.on_serving is not None:\n            self.on_serving()\n\n",
        "        if self.on_serving is None:\n            return\n\n",
        ("serve/test_connections::test_who_asks_is_told_when_a_server_serves",),
    ),
    Break(
        "connections that the system has taken are answered",
        "they are left to it",
        "        else:\n            self._accept_waiting()\n",
        "",
        (
            "serve/test_signals::"
            "test_connections_that_the_system_has_taken_are_served_when_the_server_is_closed",
        ),
    ),
    Break(
        "the runner sets the limits of each kind of server",
        "that of messages is forgotten",
        "    return {} if size is None else {name: size}\n",
        "    return {} if size is None or name else {name: size}\n",
        ("serve/test_runner_limits::test_a_message_above_the_limit_is_refused",),
    ),
    Break(
        "nobody keeps a connection of a server by sending slowly",
        "each read has all of the time",
        "        left = max(self._ends - now, 0.0)\n",
        "        left = self._seconds\n",
        (
            "serve/test_slow_clients::test_a_byte_now_and_then_does_not_keep_a_connection",
            "serve/test_slow_clients::test_a_slow_request_is_closed",
        ),
    ),
    Break(
        "a worker that dies is replaced",
        "it is replaced in an hour",
        "        self._due[child.number] = time.monotonic() + pause\n",
        "        self._due[child.number] = time.monotonic() + pause + 3600\n",
        ("serve/test_runner::test_a_worker_that_dies_is_replaced",),
    ),
    Break(
        "a result above a limit is answered",
        "nothing can be dropped of what was written",
        "    if call.stage >= REPLYING and not discard_output(prot.trans):\n",
        "    if call.stage >= REPLYING:\n",
        ("calls/test_limits::test_a_result_above_a_limit",),
    ),
    Break(
        "nobody is late because the event loop was busy",
        "there is no second look",
        "        done = at_once(act())\n        if done is None:\n",
        "        done = None\n        if done is None:\n",
        (
            "aio/test_server::test_what_came_while_the_event_loop_was_busy_came_in_time",
            "aio/test_server::test_answer_that_came_while_the_event_loop_was_busy_came_in_time",
        ),
    ),
    Break(
        "a first load imports nothing more",
        "one module",
        "        self.shared = shared\n        self.options = options\n",
        "        import csv as _\n\n        self.shared = shared\n        self.options = options\n",
        ("drop_in/test_public_names::test_a_first_load_imports_nothing",),
    ),
    Break(
        "import starts no thread",
        "one is started",
        "\n_parse_lock = LockOfProcess()\n",
        "\n_parse_lock = LockOfProcess()\n\nimport threading\n\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n",
        ("drop_in/test_public_names::test_import_starts_nothing",),
    ),
    Break(
        "`import fastthrift` and a first load",
        "ssl comes with clients",
        "    # Kept out of the import of this module, which most programs use without asyncio and SSL.\n",
        "    return None\n\n\nimport ssl as _\n\n\ndef _other(name: str) -> Any:\n",
        ("drop_in/test_public_names::test_import_is_light",),
    ),
    Break(
        "a pooled call that was sent runs at most once",
        "all methods are idempotent",
        "            if not self._is_idempotent or self._retries <= 0:\n",
        "            if self._retries <= 0:\n",
        ("pool/test_pool::test_what_was_sent_does_not_run_twice",),
    ),
    Break(
        "no peer holds a call for longer than its deadline",
        "each read has the whole time of the socket",
        "                self._bound(sock)\n            data =",
        "                pass\n            data =",
        ("pool/test_deadline::test_a_peer_that_drips_holds_no_call_for_longer",),
    ),
    Break(
        "a pooled call that was sent runs at most once",
        "a peer that has closed the side that answers is thought to have gone",
        "    return _state(sock)[0] == _CLOSED and _unacknowledged(sock) > 0\n",
        "    return _unacknowledged(sock) > 0\n",
        ("pool/test_arrival::test_a_request_that_the_peer_can_still_read_is_not_made_again",),
    ),
    Break(
        "a pooled call that meets the end of its connection is made again",
        "what the system knows of the request is not asked for",
        "    return _state(sock)[0] == _CLOSED and _unacknowledged(sock) > 0\n",
        "    return False\n",
        ("pool/test_arrival::test_a_request_that_met_the_end_of_its_connection_is_made_again",),
    ),
    Break(
        "a pooled call that meets the end of its connection is made again",
        "a server that stops takes what comes while it closes",
        "        if not self.is_ending or self._is_wrapped or end_unless_arrived(sock.fileno()):\n",
        "        if True:\n",
        ("pool/test_arrival::test_a_request_that_a_stopped_server_does_not_read_is_made_again",),
    ),
    Break(
        "a host that was cut off costs a pool with another address one call",
        "its other connections are kept",
        "        if timed_out and self.has_others(connection.place):\n",
        "        if False:\n",
        ("pool/test_networks::test_a_host_that_is_gone_costs_a_call_and_the_pool_moves_on",),
    ),
    Break(
        "who has waited for longest has the next connection of a pool",
        "who gives one back may take it again before",
        "                    self._give(shelf, connection)\n",
        "                    shelf.put_back(connection, clock())\n",
        ("pool/test_turns::test_callers_take_turns_where_there_are_fewer_connections",),
    ),
    Break(
        "who has waited for longest has the next connection of a pool",
        "one that was given to who is gone is lost",
        "                elif given is not None:\n",
        "                elif False:\n",
        ("pool/test_turns::test_a_caller_that_gives_up_as_it_has_its_turn_leaves_it_to_the_next",),
    ),
    Break(
        "a slot of a pool is free when nobody has its connection any more",
        "nothing frees it",
        "        connection.slot = Slot(connection, self.busy.discard)\n",
        "        connection.slot = Slot(connection, id)\n",
        (
            "pool/test_slots::test_a_connection_that_nobody_has_any_more_is_closed_and_its_slot_free",
        ),
    ),
    Break(
        "a connection of a pool of asyncio is of one event loop and one process",
        "all loops have those of the first",
        "        return self._of_loops.get(loop) or self._begin(loop)\n",
        "        return next(iter(self._of_loops.values()), None) or self._begin(loop)\n",
        ("pool/test_loops::test_each_event_loop_has_connections_of_its_own",),
    ),
    Break(
        "a nameserver that is silent holds no call for longer than its time",
        "names are looked up for as long as that takes",
        "    if seconds is None or needs_no_lookup(host):\n",
        "    if True:\n",
        ("pool/test_names::test_a_name_that_nobody_answers_for_takes_no_longer_than_the_call",),
    ),
    Break(
        "a call is told of once, on either side",
        "what a hook raises is the call's",
        "            hook(call)\n        except Exception:\n",
        "            hook(call)\n        except ZeroDivisionError:\n",
        ("calls/test_hooks::test_a_hook_that_raises_disturbs_nothing",),
    ),
    Break(
        "the client never returns somebody else's answer",
        "a connection stays after any failure",
        "        if not _in_step(client, call, error):\n",
        "        if False:\n",
        ("calls/test_broken::test_no_answer_of_an_earlier_call_after_a_timeout",),
    ),
    Break(
        "what stands around calls is entered and left",
        "a handler's is left before an awaited one is done",
        "            with _surrounded(call):\n                return (yield answer(call))\n",
        "            with _surrounded(call):\n                pass\n            return (yield answer(call))\n",
        ("calls/test_around::test_calls_of_both_sides_are_entered_and_left_in_their_thread",),
    ),
    Break(
        "a fake gives and takes what would arrive",
        "what was caught is forgotten",
        "        if self._mistakes:\n",
        "        if False:\n",
        ("testing/test_fakes::test_a_mistake_of_the_test_is_told_by_the_call_and_at_the_end",),
    ),
    Break(
        "of bytes that are wrong all is shown",
        "elements that are not whole have no place in the path",
        "    if ttype in _CONTAINERS and value[1]:\n",
        "    if False:\n",
        ("cli/test_decode::test_what_is_wrong_is_told_with_its_byte_and_field",),
    ),
    Break(
        "in an open loop of `bench` a call takes as long as since it was due",
        "a call begins when there is a connection",
        "            self._make(recorder, at, measured=measured)\n",
        "            self._make(recorder, max(at, now), measured=measured)\n",
        ("cli/test_bench::test_calls_that_had_to_wait_for_a_stalled_server_are_slow",),
    ),
    Break(
        "a failed call of a web application has the status that it means",
        "the text of the service is shown",
        '        str(getattr(error, "message", None) or error) if debug else text,\n',
        '        str(getattr(error, "message", None) or error),\n',
        ("web/test_failures::test_nobody_there_is_503_and_when_to_try_again",),
    ),
    Break(
        "a client of a configuration is connected when it is first used",
        "paths are those of the process",
        "        return str(Path(self.root) / path)\n",
        "        return path\n",
        ("web/test_clients::test_a_client_is_made_at_first_use_and_kept",),
    ),
    Break(
        "the budget of a Flask request bounds what it streams",
        "it ends with the view",
        "        with deadline(max(0.0, self._at - clock())):\n            return",
        "        if True:\n            return",
        ("frameworks/test_flask::test_a_streamed_answer_has_the_rest_of_the_budget",),
    ),
    Break(
        "contexts of a Flask application end with what a handler has raised",
        "those of requests end as the request does",
        "                _end_with(error)\n                raise\n",
        "                raise\n",
        ("frameworks/test_flask_mounts::test_contexts_end_with_what_the_handler_has_raised",),
    ),
    Break(
        "of a connection that comes byte by byte",
        "the first ones are enough",
        "        if not data or is_enough(opening, trans):\n",
        "        if True:\n",
        ("calls/test_mismatch::test_what_comes_byte_by_byte_is_told_as_well",),
    ),
    Break(
        "a call that fails is told of once its answer was sent",
        "it is told before",
        "        if error is not None and self.served.is_settled:\n",
        "        if False:\n",
        ("calls/test_hooks_of_failures::test_the_answer_to_a_call_that_fails_is_counted",),
    ),
    Break(
        "`timeout=` bounds a call",
        "that of the service bounds it too",
        '    return all(field[1] != "timeout" for field in spec.values())\n',
        "    return True\n",
        (
            "pool/test_deadline::test_an_argument_of_the_service_that_is_called_timeout_is_the_services",
        ),
    ),
    Break(
        "beyond `max_connections` clients wait",
        "asyncio's server accepts any number",
        "        while (most := self.max_connections) is not None and len(self._open) >= most:\n",
        "        while (most := self.max_connections) is not None and len(self._open) < 0:\n",
        ("serve/test_connections::test_connections_beyond_the_limit_wait_until_one_is_closed",),
    ),
    Break(
        "every call of a handler in a Django project is a unit of work",
        "queries pile up",
        "        connection.queries_log.clear()\n",
        "        pass\n",
        (
            "frameworks/test_django_serving::"
            "test_a_call_begins_with_the_queries_and_the_language_of_none",
        ),
    ),
    Break(
        "every call of a handler in a Django project is a unit of work",
        "broken connections are kept",
        "        connection.close_if_unusable_or_obsolete()\n",
        "        pass\n",
        (
            "frameworks/test_django_databases::"
            "test_a_restarted_database_is_found_again_on_the_same_socket",
        ),
    ),
    Break(
        "every call of a handler in a Django project is a unit of work",
        "each thread finds out for itself",
        "            _breaks[alias] += 1\n",
        "            pass\n",
        (
            "frameworks/test_django_databases::"
            "test_one_call_fails_when_the_database_restarts_and_not_one_of_each_thread",
        ),
    ),
    Break(
        "threads of a Django server have database connections, and clients have none",
        "connections are kept",
        "        connection.close_if_unusable_or_obsolete()\n",
        "        pass\n",
        ("frameworks/test_django_databases::test_idle_clients_hold_no_database_connections",),
    ),
    Break(
        "a body in chunks is called as a whole by Django or refused",
        "it is read as Django has it",
        "    if asked.chunked:\n        return asked, _reading(request.META",
        "    if False:\n        return asked, _reading(request.META",
        (
            "frameworks/test_django_mounted::"
            "test_a_body_in_chunks_is_called_as_a_whole_or_refused_and_never_empty",
        ),
    ),
    Break(
        "Django's reloader serves a Thrift file that has changed",
        "a mistake ends its thread without a word",
        '        self._command.stderr.write(f"{text.rstrip()}\\nWaiting',
        '        str(f"{text.rstrip()}\\nWaiting',
        (
            "frameworks/test_django_serving::"
            "test_reload_serves_what_has_changed_and_survives_a_broken_file",
        ),
    ),
    Break(
        "where one side alone speaks THeader",
        "the name of what came is not said",
        'else f"{speech} message"\n',
        'else "message"\n',
        ("calls/test_mismatch_header::test_a_plain_server_tells_a_client_of_header",),
    ),
    Break(
        "the time between messages is no time of a message",
        "the first message begins with the handshake of TLS",
        "                if self._shakes_hands and sock.version() is not None:\n",
        "                if False:\n",
        (
            "serve/test_slow_clients::"
            "test_time_between_a_handshake_of_tls_and_the_first_message_does_not_count",
        ),
    ),
    Break(
        "who shakes hands by TLS when a server of asyncio is closed is waited for",
        "who is given up is served all the same",
        "        if self.is_given_up:\n",
        "        if False:\n",
        (
            "aio/test_tls::"
            "test_who_has_shaken_hands_when_nobody_waits_for_it_any_more_has_made_no_call",
        ),
    ),
    Break(
        "a client that was idle sends nothing to a server that has gone",
        "who has no answer yet is not looked after",
        "        is_over = has_arrived if self.answered else was_left\n",
        "        is_over = has_arrived if self.answered else is_in_memory\n",
        ("calls/test_idle_clients::test_oneway_calls_are_not_sent_to_a_server_that_has_gone",),
    ),
    Break(
        "a client that was idle sends nothing to a server that has gone",
        "what its owner has closed is opened again",
        "            if _is_closed_here(trans) or not is_over(trans):\n",
        "            if not is_over(trans):\n",
        (
            "calls/test_idle_clients::"
            "test_a_client_that_was_closed_stays_so_however_long_it_is_idle",
        ),
    ),
    Break(
        "a server of THeader answers each caller as it speaks",
        "what answers knows nothing of the call",
        '    return factory is factory_of_calls and getattr(factory, "answers_in_kind", False)\n',
        "    return False\n",
        ("transport/test_header::test_other_callers_are_answered_in_kind",),
    ),
    Break(
        "with other options for its classes",
        "the cache does not tell them apart",
        'return key + "".join(f"?{name}={value}" for name, value in sorted(self.classes.items()))',
        "return key",
        ("load/test_class_options::test_other_options_are_other_modules",),
    ),
    Break(
        "a frozen struct is filled",
        "nothing is refused",
        'raise AttributeError(_refusal(self, "set", name))',
        "_core.set_raw(self, name, value)",
        (
            "load/test_class_options::test_frozen_structs_cannot_be_changed",
            "load/test_class_options::test_a_subclass_of_a_frozen_struct_is_frozen_too",
        ),
    ),
    Break(
        "a client that takes its answer too slowly is given up",
        "each answer over TLS has a clock",
        "            left = left[_send_by_tls(sock, left) :]\n",
        "            left = left[:]\n",
        ("serve/test_unread_answers::test_an_answer_over_tls_that_goes_at_once_has_no_clock",),
    ),
    Break(
        "at a server of asyncio a connection that has sent many calls",
        "its turn never ends",
        "        if time.monotonic() >= self._until:\n",
        "        if time.monotonic() >= self._until + 10**9:\n",
        ("aio/test_sharing::test_others_are_served_while_one_connection_has_sent_many_calls",),
    ),
]
