from collections.abc import Callable

from django.db import close_old_connections

from .idl import Calculation
from .models import RecordedCalculation

HISTORY_LENGTH = 10


class CalculatorHandler:
    """One method for each method of the service in history.thrift."""

    def add(self, a: int, b: int) -> int:
        return a + b

    def subtract(self, a: int, b: int) -> int:
        return a - b

    def multiply(self, a: int, b: int) -> int:
        return a * b

    def divide(self, a: float, b: float) -> float:
        return a / b

    def record(self, calculation: Calculation) -> list[Calculation]:
        row = RecordedCalculation(expression=calculation.expression, result=calculation.result)
        row.full_clean()
        row.save()
        latest = RecordedCalculation.objects.order_by("-pk")[:HISTORY_LENGTH]
        return [Calculation(expression=row.expression, result=row.result) for row in latest]


class WithDatabaseHygiene:
    """Wraps a handler so that each call begins and ends without a stale database connection.

    Django does this around each HTTP request. The server's threads see no requests: without it
    a thread would keep its connection for life, and go on using one that the database has closed.
    """

    def __init__(self, handler: object) -> None:
        self._handler = handler

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._handler, name)

        def call(*arguments: object) -> object:
            close_old_connections()
            try:
                return method(*arguments)
            finally:
                close_old_connections()

        return call
