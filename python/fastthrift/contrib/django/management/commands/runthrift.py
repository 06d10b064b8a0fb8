"""``manage.py runthrift``: serve a server of the settings."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import traceback
from functools import partial
from typing import Any

from django import get_version
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, SystemCheckError
from django.db import OperationalError, connections
from django.utils import autoreload

from fastthrift._serve.arguments import add_arguments, options_of
from fastthrift._serve.program import (
    LOOPBACK,
    NotServed,
    Served,
    ServeOptions,
    listen,
    log_to_stderr,
    serve,
)
from fastthrift.contrib.django.checks import find_misfits
from fastthrift.contrib.django.databases import leave
from fastthrift.contrib.django.reloading import watch_for_module, watching_mistakes
from fastthrift.contrib.django.servers import KEYS, Server, server
from fastthrift.contrib.django.units import unit_of_work
from fastthrift.parser.exc import ThriftParserError
from fastthrift.transport._listening import Bind, parse_bind

_DEFAULT = "127.0.0.1:9090"
# For the calls in flight when a file has changed, in seconds.
_GRACE_OF_RELOAD = 2.0
# For its process to end behind them, in seconds, before it is killed.
_PATIENCE = 3.0
_STOPS = (signal.SIGTERM, signal.SIGINT)
# What a reloader's process exits with for another one to be started.
_CHANGED = 3
# That of one in which the project raises when it is loaded, which is Python's own.
_NOT_SET_UP = 1
# That of one that has no socket.
_NOT_LISTENING = 4


class Command(BaseCommand):
    """Serves Thrift until SIGTERM or SIGINT."""

    help = "Serves a Thrift service until SIGTERM or SIGINT (Ctrl-C)."
    # They are made whenever the server is started anew.
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Called by Django."""
        parser.add_argument(
            "addrport",
            nargs="?",
            help="Port, address:port, unix:PATH, fd:NUMBER or systemd; BIND of the server, or "
            f"{_DEFAULT}, by default.",
        )
        parser.add_argument(
            "--server", metavar="ALIAS", help="Which one of THRIFT['SERVERS']; default by default."
        )
        parser.add_argument("--handler", metavar="PATH", help="In place of the server's HANDLER.")
        parser.add_argument("--idl", metavar="FILE", help="In place of its IDL.")
        parser.add_argument("--service", metavar="NAME", help="In place of its SERVICE.")
        add_arguments(parser, watched="start anew when a Python or Thrift file changes")
        parser.add_argument("--skip-checks", action="store_true", help="Skip system checks.")

    def handle(self, *, addrport: str | None, reload: bool, **options: Any) -> None:
        """Called by Django."""
        if threading.current_thread() is not threading.main_thread():
            raise CommandError(
                "runthrift serves in the main thread, which signals come to: in another one there "
                "are fastthrift.testing.serve() and ThriftLiveServerTestCase."
            )
        try:
            configured = self._server(options)
            bind = self._bind(addrport or configured.options.get("BIND") or _DEFAULT)
        except NotServed as error:
            raise CommandError(str(error)) from error
        log_to_stderr(options["access_log"])
        if reload:
            if options["workers"] != 1:
                raise CommandError("--reload is for one process: leave --workers out")
            _Reloaded(self, configured, bind, options).run()
            return
        self.prepare(configured, options)
        # Threads of connection pools and connections are no matter of several processes.
        _leave_databases()
        parent = os.getpid()
        try:
            status = serve(
                self.serving(configured, options),
                partial(_load, configured),
                configured.handler_name,
                bind,
                health=options["health"],
                announce=partial(self.announce, parent),
            )
        except NotServed as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(error.strerror or str(error)) from error
        if status:
            sys.exit(status)
        if os.getpid() == parent:
            self.stdout.write("Stopped")

    def _server(self, options: dict[str, Any]) -> Server:
        """The server of the settings, with what the command line has in its place."""
        given = {key: options[key.lower()] for key in KEYS if options.get(key.lower()) is not None}
        alias = options["server"]
        if alias is None and "HANDLER" in given and ("IDL" in given or "SERVICE" in given):
            return Server(given, "the command line")
        found = server(alias or "default")
        return found._replace(options={**found.options, **given})

    def _bind(self, addrport: str) -> Bind:
        try:
            bind = parse_bind(addrport, default_host=LOOPBACK)
        except ValueError as error:
            if addrport == "systemd" or addrport.startswith("fd:"):
                raise CommandError(str(error)) from error
            bind = None
        if bind is None or bind.port == 0:
            raise CommandError(f"'{addrport}' is not a port or address:port.")
        return bind

    def serving(self, configured: Server, options: dict[str, Any]) -> ServeOptions:
        """How the program serves. Raises ``NotServed``."""
        around = (unit_of_work, *configured.middleware())
        return options_of(options, middleware=around)

    def prepare(self, configured: Server, options: dict[str, Any]) -> None:
        """What precedes serving: checks of the system and of migrations."""
        if not options["skip_checks"]:
            self.check(display_num_errors=False)
            self._check_given(configured, options)
        try:
            self.check_migrations()
        except OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            self.stderr.write(f"The database cannot be asked for migrations: {reason}")

    def announce(self, process: int, described: str) -> None:
        """Tell, as ``runserver`` does, what is served, and by which process."""
        self.stdout.write(
            f"Django version {get_version()}, using settings {settings.SETTINGS_MODULE!r}\n"
            f"{described}\n"
            f"Process {process}; quit the server with CONTROL-C."
        )
        self.stdout.flush()

    def _check_given(self, configured: Server, options: dict[str, Any]) -> None:
        """Make the check of a handler and its IDL where the command line names one, which the
        checks of the settings know nothing of."""
        given = [f"--{key}" for key in ("handler", "idl", "service") if options[key] is not None]
        if not given:
            return
        found = find_misfits(configured, " ".join(given))
        told = [str(each) for each in found if not each.is_silenced()]
        if told:
            title = "SystemCheckError: System check identified some issues:"
            raise SystemCheckError("\n".join((title, *told)))


def _leave_databases() -> None:
    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


def _load(configured: Server) -> tuple[Any, Any]:
    """The service and its handler, whose constructor may have asked the database."""
    loaded = configured.load()
    # Calls are made in other threads, with connections of their own.
    leave()
    return loaded


def _wait_for_change() -> None:
    reloader = autoreload.get_reloader()
    autoreload.autoreload_started.send(sender=reloader)
    try:
        reloader.run_loop()
    except SystemExit as error:
        if error.code != _CHANGED:
            raise


def _exit_once(*_: object) -> None:
    # One to the group and that of the parent come at once.
    _ignore_stops()
    sys.exit(0)


def _ignore_stops() -> None:
    for number in _STOPS:
        # Python complains of one that has come where SIG_IGN is set.
        signal.signal(number, lambda *_: None)


class _ServingProcess:
    """The process that serves, for its parent, which passes on the signals that ask it to stop."""

    def __init__(self, grace: float) -> None:
        self.is_stopped = False
        self._grace = grace
        self._is_serving = False
        self._process: subprocess.Popen[bytes] | None = None
        self._last: threading.Timer | None = None
        for number in _STOPS:
            signal.signal(number, self._stop)

    def run(self) -> int:
        """Start it, and wait until it has ended; its exit status."""
        self._is_serving = True
        environment = {**os.environ, autoreload.DJANGO_AUTORELOAD_ENV: "true"}
        arguments = autoreload.get_child_arguments()
        self._process = subprocess.Popen(arguments, env=environment, close_fds=False)
        if self.is_stopped:
            # While it was started.
            self._process.terminate()
        status = self._process.wait()
        self._is_serving, self._process = False, None
        if self._last is not None:
            self._last.cancel()
        return status

    def _stop(self, number: int, _: object) -> None:
        if not self._is_serving:
            sys.exit(0)
        process = self._process
        if self.is_stopped and number == signal.SIGINT and process is not None:
            # Somebody has pressed Ctrl-C once more.
            process.kill()
        elif not self.is_stopped and process is not None:
            # Not SIGINT, which it may have had from the terminal.
            process.terminate()
            self._last = threading.Timer(self._grace + _PATIENCE, process.kill)
            self._last.daemon = True
            self._last.start()
        self.is_stopped = True


class _Reloaded:
    """The server under Django's reloader, which runs it in a thread and starts its process anew
    when a file has changed."""

    def __init__(
        self, command: Command, configured: Server, bind: Bind, options: dict[str, Any]
    ) -> None:
        self._command = command
        self._configured = configured
        self._bind = bind
        self._options = options
        self._served: Served | None = None
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Watch, or serve and be watched."""
        if os.environ.get(autoreload.DJANGO_AUTORELOAD_ENV) != "true":
            sys.exit(self._start_again_and_again())
        for number in _STOPS:
            signal.signal(number, _exit_once)
        autoreload.autoreload_started.connect(self._watch_for_handler)
        reloader = autoreload.get_reloader()
        autoreload.logger.info("Watching for file changes with %s", type(reloader).__name__)
        grace = self._options["grace"]
        try:
            autoreload.start_django(reloader, self._serve)
        except SystemExit as error:
            if error.code == _CHANGED:
                grace = _GRACE_OF_RELOAD
            raise
        finally:
            # Signals are the main thread's, and this is it.
            self._end(grace)

    def _watch_for_handler(self, sender: Any, **_: object) -> None:
        handler = self._configured.options.get("HANDLER")
        if isinstance(handler, str):
            watch_for_module(sender, handler.rpartition(".")[0])

    def _start_again_and_again(self) -> int:
        """Be the parent of the process that serves, until that has ended for good; the exit
        status."""
        child = _ServingProcess(self._options["grace"])
        while True:
            status = child.run()
            if child.is_stopped:
                return 0
            if status == _NOT_SET_UP:
                # The project cannot be loaded: nobody but this one sees a file change.
                self._command.stderr.write("Waiting for a file to change ...")
                _wait_for_change()
            elif status != _CHANGED:
                return 1 if status == _NOT_LISTENING else status

    def _end(self, grace: float) -> None:
        _ignore_stops()
        if self._served is not None and self._thread is not None:
            self._served.close()
            self._thread.join(grace)

    def _serve(self) -> None:
        """Serve, in a thread. What keeps it from that is told, and may be mended."""
        self._thread = threading.current_thread()
        try:
            autoreload.raise_last_exception()
            # The file of a mistake is watched as well, though it is no module that was imported.
            options, loaded = watching_mistakes(self._load)
        except (SystemCheckError, CommandError, NotServed, ThriftParserError, OSError) as error:
            self._tell(str(error))
            return
        except Exception:
            self._tell(traceback.format_exc())
            return
        try:
            trans = listen(self._bind)
        except OSError as error:
            self._tell(error.strerror or str(error))
            # sys.exit() would end the thread alone.
            os._exit(_NOT_LISTENING)
        self._served = Served(options, trans, *loaded)
        described = self._served.described()
        self._served.run(lambda: self._command.announce(os.getpid(), described))

    def _load(self) -> tuple[ServeOptions, tuple[Any, Any]]:
        self._command.prepare(self._configured, self._options)
        _leave_databases()
        return self._command.serving(self._configured, self._options), _load(self._configured)

    def _tell(self, text: str) -> None:
        self._command.stderr.write(f"{text.rstrip()}\nWaiting for a file to change ...")
