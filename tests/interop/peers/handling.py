"""What both peers in Python do as servers and as clients: their classes have the same names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

ECHOES = """
    echo echoFlag echoTiny echoLittle echoNumber echoBig echoReal echoText echoData echoColor
    echoSmall echoEither echoDefaults echoRows echoTextSet echoGroups evolve echoId echoIds
"""


class Handler:
    last_poke = 0

    def __init__(self, types: Any) -> None:
        self._types = types
        for name in ECHOES.split():
            setattr(self, name, lambda v, *more: v)

    def nothing(self) -> None:
        pass

    def declared(self, code: int, reason: str) -> int:
        small = self._types.Small(number=code, text=reason)
        raise self._types.Declared(code=code, reason=reason, small=small)

    def undeclared(self, reason: str) -> int:
        raise RuntimeError(reason)

    def poke(self, v: int) -> None:
        self.last_poke = v

    def poked(self) -> int:
        return self.last_poke


def run(cases: Any, types: Any, application: type, connect: Callable[[], Any]) -> Iterator[Any]:
    """The outcome of each case. All use one connection, until it fails.

    ``connect`` returns a client, with a method ``close`` and, where it can send before it receives,
    ``pipelined``, and where it knows uuid, ``id_of`` and ``ids_of``.
    """
    client = None
    for case in cases:
        outcome = types.Outcome(name=case.name, value=types.Everything())
        try:
            client = client or connect()
            answer = _call(client, case, outcome.value, connect)
            outcome.value = answer or outcome.value
            outcome.kind = types.Kind.VALUE
        except types.Declared as error:
            outcome.kind, outcome.declared = types.Kind.DECLARED, error
        except application as error:
            outcome.kind, outcome.type = types.Kind.APPLICATION, error.type
            outcome.message = error.message or ""
        except Exception as error:
            outcome.kind = types.Kind.TRANSPORT
            outcome.message = f"{type(error).__name__}: {error}"
            if client:
                client.close()
            client = None
        yield outcome


def _call(client: Any, case: Any, answer: Any, connect: Callable[[], Any]) -> Any:
    """Fills ``answer``, or returns another one."""
    method, given = case.method, case.value
    if method == "echo":
        return client.echo(given)
    if method == "echoId":
        answer.data = client.id_of(given.data)
    elif method == "echoIds":
        answer.data = client.ids_of(given.data)
    elif method.startswith("echo"):
        field = method[4].lower() + method[5:]
        setattr(answer, field, getattr(client, method)(getattr(given, field)))
    elif method == "evolve":
        answer.versioned = client.evolve(given.versioned)
    elif method == "declared":
        answer.number = client.declared(given.number, given.text)
    elif method == "undeclared":
        answer.number = client.undeclared(given.text)
    elif method == "unknown":
        answer.number = client.unknown(given.number)
    elif method == "oneway":
        client.poke(given.number)
        answer.number = client.poked()
    elif method == "nothing":
        client.nothing()
    elif method == "pipelined":
        answer.big = client.pipelined(case.count)
    elif method == "many":
        answer.big = _many(case, connect)
    else:
        raise ValueError(f"there is no method {method}")


def _many(case: Any, connect: Callable[[], Any]) -> int:
    """As many calls on each of some connections at once; the sum of their answers."""
    sums = []

    def call() -> None:
        client = connect()
        sums.append(sum(client.echoNumber(number) for number in range(1, case.count + 1)))
        client.close()

    threads = [threading.Thread(target=call) for _ in range(case.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(sums) != case.connections:
        raise ConnectionError(f"{case.connections - len(sums)} of the connections failed")
    return sum(sums)
