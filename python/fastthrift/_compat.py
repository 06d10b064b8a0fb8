"""What thriftpy2 tells about the platform it runs on."""

import platform
import sys

PYPY = "__pypy__" in sys.modules

UNIX = platform.system() in ("Linux", "Darwin")

# The native protocols and transports stand where thriftpy2 has its Cython ones.
CYTHON = True
