"""Tracking of calls through several services, as thriftpy2 has it after Finagle's example.

A tracked client asks the server in a handshake whether it understands headers; a server that does
not answers with ``UNKNOWN_METHOD``, and the calls go without. The handshake belongs to the
connection, so each connection needs a ``TTrackedProcessor`` of its own: see
``fastthrift.thrift.TProcessorFactory``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastthrift._calls.client_call import ClientCall
from fastthrift._calls.server_call import answer, noted, read_call, single
from fastthrift._calls.steps import Blocking, run
from fastthrift.parser import load
from fastthrift.thrift import (
    TApplicationException,
    TClient,
    TMessageType,
    TPayload,
    TProcessor,
)
from fastthrift.thrift import TType as TType

from .tracker import ConsoleTracker, TrackerBase, VersionMixin

if TYPE_CHECKING:
    from fastthrift._calls.server_call import Incoming

__all__ = ["ConsoleTracker", "TTrackedClient", "TTrackedProcessor", "TrackerBase"]

track_method = "__thriftpy_tracing_method_name__v2"
track_thrift: Any = load(str(Path(__file__).with_name("tracking.thrift")))


class RequestInfo:
    """A call that a client has made, as ``TrackerBase.record`` is told of it."""

    def __init__(
        self,
        request_id: str,
        api: str,
        seq: str,
        client: str | None,
        server: str | None,
        status: bool,
        start: int,
        end: int,
        annotation: dict[str, Any],
        meta: dict[str, str],
    ) -> None:
        """``status`` is whether the call returned, ``start`` and ``end`` are milliseconds since
        1970, ``annotation`` is the application's."""
        self.request_id = request_id
        self.api = api
        self.seq = seq
        self.client = client
        self.server = server
        self.status = status
        self.start = start
        self.end = end
        self.annotation = annotation
        self.meta = meta


def _now() -> int:
    return int(time.time() * 1000)


class TTrackedClient(TClient, VersionMixin):
    """A client that tells ``tracker_handler`` of its calls, and the server where they come
    from."""

    def __init__(self, tracker_handler: TrackerBase, *args: Any, **kwargs: Any) -> None:
        """The other arguments are those of ``TClient``; does the handshake."""
        super().__init__(*args, **kwargs)
        self.init_version_mixin()
        self.tracker = tracker_handler
        self._header: Any = None
        try:
            self._negotiation()
        except TApplicationException as error:
            if error.type != TApplicationException.UNKNOWN_METHOD:
                raise

    def _negotiation(self) -> None:
        call = ClientCall(self._service, track_method, check_seqid=False)
        call.seqid = self._seqid
        call.oneway = False
        args = track_thrift.UpgradeArgs()
        args.version = VersionMixin.CURRENT
        self.tracker.init_handshake_info(args)
        run(call.write_args(self._oprot, args))
        reply = track_thrift.UpgradeReply()
        refusal = run(call.read_result(self._iprot, reply))
        if refusal is not None:
            raise refusal
        self.upgrade_version(VersionMixin.VERSION_SUPPORT_REQUEST_HEADER)
        if reply.version:
            self.upgrade_version(reply.version)

    def _send(self, _api: str, /, **kwargs: Any) -> None:
        if self.check_version(VersionMixin.VERSION_SUPPORT_REQUEST_HEADER):
            self._header = track_thrift.RequestHeader()
            self.tracker.gen_header(self._header)
            self._header.write(self._oprot)
        self.send_start = _now()
        super()._send(_api, **kwargs)

    def _recv(self, _api: str) -> Any:
        if self.check_version(VersionMixin.VERSION_SUPPORT_RESPONSE_HEADER):
            header = track_thrift.ResponseHeader()
            header.read(self._iprot)
            self.tracker.handle_response_header(header)
        return super()._recv(_api)

    def _req(self, _api: str, /, *args: Any, **kwargs: Any) -> Any:
        if not self.check_version(VersionMixin.VERSION_SUPPORT_REQUEST_HEADER):
            return super()._req(_api, *args, **kwargs)
        self._header = None
        exception: BaseException | None = None
        try:
            return super()._req(_api, *args, **kwargs)
        except BaseException as error:
            exception = error
            raise
        finally:
            # Without a header nothing was sent: the arguments were wrong.
            if self._header is not None:
                self._record(_api, exception)

    def _record(self, _api: str, exception: BaseException | None) -> None:
        info = RequestInfo(
            request_id=self._header.request_id,
            api=_api,
            seq=self._header.seq,
            client=self.tracker.client,
            server=self.tracker.server,
            status=exception is None,
            start=self.send_start,
            end=_now(),
            annotation=self.tracker.annotation,
            meta=self._header.meta,
        )
        self.tracker.record(info, exception)


class TTrackedProcessor(TProcessor, VersionMixin):
    """Processes the calls of one connection, from a tracked client or an ordinary one."""

    def __init__(self, tracker_handler: TrackerBase, *args: Any, **kwargs: Any) -> None:
        """The other arguments are those of ``TProcessor``."""
        super().__init__(*args, **kwargs)
        self.init_version_mixin()
        self.tracker = tracker_handler
        # Whether the answer that comes next is that of the handshake, which has no header.
        self.during_handshake = False

    def process(self, iprot: Any, oprot: Any) -> None:
        """Read one call with its header, make it and answer it."""
        if self.is_upgraded:
            header = track_thrift.RequestHeader()
            header.read(iprot)
            self.tracker.handle(header)
            incoming = super().process_in(iprot)
        else:
            incoming = self._try_upgrade(iprot)
        self._do_process(iprot, oprot, *incoming)

    def _try_upgrade(self, iprot: Any) -> Incoming:
        api, message_type, seqid = iprot.read_message_begin()
        if message_type != TMessageType.CALL or api != track_method:
            header = api, message_type, seqid
            return run(read_call(Blocking, *noted(iprot), single(self), header))

        args = track_thrift.UpgradeArgs()
        args.read(iprot)
        iprot.read_message_end()
        self.tracker.handle_handshake_info(args)
        self.during_handshake = True
        self.upgrade_version(VersionMixin.VERSION_SUPPORT_REQUEST_HEADER)
        reply = track_thrift.UpgradeReply()
        # A client of the first version says none, and is told none.
        if args.version:
            self.upgrade_version(args.version)
            reply.version = self.CURRENT
        reply.oneway = False

        def call() -> None:
            """The handshake calls nothing."""

        return api, seqid, reply, call

    def _do_process(
        self,
        iprot: Any,
        oprot: Any,
        api: str,
        seqid: int,
        result: Any,
        call: Callable[[], Any] | None,
    ) -> None:
        run(answer(self, self, oprot, (api, seqid, result, call)))

    def send_exception(self, oprot: Any, api: str, exc: TApplicationException, seqid: int) -> None:
        """Answer with a ``TApplicationException``, after the header that the client expects."""
        self._write_response_header(oprot)
        super().send_exception(oprot, api, exc, seqid)

    def send_result(self, oprot: Any, api: str, result: TPayload, seqid: int) -> None:
        """Answer with a result, after the header that the client expects."""
        self._write_response_header(oprot)
        super().send_result(oprot, api, result, seqid)

    def _write_response_header(self, oprot: Any) -> None:
        if self.during_handshake:
            self.during_handshake = False
        elif self.check_version(VersionMixin.VERSION_SUPPORT_RESPONSE_HEADER):
            header = track_thrift.ResponseHeader()
            self.tracker.gen_response_header(header)
            header.write(oprot)
