"""Names for people: signals, errors, statuses, a call in a few words."""

from __future__ import annotations

import pytest

from bstinspect.decode.architecture import architecture
from bstinspect.decode.brief import describe_call
from bstinspect.decode.names import describe_status, errno_name, signal_name

NUMBERS = architecture("x86_64").numbers


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (9, "SIGKILL"),
        (6, "SIGABRT"),
        (17, "SIGCHLD"),
        (29, "SIGIO"),
        (32, "SIGRTMIN"),
        (35, "SIGRT_3"),
        (99, "99"),
    ],
)
def test_signals(number: int, name: str) -> None:
    """As strace names them: by the kernel's SIGRTMIN, not the C library's."""
    assert signal_name(number) == name


def test_errors() -> None:
    """Of two names for one number, strace's."""
    assert errno_name(2) == "ENOENT"
    assert errno_name(11) == "EAGAIN"
    assert errno_name(95) == "EOPNOTSUPP"
    assert errno_name(512) == "ERESTARTSYS"
    assert errno_name(4000) == "4000"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (9, "killed by SIGKILL"),
        (139, "killed by SIGSEGV (core dumped)"),
        (0x300, "exited with status 3"),
        (0, "exited with status 0"),
        (0x137F, "stopped by SIGSTOP"),
        (0xFFFF, "continued"),
    ],
)
def test_statuses(status: int, words: str) -> None:
    """What wait(2) reports, in words."""
    assert describe_status(status) == words


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("futex", (0x7F00, 128, 2, 0), "futex(0x7f00, FUTEX_WAIT_PRIVATE, 2, NULL)"),
        ("epoll_wait", (5, 0x7F00, 256, 2**64 - 1, 0, 0), "epoll_wait(5, 0x7f00, 256, -1)"),
        ("poll", (0x7F00, 1, 2**64 - 1, 0, 0, 0), "poll(0x7f00, 1, -1)"),
        ("read", (0, 0x10, 5, 0, 0, 0), "read(0, 0x10, 5)"),
        ("pause", (0, 0, 0, 0, 0, 0), "pause()"),
        ("clone3", (0x10, 88), "clone3(0x10, 88)"),
    ],
)
def test_call_without_memory(name: str, arguments: tuple[int, ...], text: str) -> None:
    """An autopsy has registers only."""
    assert describe_call(NUMBERS[name], arguments) == text


def test_no_call() -> None:
    """A thread that ran in user space has no call."""
    assert describe_call(-1, ()) == "user space"
