"""Run by Python itself when a child of ``python -m fastthrift.compat`` starts.

``PYTHONPATH`` names this directory then, and ``FASTTHRIFT_AS_THRIFTPY`` the environment that the
parent ran in: Pythons of other environments are left alone. fastthrift is imported only when
thriftpy or thriftpy2 is, so that all other children start as they did.
"""

import os
import sys
from importlib.machinery import PathFinder

VARIABLE = "FASTTHRIFT_AS_THRIFTPY"


class FirstImport:
    """Finds thriftpy and thriftpy2 when they are first imported, and brings fastthrift's finder."""

    # For `uninstall_as_thriftpy`.
    brings_fastthrift = True

    def find_spec(self, fullname, path=None, target=None):  # type: ignore[no-untyped-def]
        if fullname not in ("thriftpy", "thriftpy2"):
            return None
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]
        from fastthrift import compat

        compat.install_as_thriftpy()
        # That is the first of them now.
        return sys.meta_path[0].find_spec(fullname, path, target)


def run_next() -> None:
    """Run the ``sitecustomize`` that this one hides, if there is one."""
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        from importlib.util import module_from_spec

        sys.modules["sitecustomize"] = module = module_from_spec(spec)
        spec.loader.exec_module(module)


here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
if os.environ.get(VARIABLE) == sys.prefix:
    sys.meta_path.insert(0, FirstImport())
run_next()
