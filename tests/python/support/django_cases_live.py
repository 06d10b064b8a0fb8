"""Servers of test cases, which Django's own runner makes within a project (see
``django_project``), on a database in memory and on one that has to be dropped at the end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

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


@override_settings(THRIFT={"SERVERS": {"default": PROBE}})
class ThreadTests(Cases, ThriftLiveServerTestCase):
    pass


@override_settings(THRIFT={"SERVERS": {"default": {**PROBE, "HANDLER": "probe.rpc.AsyncHandler"}}})
class AwaitedTests(Cases, ThriftLiveServerTestCase):
    pass
