"""The peers of the package under test: Apache Thrift, thriftpy2, and servers in processes."""
