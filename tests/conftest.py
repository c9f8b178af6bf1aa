"""What all tests share: a house that must be as clean after a test as it was before.

The pytest process is a subreaper, so that whatever a test leaves behind falls to it and is noticed. After
each test there must be no child process or zombie, no socket directory and no open descriptor that was not
there before. A test that kills controllers or keepers, whose nodes then fall to pytest, asks for `orphanage`.

Tests may be ``async def``: each runs in an event loop of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import inspect
import os
import select
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import hypothesis
import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

pytest_plugins = ["pytester"]  # for the tests of our own plugin
PR_SET_CHILD_SUBREAPER: Final = 36  # prctl(2)
GRACE: Final = 2.0
"""Seconds that processes and descriptors on their way out are given after a test."""

hypothesis.settings.register_profile(
    "bstrace",
    deadline=None,
    max_examples=100,
    derandomize="CI" in os.environ,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("bstrace")


def pytest_configure() -> None:
    """Inherit every orphan below this process; ignore no signal that programs under test would inherit so."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    for number in (signal.SIGHUP, signal.SIGQUIT):  # ignored under nohup, or behind a shell's &
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Have SIGCHLD blocked in every thread of the processes to come, and see `pytest_configure`.

    Else the thread that listens to xdist takes those that a test has blocked to wait for them (signal(7)).
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run ``async def`` tests, each in a fresh event loop."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


@pytest.fixture(scope="session", autouse=True)
def runtime_directory() -> Iterator[Path]:
    """Where the sockets of all tests are: a short path of its own. State files go below it too."""
    with pytest.MonkeyPatch.context() as patch:
        path = Path(tempfile.mkdtemp(prefix="bst", dir="/tmp"))
        (path / "state").mkdir()
        patch.setenv("XDG_RUNTIME_DIR", str(path))
        patch.setenv("XDG_STATE_HOME", str(path / "state"))
        yield path
        shutil.rmtree(path)


class Orphanage:
    """Says when processes are gone, and reaps those that fell to this process."""

    def gone(self, pids: Iterable[int], within: float) -> list[str]:
        """Wait until every one of `pids` is dead and reaped; describe those that are not `within` seconds.

        Those that are children of this process are reaped here.
        """
        limit = time.monotonic() + within
        return [describe(pid) for pid in list(pids) if not _gone(pid, limit)]

    def take_all(self, within: float = GRACE, kept: frozenset[int] = frozenset()) -> list[str]:
        """Wait for every child of this process but those `kept`, reap it, and describe those still alive."""
        limit = time.monotonic() + within
        while (pids := sorted({*children()} - kept)) and time.monotonic() < limit:
            for pid in pids:
                _gone(pid, limit)
        return [describe(pid) for pid in pids]


@pytest.fixture
def orphanage(_nothing_is_left: None) -> Iterator[Orphanage]:
    """For tests whose processes fall to pytest: they must end by themselves, and are reaped here."""
    orphanage = Orphanage()
    yield orphanage
    left = orphanage.take_all()
    _put_all_down()
    assert not left, f"still alive: {'; '.join(left)}"


@pytest.fixture
def zombies_below() -> Callable[[int], list[str]]:
    """Return a function that describes every zombie among a process's descendants."""

    def find(top: int) -> list[str]:
        below = psutil.Process(top).children(recursive=True)
        return [describe(each.pid) for each in below if _state(each.pid) == "Z"]

    return find


@pytest.fixture(autouse=True)
def _nothing_is_left(runtime_directory: Path) -> Iterator[None]:
    """Fail a test that leaves a process, a zombie, a socket directory or a descriptor behind."""
    before, kept = descriptors(), frozenset(children())  # kept: what a whole file of tests uses
    yield
    zombies = [describe(pid) for pid in children() if _state(pid) == "Z"]
    alive = Orphanage().take_all(kept=kept)
    _put_all_down(kept)
    limit = time.monotonic() + GRACE
    gc.collect()
    while set(descriptors().items()) - set(before.items()) and time.monotonic() < limit:
        time.sleep(0.01)  # libzmq closes its descriptors in a thread of its own; nothing says when
    opened = sorted(set(descriptors().items()) - set(before.items()))
    directories = sorted(path.name for path in runtime_directory.glob("bstrace-*"))
    for name in directories:
        shutil.rmtree(runtime_directory / name, ignore_errors=True)
    assert not zombies, f"zombies: {'; '.join(zombies)}"
    assert not alive, f"still alive: {'; '.join(alive)}"
    assert not directories, f"socket directories: {directories}"
    assert not opened, f"descriptors: {opened}"


def children() -> list[int]:
    """Return the pids of this process's children, zombies and adopted ones included."""
    return [int(pid) for task in Path("/proc/self/task").iterdir() for pid in _words(task / "children")]


def descriptors() -> dict[int, str]:
    """Return what is open in this process, by descriptor number."""
    found = {}
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - only names; the listing's own is gone by then
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")  # noqa: PTH115
        except FileNotFoundError:
            continue
    return found


def describe(pid: int) -> str:
    """Return a process's pid, state and command line."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        arguments = ""
    return f"{pid} ({_state(pid)}) {arguments.strip()}"


def _gone(pid: int, limit: float) -> bool:
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poller = select.poll()
        poller.register(pidfd, select.POLLIN)
        if not poller.poll(max(0.0, limit - time.monotonic()) * 1000):
            return False
    finally:
        os.close(pidfd)
    while _state(pid) == "Z":  # reaping gives no sign to anybody but the parent, and that may change
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG)
            continue
        if time.monotonic() > limit:
            return False
        time.sleep(0.002)
    return True


def _put_all_down(kept: frozenset[int] = frozenset()) -> None:
    """Kill and reap every child but those `kept`, and what falls to this process then."""
    while pids := sorted({*children()} - kept):
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitid(os.P_PID, pid, os.WEXITED)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0].decode()
    except (FileNotFoundError, ProcessLookupError):
        return "gone"


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
