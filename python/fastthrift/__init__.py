"""Thrift for Python with a Rust core: a drop-in for thriftpy2."""

import sys

from ._core import decode, encode
from .hook import install_import_hook, remove_import_hook
from .parser import load, load_fp, load_module

__version__ = "0.1.0"
__python__ = sys.version_info
__all__ = [
    "decode",
    "encode",
    "install_import_hook",
    "load",
    "load_fp",
    "load_module",
    "remove_import_hook",
]
