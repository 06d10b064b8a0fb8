"""Breaks of the server in native code: each needs a build."""

from __future__ import annotations

from page import Break

BREAKS = [
    Break(
        "the native server makes the calls of a connection",
        "an answer goes before those that wait",
        "            self.output.push_back(bytes);\n",
        "            self.output.push_front(bytes);\n",
        ("tests/server.rs::calls_sent_at_once_are_answered_in_their_order",),
    ),
    Break(
        "the native server answers each message of THeader",
        "answers to compressed calls are not compressed",
        "zlib: self.zlib || frame.zlib,",
        "zlib: self.zlib && frame.zlib,",
        (
            "tests/server/header.rs::each_message_is_answered_as_it_came",
            "servers/test_native_header::test_clients_of_header_are_answered_in_kind",
        ),
    ),
    Break(
        "of the native server's calls each is made",
        "nobody is woken while a handler waits",
        "if queue.coming == 0 && now - since >= STALL {",
        "if queue.coming > 99 && now - since >= STALL {",
        ("tests/server/turns.rs::others_go_on_while_a_handler_waits",),
    ),
    Break(
        "a message has its time from its first byte",
        "each byte begins it anew",
        "        if !had_begun || is_whole {\n            self.since = turn.now;\n",
        "        if is_whole || had_begun || !had_begun {\n            self.since = turn.now;\n",
        ("tests/server.rs::message_has_a_time_from_its_first_byte",),
    ),
    Break(
        "what a client does not take is not made",
        "a worker makes all that has come",
        "let last = !goes_on || is_full || self.has_had_its_turn();",
        "let last = !goes_on || (is_full && false) || self.has_had_its_turn();",
        (
            "tests/server.rs::calls_of_a_client_that_takes_no_answers_are_not_made",
            "tests/server/frames.rs::calls_in_a_frame_are_not_made_for_a_client_that_takes_no_answers",
        ),
    ),
    Break(
        "several calls in one frame are made by the native server",
        "all of them are made in one turn",
        "const TURN: Duration = Duration::from_millis(5);",
        "const TURN: Duration = Duration::from_secs(5000);",
        ("tests/server/frames.rs::others_have_their_turn_between_the_calls_of_a_frame",),
    ),
    Break(
        "calls that a client sends at once to the native server are made in turns",
        "what comes back has to find room again",
        "let room = room.max(connection.given_back());\n",
        "let room = room.max(connection.given_back() / 99);\n",
        (
            "tests/server/turns.rs::calls_sent_at_once_are_made_in_turns_with_those_of_others_and_none_is_refused",
        ),
    ),
    Break(
        "a second close can leave a server less time",
        "the loop keeps the time of the first",
        "closing = self.answers.closing();\n                if is_first",
        "closing = closing.or(self.answers.closing());\n                if is_first",
        ("servers/test_close::test_a_second_close_can_leave_less_time",),
    ),
    Break(
        "connections that the system has taken when a server is closed",
        "nobody accepts them",
        "                self._left += accept_waiting()\n",
        "                pass\n",
        (
            "servers/test_close::test_connections_that_the_system_has_taken_are_served_when_it_is_closed",
        ),
    ),
    Break(
        "connections that the system has taken when a server is closed",
        "they are served after the grace",
        "                if self._connections.seconds_left:\n",
        "                if True:\n",
        ("servers/test_close::test_those_that_are_left_have_no_more_time_than_the_grace",),
    ),
    Break(
        "a second close can leave a server less time",
        "threads have the time of the first",
        "max(0.0, min(self._closes)[0] - time",
        "max(0.0, self._closes[0][0] - time",
        ("servers/test_close::test_a_second_close_can_leave_less_time",),
    ),
    Break(
        "a second close can leave a server less time",
        "threads have the time of the last",
        "max(0.0, min(self._closes)[0] - time",
        "max(0.0, self._closes[-1][0] - time",
        ("servers/test_close::test_a_second_close_leaves_no_more_time",),
    ),
    Break(
        "a client that takes its answer too slowly is given up",
        "a byte a second is enough",
        "const LEAST_RATE: u32 = 16 * 1024;\n",
        "const LEAST_RATE: u32 = 1;\n",
        (
            "tests/server/unread.rs::what_a_client_takes_gives_it_time_at_the_least_rate",
            "serve/test_unread_answers::test_a_client_that_reads_a_little_now_and_then_is_given_up",
        ),
    ),
    Break(
        "what the native server has for a connection in one round",
        "each answer is a write",
        "const PIECES_PER_WRITE: usize = 64;\n",
        "const PIECES_PER_WRITE: usize = 1;\n",
        (
            "servers/test_native_sending::"
            "test_calls_that_were_sent_together_are_answered_in_one_piece",
        ),
    ),
    Break(
        "an idle connection of the native server",
        "each keeps much of what has come",
        "const LOOKED_AT: usize = 24;\n",
        "const LOOKED_AT: usize = 8192;\n",
        ("servers/test_nonblocking::test_idle_connections_cost_no_threads_and_little_memory",),
    ),
    Break(
        "calls that the native server has received",
        "it ends at once",
        "                && (self.connections.is_empty() || self.now >= until)\n",
        "                && (self.connections.is_empty() || self.now <= until)\n",
        ("tests/server.rs::calls_that_have_come_are_answered_before_the_end",),
    ),
    Break(
        "what may be under way on a connection that was just accepted",
        "no connection is fresh",
        "const FRESH_FOR: Duration = Duration::from_secs(1);\n",
        "const FRESH_FOR: Duration = Duration::ZERO;\n",
        (
            "tests/server.rs::first_call_of_a_connection_may_be_under_way_when_the_server_is_closed",
            "tests/server.rs::next_call_of_a_connection_may_be_under_way_when_the_server_is_closed",
        ),
    ),
]
