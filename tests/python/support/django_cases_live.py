"""Servers of test cases, which Django's own runner makes within a project (see
``django_project``), on a database in memory and on one that has to be dropped at the end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from django.db import connection
from django.test import override_settings
from fastthrift.contrib.django.test import ThriftLiveServerTestCase
from notes.models import Note

PROBE = {"IDL": "probe/probe.thrift", "HANDLER": "probe.rpc.Handler"}


class Cases:
    def test_calls_use_the_database_of_the_test(self) -> None:
        Note.objects.create(text="of the test")
        with ThreadPoolExecutor(4) as threads:
            keys = [*threads.map(lambda number: self.thrift.add(f"{number}"), range(20))]
        self.assertEqual(len({*keys}), 20)
        self.assertEqual(self.thrift.count(), 21)
        self.assertEqual(Note.objects.count(), 21)

    def test_calls_use_it_one_after_the_other(self) -> None:
        """One connection of SQLite in several threads at once refuses statements now and then."""
        together = threading.Barrier(2)

        def met(execute, sql, params, many, context):
            # Breaks where nobody else comes, and is broken from then on.
            with suppress(threading.BrokenBarrierError):
                together.wait(0.5)
                overlaps.append(sql)
            return execute(sql, params, many, context)

        overlaps: list[str] = []
        with connection.execute_wrapper(met), ThreadPoolExecutor(2) as threads:
            self.assertEqual(len({*threads.map(self.thrift.add, "ab")}), 2)
        self.assertEqual(overlaps, [])


@override_settings(THRIFT={"SERVERS": {"default": PROBE}})
class ThreadTests(Cases, ThriftLiveServerTestCase):
    pass


@override_settings(THRIFT={"SERVERS": {"default": {**PROBE, "HANDLER": "probe.rpc.AsyncHandler"}}})
class AwaitedTests(Cases, ThriftLiveServerTestCase):
    pass
