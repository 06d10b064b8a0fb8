import signal
from argparse import ArgumentParser
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from fastthrift.rpc import make_server

from ...handler import CalculatorHandler, WithDatabaseHygiene
from ...idl import HistoryCalculator


class Command(BaseCommand):
    help = "Serves the calculator over Thrift until SIGTERM or SIGINT (Ctrl-C)."
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "addrport",
            nargs="?",
            default=urlsplit(settings.CALCULATOR_URL).netloc,
            help="Port, or address:port (default: %(default)s, from CALCULATOR_URL).",
        )

    def handle(self, *, addrport: str, **options: object) -> None:
        host, _, port = addrport.rpartition(":")
        host = host or "127.0.0.1"
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise CommandError(f"'{addrport}' is not a port or address:port.")

        handler = WithDatabaseHygiene(CalculatorHandler())
        server = make_server(HistoryCalculator, handler, host, int(port))
        # close() refuses new calls and makes serve() return when the calls in flight are done.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.close())

        # The check for missing migrations has opened one in this thread, which only accepts.
        connections.close_all()
        self.stdout.write(f"Starting the calculator at {host}:{port}, stop with Ctrl-C")
        try:
            server.serve()
        except OSError as error:
            raise CommandError(error.strerror) from error
        self.stdout.write("Stopped")
