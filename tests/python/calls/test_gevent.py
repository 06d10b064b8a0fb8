"""Client and server under gevent's monkey-patching: a waiting call stops nobody else."""

import subprocess
import sys
import textwrap
from pathlib import Path


def run(program):
    """Run a program in a process of its own, since patching cannot be taken back."""
    program = textwrap.dedent(
        f"""
        from gevent import monkey
        monkey.patch_all()
        import sys
        sys.path.insert(0, {str(Path(__file__).parents[1])!r})
        import gevent
        from support.rpc import Handler, PATIENCE, client_of, make_server, port_of
        from fastthrift.transport import TTransportException
        handler = Handler()
        server = make_server(handler)
        port = port_of(server)
        serve = gevent.spawn(server.serve)
        """
    ) + textwrap.dedent(program)
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=False
    )
    assert output.returncode == 0, output.stderr
    return output.stdout.split()


def test_waiting_calls_let_others_work_and_close_ends_serve():
    output = run(
        """
        def wait(ticket):
            with client_of(port) as client:
                return client.wait(ticket)

        waiting = [gevent.spawn(wait, ticket) for ticket in range(3)]
        while not handler.waiting.is_set():
            gevent.sleep(0.01)
        with client_of(port) as idle, client_of(port) as client:
            idle.add(1, 2)
            print(client.add(1, 2))
            server.close()
            handler.go_on.set()
            gevent.joinall(waiting, timeout=PATIENCE)
            print(*[call.value for call in waiting])
            print(serve.join(PATIENCE), serve.successful())
        """
    )
    assert output == ["3", "0", "1", "2", "None", "True"]


def test_killed_greenlet_leaves_no_answer_behind():
    output = run(
        """
        with client_of(port) as client:
            call = gevent.spawn(client.wait, 41)
            while not handler.waiting.is_set():
                gevent.sleep(0.01)
            call.kill()
            handler.go_on.set()
            try:
                print(client.add(1, 2))
            except TTransportException as error:
                print(error.type == TTransportException.NOT_OPEN)
            client._iprot.trans.open()
            print(client.add(1, 2))
        server.close()
        serve.get(timeout=PATIENCE)
        """
    )
    assert output == ["True", "3"]


def test_greenlets_share_a_client():
    output = run(
        """
        with client_of(port) as client:
            calls = [gevent.spawn(client.add, number, 1000) for number in range(200)]
            gevent.joinall(calls, timeout=PATIENCE)
            print([call.value for call in calls] == [number + 1000 for number in range(200)])
        server.close()
        serve.get(timeout=PATIENCE)
        """
    )
    assert output == ["True"]
