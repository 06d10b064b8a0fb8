"""The peers: how each is built, what it can speak, and how it is run."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import os
import random
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import trustme

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
BUILT = ROOT / "target" / "interop"
PROGRAMS = FOLDER / "peers"
IDL = FOLDER / "peer.thrift"
#: Of what knows `uuid`; it includes the other.
IDS = FOLDER / "ids.thrift"
#: Where newer versions of Apache's compiler and libraries are: see tests/debian_root.sh.
NEWER = ROOT / "target" / "debian-unstable"

#: In seconds. Machines are slow and noisy; what has hung is ended after all.
START, CALL = 60, 300


class Dialect(NamedTuple):
    protocol: str
    transport: str
    socket: str = "tcp"
    service: str = "-"

    def __str__(self) -> str:
        several = "" if self.service == "-" else " multiplexed"
        place = "" if self.socket == "tcp" else f" {self.socket}"
        return f"{self.protocol}{several} {self.transport}{place}"


DIALECTS = [
    *(
        Dialect(protocol, transport)
        for protocol in ("binary", "compact", "json")
        for transport in ("buffered", "framed", "http")
    ),
    Dialect("binary", "framed", service="Peer"),
    Dialect("compact", "buffered", service="Peer"),
    Dialect("json", "framed", service="Peer"),
    Dialect("binary", "header"),
    Dialect("compact", "header"),
    Dialect("binary", "header", service="Peer"),
    Dialect("binary", "zlib"),
    Dialect("compact", "zlib"),
    Dialect("binary", "buffered", "tls"),
    Dialect("compact", "framed", "tls"),
    Dialect("binary", "buffered", "unix"),
    Dialect("compact", "framed", "unix"),
]
#: With those above each pair of a protocol, a transport, a socket and several services.
COMBINED = [
    Dialect("json", "zlib"),
    Dialect("json", "framed", "tls"),
    Dialect("json", "buffered", "unix"),
    Dialect("binary", "http", service="Peer"),
    Dialect("binary", "http", "tls"),
    Dialect("compact", "header", "tls"),
    Dialect("binary", "header", "unix"),
    Dialect("binary", "zlib", "tls"),
    Dialect("compact", "zlib", "unix", "Peer"),
    Dialect("compact", "framed", "tls", "Peer"),
    Dialect("binary", "buffered", "unix", "Peer"),
]


PLAIN = frozenset({"buffered", "framed", "http"})


@dataclass(frozen=True)
class Peer:
    name: str
    title: str
    command: list[str]
    build: Callable[[Path], None]
    version: Callable[[], str]
    #: Of Debian, by the names of packages.sh.
    needs: str = ""
    sources: tuple[str, ...] = ()
    protocols: frozenset[str] = frozenset({"binary", "compact", "json"})
    transports: frozenset[str] = PLAIN
    sockets: frozenset[str] = frozenset({"tcp", "tls", "unix"})
    #: Transports and sockets in which it only calls.
    calls_only: frozenset[str] = frozenset()
    #: Transports in which it only serves.
    serves_only: frozenset[str] = frozenset()
    #: Whether it can send calls before it has the answers.
    pipelines: bool = True
    #: Whether it is built from ids.thrift too.
    has_uuid: bool = False

    def speaks(self, dialect: Dialect, *, serves: bool) -> bool:
        return (
            dialect.protocol in self.protocols
            and dialect.transport in self.transports
            and dialect.socket in self.sockets
            and not (serves and {dialect.transport, dialect.socket} & self.calls_only)
            and not (not serves and dialect.transport in self.serves_only)
        )

    def built(self) -> Path:
        """Its folder, built anew where what it is made of has changed."""
        folder = BUILT / self.name
        made_of = hashlib.sha256(f"{self.version()}\n{inspect.getsource(self.build)}".encode())
        for path in [IDL, IDS, *(PROGRAMS / name for name in self.sources)]:
            made_of.update(path.read_bytes())
        stamp = folder / "stamp"
        if not stamp.exists() or stamp.read_text() != made_of.hexdigest():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            self.build(folder)
            stamp.write_text(made_of.hexdigest())
        return folder


def run(*command: str | Path, cwd: Path, **environment: str) -> None:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{done.stdout[-5000:]}")


def generate(folder: Path, language: str, out: str = ".") -> None:
    (folder / out).mkdir(parents=True, exist_ok=True)
    run("thrift", "-nowarn", "--gen", language, "-out", out, IDL, cwd=folder)


def run_newer(*command: str | Path, cwd: Path) -> None:
    """As `run`, in the root of Debian's unstable suite."""
    run(ROOT / "tests" / "debian_root.sh", "env", f"--chdir={cwd}", *command, cwd=cwd)


def newer_compiler() -> Path:
    """A folder with a command `thrift` that is the newer compiler."""
    command = BUILT / "newer" / "thrift"
    loader = next(NEWER.glob("usr/lib/*-linux-gnu/ld-linux*"))
    program = [str(loader), "--library-path", str(loader.parent), f"{NEWER}/usr/bin/thrift"]
    command.parent.mkdir(parents=True, exist_ok=True)
    command.write_text(f'#!/bin/sh\nexec {shlex.join(program)} "$@"\n')
    command.chmod(0o755)
    return command.parent


def generate_newer(folder: Path, language: str, out: str = ".") -> None:
    """As `generate`, by the newer compiler, of ids.thrift and what it includes."""
    (folder / out).mkdir(parents=True, exist_ok=True)
    compiler = newer_compiler() / "thrift"
    run(compiler, "-nowarn", "-r", "--gen", language, "-out", out, IDS, cwd=folder)


def debian(package: str, root: Path = Path("/")) -> str:
    database = f"--admindir={root}/var/lib/dpkg"
    command = ["dpkg-query", database, "--show", "--showformat", "${Version}", package]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.partition("-")[0]


def build_nothing(folder: Path) -> None:
    """It needs no more than the sources."""


def build_apache(folder: Path) -> None:
    generate(folder, "py")


def build_go(folder: Path) -> None:
    generate(folder, "go:thrift_import=github.com/apache/thrift/lib/go/thrift", "gopath/src")
    source = folder / "gopath" / "src" / "peer"
    source.mkdir()
    shutil.copy(PROGRAMS / "peer.go", source)
    gopath = f"{folder}/gopath:/usr/share/gocode"
    environment = {"GO111MODULE": "off", "GOPATH": gopath, "GOFLAGS": "-p=2"}
    run("go", "build", "-o", folder / "peer", "peer", cwd=folder, **environment)


def build_cpp(folder: Path) -> None:
    generate(folder, "cpp:no_skeleton")
    shutil.copy(PROGRAMS / "peer.cpp", folder)
    objects = []
    for name in ("peer_types", "Peer", "LaterPeer", "peer"):
        objects.append(f"{name}.o")
        run("g++", "-std=c++17", "-O1", "-c", f"{name}.cpp", "-o", objects[-1], cwd=folder)
    libraries = ["-lthrift", "-lthriftz", "-lz", "-lssl", "-lcrypto", "-lpthread"]
    run("g++", *objects, *libraries, "-o", "peer", cwd=folder)


def build_newer_cpp(folder: Path) -> None:
    generate_newer(folder, "cpp:no_skeleton")
    for source in ("peer.cpp", "order.h"):
        shutil.copy(PROGRAMS / source, folder)
    objects = []
    names = ("peer_types", "ids_types", "Peer", "IdPeer", "LaterIdPeer", "peer")
    for name in names:
        objects.append(f"{name}.o")
        options = ["-std=c++17", "-O1", "-I."]
        run_newer("g++", *options, "-c", f"{name}.cpp", "-o", objects[-1], cwd=folder)
    libraries = ["-lthrift", "-lthriftz", "-lz", "-lssl", "-lcrypto", "-lpthread"]
    # It runs outside of the root, with the root's loader and libraries.
    loader = next(NEWER.glob("usr/lib/*-linux-gnu/ld-linux*"))
    place = [f"-Wl,--dynamic-linker={loader}", f"-Wl,--disable-new-dtags,-rpath,{loader.parent}"]
    run_newer("g++", *objects, *libraries, *place, "-o", "peer", cwd=folder)


NPM_VERSION = "0.24.0"


def build_node(folder: Path) -> None:
    generate(folder, "js:node,es6")
    shutil.copy(PROGRAMS / "peer.js", folder)
    (folder / "package.json").write_text('{"private": true}')
    run("npm", "install", "--no-audit", "--no-fund", f"thrift@{NPM_VERSION}", cwd=folder)


JARS = "thrift slf4j-api slf4j-nop geronimo-annotation-1.3-spec httpcore httpclient servlet-api"
CLASS_PATH = ":".join(f"/usr/share/java/{jar}.jar" for jar in JARS.split())


def build_java(folder: Path) -> None:
    generate(folder, "java")
    shutil.copy(PROGRAMS / "Main.java", folder)
    sources = sorted((folder / "interop").glob("*.java"))
    run("javac", "-nowarn", "-cp", CLASS_PATH, "-d", "classes", "Main.java", *sources, cwd=folder)


CRATE_VERSION = "0.25.0"


def build_rust(folder: Path) -> None:
    shutil.copytree(PROGRAMS / "rust", folder, dirs_exist_ok=True)
    generate_newer(folder, "rs", "src")
    # The compiler makes boxes of the unions in a list, which then is none of them.
    types = folder / "src" / "peer.rs"
    text, box = types.read_text(), "val.push(Box::new(elem))"
    if box not in text:
        raise RuntimeError(f"there is no {box} to be mended in {types} (any more?)")
    types.write_text(text.replace(box, "val.push(elem)"))
    run("cargo", "build", "--quiet", "--locked", "--target-dir", "target", cwd=folder)
    shutil.copy(folder / "target" / "debug" / "peer", folder)


PYTHON = [sys.executable, "-W", "ignore"]
PEERS = {
    peer.name: peer
    for peer in [
        Peer(
            "thriftpy2",
            "thriftpy2",
            [*PYTHON, f"{PROGRAMS}/thriftpy.py", "thriftpy2"],
            build_nothing,
            lambda: version("thriftpy2"),
            # Over a socket its JSON runs a request again and again, in quadratic time.
            protocols=frozenset({"binary", "compact"}),
        ),
        Peer(
            "apache",
            "Apache Thrift for Python",
            [*PYTHON, f"{PROGRAMS}/apache.py"],
            build_apache,
            lambda: version("thrift"),
            transports=PLAIN | {"header", "zlib"},
        ),
        Peer(
            "go",
            "Go",
            ["{built}/peer"],
            build_go,
            lambda: debian("golang-thrift-dev"),
            needs="go",
            sources=("peer.go",),
            transports=PLAIN | {"header", "zlib"},
            pipelines=False,
        ),
        Peer(
            "cpp",
            "C++",
            ["{built}/peer"],
            build_cpp,
            lambda: debian("libthrift-dev"),
            needs="cpp",
            sources=("peer.cpp",),
            transports=PLAIN | {"header", "zlib"},
        ),
        Peer(
            "cpp-0.24",
            "Newer C++",
            ["{built}/peer"],
            build_newer_cpp,
            lambda: debian("libthrift-dev", NEWER),
            needs="cpp-0.24",
            sources=("peer.cpp", "order.h"),
            transports=PLAIN | {"header", "zlib"},
            has_uuid=True,
        ),
        Peer(
            "node",
            "Node",
            ["node", "--no-deprecation", "{built}/peer.js"],
            build_node,
            lambda: NPM_VERSION,
            needs="node",
            sources=("peer.js",),
            transports=PLAIN | {"header"},
            # Its generated client flushes no header.
            serves_only=frozenset({"header"}),
        ),
        Peer(
            "java",
            "Java",
            ["java", "-XX:+UseSerialGC", "-cp", "{built}/classes:" + CLASS_PATH, "Main"],
            build_java,
            lambda: debian("libthrift-java"),
            needs="java",
            sources=("Main.java",),
            # A server of HTTP is a servlet, and one of TLS wants a key store.
            sockets=frozenset({"tcp", "tls"}),
            calls_only=frozenset({"http", "tls"}),
            # Its client compares each answer with the call that it sent last.
            pipelines=False,
        ),
        Peer(
            "rust",
            "Rust",
            ["{built}/peer"],
            build_rust,
            lambda: CRATE_VERSION,
            needs="rust",
            sources=("rust/src/main.rs", "rust/Cargo.toml", "rust/Cargo.lock"),
            protocols=frozenset({"binary", "compact"}),
            transports=frozenset({"buffered", "framed"}),
            # A method of its client sends and receives.
            pipelines=False,
            has_uuid=True,
        ),
    ]
}

#: What fastthrift has of each side.
SERVERS = ("threaded", "native", "aio")
CLIENTS = ("threaded", "aio")


def ours(kind: str) -> Peer:
    command = [*PYTHON, f"{PROGRAMS}/thriftpy.py", f"fastthrift/{kind}"]
    return Peer("fastthrift", "fastthrift", command, build_nothing, lambda: version("fastthrift"))


def certificates() -> Path:
    """A folder with `server.pem` (certificate and key) and `ca.pem`, for 127.0.0.1."""
    folder = BUILT / "certificates"
    if not (folder / "ca.pem").exists():
        folder.mkdir(parents=True, exist_ok=True)
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1", "localhost")
        issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    return folder


def command_of(peer: Peer, verb: str, dialect: Dialect, address: str) -> list[str]:
    built = str(peer.built())
    return [*(part.format(built=built) for part in peer.command), verb, *dialect, address]


def environment_of(peer: Peer) -> dict[str, str]:
    return os.environ | {
        "INTEROP_CERTIFICATES": str(certificates()),
        "PYTHONPATH": str(peer.built()),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@contextlib.contextmanager
def serving(peer: Peer, dialect: Dialect, folder: Path, **environment: str) -> Iterator[str]:
    """A server process; its address (a port, or the path of a unix socket) once it listens."""
    log = folder / "server.log"
    for _ in range(5):
        address = str(folder / "socket") if dialect.socket == "unix" else str(free_port())
        with log.open("wb") as output:
            process = subprocess.Popen(
                command_of(peer, "serve", dialect, address),
                env=environment_of(peer) | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            if not listens(process, dialect, address):
                if "in use" in log.read_text(errors="replace"):
                    continue
                raise RuntimeError(f"the server of {peer.name} ended: {log.read_text()[-3000:]}")
            yield address
            return
        finally:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port below those that the system gives to clients, which nobody has now."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def listens(process: subprocess.Popen[bytes], dialect: Dialect, address: str) -> bool:
    """Waits until a server accepts connections; false where its process has ended."""
    end = time.monotonic() + START
    family = socket.AF_UNIX if dialect.socket == "unix" else socket.AF_INET
    place = address if dialect.socket == "unix" else ("127.0.0.1", int(address))
    while process.poll() is None:
        if time.monotonic() > end:
            raise TimeoutError(f"no server at {address} after {START} seconds")
        with socket.socket(family) as probe, contextlib.suppress(OSError):
            probe.connect(place)
            return True
        time.sleep(0.02)
    return False


def call(
    peer: Peer, dialect: Dialect, address: str, cases: bytes, folder: Path, **environment: str
) -> bytes:
    """What a client wrote of the cases. Raises RuntimeError where it ended by an error."""
    given, written = folder / "cases", folder / "outcomes"
    given.write_bytes(cases)
    command = [*command_of(peer, "call", dialect, address), str(given), str(written)]
    done = subprocess.run(
        command,
        env=environment_of(peer) | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=CALL,
    )
    if done.returncode:
        output = done.stdout.decode(errors="replace")
        raise RuntimeError(
            f"the client of {peer.name} ended with {done.returncode}: {output[-3000:]}"
        )
    return written.read_bytes()
