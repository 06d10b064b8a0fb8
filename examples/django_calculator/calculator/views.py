import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe
from fastthrift.contrib.django import clients
from fastthrift.thrift import TApplicationException, TException
from fastthrift.transport import TTransportException

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
    except (TException, OSError) as failure:
        logger.warning("%s failed: %r", expression, failure)
        status, error = explain(failure, expression)
        return respond(request, status, form, error=error)
    return respond(
        request,
        200,
        form,
        expression=expression,
        result=result,
        history=[f"{entry.expression} = {entry.result:.15g}" for entry in history],
    )


def explain(failure: Exception, expression: str) -> tuple[int, str]:
    """Maps a failed call to an HTTP status and a message that gives away nothing internal."""
    match failure:
        case TApplicationException(type=TApplicationException.INTERNAL_ERROR):
            return 502, (
                f"The calculator has no answer for {expression}: it cannot divide by zero, and "
                f"whole results must stay between {I32['min_value']} and {I32['max_value']}."
            )
        case TTransportException(type=TTransportException.NOT_OPEN):
            return 503, "The calculator service cannot be reached. Please try again later."
        case TTransportException(type=TTransportException.TIMED_OUT):
            return 504, "The calculator service did not answer in time. Please try again later."
    return 502, "The calculator service gave no usable answer. Please try again later."


def respond(
    request: HttpRequest, status: int, form: CalculationForm, **answer: object
) -> HttpResponse:
    """Answers with JSON to clients that ask for it alone, with the page to all others."""
    if request.accepts("application/json") and not request.accepts("text/html"):
        return JsonResponse(answer, status=status)
    return render(request, TEMPLATE, {"form": form, **answer}, status=status)
