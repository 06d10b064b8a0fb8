from django.db import models


class RecordedCalculation(models.Model):
    expression = models.CharField(max_length=64)
    result = models.FloatField()

    def __str__(self) -> str:
        return f"{self.expression} = {self.result}"
