"""Breaks of what asyncio has of its own, where a rule holds for it as for threads."""

# Source as it stands:
# ruff: noqa: E501

from __future__ import annotations

from page import Break

BREAKS = [
    Break(
        "the client never returns somebody else's answer",
        "tasks take no turns",
        "        async with _turn_of(self, task):\n            return await self._call(_api, named)\n",
        "        return await self._call(_api, named)\n",
        (
            "aio/test_client::test_concurrent_calls_get_their_own_answers",
            "aio/test_apache_json::test_calls",
        ),
    ),
    Break(
        "what is overridden of a client, a processor or a service",
        "every processor of asyncio is taken for ours",
        "AsyncCallReader(iprot, call), CallWriter(oprot, call))\n\n\n"
        "def find_of(processor: Any) -> Find | None:\n",
        "AsyncCallReader(iprot, call), CallWriter(oprot, call))\n\n\n"
        "def find_of(processor: Any) -> Find | None:\n"
        '    return several(processor) if hasattr(processor, "processors") else single(processor)\n',
        (
            "aio/test_server::test_processor_raises_what_it_cannot_answer",
            "calls/test_sequence_ids::test_asyncio",
        ),
    ),
    Break(
        "an exception of a handler is answered",
        "of something cancelled that it waited for it is the task's",
        "        return call.stage == READ and not _is_cancelled()\n",
        "        return False\n",
        ("aio/test_server::test_handler_that_waits_for_a_cancelled_task_is_an_error_of_the_call",),
    ),
    Break(
        "one write for a message",
        "asyncio's length of a frame is written alone",
        "            self._trans.write(framed(frame, self.max_frame_size))\n",
        "            whole = framed(frame, self.max_frame_size)\n"
        "            self._trans.write(whole[:4])\n"
        "            self._trans.write(whole[4:])\n",
        ("aio/test_protocol::test_flush_that_fails_does_not_send_the_message_with_the_next",),
    ),
]
