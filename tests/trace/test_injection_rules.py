"""The rules of -e inject= and -e fault=: what they say, and what is refused as strace refuses it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bstinspect.capture.rules import FOREVER, Rule
from bstinspect.decode.architecture import native_numbers
from bstinspect.errors import UsageError
from bstinspect.trace.injection import ENOSYS, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NUMBERS = native_numbers()
REFUSED = (
    "inject=", "inject=:", "inject=:error=1", "inject=read:", "inject=read::", "inject=read",
    "inject=nosuch:error=1", "inject=read:error=", "inject=read:error=0", "inject=read:error=4096",
    "inject=read:error=4095:x", "inject=read:error=enoent:x", "inject=read:error=NOENT",
    "inject=read:error=ENOENT:retval=3", "inject=read:retval=3:retval=4", "inject=read:retval=x",
    "inject=read:retval=", "inject=read:retval=0x10:x", "inject=read:retval=010:x", "inject=read:retval=08",
    "inject=read:retval=0x", "inject=read:retval=1_0", "inject=read:retval=18446744073709551616",
    "inject=read:signal=0", "inject=read:signal=65", "inject=read:signal=64:x", "inject=read:signal=SIGX",
    "inject=read:signal=", "inject=read:when=1", "inject=read:error=1:when=", "inject=read:error=1:when=0",
    "inject=read:error=1:when=1+0", "inject=read:error=1:when=65536", "inject=read:error=1:when=2..1",
    "inject=read:error=1:when=2..:x", "inject=read:error=1:when=2..", "inject=read:error=1:when=..2",
    "inject=read:error=1:when=2..3+x", "inject=read:error=1:when=2..65535",
    "inject=read:error=1:when=2..65534:x", "inject=read:error=1:when=1+65535:x",
    "inject=read:error=1:when=1+65536", "inject=read:error=1:when=1-2",
    "inject=read:error=1:when=1:when=2:x", "inject=read:syscall=getpid:x",
    "inject=read:syscall=write:error=1", "inject=read:syscall=nosuch:error=1",
    "inject=read:syscall=39:error=1", "inject=read:syscall=getpid", "inject=read:delay_enter=x",
    "inject=read:delay_enter=", "inject=read:delay_enter=-1", "inject=read:delay_exit=1h",
    "inject=read:delay_enter=1:delay_enter=2", "inject=read:poke_enter=", "inject=read:poke_enter=@arg1",
    "inject=read:poke_enter=@arg1=", "inject=read:poke_enter=@arg0=00", "inject=read:poke_enter=@arg8=00",
    "inject=read:poke_enter=@arg7=00:x", "inject=read:poke_enter=@arg1=0",
    "inject=read:poke_enter=@arg1=00,@arg1=01", "inject=read:poke_enter=arg1=00", "inject=read:nosuch=1",
    "inject=read:error=1:error=2", "fault=read:retval=1", "fault=read:signal=1", "fault=read:delay_enter=1",
    "fault=read:error=0", "fault=read:syscall=getpid:x", "fault=nosuch", "fault=read:poke_enter=@arg1=00",
    "fault=read:x", "fault=",
)  # fmt: skip
OURS = (
    "fd=", "fd=x", "fd=-1", "fd=2147483648", "path=", "arg1=", "arg0=1", "arg7=1", "arg1=x", "fd=1:fd=2",
    "arg1=1:arg1=2",
)  # fmt: skip


def rule(text: str, *, fault: bool = False) -> Rule:
    """Read a rule about read(2)."""
    return parse(f"read:{text}", fault=fault)


def test_the_lines_are_straces(alike: Callable[[Iterable[str]], None]) -> None:
    """Who errs reads the same here as there, and gets the same status."""
    alike(f"-e {each} true" for each in REFUSED)


@pytest.mark.parametrize("words", OURS)
def test_what_is_wrong_with_our_own_words(words: str) -> None:
    """A descriptor, a path and an argument's value are checked the same way."""
    with pytest.raises(UsageError) as caught:
        rule(f"error=1:{words}")
    assert str(caught.value) == f"invalid inject argument 'read:error=1:{words}'"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("error=EPERM", {"error": 1}),
        ("error=eperm", {"error": 1}),
        ("retval=0", {"value": 0}),
        ("retval=010", {"value": 8}),
        ("retval=0x10", {"value": 16}),
        ("retval=-1", {"value": (1 << 64) - 1}),
        ("signal=TERM", {"signal": 15}),
        ("signal=SIGRT_1:error=2", {"signal": 33, "error": 2}),
        ("delay_enter=1ms:delay_exit=2", {"delay_enter_ns": 1_000_000, "delay_exit_ns": 2_000}),
        ("delay_enter=0", {}),
        ("poke_enter=@arg2=0aFF", {"poke_enter": ((1, b"\x0a\xff"),)}),
        ("poke_exit=@arg1=00,@arg7=01", {"poke_exit": ((0, b"\0"), (6, b"\1"))}),
        ("retval=0:syscall=getpid", {"value": 0, "call": NUMBERS["getpid"]}),
        ("retval=3:fd=12", {"value": 3, "descriptor": 12}),
        ("retval=3:path=/etc/passwd", {"value": 3, "path": "/etc/passwd"}),
        ("retval=3:arg1=7:arg3=0x10", {"value": 3, "arguments": ((0, 7), (2, 16))}),
        ("retval=3:arg1=-1", {"value": 3, "arguments": ((0, (1 << 64) - 1),)}),
    ],
)
def test_rules(text: str, expected: dict[str, object]) -> None:
    """Each word of a rule says one thing."""
    found = rule(text)
    assert found == Rule(found.calls, **expected)  # type: ignore[arg-type]
    assert NUMBERS["read"] in found.calls
    assert NUMBERS["write"] not in found.calls


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("3", (3, FOREVER, 0)),
        ("3+", (3, FOREVER, 1)),
        ("3+2", (3, FOREVER, 2)),
        ("3..5", (3, 5, 1)),
        ("3..3", (3, 3, 1)),
        ("3..9+2", (3, 9, 2)),
        ("3..9+", (3, 9, 1)),
    ],
)
def test_when(when: str, expected: tuple[int, int, int]) -> None:
    """The first, the last and the step."""
    found = rule(f"error=1:when={when}")
    assert (found.first, found.last, found.step) == expected


def test_a_fault_without_more_is_enosys() -> None:
    """As in strace; the words of our own are for both."""
    assert rule("when=2", fault=True).error == parse("read", fault=True).error == ENOSYS
    assert rule("error=5:fd=3", fault=True).descriptor == 3
    assert rule("fd=3", fault=True).error == ENOSYS


@given(st.integers(0, (1 << 64) - 1), st.sampled_from(["{}", "0x{:x}", "0X{:X}", "0{:o}", "+{}", "  {}"]))
def test_numbers_are_read_as_c_reads_them(number: int, form: str) -> None:
    """In any base, whole."""
    assert rule(f"retval={form.format(number)}").value == number


@given(st.text(alphabet=":=,@.+0123456789abcdefgilnoprstuvwxyEINT_", max_size=20))
def test_any_text_is_a_rule_or_one_line(text: str) -> None:
    """Nothing else comes of a rule that somebody mistyped."""
    for prefix in ("", "error=1:", "when=", "poke_enter=@arg1=", "retval="):
        with contextlib.suppress(UsageError):
            assert rule(prefix + text).first >= 1


@pytest.mark.parametrize("value", ["-1", "-4095", "18446744073709551615"])
def test_a_result_that_means_an_error_is_warned_of(
    value: str, said: Callable[..., tuple[int, list[str]]]
) -> None:
    """The C library will take it for an errno (strace's words)."""
    status, lines = said("-e", f"inject=read:retval={value}", "true")
    number = int(value) % (1 << 64)
    assert status == 0
    assert lines == [f"Inadvertent injection of error {(1 << 64) - number} is possible for retval={number}"]
    assert said("-e", "inject=read:retval=-4096", "true") == (0, [])
    assert said("-e", "inject=read:retval=0", "true") == (0, [])
