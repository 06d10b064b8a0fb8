"""The deliberate differences from thriftpy2 0.7.1, in one list that the tests read.

A test that asserts one is marked ``@pytest.mark.difference(key)``.  Run as a script, this file
prints the page ``docs/differences.md``, which ``make docs`` writes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """What thriftpy2 does, what fastthrift does instead, and the topic they belong to."""

    topic: str
    thriftpy2: str
    fastthrift: str
    #: Running the test against thriftpy2 could crash the interpreter or exhaust memory.
    hazard: bool = False


DIFFERENCES: dict[str, Difference] = {
    "short-input": Difference(
        "Decoding",
        "Short input in memory can decode to contents that were never in it, or raise "
        "struct.error, TypeError or IndexError.",
        "TTransportException of type END_OF_FILE.",
        hazard=True,
    ),
    "spec-changed-in-place": Difference(
        "Structs",
        "`thrift_spec` is looked at each time a struct is written or read, so that an entry may be "
        "replaced where it is.",
        "A class is compiled at first use, and again when `thrift_spec` is assigned or has got "
        "more or fewer entries. After an entry was replaced by another of the same id, assign "
        "the dict: `cls.thrift_spec = dict(cls.thrift_spec)`.",
    ),
    "promised-sizes": Difference(
        "Decoding",
        "A promised size is trusted: memory and time grow with the claim.",
        "Memory grows with the bytes that arrived; a size beyond the input or the limit raises.",
        hazard=True,
    ),
    "negative-sizes": Difference(
        "Decoding",
        "A negative size reads as an empty value.",
        "TProtocolException of type NEGATIVE_SIZE.",
        hazard=True,
    ),
    "long-varints": Difference(
        "Decoding",
        "A varint may be of any length, and costs quadratic time.",
        "TProtocolException for a varint of more than 10 bytes.",
        hazard=True,
    ),
    "bad-wire-types": Difference(
        "Decoding",
        "An unknown wire type is skipped as if it took no bytes, or raises KeyError.",
        "TProtocolException of type INVALID_DATA.",
        hazard=True,
    ),
    "depth": Difference(
        "Nesting",
        "The limit differs by protocol and path; compact has none but the interpreter's, and "
        "RecursionError is the only class raised.",
        "64 levels everywhere; the exception is a TProtocolException and a RecursionError.",
        hazard=True,
    ),
    "protocol-errors": Difference(
        "Errors",
        "The Cython binary protocol raises protocol.cybin.ProtocolError, the others "
        "protocol.exc.TProtocolException, and neither is the other.",
        "A malformed message raises a class that is both.",
    ),
    "error-places": Difference(
        "Errors",
        "Errors of decoding do not say where they happened.",
        "They name the byte and the field, as in people['bob'].phones[3].number.",
        hazard=True,
    ),
    "strict-decode": Difference(
        "Errors",
        "strict_decode raises a bare UnicodeDecodeError.",
        "The exception is a TProtocolException and a UnicodeDecodeError.",
    ),
    "size-limits": Difference(
        "Decoding",
        "There is no limit on the size of a string or message.",
        "100 MiB each unless the protocol factory says otherwise (max_string_size, "
        "max_message_size), written and read; frames have a limit too (max_frame_size of the "
        "transport factory). The limit of a message is not that of bytes in memory.",
    ),
    "frame-borders": Difference(
        "Decoding",
        "A message that its frame does not hold as a whole goes on in the next frame, whose call "
        "or answer is lost; what follows a reply in its frame is read as the next one.",
        "A message ends with its frame, or earlier: else it is a TTransportException, and the "
        "connection is closed. Several calls in one frame are made.",
    ),
    "two-gigabytes": Difference(
        "Encoding",
        "A string of 2 GiB or more is written as a length that no reader accepts and nothing of "
        "its contents, without an error; the Python protocol raises struct.error.",
        "TProtocolException of type SIZE_LIMIT that names the field, before anything is copied.",
        hazard=True,
    ),
    "container-element-types": Difference(
        "Decoding",
        "Compact reads the elements of a list or set by the declared type whatever type the "
        "message says; every protocol reads a string key or value of a map as the declared "
        "type.  What follows is misread.",
        "A container of other elements than declared is skipped and read as empty.",
    ),
    "string-for-other-type": Difference(
        "Decoding",
        "The pure Python binary protocol reads a string field as the declared type when that "
        "is another one, and so misreads what follows.",
        "The field is skipped and keeps its default.",
    ),
    "encode-errors": Difference(
        "Encoding",
        "Compact and pure Python binary raise struct.error, AttributeError, TypeError or "
        "TProtocolException for a value that does not fit its field.",
        "TDecodeException in both protocols, with the same text and behind it the place and the "
        "reason: (items[1].price: needs a float, not str).",
    ),
    "container-lengths": Difference(
        "Encoding",
        "A container that changes while it is written, or lies about its length, gives a "
        "message whose size is wrong.",
        "The size that is written is the number of elements that follow, or nothing is written.",
    ),
    "set-elements-once": Difference(
        "Encoding",
        "A set that is given as a list is written as it is, with elements that it holds twice, "
        "which other libraries refuse or answer with half a message.",
        "Each element is written once, in order; two are equal when what is written of them is.",
    ),
    "class-for-struct": Difference(
        "Encoding",
        "A class given in place of an object is written as a struct without fields.",
        "TDecodeException; TypeError from encode, serialize and deserialize.",
    ),
    "compact-str-for-binary": Difference(
        "Encoding",
        "Compact writes the number of characters as the size of a str given for a binary "
        "field: a message with non-ASCII text is broken.",
        "The size is the number of bytes.",
    ),
    "views-not-contiguous": Difference(
        "Encoding",
        "A memoryview whose bytes do not lie one after the other raises BufferError.",
        "Its bytes are written in its order.",
    ),
    "two-item-specs": Difference(
        "Structs",
        "A spec entry of two items, as in TTransportException, works in binary and raises "
        "ValueError or IndexError in compact.",
        "It means the same in every protocol.",
    ),
    "fields-on-the-class": Difference(
        "Structs",
        "A loaded class has no attributes called like its fields: hasattr(Point, 'x') is False.",
        "It has descriptors, as a class with __slots__ has: ask an object, or thrift_spec.",
    ),
    "subclasses-of-payloads": Difference(
        "Structs",
        "TPayload.__subclasses__() lists the classes of loaded files.",
        "It lists those that were made by a class statement; a module's are in "
        "__thrift_meta__['structs'].",
    ),
    "version-of-the-alias": Difference(
        "Names",
        "thriftpy2.__version__ is 0.7.1.",
        "It is fastthrift's own, for the module is the same under every name: what compares it to "
        "choose between versions of thriftpy2 takes it for a very old one.",
    ),
    "python-keywords": Difference(
        "Structs",
        "A field called like a Python keyword that Thrift does not reserve (None, async, ...) "
        "gives a class that cannot be instantiated with it.",
        "The field works like any other; its attribute has an underscore (None_, async_).",
    ),
    "hidden-methods": Difference(
        "Structs",
        "A struct with a field called read or write cannot be serialized, and a method with such "
        "a parameter cannot be called: its value is called as the method of that name.",
        "The protocol's read_struct and write_struct are called in place of a hidden method.",
    ),
    "reserved-words": Difference(
        "IDL",
        "Names that some target language keeps for itself (function, alias, from) are refused.",
        "They are taken, as by Apache's compiler since 0.25: nobody relies on a refusal. "
        "Attributes called like a keyword of Python get an underscore (from_), messages say from. "
        'load(..., reserved="error") refuses them.',
    ),
    "foreign-transports": Difference(
        "Transports",
        "The Cython binary protocol takes only thriftpy2's own Cython transports.",
        "Every protocol takes any object with read, write and flush.",
    ),
    "framed-factory": Difference(
        "Transports",
        "transport.framed.TFramedTransportFactory gives a TBufferedTransport over the framed one.",
        "It gives a TFramedTransport, as that of the Cython class does: what it is over, `_trans`, "
        "is the socket, one step earlier.",
    ),
    "negative-sequence-ids": Difference(
        "Messages",
        "Writing a negative sequence id in compact never ends.",
        "It is written as its 32 bits, as Apache Thrift does.",
        hazard=True,
    ),
    "fractions": Difference(
        "Encoding",
        "A float with a fraction is cut to an integer by the Cython binary protocol.",
        "TDecodeException; a whole float is accepted.",
    ),
    "function-classes": Difference(
        "IDL",
        "The argument and result classes of all functions are made by load.",
        "Each is made when it is first asked for; until then the service's own __dict__ shows a "
        "descriptor in its place.",
    ),
    "one-class-per-type": Difference(
        "IDL",
        "A file that is loaded under two names, or included by two ways, has two classes for each "
        "type, so that except and isinstance miss; two includes with the same file name are "
        "taken for one.",
        "One class for a type of a file, under whichever names; both includes load.",
    ),
    "module-names": Difference(
        "IDL",
        "Two files of one name that are included under names in sys.modules are a "
        "ThriftModuleNameConflict, which leaves the module that was to be loaded behind.",
        "Both load; the later one is named after the file that was loaded, as in "
        "orders_thrift.base_thrift.  A load that fails leaves nothing.",
    ),
    "pickled-classes": Difference(
        "IDL",
        "A class names the module that it was first loaded as, whatever that is in sys.modules; "
        "classes of functions cannot be pickled.",
        "It names a module in sys.modules that has it, once there is one, and can be pickled; "
        "otherwise the error says what to do.",
    ),
    "pickled-exceptions": Difference(
        "Errors",
        "A copy or a pickle of a program's exception, whose __init__ takes other arguments than "
        "that of its base, raises TypeError.",
        "It is restored without its __init__, with all its attributes.",
    ),
    "idl-constants": Difference(
        "IDL",
        "Elements of constant lists, sets and maps are neither cast nor checked.",
        "They are cast to their type, structs too; a wrong one is an error with its place.",
    ),
    "forward-constants": Difference(
        "IDL",
        "In __thrift_meta__['consts'] a constant whose type is defined further down is a tuple of "
        "the parser's.",
        "It is there with its value.",
    ),
    "idl-mistakes": Difference(
        "IDL",
        "The first mistake raises; most texts have a line and no column.",
        "The same classes and texts, with path, line, column and all mistakes as attributes.",
    ),
    "interrupted-server": Difference(
        "Servers",
        "SIGTERM ends a server in the middle of its calls, SIGINT raises KeyboardInterrupt from "
        "serve().",
        "Where the program has not set handlers of its own, both close the server: the calls that "
        "it has received are answered, and serve() returns. A second SIGINT is as before. "
        "server.handle_signals = False leaves signals alone.",
    ),
    "slow-answers": Difference(
        "Servers",
        "A client has client_timeout for an answer as a whole, however large that is.",
        "It has message_timeout, and as much more as what it has taken by then may take at 16 KiB "
        "a second.",
    ),
    "slow-messages": Difference(
        "Servers",
        "A client that sends a byte now and then keeps its connection for ever.",
        "A message has 3 seconds from its first byte to its last; message_timeout, of server "
        "sockets and make_server, sets it.",
        hazard=True,
    ),
    "server-close": Difference(
        "Servers",
        "close() does not stop a server.",
        "serve() returns when the calls in flight are answered.",
        hazard=True,
    ),
    "port-in-use": Difference(
        "Servers",
        "A second server on the same port starts, and takes part of the traffic.",
        "It is an error, unless TServerSocket(reuse_port=True) asks for it.",
    ),
    "shared-clients": Difference(
        "Clients",
        "A client shared by threads mixes answers up, and can crash.",
        "Calls take turns.",
        hazard=True,
    ),
    "mutable-defaults": Difference(
        "Structs",
        "A default list, map or struct is one object shared by all instances.",
        "Every instance gets a copy of its own.",
    ),
    "undeclared-exceptions": Difference(
        "Calls",
        "An undeclared exception in a handler closes the connection without a word.",
        "Our servers answer with TApplicationException INTERNAL_ERROR, and the connection stays, "
        "whatever the processor is. TProcessor.process raises it, as thriftpy2's does, for code "
        "around it; TProcessor.process_and_answer answers as the servers do.",
    ),
    "messages-that-are-no-calls": Difference(
        "Calls",
        "A reply, an exception or a message of an unknown type that is sent to a server is "
        "executed as a call.",
        "TApplicationException INVALID_MESSAGE_TYPE; nothing is executed.",
    ),
    "undeclared-answers": Difference(
        "Calls",
        "A void call that is answered with an exception which this side's IDL does not declare "
        "returns None.",
        "TApplicationException MISSING_RESULT, whose text names the field.",
    ),
    "passed-by-mistake": Difference(
        "Calls",
        "A module, a struct, an enum or what Apache's compiler generated, passed as a service, "
        "fails at the first call, with an AttributeError.",
        "TypeError where it is passed, that says what to pass.",
    ),
    "methods-taken-away": Difference(
        "Calls",
        "A client does without a method that is taken out of its service's `thrift_services`.",
        "It has the methods that its service had when the client was made, and those that came "
        "since: a look at a set, where the list took longer the more methods there are.",
    ),
    "oneway-errors": Difference(
        "Calls",
        "An error in a oneway handler closes the connection.",
        "The connection stays; the server logs the error.",
    ),
    "unknown-arguments": Difference(
        "Calls",
        "Unknown keyword arguments of a call vanish.",
        "TypeError that names the method and its parameters.",
    ),
    "sequence-ids": Difference(
        "Calls",
        "Every message carries sequence id 0, and the id of a reply is not looked at.",
        "Each call has its own sequence id, and a reply with another one is refused, unless "
        "check_seqid=False of the protocol or the client accepts it.",
    ),
    "method-names": Difference(
        "Calls",
        "The method that a reply names is not looked at.",
        "A reply for another method is refused with TApplicationException WRONG_METHOD_NAME, also "
        "with check_seqid=False, which leaves nothing else to tell replies apart.",
    ),
    "json-bytes-in-string": Difference(
        "JSON",
        "TJSONProtocol writes the Python notation of bytes given for a string field: b'...'.",
        "It writes the text they are; bytes that are not UTF-8 raise TDecodeException.",
    ),
    "json-encode-errors": Difference(
        "JSON",
        "A value that does not fit its field raises ValueError or TypeError, is cut, or is written "
        "as it is.",
        "TDecodeException with the place of the value, as in the other protocols.",
    ),
    "json-mistyped": Difference(
        "JSON",
        "A value of a message that is of another type than declared raises ValueError or "
        "TypeError, or is taken for something else: null for the text 'None', 'false' for true.",
        "The field is skipped and keeps its default.",
    ),
    "json-given": Difference(
        "JSON",
        "struct_to_obj, obj_value and their like cut 12.7 to 12, take 'true' and 'false' for True, "
        "None for the text 'None', a str for a list of its characters; a dict for a map is a "
        "TypeError.",
        "What stands for no value of its type is a TMistypedDataException, a ValueError, that "
        "names the place; None keeps a field's default. A map may be a dict.",
    ),
    "json-malformed": Difference(
        "JSON",
        "A message of TJSONProtocol that is not JSON, or lacks its metadata or its payload, raises "
        "JSONDecodeError, UnicodeDecodeError, KeyError or TypeError.",
        "TMalformedDataException, which says what is wrong.",
    ),
    "json-skip": Difference(
        "JSON",
        "TJSONProtocol does not skip, with a warning: what should be skipped is taken for the next "
        "payload.",
        "It skips.",
    ),
    "aio-maps": Difference(
        "asyncio",
        "The compact protocol reads every map as empty, without an error.",
        "Maps are read as they are.",
    ),
    "aio-mistyped": Difference(
        "asyncio",
        "The binary protocol reads a string as the declared type when that is another one, and "
        "so misreads what follows; compact reads the elements of a list by the declared type.",
        "The field is skipped and keeps its default: the codec is that of the synchronous "
        "protocols.",
    ),
    "aio-limits": Difference(
        "asyncio",
        "Compact has no limit on nesting; there is none on sizes, and negative ones are not "
        "refused.",
        "The limits of the synchronous protocols and transports.",
        hazard=True,
    ),
    "aio-port-in-use": Difference(
        "asyncio",
        "A second server on the same port starts silently and takes part of the traffic.",
        "OSError, unless sharing is asked for (reuse_port).",
    ),
    "aio-server-close": Difference(
        "asyncio",
        "close() must be awaited in the server's own loop, ends neither serve() nor "
        "connections, and does not wait for calls.",
        "It may be awaited from any loop, finishes and answers calls that have started, and "
        "makes serve() return.",
    ),
    "aio-client-timeout": Difference(
        "asyncio",
        "A server closes a connection client_timeout after it was made, in mid-call too.",
        "It closes connections that have been idle for so long.",
    ),
    "aio-read-timeout": Difference(
        "asyncio",
        "A client waits for an answer as long as connect_timeout says.",
        "As long as socket_timeout (timeout) says.",
    ),
    "aio-host-names": Difference(
        "asyncio",
        "A client that is given certificate files does not verify the server's host name.",
        "It does, unless validate=False.",
    ),
    "aio-cafile-alone": Difference(
        "asyncio",
        "A client that is given cafile and no certificate of its own connects in plain text.",
        "The connection is encrypted.",
    ),
    "aio-http-errors": Difference(
        "asyncio",
        "A call over HTTP that fails in the handler or is larger than 1 MiB gets a page with "
        "status 500; the client raises aiohttp's exceptions.",
        "TApplicationException INTERNAL_ERROR in a response of status 200; requests may have "
        "100 MiB; the client's exceptions are TTransportExceptions and aiohttp.ClientErrors.",
    ),
    "apache-json-values": Difference(
        "JSON",
        "TApacheJSONProtocol cannot write maps with enum keys or lists of lists, writes an empty "
        "list in a map as no peer reads it, and NaN and infinities as no JSON.",
        "Every type is written byte for byte as Apache's library does; NaN and infinities are "
        "quoted and control characters escaped.",
    ),
    "apache-json-encode-errors": Difference(
        "JSON",
        "A value that does not fit its field is written as it is, or raises KeyError, TypeError or "
        "AttributeError.",
        "TDecodeException with the place of the value, as in the other protocols.",
    ),
    "apache-json-connection": Difference(
        "JSON",
        "With TApacheJSONProtocol a server runs the handler again and again for one request, a "
        "client takes the first answer for that of every later call, and the time that a message "
        "takes grows with the square of its size.",
        "A connection carries any number of messages, each read once and in linear time.",
    ),
    "ssl-host-names": Difference(
        "TLS",
        "A certificate is accepted whichever host it is for.",
        "It must be for the host that was asked for, unless validate=False or CERT_NONE.",
    ),
    "client-certificate": Difference(
        "TLS",
        "A certfile alone, without cafile and ssl_context, is ignored: the client speaks plain "
        "text.",
        "A certificate of the client's means TLS, with the system's authorities.",
    ),
    "encrypted-keys": Difference(
        "TLS",
        "For an encrypted key OpenSSL asks the terminal for the password, and fails without a "
        "reason where there is none.",
        "So it does on a terminal; elsewhere an SSLError names the file and what to do.",
    ),
    "both-families": Difference(
        "Calls",
        "Without socket_family only the IPv4 addresses of a host are known.",
        "All are tried in turn, within the connect timeout; a server prefers IPv4.",
    ),
    "urls-of-clients": Difference(
        "Calls",
        "A url without a scheme, of a unix socket, or without a host calls localhost:9090; one of "
        "HTTP is called without HTTP.",
        "The scheme may be missing; a url that names no host and port of a socket is a ValueError.",
    ),
    "ssl-handshake": Difference(
        "TLS",
        "The server shakes hands while it accepts: a slow client keeps all others waiting, and one "
        "that speaks no TLS ends the server.",
        "The handshake belongs to the connection and its timeout.",
        hazard=True,
    ),
    "sasl-refusal": Difference(
        "SASL",
        "After a refusal the transport stays half open, and another try is 'Already open!'.",
        "It is closed and can be opened again.",
    ),
    "sasl-frame-limit": Difference(
        "SASL",
        "The promised size of a frame is trusted, up to 4 GiB.",
        "A frame of more than 100 MiB is refused (max_frame_size), sent and received.",
        hazard=True,
    ),
    "http-keep-alive": Difference(
        "HTTP",
        "The server answers in HTTP/1.0 and without a Content-Length; no client can keep the "
        "connection, and Apache's C++ client reads no answer.",
        "HTTP/1.1 with a Content-Length, and connections that stay.",
    ),
    "http-errors": Difference(
        "HTTP",
        "An undeclared exception of a handler closes the connection without an HTTP answer.",
        "The answer is TApplicationException INTERNAL_ERROR, with status 200; bad requests get a "
        "status of 400 and above.",
    ),
    "http-close": Difference(
        "HTTP",
        "close() does not stop the server.",
        "serve() returns when the calls that have started are answered.",
    ),
    "http-status": Difference(
        "HTTP",
        "The client takes a page of error for Thrift, and fails at it in every later call too.",
        "Any status but success is a TTransportException, which spoils no later call.",
    ),
    "http-oneway-refusal": Difference(
        "HTTP",
        "A client does not read what a oneway call is answered with: that the server does not "
        "have the method, for example.",
        "The TApplicationException is raised; what cannot be read is logged.",
    ),
    "http-repetition": Difference(
        "HTTP",
        "With keep_alive a request is sent again when the connection ends without an answer, "
        "although it may have been served.",
        "A connection that was closed while idle is noticed before the request is sent, and no "
        "request is sent twice.",
    ),
    "http-timeouts": Difference(
        "HTTP",
        "The client's timeout is set for all new sockets of the process while a request is sent.",
        "It is the connection's own.",
    ),
    "http-requests": Difference(
        "HTTP",
        "The server takes any Content-Length that int() takes, the first one of several, and "
        "knows no chunks.",
        "Requests are read by the letter of RFC 9112, by threads and by asyncio; what two readers "
        "may understand differently has status 400, and the connection is closed.",
    ),
    "http-two-messages": Difference(
        "HTTP",
        "What follows the first message in the body of a request is ignored.",
        "Such a request has status 400, and no call of it is made; so has status 415 one with a "
        "Content-Encoding.",
    ),
    "http-methods": Difference(
        "HTTP",
        "GET and other methods have status 501 and a page of HTML.",
        "They have status 405 and the header Allow: POST.",
    ),
    "http-url-scheme": Difference(
        "HTTP",
        "A url that starts with a host (127.0.0.1:9999) is taken for a path, and localhost:9090 "
        "is called.",
        "The host is called; a url without a host is a ValueError.",
    ),
    "aio-http-redirects": Difference(
        "asyncio",
        "A client that is redirected with status 301, 302 or 303 sends GET without its call, and "
        "takes what comes for the answer.",
        "TTransportException, which names the status and where it leads. 307 and 308 are followed.",
    ),
    "tracking-exceptions": Difference(
        "Tracking",
        "The answer to an unknown method of a tracked connection has no header, which the client "
        "expects, and is misread.",
        "Every answer on a tracked connection has its header.",
    ),
}


#: Names of thriftpy2 that are not here, or whose signature is another: patterns of dotted names
#: below the package, and why.
ABSENT: dict[str, str] = {
    **dict.fromkeys(
        (
            "parser.lexer",
            "parser.lexer.*",
            "parser.parser.[pt]_*",
            "parser.parser.keywords",
            "parser.parser.literals",
            "parser.parser.thrift_reserved_keywords",
            "parser.parser.tokens",
            "parser.parser.CurrentIncompleteType",
            "parser.parser.ParseContext",
        ),
        "The rules and the state of the ply grammar; the parser is native.",
    ),
    **dict.fromkeys(
        ("*MemoryBuffer.c_write_buffer", "transport.cybase.TCyBuffer"),
        "What thriftpy2's Cython modules call in each other.",
    ),
    **dict.fromkeys(
        ("*.TBufferedTransport.write", "*.TFramedTransport.write", "*.TMemoryBuffer.write"),
        "The parameter is called data, as in thriftpy2's Cython classes of the same name.",
    ),
    "http.THttpClient.flush": "A decorator hides the signature, which has no parameters.",
    **dict.fromkeys(
        ("utils.deserialize", "utils.serialize"),
        "proto_factory is None by default and means the binary protocol.",
    ),
}


def markdown() -> str:
    lines = ["| Topic | thriftpy2 0.7.1 | fastthrift |", "| --- | --- | --- |"]
    lines += [f"| {d.topic} | {d.thriftpy2} | {d.fastthrift} |" for d in DIFFERENCES.values()]
    return "\n".join(lines) + "\n"


def absent_markdown() -> str:
    """The names of `ABSENT` by their reasons, as a table."""
    names: dict[str, list[str]] = {}
    for pattern, reason in ABSENT.items():
        names.setdefault(reason, []).append(f"`{pattern}`")
    lines = ["| Names | Why |", "| --- | --- |"]
    lines += [f"| {', '.join(patterns)} | {reason} |" for reason, patterns in names.items()]
    return "\n".join(lines) + "\n"


PAGE = """\
# Differences from thriftpy2 0.7.1

What fastthrift does otherwise, on purpose: wrong answers, lost data, crashes and unbounded memory
are not copied. Each entry has a test; run with FASTTHRIFT_TEST_SUBJECT=thriftpy2, it shows that
the difference is there. This page is written by `make docs` from
`tests/python/support/differences.py`.

"""

NAMES = """
## Names

Every public module, class, function, signature, default value and class attribute of thriftpy2 is
there under the same path, but for these:

"""


def page() -> str:
    """The whole of ``docs/differences.md``."""
    return PAGE + markdown() + NAMES + absent_markdown()


if __name__ == "__main__":
    print(page(), end="")
