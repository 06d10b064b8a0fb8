"""What hooks are told of calls that fail, by every server."""

import threading

import pytest
from fastthrift import hooks
from fastthrift.server import TThreadedServer
from fastthrift.thrift import TApplicationException, TProcessor
from support import each_server
from support.rpc import PATIENCE, Calls, Handler, client_of, make_server, serving


class Told:
    """What hooks were told."""

    def __init__(self):
        self.client, self.server = [], []
        self._changed = threading.Condition()

    def by_client(self, call):
        self.client.append(call)

    def by_server(self, call):
        with self._changed:
            self.server.append(call)
            self._changed.notify_all()

    def wait_for_server(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.server) >= count, PATIENCE)


@pytest.fixture
def told():
    told = Told()
    hooks.add(client=told.by_client, server=told.by_server)
    yield told
    hooks.remove(client=told.by_client, server=told.by_server)


@pytest.mark.parametrize("kind", each_server.ALL)
def test_the_answer_to_a_call_that_fails_is_counted(told, kind):
    with each_server.serving_by(kind) as served, served.client() as client:
        with pytest.raises(TApplicationException, match="Internal error processing fail"):
            client.fail("x")
        # The handler has returned what cannot be written.
        with pytest.raises(TApplicationException, match="Internal error"):
            client.returns_text()
        assert client.echo("x") == "x"
        client.note("fail")
        # What has come together is counted together.
        told.wait_for_server(4)
        assert client.echo("last") == "last"
        told.wait_for_server(5)
    assert [(call.method, call.outcome) for call in told.server] == [
        ("fail", "error"),
        ("returns_text", "error"),
        ("echo", "success"),
        ("note", "error"),
        ("echo", "success"),
    ]
    for at_client, at_server in zip(told.client, told.server, strict=True):
        sizes = at_client.bytes_out, at_client.bytes_in
        assert (at_server.bytes_in, at_server.bytes_out) == sizes
        # Nobody answers a oneway call.
        assert (at_server.bytes_out > 0) is (at_server.method != "note")


class AnswersItself(TProcessor):
    """A processor that lets no failure out."""

    def process(self, iprot, oprot):
        try:
            super().process(iprot, oprot)
        except KeyError:
            answer = TApplicationException(TApplicationException.INTERNAL_ERROR, "mine")
            self.send_exception(oprot, "fail", answer, iprot.call.seqid)


@pytest.mark.parametrize(
    "server_class",
    [TThreadedServer, each_server.THREADED["nonblocking"]],
    ids=lambda cls: cls.__name__,
)
def test_a_call_that_a_processor_has_answered_itself_is_told_once(told, server_class):
    processor = AnswersItself(Calls, Handler())
    server = make_server(processor=processor, server_class=server_class)
    with serving(server) as port, client_of(port) as client:
        with pytest.raises(TApplicationException, match="mine"):
            client.fail("x")
        # Before anything else comes on the connection.
        told.wait_for_server(1)
        assert client.echo("x") == "x"
        told.wait_for_server(2)
    assert [call.method for call in told.server] == ["fail", "echo"]
    assert [call.bytes_out for call in told.server] == [call.bytes_in for call in told.client]
