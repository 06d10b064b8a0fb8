"""Helpers of the Python tests: the package under test, values, schemas, processes, clients."""
