"""Prints which library `import thriftpy2` gives."""

import thriftpy2

print(thriftpy2.load.__module__.partition(".")[0])
