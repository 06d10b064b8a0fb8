"""Breaks of what HTTP, SASL, compressed streams and the log do with a connection, in Python."""

# Source as it stands:
# ruff: noqa: E501

from __future__ import annotations

from page import Break

BREAKS = [
    Break(
        "one write for a message",
        "SASL's length of a frame is written alone",
        "        self._trans.write(self.framed(data))\n        self._trans.flush()\n",
        "        whole = self.framed(data)\n"
        "        self._trans.write(whole[:4])\n"
        "        self._trans.write(whole[4:])\n"
        "        self._trans.flush()\n",
        ("transport/test_sasl::test_the_bytes_are_those_of_thriftpy2",),
    ),
    Break(
        "over HTTP and THeader a call whose client has no time left",
        "nobody asks before it is made",
        "        if stage == READ:\n            self.require_time()\n",
        "",
        (
            "http/test_deadlines::test_a_call_whose_time_is_over_is_not_executed",
            "transport/test_header_deadlines::test_a_call_whose_time_is_over_is_not_executed",
        ),
    ),
    Break(
        "what a client over HTTP raises",
        "asyncio takes each failure of the system for a connection that was not made",
        "    return OSError(told.errno, os.strerror(told.errno))\n",
        "    return OSError(None, os.strerror(told.errno))\n",
        ("http/test_outcomes::test_both_clients_raise_the_same",),
    ),
    Break(
        "what a client over HTTP raises",
        "a connection that is refused is any failure",
        "        if isinstance(error, ConnectionRefusedError):\n            failure = self._kinds.refused(",
        "        if False:\n            failure = self._kinds.refused(",
        ("http/test_outcomes::test_nobody_listens",),
    ),
    Break(
        "what a client over HTTP raises",
        "a connection that nobody takes is an answer that does not come",
        "        if stage in (Stage.LOOKING, Stage.CONNECTING):\n",
        "        if stage is Stage.LOOKING:\n",
        ("http/test_outcomes::test_nobody_takes_the_connection",),
    ),
    Break(
        "no peer holds a call for longer than its deadline",
        "each piece of an answer over HTTP has the whole time",
        "        self._sock.settimeout(self._bound())\n        count",
        "        count",
        ("pool/test_deadline::test_over_http_the_whole_exchange_is_bounded",),
    ),
    Break(
        "a pooled call that was sent runs at most once",
        "over HTTP what was sent is said not to be",
        "    sent = (call.stage >= SENT or in_flush) and",
        "    sent = call.stage >= SENT and",
        ("pool/test_deadline::test_over_http_a_call_that_was_sent_does_not_run_twice",),
    ),
    Break(
        "what few compressed bytes stand for is decompressed up to a limit",
        "a stream is decompressed as far as it has come",
        "                data = self._decompress.decompress(compressed, sz)\n",
        "                data = self._decompress.decompress(compressed)\n",
        ("transport/test_zlib::test_a_few_bytes_that_stand_for_many_take_little_memory",),
    ),
    Break(
        "the last bytes of a compressed message, which stand for nothing, are no message",
        "whatever comes behind an answer is taken for one",
        "    while streams.is_end_of_message(came):\n",
        "    while False:\n",
        ("calls/test_zlib_pieces::test_the_end_of_an_answer_may_come_while_a_client_is_idle",),
    ),
    Break(
        "the last bytes of a compressed message, which stand for nothing, are no message",
        "whatever comes behind a call is taken for the next one",
        "            self._begin_again = None if arrived else connection.begin_again\n",
        "            self._begin_again = None\n",
        ("calls/test_zlib_pieces::test_a_server_waits_for_the_next_call_behind_the_end_of_one",),
    ),
    Break(
        "a peer that sends without end what stands for nothing",
        "whatever stands for nothing ends the message before",
        "        return self._owed >= 0\n",
        "        return True\n",
        (
            "calls/test_endless_peers::test_a_client_that_was_idle_does_not_read_bytes_without_end",
            "calls/test_endless_peers::test_a_server_does_not_take_endless_beginnings_for_idleness",
        ),
    ),
    Break(
        "a peer that sends without end what stands for nothing",
        "what comes when the time is over counts without end",
        "            if self._late > _MOST_LATE and patience == 0:\n",
        "            if self._late > 1 << 60 and patience == 0:\n",
        ("calls/test_endless_peers::test_a_deadline_ends_an_answer_without_end_of_asyncio",),
    ),
    Break(
        "what a client sends that cannot be read is logged",
        "over HTTP each time",
        "            rates, closed = server._in_threads.rates, server.closed\n",
        "            rates, closed = None, server.closed\n",
        (
            "servers/test_logs::test_calls_that_cannot_be_read_are_told_a_few_times",
            "servers/test_logs::test_mistakes_in_json_are_told_a_few_times",
        ),
    ),
    Break(
        "what a client sends that cannot be read is logged",
        "by those who make calls for the native loop each time",
        "calls.peer, self.oprot, self.logger, rates=self.rates\n            )\n        if call.ending",
        "calls.peer, self.oprot, self.logger, rates=None\n            )\n        if call.ending",
        ("servers/test_logs::test_mistakes_in_json_are_told_a_few_times",),
    ),
    Break(
        "what a client sends that cannot be read is logged",
        "by those who await calls for the native loop each time",
        "            settlement = settle(error, call, calls.peer, self.oprot, self.logger, rates=self.rates)\n",
        "            settlement = settle(error, call, calls.peer, self.oprot, self.logger, rates=None)\n",
        ("servers/test_logs::test_mistakes_in_json_are_told_a_few_times",),
    ),
    Break(
        "what a client sends that cannot be read is logged",
        "each of one kind is another kind",
        '            kind = ""\n        return self._of',
        '            kind = ""\n        kind += str(time.monotonic())\n        return self._of',
        ("servers/test_logs::test_mistakes_of_one_kind_are_told_a_few_times_and_hide_no_other",),
    ),
]
