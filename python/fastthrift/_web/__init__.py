"""What web frameworks have in common; it imports none of them.

``clients`` is from a configuration to pools, ``failures`` from what a call raises to a status,
``mounted`` from a request to the answer of a service at a URL.
"""
