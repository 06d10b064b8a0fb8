"""The Thrift struct of both sides: the handler that serves and the view that calls."""

from pathlib import Path

import fastthrift

idl = fastthrift.load(str(Path(__file__).parent / "history.thrift"))
Calculation = idl.Calculation
