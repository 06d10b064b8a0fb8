"""``flask thrift``: what an application has of Thrift, from a shell.

Exit status: 0 for a result, 1 for an exception that a service declares or where it cannot be
asked, 2 for a wrong usage.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import AppGroup

from fastthrift._plain import (
    UnknownMethod,
    WrongArguments,
    arguments_of_words,
    declared_by,
    error_to_plain,
    json_text,
    methods_of,
    require_method,
    result_to_plain,
    signature,
    text_of_error,
    text_of_result,
)
from fastthrift._serve.program import (
    BLOCKING,
    LOOPBACK,
    OPTIONS,
    YEAR,
    NotServed,
    ServeOptions,
    log_to_stderr,
    require_methods,
    serve,
)
from fastthrift._web.clients import UnknownClient
from fastthrift.pool import ClientPool
from fastthrift.thrift import TException, TMultiplexedProcessor
from fastthrift.transport._listening import Bind, parse_bind

if TYPE_CHECKING:
    from .mounts import Mount
    from .state import AppThrift

FAILED = 1

thrift_commands = AppGroup("thrift", help="Thrift's clients and services of the application.")


@thrift_commands.command("ls")
def list_all() -> None:
    """List the clients with their methods, and what is served."""
    thrift = _thrift()
    for name in thrift:
        pool = thrift.clients.pool(name)
        click.echo(f"{name}: {str(pool)[1:-1].removeprefix('ClientPool of ')}")
        _list_methods(pool._service)
    for mount in thrift.mounts:
        handler = mount.handler if isinstance(mount.handler, type) else type(mount.handler)
        click.echo(f"{mount.rule}: {mount.service.__name__} served by {handler.__name__}")
        _list_methods(mount.service)
    if not thrift and not thrift.mounts:
        click.echo("no clients (THRIFT_CLIENTS) and no mounts")


@thrift_commands.command("call", context_settings={"ignore_unknown_options": True})
@click.argument("client")
@click.argument("method")
@click.argument("arguments", nargs=-1)
@click.option(
    "--timeout",
    type=click.FloatRange(0, YEAR, min_open=True),
    metavar="SECONDS",
    help="For the call as a whole, in place of that of the client.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what comes as JSON.")
@click.pass_context
def call(
    context: click.Context,
    client: str,
    method: str,
    arguments: tuple[str, ...],
    timeout: float | None,
    as_json: bool,
) -> None:
    """Call METHOD of a CLIENT and print what it answers.

    An ARGUMENT is a value, or name=value: text and names of enums as they are, true or false,
    base64 for binary, and JSON for structs and containers.
    """
    thrift = _thrift()
    try:
        service = thrift.clients.pool(client)._service
        require_method(service, method)
        values = arguments_of_words(service, method, arguments)
    except UnknownClient as error:
        raise click.UsageError(str(error), context) from None
    except UnknownMethod as error:
        # The list that the text ends with comes with signatures.
        text = str(error).partition(";")[0]
        methods = "".join(f"\n  {signature(service, each)}" for each in methods_of(service))
        text = f"{text}\nThe methods of {service.__name__}:{methods}"
        raise click.UsageError(text, context) from None
    except WrongArguments as error:
        raise click.UsageError(str(error), context) from None
    asked = thrift[client]
    if timeout is not None and isinstance(asked, ClientPool):
        asked = asked.with_options(timeout=timeout)
    try:
        # A pool has attributes of its own, which hide methods of these names.
        made = (
            asked.__getattr__(method) if isinstance(asked, ClientPool) else getattr(asked, method)
        )
        result = made(*values.values())
    except tuple(declared_by(service, method)) as error:
        told = json_text(error_to_plain(error)) if as_json else text_of_error(error)
        click.echo(told, err=True)
        context.exit(FAILED)
    except (TException, OSError) as error:
        text = " ".join(str(getattr(error, "message", None) or error).split())
        click.echo(f"{type(error).__name__}: {text}", err=True)
        context.exit(FAILED)
    if as_json:
        click.echo(json_text(result_to_plain(service, method, result)))
    elif text := text_of_result(service, method, result):
        click.echo(text)


def _bind(context: click.Context, parameter: click.Parameter, value: str | None) -> Bind | None:
    """Where to listen."""
    if value is None:
        return None
    try:
        return parse_bind(value, default_host=LOOPBACK)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


_TYPES = {int: click.IntRange(1), float: click.FloatRange(0, YEAR)}


def _how_to_serve(command: Any) -> Any:
    """Add the options that each command that serves has."""
    for option in reversed(OPTIONS):
        kind = option.kind
        command = click.option(
            option.flag,
            metavar=option.metavar,
            type=click.Choice(kind) if isinstance(kind, tuple) else _TYPES[kind],
            default=option.default,
            show_default=True,
            help=f"{option.help[0].upper()}{option.help[1:]}.",
        )(command)
    return command


@thrift_commands.command("serve")
@click.argument("address", callback=_bind, default="127.0.0.1:9090")
@click.option("--service", metavar="NAME", help="The one of several that are mounted, or its path.")
@click.option(
    "--server", type=click.Choice(BLOCKING), default=ServeOptions.server, show_default=True
)
@_how_to_serve
@click.option(
    "--access-log/--no-access-log",
    default=None,
    help="A line in the log for each call; none by default, unless the application's own logging "
    "asks for it.",
)
@click.option("--health", callback=_bind, help="A port that answers GET while workers serve.")
@click.pass_context
def serve_mounts(
    context: click.Context,
    /,
    address: Bind,
    service: str | None,
    health: Bind | None,
    access_log: bool | None,
    **how: Any,
) -> None:
    """Serve what is mounted over sockets at ADDRESS.

    It is HOST:PORT, [IPV6]:PORT, unix:PATH, fd:NUMBER or systemd; 127.0.0.1:9090 by default. Each
    call has a context of the application. Several services are served as Thrift's multiplexed
    protocol has them, by their names.
    """
    mounts = [
        each
        for each in _thrift().mounts
        if service is None or service in (each.service.__name__, each.rule)
    ]
    if not mounts:
        names = ", ".join(each.service.__name__ for each in _thrift().mounts)
        have = f"there are {names}" if names else "thrift.mount() says what there is to serve"
        what = "nothing is mounted" if service is None else f"no service {service} is mounted"
        raise click.UsageError(f"{what}: {have}", context)
    services = [each.service.__name__ for each in mounts]
    if twice := next((each for each in services if services.count(each) > 1), None):
        places = " and ".join(each.rule for each in mounts if each.service.__name__ == twice)
        raise click.UsageError(
            f"{twice} is mounted at {places}, and clients could not say which they call: "
            f"name one by --service {places.split()[0]}",
            context,
        )
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def load() -> tuple[Any, Any]:
        for mount in mounts:
            require_methods(mount.service, mount.handler, type(mount.handler).__name__)
        if len(mounts) == 1:
            return mounts[0].service, mounts[0].processor(app)
        several = TMultiplexedProcessor()
        for mount in mounts:
            several.register_processor(mount.service.__name__, mount.processor(app))
        return _together(mounts), several

    log_to_stderr(access_log)
    try:
        load()
        status = serve(ServeOptions(**how), load, app.name, address, health=health)
    except (NotServed, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(error.strerror or str(error)) from None
    context.exit(status)


def _together(mounts: Iterable[Mount]) -> Any:
    """What several services are told as."""
    services = [mount.service for mount in mounts]
    methods = [method for service in services for method in methods_of(service)]
    return type(", ".join(each.__name__ for each in services), (), {"thrift_services": methods})


def _list_methods(service: Any) -> None:
    for method in methods_of(service):
        click.echo(f"  {signature(service, method)}")


def _thrift() -> AppThrift:
    thrift: AppThrift = current_app.extensions["thrift"]
    return thrift
