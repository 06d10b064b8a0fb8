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
