"""What `fastthrift._core` has for calls: from arguments to a message, from a message to the result.
A part of its stub, and no module of its own."""

from typing import Any, final

from typing_extensions import Self

# Where a function gives None, what it was to do has to be done by the public methods
# of protocols and payloads, because something of them is not ours as it was made.
@final
class Method:
    """A method of a service, prepared for calls."""

@final
class OriginalMethods:
    """Methods of a Python class, as they are when this is made."""

    def __new__(cls, cls_: type, /, *names: str) -> Self: ...
    def are_kept_by(self, object: object) -> bool:
        """Whether neither the class of `object` nor `object` itself has others."""

def find_method(service: Any, name: str) -> Method | None:
    """The method of a service, prepared."""

def bind(
    client: Any, sending: OriginalMethods, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Method, bool, tuple[Any, ...]] | None:
    """A method, whether it is oneway, and the arguments of a call of it by position; None too
    where the client has other parts for sending, and where the arguments do not fit the method."""

def write_call(
    method: Method, oprot: Any, seqid: int, values: tuple[Any, ...]
) -> tuple[bytes | None, Any] | None:
    """Write a call with the arguments that `bind` gave, and `take_output`."""

def read_reply(
    method: Method, iprot: Any, seqid: int, call: Any
) -> tuple[BaseException | None, Any] | None:
    """Read the reply to a call: the exception to raise, or else the value to return.

    Asks `call` for `check_header` and `undeclared`.
    """

def read_call(
    service: Any, iprot: Any, message: Any
) -> tuple[Method, str, bool, tuple[Any, ...]] | None:
    """Read a call: the method, its name, whether it is oneway, the arguments for the handler.

    Sets `message.header` when it has read the header, also where it gives None for the rest.
    """

def write_result(
    method: Method, oprot: Any, seqid: int, value: Any
) -> tuple[bytes | None, Any] | None:
    """Write the reply to a call, and `take_output`."""
