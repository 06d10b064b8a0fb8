"""What the clients over HTTP of threads and of asyncio know of a request and of its response."""

from __future__ import annotations

import time
from typing import Any

from fastthrift._calls.transports import LOOKED_AT
from fastthrift.transport._time_left import TIMEOUT_HEADER, milliseconds_left

from ._common import Address, Named, RequestHeaders, parse_uri
from ._outcome import HttpAnswer


def require_headers(factory: Any) -> Any:
    """What is passed as ``http_header_factory``; ``TypeError`` for what makes no headers."""
    if not hasattr(factory, "get_headers"):
        raise TypeError(
            f"http_header_factory must have get_headers(), as THttpHeaderFactory has, which takes "
            f"a dict: not be {factory!r:.100}"
        )
    return factory


class Requesting:
    """A client's transport, whose ``flush`` is a request."""

    # For a client: the next answer cannot be that of an earlier call.
    answers_stand_alone = True

    #: A moment of ``time.monotonic``, or None: what would end later raises ``DeadlineExceeded``.
    deadline: float | None = None
    #: How long connecting may take, in seconds; None for as long as any other wait.
    connect_timeout: float | None = None
    #: Where the next connection goes, in this order, in place of the addresses that the host has;
    #: as ``getaddrinfo`` gives them: pairs of a family and an address. Later ones look for these.
    known_addresses: list[tuple[int, Any]] | None = None

    def __init__(self, uri: str, header_factory: Any, max_message_size: int) -> None:
        super().__init__()
        self.scheme, self.host, self.port, self.path = parse_uri(uri)
        self.max_message_size = max_message_size
        # Of the last response.
        self.code: int | None = None
        self.message: Any = None
        self.headers: Any = None
        # For a client, of the last response: told when it is no Thrift.
        self.answer_description: str | None = None
        # Likewise, of that to a oneway call: how its body begins.
        self.answer_begin = b""
        # Of the call that is made, by middleware.
        self.call_headers: dict[str, str] = {}
        self.counts_bytes = True
        self.bytes_received = self.bytes_sent = 0
        # In seconds.
        self._timeout: float | None = None
        self._http_header_factory = require_headers(header_factory)
        self._request_headers = RequestHeaders()

    @property
    def peer(self) -> str:
        """The other side, for texts."""
        return str(self.address)

    @property
    def address(self) -> Address:
        """Where requests go."""
        return Address(self.scheme, self.host, self.port, self.path)

    def begin_request(self, usual: dict[str, str]) -> Named:
        """The headers of the next request, the ``usual`` ones and others; the last response is
        forgotten."""
        if self.deadline is not None:
            usual[TIMEOUT_HEADER] = milliseconds_left(self.deadline)
        given = self._http_header_factory.get_headers()
        headers = self._request_headers.of_request(usual, given, self.call_headers)
        self.answer_description = None
        self.answer_begin = b""
        return headers

    def take_body(self, answer: HttpAnswer) -> bytearray:
        """The body of a response that has come as a whole."""
        body = answer.end()
        self.answer_description = answer.description
        self.answer_begin = bytes(body[:LOOKED_AT])
        return body

    def take_known_addresses(self) -> list[tuple[int, Any]] | None:
        """Where the next connection goes, where that is known."""
        known, self.known_addresses = self.known_addresses, None
        return known

    @property
    def is_late(self) -> bool:
        """Whether the deadline is over."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def _patience(self) -> float | None:
        """The shorter one of the timeout and what is left until the deadline, in seconds."""
        if self.deadline is None:
            return self._timeout
        # 0 would be no limit.
        left = max(self.deadline - time.monotonic(), 0.001)
        return left if self._timeout is None else min(left, self._timeout)
