"""Signals of the calls that are served, with ``sender`` the class of the service and ``call`` the
``fastthrift.hooks.Call``. They are sent in the thread that makes the call.

``call_started`` comes before the handler is called, and what a receiver raises is what the call
raises. ``call_failed`` comes for what the handler raised and the service does not declare, with
``exception``. ``call_finished`` comes after every call.
"""

from __future__ import annotations

from django.dispatch import Signal

call_started = Signal()
call_finished = Signal()
call_failed = Signal()
