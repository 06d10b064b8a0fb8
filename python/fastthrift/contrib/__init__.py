"""What comes with the library and is not part of Thrift."""
