"""Several hosts, which are network namespaces: one that is cut off without a word, an address that
goes away, a slow line."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import pytest
from support.children import environment
from support.needs import cannot

#: Much more than anything here takes; what is bounded is bounded by far less.
LONG = 60


def ip(*command, check=True):
    return subprocess.run(["ip", *command], check=check, capture_output=True, text=True)


class Network:
    """Two hosts, `client` and `server`, with a line between them for each of two addresses."""

    addresses = ("10.77.1.2", "10.77.2.2")

    def __init__(self):
        self.client, self.server = (f"ft{os.getpid()}{side}" for side in "cs")

    def make(self):
        for host in (self.client, self.server):
            ip("netns", "add", host)
            ip("-n", host, "link", "set", "lo", "up")
        for line in (1, 2):
            ends = f"c{line}", f"s{line}"
            names = ("type", "veth", "peer", "name", ends[1], "netns", self.server)
            ip("-n", self.client, "link", "add", ends[0], *names)
            hosts = (self.client, self.server)
            for number, (host, end) in enumerate(zip(hosts, ends, strict=True), 1):
                ip("-n", host, "addr", "add", f"10.77.{line}.{number}/24", "dev", end)
                ip("-n", host, "link", "set", end, "up")

    def remove(self):
        for host in (self.client, self.server):
            ip("netns", "del", host, check=False)

    def cut(self, line):
        """Nothing passes any more, and nobody is told."""
        ip("-n", self.server, "link", "set", f"s{line}", "down")

    def take_away(self, line):
        """The address is nobody's any more."""
        ip("-n", self.server, "addr", "flush", "dev", f"s{line}")

    def slow_down(self, line, bytes_per_second):
        """What the server sends takes its time."""
        command = ("tc", "qdisc", "add", "dev", f"s{line}", "root", "tbf", "burst", "1600")
        limits = ("rate", f"{bytes_per_second * 8}bit", "limit", "10000")
        subprocess.run(["ip", "netns", "exec", self.server, *command, *limits], check=True)

    @contextlib.contextmanager
    def knowing(self, name):
        """While the client's host knows a name for both addresses."""
        with self._having("hosts", *(f"{address} {name}\n" for address in self.addresses)):
            yield

    def asking(self, address):
        """While the client's host asks a nameserver."""
        return self._having("resolv.conf", f"nameserver {address}\n")

    @contextlib.contextmanager
    def _having(self, name, *lines):
        directory = Path("/etc/netns", self.client)
        directory.mkdir(parents=True)
        try:
            (directory / name).write_text("".join(lines))
            yield
        finally:
            shutil.rmtree(directory)

    @contextlib.contextmanager
    def running(self, host, program):
        """A program of Python on a host."""
        with subprocess.Popen(
            ["ip", "netns", "exec", host, sys.executable, "-c", textwrap.dedent(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        ) as process:
            try:
                yield process
            finally:
                process.kill()


SERVER = """
    from fastthrift.transport import TServerSocket
    from support.rpc import make_server

    server = make_server(trans=TServerSocket("0.0.0.0", 9090, client_timeout=None))
    print("listening", flush=True)
    server.serve()
"""

CLIENT = """
    import json, sys, time
    from fastthrift import ClientPool
    from fastthrift.transport import TTransportException
    from support.rpc import Calls

    urls = ["tcp://10.77.1.2:9090", "tcp://10.77.2.2:9090"]
    pool = ClientPool(Calls, urls, timeout=2, connect_timeout=0.5, size=4)
    taken = [pool.client() for _ in range(4)]
    hosts = {}
    for each in taken:
        one = each.__enter__()
        assert one.add(1, 2) == 3
        hosts.setdefault(one._block.connection.place.host, []).append(each)
    print(json.dumps(sorted(hosts)), flush=True)
    # Those to the first address are used next.
    for each in hosts[urls[1][6:-5]] + hosts[urls[0][6:-5]]:
        each.__exit__(None, None, None)
    for line in sys.stdin:
        failed = []
        begun = time.monotonic()
        for each in range(20):
            started = time.monotonic()
            try:
                assert pool.add(each, 1) == each + 1
            except TTransportException as error:
                taken = time.monotonic() - started
                failed.append([type(error).__name__, error.request_sent, taken])
        print(json.dumps({"failed": failed, "taken": time.monotonic() - begun}), flush=True)
"""


@pytest.fixture
def network():
    if shutil.which("ip") is None or os.geteuid() != 0:
        cannot("network namespaces need iproute2, and root")
    network = Network()
    try:
        network.make()
    except subprocess.CalledProcessError as error:
        network.remove()
        cannot(f"no network namespaces here: {error.stderr}")
    try:
        yield network
    finally:
        network.remove()


@contextlib.contextmanager
def calling(network):
    """A client of a server; gives what makes its next calls, and tells of them."""
    with network.running(network.server, SERVER) as server:
        assert server.stdout.readline() == "listening\n"
        with network.running(network.client, CLIENT) as client:
            assert json.loads(client.stdout.readline()) == list(network.addresses)
            yield partial(make_calls, client)


NAMES = """
    import json
    from collections import Counter
    from fastthrift import ClientPool
    from support.rpc import Calls

    pool = ClientPool(Calls, "tcp://calls.example:9090", timeout=30, connect_timeout=0.5, size=8)
    counts = []
    for _ in range(2):
        with pool.client() as a, pool.client() as b, pool.client() as c, pool.client() as d:
            places = [each._block.connection.place for each in (a, b, c, d)]
            assert [each.add(1, 2) for each in (a, b, c, d)] == [3] * 4
        counts.append(Counter(address[1][0] for _, address in places))
        pool.close()
        pool = ClientPool(Calls, "tcp://calls.example:9090", timeout=30, connect_timeout=0.5)
        print(json.dumps(counts[-1]), flush=True)
        input()
"""


def test_a_name_with_several_addresses(network):
    """They take turns, and one that is cut off is passed over."""
    with (
        network.knowing("calls.example"),
        network.running(network.server, SERVER) as server,
    ):
        assert server.stdout.readline() == "listening\n"
        with network.running(network.client, NAMES) as client:
            assert json.loads(client.stdout.readline()) == dict.fromkeys(network.addresses, 2)
            network.cut(1)
            client.stdin.write("go on\n")
            client.stdin.flush()
            assert json.loads(client.stdout.readline()) == {network.addresses[1]: 4}


SILENT = """
    import asyncio, json, time
    from fastthrift import ClientPool, DeadlineExceeded
    from fastthrift.contrib.aio.pool import AsyncClientPool
    from support.rpc import Calls

    async def call(url):
        await AsyncClientPool(Calls, url, timeout=0.5).add(1, 2)

    loop = asyncio.new_event_loop()
    taken = []
    for url in ("tcp://calls.example:9090", "http://calls.example:9090/"):
        for way in (
            lambda: ClientPool(Calls, url, timeout=0.5).add(1, 2),
            lambda: loop.run_until_complete(call(url)),
        ):
            started = time.monotonic()
            try:
                way()
            except DeadlineExceeded as error:
                assert error.request_sent is False
                taken.append(time.monotonic() - started)
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    print(json.dumps(taken), flush=True)
"""


def test_a_nameserver_that_is_silent_holds_no_call_for_longer(network):
    """The system asks it twice, for 5 seconds each."""
    network.cut(1)
    with (
        network.asking(network.addresses[0]),
        network.running(network.client, SILENT) as client,
    ):
        taken = json.loads(client.stdout.readline())
    assert len(taken) == 4
    assert max(taken) < 4


def make_calls(client):
    client.stdin.write("call\n")
    client.stdin.flush()
    return json.loads(client.stdout.readline())


@pytest.mark.parametrize("how", ["cut", "take_away"])
@pytest.mark.parametrize("line", [1, 2])
def test_a_host_that_is_gone_costs_a_call_and_the_pool_moves_on(network, how, line):
    with calling(network) as call:
        assert call()["failed"] == []
        getattr(network, how)(line)
        told = call()
        # The call that was sent to it has its end, and the next ones go elsewhere.
        assert len(told["failed"]) <= 1
        for kind, was_sent, taken in told["failed"]:
            assert kind == "DeadlineExceeded"
            assert was_sent is True
            assert 1.9 < taken < LONG
        assert call()["failed"] == []


def test_a_slow_line_is_not_a_dead_one(network):
    with calling(network) as call:
        network.slow_down(1, 1000)
        told = call()
    assert told["failed"] == []


REPLIES = """
    import socket, struct, time
    from fastthrift.thrift import TMessageType
    from support.rpc import message, receive_call

    # Of an answer of 100,000 bytes a part comes, and then nothing.
    body = struct.pack("!bhi", 11, 0, 100_000) + b"x" * 50_000
    listener = socket.create_server(("0.0.0.0", 9090))
    print("listening", flush=True)
    peer, _ = listener.accept()
    method, seqid = receive_call(peer)[:2]
    peer.sendall(message(method, seqid, body))
    print("half", flush=True)
    time.sleep(3600)
"""
CUT_OFF = """
    import json, time
    from fastthrift import ClientPool
    from fastthrift.transport import TTransportException
    from support.rpc import Calls

    pool = ClientPool(Calls, "tcp://10.77.1.2:9090", timeout=4, connect_timeout=1, retries=0)
    begun = time.monotonic()
    try:
        pool.echo("x")
    except TTransportException as error:
        told = [type(error).__name__, error.request_sent, time.monotonic() - begun]
    print(json.dumps([told, pool.stats()["open"]]), flush=True)
"""


def test_a_client_that_is_cut_off_in_the_middle_of_an_answer_has_its_deadline(network):
    with network.running(network.server, REPLIES) as server:
        assert server.stdout.readline() == "listening\n"
        with network.running(network.client, CUT_OFF) as client:
            assert server.stdout.readline() == "half\n"
            network.cut(1)
            (kind, was_sent, taken), still_open = json.loads(client.stdout.readline())
    assert (kind, was_sent, still_open) == ("DeadlineExceeded", True, 0)
    assert 3.9 < taken < LONG
