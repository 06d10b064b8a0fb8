"""What the page tells Kubernetes to run serves, is ready when it says so, and ends in time."""

from __future__ import annotations

import contextlib
import json
import re
import sys

from support.engines import FRONT, HEALTH_OF_ONE, IDL, Backend, Ports, configuration, is_ready, pool
from support.example_processes import running, wait_until

DEPLOYMENT = configuration("deployment.yaml")


def number(name):
    return int(re.search(rf"\b{name}: (\d+)", DEPLOYMENT)[1])


def listed(name):
    return json.loads(re.search(rf"\b{name}: (\[.*?\])", DEPLOYMENT, re.DOTALL)[1])


def test_the_command_of_a_pod(tmp_path):
    assert (number("containerPort"), number("port")) == (FRONT, HEALTH_OF_ONE)
    ports = Ports()
    program, *arguments = json.loads(ports.put_into(json.dumps(listed("command"))))
    assert program == "fastthrift"
    ours = {"app:Handler": "support.engine_backend:Handler", "greeter.thrift": str(IDL)}
    backend = Backend("pod", ports[FRONT], tmp_path)
    backend.command = [
        *(sys.executable, "-W", "error", "-m", "fastthrift"),
        *(ours.get(argument, argument) for argument in arguments),
    ]

    with running(backend), contextlib.closing(pool(ports[FRONT])) as greeter:
        wait_until(lambda: is_ready(ports[HEALTH_OF_ONE]), "the pod is ready")
        assert greeter.greet("Ann") == "pod: Ann"
        assert backend.stop() == 0


def test_the_time_that_it_has_is_enough():
    command = listed("command")
    (sleep, pause) = json.loads(re.search(r"exec: { command: (\[.*?\])", DEPLOYMENT)[1])
    assert sleep == "sleep"
    grace = int(command[command.index("--grace") + 1])
    assert number("terminationGracePeriodSeconds") > int(pause) + grace
