"""The call that a handler is in, for those who may ask: whoever has imported this may do so
wherever a handler has handed its work, so that calls are looked at from then on."""

from __future__ import annotations

from fastthrift._calls.observed import current_call, watch_calls

__all__ = ["current_call"]

watch_calls()
