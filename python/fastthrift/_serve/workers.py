"""One process that listens, and others that serve.

The parent binds, forks the workers and waits: for signals, for workers that end, and for those that
ask how it is. It imports nothing of the program that is served, and starts no thread.

It forks by ``os.fork`` on Python 3.14 and later as well, where ``multiprocessing`` does not any
more. What makes forks unsafe is a thread of the parent that holds a lock in the middle of
something: the child has the lock and not the thread. The parent has no other thread, at the start
and when it replaces a worker later.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from .health import Health, wait_for
from .notify import READY, STOPPING, notify

if TYPE_CHECKING:
    import logging

# Exit statuses of workers.
ENDED, NOT_STARTED = 0, 3

# What a worker says of itself: that it serves.
_SERVES = b"+"
# A worker that ends sooner is replaced after a pause, which doubles each time, in seconds.
_SOON = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 30.0
# What a worker may take longer than the grace before it is killed, in seconds.
_MORE_GRACE = 2.0


def _numbers() -> set[signal.Signals]:
    """The signals of the parent. Not every system has them, and each has this module."""
    return {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}


def _longer(pause: float) -> float:
    """The pause after the next failure, in seconds."""
    return min(max(pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)


class Worker(NamedTuple):
    """What a worker is told by its parent."""

    number: int
    #: To be called when it serves.
    ready: Callable[[], None]
    parent: int


class _Child:
    """A worker, as its parent sees it."""

    def __init__(self, number: int, pid: int, status: int, replaces: _Child | None) -> None:
        self.number = number
        self.pid = pid
        # Where it says that it serves.
        self.status = status
        self.replaces = replaces
        self.started = time.monotonic()
        self.is_ready = False
        # When it is killed, once it has been asked to leave.
        self.leaves_by: float | None = None

    @property
    def is_leaving(self) -> bool:
        return self.leaves_by is not None

    def is_late(self, now: float) -> bool:
        """Whether it has not left in time."""
        return self.leaves_by is not None and now >= self.leaves_by


class _InWorker(BaseException):
    """This is the child; its way out of what the parent was doing."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker


class Workers:
    """The workers of one parent."""

    def __init__(
        self,
        count: int,
        serve: Callable[[Worker], int],
        *,
        grace: float,
        stop_listening: Callable[[], None],
        logger: logging.Logger,
    ) -> None:
        """``serve`` is what each of the ``count`` workers does; it gives the exit status, and has
        ``grace`` seconds to return when the process is sent SIGTERM. The parent calls
        ``stop_listening`` when it stops."""
        self.health: Health | None = None
        self._count = count
        self._serve = serve
        self._grace = grace
        self._stop_listening = stop_listening
        self._logger = logger
        self._children: dict[int, _Child] = {}
        # Which signals have come.
        self._came: list[int] = []
        self._wake = os.pipe()
        # Its other end is closed when the parent is gone.
        self._alive = os.pipe()
        # When to start workers in place of others, by their number, and after which pause.
        self._due: dict[int, float] = {}
        self._pauses: dict[int, float] = {}
        # Those that are to be renewed.
        self._outdated: list[_Child] = []
        # When to try that again, after the system had no process for it.
        self._renews_at: float | None = None
        self._stops_at: float | None = None
        self._was_ready = False
        self._status = 0

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT; the exit status, in the parent and in each worker."""
        if threading.active_count() > 1:
            self._logger.warning("There are threads before the workers are forked: they may hang")
        try:
            return self._supervise()
        except _InWorker as child:
            worker = child.worker
        try:
            # Those that came meanwhile come now.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _numbers())
            return self._serve(worker)
        except KeyboardInterrupt:
            return ENDED  # before the server took it as a wish to close

    def describe(self) -> tuple[bool, dict[str, object]]:
        """Whether workers serve, and how many."""
        serving = sum(child.is_ready for child in self._children.values())
        is_well = serving > 0 and self._stops_at is None
        state = "ok" if is_well else "starting" if self._stops_at is None else "stopping"
        return is_well, {"status": state, "workers": serving}

    # The parent

    def _supervise(self) -> int:
        self._take_signals()
        for number in range(self._count):
            self._fork(number)
        while self._children or (self._stops_at is None and self._due):
            self._wait()
            while self._came:
                self._heed(self._came.pop(0))
            self._reap()
            now = time.monotonic()
            if self._stops_at is None:
                for number in [one for one, at in self._due.items() if at <= now]:
                    del self._due[number]
                    if not self._is_forked(number):
                        self._due[number] = now + self._pauses[number]
                self._renew_next()
                late = [one for one in self._children.values() if one.is_late(now)]
                for child in late:
                    self._kill(child)
            elif now >= self._stops_at:
                self._kill_all()
        self._ignore_signals()
        if self.health is not None:
            self.health.close()
        return self._status

    def _take_signals(self) -> None:
        os.set_blocking(self._wake[0], False)
        os.set_blocking(self._wake[1], False)
        signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        for number in _numbers():
            signal.signal(number, lambda one, _: self._came.append(one))

    def _ignore_signals(self) -> None:
        """It has stopped as it was asked to; whoever asks again shall not change how it ends."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def _is_forked(self, number: int, replaces: _Child | None = None) -> bool:
        """Start a worker in place of another one. Where the system has no process for it, those
        that are there go on, and ``_pauses`` has the time until the next try."""
        try:
            self._fork(number, replaces)
        except OSError as error:
            pause = self._pauses[number] = _longer(self._pauses.get(number, 0.0))
            why = error.strerror or error
            self._logger.error("Cannot start a worker, trying again in %g s: %s", pause, why)
            return False
        return True

    def _fork(self, number: int, replaces: _Child | None = None) -> None:
        read, write = os.pipe()
        parent = os.getpid()
        # A child that is told to end while it still has the parent's handlers would not hear it.
        signal.pthread_sigmask(signal.SIG_BLOCK, _numbers())
        try:
            pid = os.fork()
        except OSError:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _numbers())
            os.close(read)
            os.close(write)
            raise
        if pid == 0:
            os.close(read)
            self._become_worker()

            def ready() -> None:
                os.write(write, _SERVES)

            raise _InWorker(Worker(number, ready, parent))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _numbers())
        os.close(write)
        self._children[pid] = _Child(number, pid, read, replaces)

    def _become_worker(self) -> None:
        """Give up what is the parent's, in a child."""
        signal.set_wakeup_fd(-1)
        # For what comes before the server has handlers of its own.
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Of a terminal that is gone the parent is told.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for child in self._children.values():
            os.close(child.status)
        self._children.clear()
        for descriptor in (*self._wake, self._alive[1]):
            os.close(descriptor)
        if self.health is not None:
            self.health.close()
        end_with_parent(self._alive[0])

    def _wait(self) -> None:
        """Until something has happened."""
        moments = [] if self._stops_at is None else [self._stops_at]
        if self._stops_at is None:
            moments += self._due.values()
            leaving = [child.leaves_by for child in self._children.values()]
            moments += [moment for moment in leaving if moment is not None]
            if self._outdated and self._renews_at is not None:
                moments.append(self._renews_at)
        timeout = min(moments) - time.monotonic() if moments else None
        health = [] if self.health is None else self.health.descriptors()
        if len(health) > 1:
            timeout = 1.0 if timeout is None else min(timeout, 1.0)
        starting = [child.status for child in self._children.values() if not child.is_ready]
        ready = wait_for([self._wake[0], *starting, *health], timeout)
        if self._wake[0] in ready:
            os.read(self._wake[0], 4096)
        for child in self._children.values():
            if child.status in ready and not child.is_ready:
                self._hear(child)
        if self.health is not None:
            self.health.serve(ready)

    def _hear(self, child: _Child) -> None:
        if os.read(child.status, 1) != _SERVES:
            # It has ended; the rest is for `_reap`.
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            self._came.append(signal.SIGCHLD)
            return
        child.is_ready = True
        old, child.replaces = child.replaces, None
        if old is not None and old.pid in self._children:
            self._ask_to_leave(old)
        if not self._was_ready and sum(one.is_ready for one in self._children.values()) == (
            self._count
        ):
            self._was_ready = True
            notify(READY)

    def _heed(self, number: int) -> None:
        if number == signal.SIGHUP:
            if self._stops_at is None:
                self._logger.info("The workers are renewed, one by one")
                replaced = [one.replaces for one in self._children.values()]
                # Those that start as well: what they have loaded may be older than the change.
                self._outdated = [one for one in self._children.values() if one not in replaced]
        elif number in (signal.SIGTERM, signal.SIGINT):
            if self._stops_at is None:
                self._stop()
            elif number == signal.SIGINT:
                self._kill_all()

    def _stop(self, status: int = 0) -> None:
        notify(STOPPING)
        self._status = status
        self._stops_at = time.monotonic() + self._grace + _MORE_GRACE
        for child in self._children.values():
            self._ask_to_leave(child)
        self._stop_listening()

    def _ask_to_leave(self, child: _Child) -> None:
        child.leaves_by = time.monotonic() + self._grace + _MORE_GRACE
        os.kill(child.pid, signal.SIGTERM)

    def _kill(self, child: _Child) -> None:
        self._logger.error("Worker %d does not end, and is killed", child.pid)
        os.kill(child.pid, signal.SIGKILL)
        # It may take its time, and is told of again.
        child.leaves_by = time.monotonic() + _MORE_GRACE

    def _kill_all(self) -> None:
        for child in self._children.values():
            self._kill(child)
        self._status = 1
        self._stops_at = time.monotonic() + _MORE_GRACE

    def _renew_next(self) -> None:
        """Start a worker in place of one that is outdated; the old one serves until the new one
        does."""
        now = time.monotonic()
        if self._renews_at is not None and now < self._renews_at:
            return
        self._renews_at = None
        if any(child.replaces is not None for child in self._children.values()):
            return
        for old in [*self._outdated]:
            if old.pid not in self._children or old.is_leaving:
                self._outdated.remove(old)
            elif old.is_ready:
                if self._is_forked(old.number, old):
                    self._outdated.remove(old)
                else:
                    self._renews_at = now + self._pauses[old.number]
                return

    def _reap(self) -> None:
        for child in [*self._children.values()]:
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid:
                os.close(child.status)
                del self._children[pid]
                self._replace(child, os.waitstatus_to_exitcode(status))

    def _replace(self, child: _Child, code: int) -> None:
        if self._stops_at is not None or child.is_leaving:
            return
        if any(other.replaces is child for other in self._children.values()):
            return  # the one in its place starts already
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with status {code}"
        if child.replaces is not None:
            if child in self._outdated:
                # There is a newer program than the one that failed.
                self._outdated[self._outdated.index(child)] = child.replaces
            else:
                self._outdated.clear()
            if child.replaces.pid in self._children:
                self._logger.error("A new worker ended %s: the old ones go on", how)
                return
            # The old one has ended meanwhile, and nobody serves in its place.
        if code == NOT_STARTED and not self._was_ready:
            # It has told why; another one would not do better.
            self._stop(status=1)
            return
        pause = 0.0
        if code != ENDED or not child.is_ready:
            self._logger.error("Worker %d ended %s, another one is started", child.pid, how)
            soon = time.monotonic() - child.started < _SOON
            last = self._pauses.get(child.number, 0.0)
            pause = _longer(last) if soon else 0.0
        self._pauses[child.number] = pause
        self._due[child.number] = time.monotonic() + pause


def end_with_parent(alive: int) -> None:
    """End this process as by SIGTERM when its parent is gone, which has the other end of a pipe."""

    def wait() -> None:
        os.read(alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="fastthrift-parent", daemon=True).start()
