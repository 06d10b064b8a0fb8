"""What is passed as a service, a handler or a processor and is none: errors say what to pass."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import types
from unittest import mock

import fastthrift
import pytest
import thriftpy2.thrift
from fastthrift import ClientPool
from fastthrift.contrib.aio.client import TAsyncClient
from fastthrift.contrib.aio.processor import TAsyncMultiplexedProcessor, TAsyncProcessor
from fastthrift.contrib.aio.server import TAsyncServer
from fastthrift.contrib.tracking import TTrackedProcessor
from fastthrift.protocol import (
    TBinaryProtocol,
    TBinaryProtocolFactory,
    TMultiplexedProtocol,
    TMultiplexedProtocolFactory,
)
from fastthrift.rpc import make_client, make_server
from fastthrift.server import TSimpleServer, TThreadedServer
from fastthrift.testing import serve
from fastthrift.thrift import TClient, TMultiplexedProcessor, TProcessor
from fastthrift.transport import TFramedTransportFactory, TMemoryBuffer
from support.apache_compiled import generate
from support.rpc import IDL, Calls, Handler, Other, module

CLIENTS = (TClient, TAsyncClient)
PROCESSORS = (TProcessor, TAsyncProcessor)


def proto():
    return TBinaryProtocol(TMemoryBuffer())


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """What Apache's compiler makes of the same file."""
    directory = tmp_path_factory.mktemp("generated")
    return generate(IDL, "rpc_support_compiled", directory, "Calls", "Other")


# Services


@pytest.mark.difference("passed-by-mistake")
@pytest.mark.parametrize("client", CLIENTS)
def test_a_module_passed_to_a_client(client):
    with pytest.raises(TypeError) as caught:
        client(module, proto())
    assert str(caught.value) == (
        f"{client.__name__} needs a service, not the module rpc_support_thrift: pass "
        "rpc_support_thrift.Base or rpc_support_thrift.Calls or rpc_support_thrift.Other"
    )


@pytest.mark.parametrize("processor", PROCESSORS)
def test_a_module_passed_to_a_processor(processor):
    with pytest.raises(TypeError, match=r"needs a service, not the module rpc_support_thrift"):
        processor(module, Handler())
    with pytest.raises(TypeError, match="pass a service; this module has none"):
        processor(types.ModuleType("empty"), Handler())


@pytest.mark.parametrize("user", [*CLIENTS, *PROCESSORS])
def test_a_name_passed_as_a_service(user):
    with pytest.raises(TypeError, match=f"{user.__name__} needs a service, not the name 'Calls'"):
        user("Calls", Handler())
    with pytest.raises(TypeError, match="needs a service, not the name 'Calls': pass its class"):
        ClientPool("Calls", "tcp://127.0.0.1:9")


@pytest.mark.parametrize("processor", [TMultiplexedProcessor, TAsyncMultiplexedProcessor])
def test_the_name_of_a_service_in_the_wrong_place(processor):
    with pytest.raises(TypeError, match="takes a factory first, and then the name of the service"):
        TMultiplexedProtocolFactory("calls", TBinaryProtocolFactory())
    with pytest.raises(TypeError, match="takes a protocol first, and then the name of the service"):
        TMultiplexedProtocol("calls", proto())
    with pytest.raises(TypeError, match=r"the name of a service first, .*: 'calls' is a name"):
        processor().register_processor(TProcessor(Calls, Handler()), "calls")


def test_what_is_no_factory_passed_to_a_client():
    with serve(Calls, Handler()) as url:
        port = int(url.rpartition(":")[2])
        for option, value, text in (
            ("proto_factory", "compact", r"'compact' is no factory: it has no get_protocol\(\)"),
            ("proto_factory", TBinaryProtocolFactory, r"pass TBinaryProtocolFactory\(\)"),
            ("trans_factory", TFramedTransportFactory, r"pass TFramedTransportFactory\(\)"),
        ):
            with pytest.raises(TypeError, match=text):
                make_client(Calls, "127.0.0.1", port, **{option: value})


def test_a_text_passed_as_a_timeout():
    with pytest.raises(TypeError, match="A timeout is a number of milliseconds, not '3'"):
        make_client(Calls, "127.0.0.1", 9, timeout="3")
    with pytest.raises(TypeError, match="connect_timeout is a number of seconds, not '3'"):
        ClientPool(Calls, "tcp://127.0.0.1:9", connect_timeout="3")
    with pytest.raises(TypeError, match="timeout is a number of seconds, not '3'"):
        ClientPool(Calls, "tcp://127.0.0.1:9").add(1, 2, timeout="3")


def test_a_module_passed_to_make_server():
    with pytest.raises(TypeError, match="TProcessor needs a service, not the module"):
        make_server(module, Handler())


@pytest.mark.parametrize("name", ["Client", "Iface", "Processor", None])
@pytest.mark.parametrize("user", [*CLIENTS, *PROCESSORS])
def test_what_apaches_compiler_made_passed_as_a_service(compiled, user, name):
    service = compiled["Calls"] if name is None else getattr(compiled["Calls"], name)
    with pytest.raises(TypeError) as caught:
        user(service, proto())
    assert "was generated by Apache's compiler: load() the .thrift file and pass the service" in (
        str(caught.value)
    )
    assert str(caught.value).startswith(f"{user.__name__} needs a service of a loaded module, and ")


@pytest.mark.parametrize("user", [*CLIENTS, *PROCESSORS])
def test_a_struct_passed_as_a_service(user):
    with pytest.raises(TypeError, match="Person is a struct or an exception"):
        user(module.Person, proto())


@pytest.mark.parametrize("user", [*CLIENTS, *PROCESSORS])
def test_an_enum_passed_as_a_service(user):
    colours = fastthrift.load_fp(io.StringIO("enum Colour { RED = 1 }"), "passed_enum_thrift")
    with pytest.raises(TypeError) as caught:
        user(colours.Colour, proto())
    assert str(caught.value) == f"{user.__name__} needs a service, and Colour is an enum"


@pytest.mark.parametrize("processor", PROCESSORS)
def test_a_service_and_a_handler_the_wrong_way_round(processor):
    with pytest.raises(TypeError) as caught:
        processor(Handler(), Calls)
    assert str(caught.value) == (
        f"{processor.__name__} takes the service first, and then the handler"
    )


def test_services_of_thriftpy2_mocks_and_none_pass():
    """Those who bring a `process` or a `_req` of their own may do without a service."""
    assert TProcessor(None, Handler())._service is None
    assert TProcessor(mock.Mock(), Handler())._handler is not None
    assert TClient(mock.Mock(), proto())._seqid == 0
    assert TAsyncClient(None, proto())._service is None


# Handlers and processors


@pytest.mark.parametrize("processor", PROCESSORS)
def test_a_processor_of_apaches_passed_as_a_handler(compiled, processor):
    theirs = compiled["Calls"].Processor(Handler())
    with pytest.raises(TypeError) as caught:
        processor(Calls, theirs)
    assert str(caught.value) == (
        f"{processor.__name__} needs an object with the methods of Calls as a handler, and "
        "Processor was generated by Apache's compiler: pass the object that has the methods"
    )
    with pytest.raises(TypeError, match=r"and rpc_support_compiled\.Calls was generated"):
        processor(Calls, compiled["Calls"])


@pytest.mark.parametrize("server", [TThreadedServer, TSimpleServer, TAsyncServer])
def test_a_processor_of_apaches_passed_to_a_server(compiled, server):
    theirs = compiled["Calls"].Processor(Handler())
    with pytest.raises(TypeError, match=r"pass TProcessor\(service, handler\)"):
        server(theirs, mock.Mock())


def test_a_handler_written_for_apaches_interface_is_served(compiled, caplog):
    class Served(compiled["Calls"].Iface):
        pass

    TProcessor(Calls, Served())
    assert caplog.records == []


class Partial:
    """Lacks all but one."""

    def hello(self, name):
        return name


MISSING = (
    "The handler Partial lacks methods of Other: boom; a call of one is answered with "
    "INTERNAL_ERROR"
)


@pytest.mark.parametrize("processor", PROCESSORS)
def test_a_handler_that_lacks_methods_is_warned_of_once(processor, caplog):
    class Partial:
        def hello(self, name):
            return name

    for _ in range(3):
        processor(Other, Partial())
    (record,) = caplog.records
    assert (record.levelno, record.name) == (logging.WARNING, "fastthrift.server")
    assert record.getMessage() == MISSING


@pytest.mark.parametrize("processor", PROCESSORS)
def test_a_class_passed_in_place_of_its_object_is_warned_of_once(processor, caplog):
    class Whole:
        def hello(self, name):
            return name

        @staticmethod
        def boom(): ...

    for _ in range(3):
        processor(Other, Whole)
    processor(Other, Whole())
    (record,) = caplog.records
    assert (record.levelno, record.name) == (logging.WARNING, "fastthrift.server")
    assert record.getMessage() == (
        "The handler Whole is a class, pass an object of it: Other needs one for hello"
    )


def test_the_warning_is_seen_by_a_program_that_configures_nothing():
    """And one that turns warnings into errors goes on."""
    program = """
import io, fastthrift
from fastthrift.rpc import make_server
module = fastthrift.load_fp(io.StringIO("service Other { void hello(), void boom() }"), "o_thrift")
class Partial:
    def hello(self): pass
make_server(module.Other, Partial())
print("goes on")
"""
    output = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert output.stdout == "goes on\n"
    assert output.stderr == MISSING + "\n"


@pytest.mark.parametrize(
    "handler",
    [
        mock.Mock(),
        types.SimpleNamespace(hello=len, boom=len),
        type("Static", (), {"hello": staticmethod(len), "boom": classmethod(len)}),
        type("Dynamic", (), {"__getattr__": lambda self, name: len})(),
        type("Slots", (), {"__slots__": ("boom", "hello")})(),
        None,
    ],
)
def test_handlers_that_lack_nothing(handler, caplog):
    TProcessor(Other, handler)
    assert caplog.records == []


def test_no_code_of_a_handler_runs_when_it_is_looked_at(caplog):
    """A proxy may have nothing behind it yet, as Django's and werkzeug's."""

    class Lazy:
        def __getattribute__(self, name):
            raise RuntimeError(f"asked for {name}")

    class Properties:
        @property
        def hello(self):
            raise RuntimeError("asked")

        boom = hello

    TProcessor(Other, Lazy())
    TProcessor(Other, Properties())
    assert caplog.records == []


def test_modules_are_handlers(caplog):
    handler = types.ModuleType("functions")
    handler.hello = lambda name: name
    TProcessor(Other, handler)
    assert "The handler functions lacks methods of Other: boom;" in caplog.text
    handler.boom = lambda: 1
    caplog.clear()
    TProcessor(Other, handler)
    assert caplog.records == []


def test_words_of_python_have_two_names(caplog):
    idl = "service Words { void import(), void pass() }"
    words = fastthrift.load_fp(io.StringIO(idl), "words_thrift", reserved="suffix").Words
    handler = type("Keywords", (), {"import_": len, "pass": len})()
    TProcessor(words, handler)
    assert caplog.records == []


def test_tracked_and_multiplexed_processors_look_too(caplog):
    TTrackedProcessor(None, Other, type("Tracked", (), {"boom": len})())
    assert "The handler Tracked lacks methods of Other: hello;" in caplog.text
    assert TMultiplexedProcessor().processors == TAsyncMultiplexedProcessor().processors == {}


# Attributes of clients


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ad", ": service Calls has no such method; did you mean 'add'?"),
        ("nubmers", ": service Calls has no such method; did you mean 'numbers'?"),
        ("make_tea", ": service Calls has no such method"),
        ("_private", ""),
        ("__deepcopy__", ""),
    ],
)
def test_a_method_that_the_service_lacks(client, name, text):
    with pytest.raises(AttributeError) as caught:
        getattr(client(Calls, proto()), name)
    assert str(caught.value) == f"{client.__name__} instance has no attribute {name!r}{text}"


def test_the_text_begins_as_that_of_thriftpy2():
    with pytest.raises(AttributeError) as theirs:
        _ = thriftpy2.thrift.TClient(Calls, proto()).ad
    with pytest.raises(AttributeError) as ours:
        _ = TClient(Calls, proto()).ad
    assert str(ours.value).startswith(str(theirs.value))
