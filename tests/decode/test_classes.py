"""Syscall numbers, and the expressions that choose among them."""

from __future__ import annotations

import pytest

from bstinspect.decode.architecture import architecture
from bstinspect.decode.classes import CLASSES, parse_filter
from bstinspect.errors import FilterError

X86 = architecture("x86_64")


def names(expression: str) -> set[str]:
    """Return the names that an expression chooses."""
    numbers = parse_filter(expression, "x86_64")
    assert numbers is not None
    return {X86.names[number] for number in numbers}


def test_numbers() -> None:
    """Old calls, calls that python-ptrace lacks, and calls younger than many headers."""
    assert X86.numbers["read"] == 0
    assert X86.name(435) == "clone3"
    assert X86.name(449) == "futex_waitv"
    assert X86.name(462) == "mseal"
    assert X86.name(999) == "syscall_0x3e7"
    assert X86.counts[X86.numbers["mmap"]] == 6
    assert architecture("aarch64").numbers["openat"] == 56
    assert architecture("pdp11").name(3) == "syscall_0x3"


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_member_of_a_class_exists(name: str) -> None:
    """The classes hold no misspelt name."""
    assert names(f"%{name}") == CLASSES[name]


def test_expressions() -> None:
    """What -e trace= takes."""
    assert names("openat,read") == names("trace=openat,read") == {"openat", "read"}
    assert names("/^send") == {"sendto", "sendmsg", "sendmmsg", "sendfile"}
    assert names("none") == set()
    assert names("?no_such_call,close") == {"close"}
    assert names("0,1") == {"read", "write"}
    assert "futex" not in names("!futex")
    assert len(names("!futex")) == len(X86.names) - 1
    assert parse_filter("all", "x86_64") is None
    assert parse_filter("!none", "x86_64") is None
    assert names("!all") == set()


@pytest.mark.parametrize("expression", ["", "reda", "%nett", "read,,write", "/(", "?%file2", "99999"])
def test_unknown(expression: str) -> None:
    """An unknown name is one clear line."""
    with pytest.raises(FilterError) as caught:
        parse_filter(expression, "x86_64")
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_a_hint() -> None:
    """A near miss is named."""
    with pytest.raises(FilterError, match="did you mean read"):
        parse_filter("reda", "x86_64")
