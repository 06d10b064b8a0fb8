"""Programs under gevent's monkey-patching."""

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
