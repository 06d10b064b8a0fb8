"""A PostgreSQL of the tests' own: a cluster in a temporary directory, at a unix socket."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.example_processes import DEADLINE


class PostgreSQL:
    """A cluster. It does not run as root, where the tests may."""

    def __init__(self) -> None:
        # Short, for the path of a unix socket.
        self.directory = Path(tempfile.mkdtemp(prefix="pg"))
        self._as: dict[str, Any] = {}
        if os.getuid() == 0:
            user = pwd.getpwnam("nobody")
            os.chown(self.directory, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        assert found, "there is no PostgreSQL: `make debian` installs it"
        self._bin = found[-1]
        data = str(self.directory / "data")
        self._run("initdb", "-D", data, "-U", "django", "--auth=trust", "-E", "UTF8", "--no-sync")
        self.start()

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [self._bin / program, *arguments],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE,
            check=False,
            **self._as,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def _control(self, *arguments: str) -> None:
        log = str(self.directory / "log")
        self._run("pg_ctl", "-D", str(self.directory / "data"), "-l", log, "-w", *arguments)

    def start(self) -> None:
        self._control("-o", f"-k {self.directory} -h '' -F", "start")

    def restart(self) -> None:
        """As a crash or an upgrade does: connections end at once."""
        self._control("-m", "fast", "-o", f"-k {self.directory} -h '' -F", "restart")

    def connections(self, database: str) -> int:
        """Those of programs to a database."""
        count = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'"
        return int(self._sql(count))

    def create(self, database: str) -> None:
        self._sql(f'CREATE DATABASE "{database}"')

    def _sql(self, text: str) -> str:
        where = ["-h", str(self.directory), "-U", "django", "-d", "postgres"]
        return self._run("psql", *where, "-Atc", text).strip()

    def settings(self, database: str, **more: Any) -> str:
        """Lines of a project's settings."""
        options = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": database,
            "USER": "django",
            "HOST": str(self.directory),
            **more,
        }
        return f"\nDATABASES = {{'default': {options!r}}}\n"

    def stop(self) -> None:
        self._control("-m", "immediate", "stop")
        shutil.rmtree(self.directory)


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    cluster = PostgreSQL()
    try:
        yield cluster
    finally:
        cluster.stop()
