"""Failed calls as answers to the requests that made them."""

from __future__ import annotations

from django.conf import settings

from fastthrift._web.failures import Failure, failure_of

from .conf import part


def failure(error: BaseException) -> Failure | None:
    """What an exception of a call means to a request, for a view that answers with a page of its
    own: its ``status``, ``error`` (a text that may be shown), ``client``, ``method`` and
    ``headers``, such as ``Retry-After``. None where it means nothing: a declared exception without
    a status in ``THRIFT["EXCEPTION_STATUS"]``, or no exception of Thrift.
    """
    return failure_of(error, part("EXCEPTION_STATUS"), debug=settings.DEBUG)
