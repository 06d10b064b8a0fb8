from django import forms

OPERATIONS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
I32 = {"min_value": -(2**31), "max_value": 2**31 - 1}


class CalculationForm(forms.Form):
    a = forms.IntegerField(label="First number", **I32)
    operation = forms.ChoiceField(
        choices=[(name, f"{name} ({symbol})") for name, symbol in OPERATIONS.items()]
    )
    b = forms.IntegerField(label="Second number", **I32)

    def expression(self) -> str:
        return "{a} {symbol} {b}".format(
            symbol=OPERATIONS[self.cleaned_data["operation"]], **self.cleaned_data
        )
