"""Helpers of the Python tests: the package under test, its peers, and values they can exchange."""
