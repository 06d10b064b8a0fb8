"""``python -m fastthrift.compat``: run a program with fastthrift in the place of thriftpy2."""

import sys

from . import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
