"""A Django project as `django-admin startproject` makes it, with the code of the guide and of the
tests, and its processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import fastthrift
from fastthrift.rpc import client_context

from support.example_processes import DEADLINE, HOST, Server, free_port
from support.pages import ROOT

GUIDE = ROOT / "docs" / "django.md"
_NAMED = re.compile(r"^`([\w./]+)`[^\n]*\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PROBE_IDL = """
exception Declared {}
service Probe {
    i32 add(1: string text),
    i32 count(),
    i32 queries(),
    i32 backend(),
    string language(),
    i32 wait(1: i32 ticket),
    void write_and_declare() throws (1: Declared declared),
    void write_and_fail(),
}
"""
PROBE = """
import os, time
import fastthrift
from django.conf import settings
from django.db import connection
from django.utils import translation
from notes.models import Note

idl = fastthrift.load(str(settings.BASE_DIR / "probe" / "probe.thrift"))

class Handler:
    def add(self, text):
        return Note.objects.create(text=text).pk

    def count(self):
        return Note.objects.count()

    def queries(self):
        Note.objects.count()
        return len(connection.queries)

    def backend(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return cursor.fetchone()[0]

    def language(self):
        before = translation.get_language()
        translation.activate("de")
        return before

    def wait(self, ticket):
        (settings.BASE_DIR / f"begun-{ticket}").touch()
        while not (settings.BASE_DIR / "go-on").exists():
            time.sleep(0.01)
        return ticket

    def write_and_declare(self):
        self.add("declared")
        raise idl.Declared()

    def write_and_fail(self):
        self.add("failed")
        raise LookupError

class AsyncHandler(Handler):
    async def add(self, text):
        return (await Note.objects.acreate(text=text)).pk
"""
SETTINGS = """
INSTALLED_APPS += ["probe"]
THRIFT["SERVERS"]["probe"] = {"IDL": "probe/probe.thrift", "HANDLER": "probe.rpc.Handler"}
LANGUAGE_CODE = "en-us"
DATABASES["default"]["OPTIONS"] = {"timeout": 60}
"""


class Project:
    """The project, migrated, in a directory of its own."""

    def __init__(self, directory: Path, settings: str = "") -> None:
        self.directory = directory
        directory.mkdir()
        self._django("-m", "django", "startproject", "mysite", ".")
        for app in ("notes", "probe"):
            self._django("manage.py", "startapp", app)
        for name, text in _NAMED.findall(GUIDE.read_text()):
            path = directory / name
            before = path.read_text() if name.startswith("mysite/") else ""
            path.write_text(f"{before}\n{text}" if before else text)
        self.write("probe/probe.thrift", PROBE_IDL)
        self.write("probe/rpc.py", PROBE)
        self.write("probe/tests.py", Path(__file__).with_name("django_cases.py").read_text())
        self.append("mysite/settings.py", SETTINGS + settings)
        self._django("manage.py", "makemigrations", "--verbosity", "0", "notes")
        self._django("manage.py", "migrate", "--verbosity", "0")
        self.probe: Any = fastthrift.load(str(directory / "probe" / "probe.thrift")).Probe
        self.notes: Any = fastthrift.load(str(directory / "notes" / "notes.thrift")).Notes

    def write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text)

    def append(self, name: str, text: str) -> None:
        with (self.directory / name).open("a") as file:
            file.write(text)

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.directory,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def _django(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, *arguments], cwd=self.directory, check=True, timeout=DEADLINE
        )

    def server(self, *arguments: str, port: int | None = None, **environment: str) -> Server:
        """`runthrift`, at a port that is free."""
        port = free_port() if port is None else port
        command = [self.directory / "manage.py", "runthrift", f"{HOST}:{port}", *arguments]
        log = self.directory / f"runthrift-{port}.log"
        return Server(command, port, log, **environment)

    def client(self, server: Server, service: Any = None) -> Any:
        service = self.probe if service is None else service
        return client_context(service, HOST, server.port, socket_timeout=DEADLINE * 1000)
