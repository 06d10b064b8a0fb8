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
    i32 meet(1: i32 count),
    i32 process(),
    string language(),
    string time_zone(),
    string urlconf(),
    string user(),
    i32 wait(1: i32 ticket),
    void write_twice_and_fail(),
    void ask_for_nothing(),
    void write_and_declare() throws (1: Declared declared),
    void write_and_fail(),
}
"""
PROBE = """
import asyncio, os, threading, time
import fastthrift
from django.conf import settings
from django.db import connection
from django.urls import get_urlconf, set_urlconf
from django.utils import timezone, translation
from fastthrift.contrib.django import current_request
from notes.models import Note

idl = fastthrift.load(str(settings.BASE_DIR / "probe" / "probe.thrift"))

meetings = {count: threading.Barrier(count) for count in range(1, 17)}

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

    def meet(self, count):
        "Wait until so many calls are made at once; each is told its connection."
        meetings[count].wait(60)
        return self.backend()

    def process(self):
        return os.getpid()

    def language(self):
        before = translation.get_language()
        translation.activate("de")
        return before

    def time_zone(self):
        before = timezone.get_current_timezone_name()
        timezone.activate("Asia/Tokyo")
        return before

    def urlconf(self):
        before = get_urlconf()
        set_urlconf("nowhere.urls")
        return str(before)

    def user(self):
        request = current_request()
        return "nobody" if request is None else request.whose

    def wait(self, ticket):
        (settings.BASE_DIR / f"begun-{ticket}").touch()
        while not (settings.BASE_DIR / "go-on").exists():
            time.sleep(0.01)
        return ticket

    def write_and_declare(self):
        Note.objects.create(text="declared")
        raise idl.Declared()

    def write_and_fail(self):
        Note.objects.create(text="failed")
        raise LookupError

    def write_twice_and_fail(self):
        Note.objects.create(text="failed")
        Note.objects.using("other").create(text="failed")
        raise LookupError

    def ask_for_nothing(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

class Asking(Handler):
    def __init__(self):
        self.before = Note.objects.count()

class AsyncHandler(Handler):
    async def add(self, text):
        return (await Note.objects.acreate(text=text)).pk

    async def user(self):
        await asyncio.sleep(0)
        return super().user()

    async def wait(self, ticket):
        (settings.BASE_DIR / f"begun-{ticket}").touch()
        try:
            await asyncio.sleep(600)
        finally:
            await asyncio.sleep(0.2)
"""
# Of a project with a server of Thrift, and of one that is called over HTTP.
MIDDLEWARE = """
def language_of_calls(get_response):
    def answer(call):
        return "by the call" if call.method == "language" else get_response(call)
    return answer

def user_of_requests(get_response):
    def answer(request):
        request.whose = request.headers.get("X-User", "anybody")
        return get_response(request)
    return answer
"""
SETTINGS = """
INSTALLED_APPS += ["probe"]
THRIFT["SERVERS"]["probe"] = {"IDL": "probe/probe.thrift", "HANDLER": "probe.rpc.Handler"}
THRIFT["SERVERS"]["awaited"] = {**THRIFT["SERVERS"]["probe"], "HANDLER": "probe.rpc.AsyncHandler"}
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
            # Where nobody serves, whatever else is done on this machine.
            text = text.replace("tcp://127.0.0.1:9090", f"tcp://{HOST}:{free_port()}")
            before = path.read_text() if name.startswith("mysite/") else ""
            path.write_text(f"{before}\n{text}" if before else text)
        self.write("probe/probe.thrift", PROBE_IDL)
        self.write("probe/rpc.py", PROBE)
        self.write("probe/middleware.py", MIDDLEWARE)
        for name in "tests.py", "tests_live.py":
            cases = Path(__file__).with_name(name.replace("tests", "django_cases"))
            self.write(f"probe/{name}", cases.read_text())
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
