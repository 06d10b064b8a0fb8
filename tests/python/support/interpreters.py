"""Sub-interpreters of CPython, by the name and the arguments that its versions give them."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 13):
    import _interpreters
else:
    import _xxsubinterpreters as _interpreters


class Interpreter:
    """A sub-interpreter that shares the lock of the process, as web servers make them."""

    def __init__(self, *, isolated: bool = False) -> None:
        if sys.version_info >= (3, 13):
            self.id = _interpreters.create("isolated" if isolated else "legacy")
        else:
            self.id = _interpreters.create(isolated=isolated)
        self.run(f"import sys; sys.path[:] = {sys.path!r}")

    def run(self, program: str) -> None:
        """Runs a program there; what it raises is raised here, as RuntimeError or its like."""
        failure = _interpreters.run_string(self.id, program)
        if failure is not None:  # from 3.13 on
            raise RuntimeError(f"{failure.type.__name__}: {failure.msg}")

    def end(self) -> None:
        _interpreters.destroy(self.id)


def current() -> int:
    """The number of the interpreter that asks."""
    found = _interpreters.get_current()
    return int(found[0] if isinstance(found, tuple) else found)
