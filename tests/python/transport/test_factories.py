"""What factories of transports put around a socket."""

from __future__ import annotations

import pytest
from support import subject


@pytest.mark.difference("framed-factory")
def test_the_framed_transport_of_a_factory_is_over_what_it_is_given() -> None:
    framed = subject.module("transport.framed")
    below = subject.transport.TMemoryBuffer()
    trans = framed.TFramedTransportFactory().get_transport(below)
    assert type(trans) is framed.TFramedTransport
    assert trans._trans is below
