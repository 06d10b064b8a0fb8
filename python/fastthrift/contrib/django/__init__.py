"""Thrift in Django projects: clients of the settings, a server as a management command, views.

::

    INSTALLED_APPS += ["fastthrift.contrib.django"]
    THRIFT = {
        "CLIENTS": {"calc": {"IDL": BASE_DIR / "calculator.thrift", "SERVICE": "Calculator",
                             "URL": "tcp://127.0.0.1:9090", "TIMEOUT": 2.0}},
        "SERVERS": {"default": {"IDL": BASE_DIR / "notes.thrift", "SERVICE": "Notes",
                                "HANDLER": "notes.rpc.NotesHandler"}},
    }

    from fastthrift.contrib.django import clients
    clients["calc"].add(1, 2)

``manage.py runthrift`` serves a server of the settings, ``thrift_view`` does at a URL. It needs
Django 4.2 or later: ``pip install "fastthrift[django]"``.
"""

from __future__ import annotations

try:
    import django as _django
except ModuleNotFoundError as error:
    if error.name != "django":
        raise
    raise ImportError(
        'Thrift in Django projects needs Django: pip install "fastthrift[django]"'
    ) from error

from .clients import clients
from .failures import failure
from .middleware import DeadlineMiddleware, ErrorMiddleware
from .views import current_request, thrift_view

__all__ = [
    "DeadlineMiddleware",
    "ErrorMiddleware",
    "clients",
    "current_request",
    "failure",
    "thrift_view",
]

del _django
