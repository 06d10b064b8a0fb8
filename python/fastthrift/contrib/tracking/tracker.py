"""What is told along with calls, and who is told of them."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator
from typing import Any

# Of the call that this thread is serving or making: `header` (the request's), `counter` (calls
# made on its behalf), `meta`, `annotation` and `response_meta`.
ctx = threading.local()


class VersionMixin:
    """Which of the headers the peer understands."""

    DEFAULT_VERSION = 0
    VERSION_SUPPORT_REQUEST_HEADER = 1
    VERSION_SUPPORT_RESPONSE_HEADER = 2

    CURRENT = VERSION_SUPPORT_RESPONSE_HEADER

    def init_version_mixin(self) -> None:
        self.current_version = self.DEFAULT_VERSION
        self.is_upgraded = False

    def check_version(self, feature_version: int) -> bool:
        return self.current_version >= feature_version

    def upgrade_version(self, target_version: int) -> None:
        """Go up to a version of the peer's; never down, nor above what is known here."""
        self.is_upgraded = True
        if self.current_version < target_version <= VersionMixin.CURRENT:
            self.current_version = target_version


class TrackerBase:
    """Fills in the headers and is told of each call; subclasses override what they need."""

    def __init__(self, client: str | None = None, server: str | None = None) -> None:
        """The names of the calling program and of the service."""
        self.client = client
        self.server = server

    def handle(self, header: Any) -> None:
        """A server has read the header of a request."""
        ctx.header = header
        ctx.counter = 0

    def handle_response_header(self, response_header: Any) -> None:
        """A client has read the header of an answer."""

    def gen_header(self, header: Any) -> None:
        """Fill in the header of a client's request.

        A call made while another one is served has its request id and its ``meta``, and a ``seq``
        below its: the second call made by ``1.3`` is ``1.3.2``.
        """
        header.request_id = self.get_request_id()
        ctx.counter = getattr(ctx, "counter", 0) + 1
        if hasattr(ctx, "header"):
            header.seq = f"{ctx.header.seq}.{ctx.counter}"
        else:
            header.seq = str(ctx.counter)
        header.meta = self.meta

    def gen_response_header(self, response_header: Any) -> None:
        """Fill in the header of a server's answer."""
        if hasattr(ctx, "response_meta"):
            response_header.meta = ctx.response_meta
            del ctx.response_meta

    def record(self, header: Any, exception: BaseException | None) -> None:
        """A client's call has ended; ``header`` is its ``RequestInfo``."""

    @classmethod
    @contextlib.contextmanager
    def counter(cls, init: int = 0) -> Iterator[None]:
        """Count the calls in a ``with`` block from ``init``."""
        before = getattr(ctx, "counter", 0)
        ctx.counter = init
        try:
            yield
        finally:
            ctx.counter = before

    @classmethod
    @contextlib.contextmanager
    def annotate(cls, **kwargs: Any) -> Iterator[dict[str, Any]]:
        """Annotate the calls in a ``with`` block, for ``record``."""
        ctx.annotation = kwargs
        try:
            yield ctx.annotation
        finally:
            del ctx.annotation

    @classmethod
    @contextlib.contextmanager
    def add_meta(cls, **kwds: str) -> Iterator[dict[str, str]]:
        """Send more ``meta`` with the calls in a ``with`` block; blocks may nest."""
        before = getattr(ctx, "meta", None)
        ctx.meta = {**(before or {}), **kwds}
        try:
            yield ctx.meta
        finally:
            if before is None:
                del ctx.meta
            else:
                ctx.meta = before

    @classmethod
    def add_response_meta(cls, **kwds: str) -> dict[str, str]:
        """Send ``meta`` with the answer to the call that is being served."""
        ctx.response_meta = {**getattr(ctx, "response_meta", {}), **kwds}
        meta: dict[str, str] = ctx.response_meta
        return meta

    @property
    def meta(self) -> dict[str, str]:
        """That of the call being served, and what ``add_meta`` has added."""
        served = getattr(getattr(ctx, "header", None), "meta", None)
        return {**(served or {}), **getattr(ctx, "meta", {})}

    @property
    def annotation(self) -> dict[str, Any]:
        """What ``annotate`` has set."""
        annotation: dict[str, Any] = getattr(ctx, "annotation", {})
        return annotation

    def get_request_id(self) -> str:
        """That of the call being served, or a new one."""
        if hasattr(ctx, "header"):
            return str(ctx.header.request_id)
        return str(uuid.uuid4())

    def init_handshake_info(self, handshake_obj: Any) -> None:
        """Fill in what a client sends in the handshake, an ``UpgradeArgs``."""

    def handle_handshake_info(self, handshake_obj: Any) -> None:
        """A server has read what a client sent in the handshake."""


class ConsoleTracker(TrackerBase):
    """Prints the calls."""

    def record(self, header: Any, exception: BaseException | None) -> None:
        print(header)
