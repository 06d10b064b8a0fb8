import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe
from fastthrift.contrib.django import clients, failure
from fastthrift.thrift import TApplicationException, TException

from .forms import I32, CalculationForm
from .idl import Calculation

logger = logging.getLogger(__name__)

TEMPLATE = "calculator/calculator.html"


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return render(request, TEMPLATE, {"form": CalculationForm()})


@require_POST
def calculate(request: HttpRequest) -> HttpResponse:
    form = CalculationForm(request.POST)
    if not form.is_valid():
        error = " ".join(f"{form[name].label}: {texts[0]}" for name, texts in form.errors.items())
        return respond(request, 400, form, error=error)

    expression = form.expression()
    a, b, operation = (form.cleaned_data[name] for name in ("a", "b", "operation"))
    try:
        service = clients["calculator"]
        result = getattr(service, operation)(a, b)
        history = service.record(Calculation(expression=expression, result=result))
    except TException as error:
        logger.warning("%s failed: %r", expression, error)
        return respond_failed(request, form, expression, error)
    return respond(
        request,
        200,
        form,
        expression=expression,
        result=result,
        history=[f"{entry.expression} = {entry.result:.15g}" for entry in history],
    )


def respond_failed(
    request: HttpRequest, form: CalculationForm, expression: str, error: TException
) -> HttpResponse:
    """Answers with the status that a failed call means, and when to try again."""
    failed = failure(error)
    if failed is None:
        raise error
    text = explain(error, expression) or f"Sorry, {failed.error}."
    response = respond(request, failed.status, form, error=text)
    for name, value in failed.headers:
        response[name] = value
    return response


def explain(error: TException, expression: str) -> str | None:
    """What the service has refused, in words of the page; nothing internal is given away."""
    match error:
        case TApplicationException(type=TApplicationException.INTERNAL_ERROR):
            return (
                f"The calculator has no answer for {expression}: it cannot divide by zero, and "
                f"whole results must stay between {I32['min_value']} and {I32['max_value']}."
            )
    return None


def respond(
    request: HttpRequest, status: int, form: CalculationForm, **answer: object
) -> HttpResponse:
    """Answers with JSON to clients that ask for it alone, with the page to all others."""
    if request.accepts("application/json") and not request.accepts("text/html"):
        return JsonResponse(answer, status=status)
    return render(request, TEMPLATE, {"form": form, **answer}, status=status)
