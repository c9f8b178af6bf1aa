"""The rules of -e inject= and -e fault= (strace(1), Tampering), and ours beyond strace's.

Several rules may name one call: the first that fits a call is applied. A rule may ask for a descriptor
(``fd=12``), a path (``path=/etc/passwd``) or the value of an argument (``arg2=0x241``); then ``when=`` counts
the calls that fit, not all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.capture.rules import FOREVER, Rule
from bstinspect.decode.architecture import native_numbers
from bstinspect.decode.classes import CLASSES
from bstinspect.errors import UsageError
from bstinspect.trace.expressions import decimal, error_word, nanoseconds, signal_word, syscall_set

if TYPE_CHECKING:
    from collections.abc import Callable

ENOSYS: Final = 38
_U64: Final = (1 << 64) - 1
_WHEN: Final = re.compile(r"(\d+)(?:\.\.(\d+))?(\+(\d*))?", re.ASCII)
_POKE: Final = re.compile(r"@arg([1-7])=((?:[0-9a-fA-F]{2}){1,1024})", re.ASCII)
_UNSIGNED: Final = re.compile(r"\s*([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)", re.ASCII)
_ARGUMENT: Final = re.compile(r"arg([1-6])", re.ASCII)


def parse(text: str, *, fault: bool = False) -> Rule:
    """Read one rule; with `fault` it is -e fault='s, which knows only errors. Raises UsageError."""
    kind = "fault argument" if fault else "inject argument"
    name, *tokens = text.split(":")
    if not name and not tokens:
        raise UsageError("invalid system call ''", advice=False)
    rule = Rule(syscall_set(name))
    seen: set[str] = set()
    for token in tokens:
        key, _, word = token.partition("=")
        group = "result" if key in ("error", "retval") else key
        try:
            if group in seen and key != "when":
                raise ValueError(token)  # noqa: TRY301 - one place to tell of it
            if fault and key in ("retval", "signal", "poke_enter", "poke_exit", "delay_enter", "delay_exit"):
                raise ValueError(token)  # noqa: TRY301 - one place to tell of it
            rule = _token(rule, key, word)
        except ValueError:
            raise UsageError(f"invalid {kind} '{text}'", advice=False) from None
        seen.add(group)
    acts = rule.replaces_result or rule.signal or rule.delay_enter_ns or rule.delay_exit_ns
    if not (acts or rule.poke_enter or rule.poke_exit or "delay_enter" in seen or "delay_exit" in seen):
        if not fault:
            raise UsageError(f"invalid {kind} '{text}'", advice=False)
        rule = msgspec.structs.replace(rule, error=ENOSYS)
    return rule


def _error(rule: Rule, word: str) -> Rule:
    return msgspec.structs.replace(rule, error=_positive(error_word(word)))


def _retval(rule: Rule, word: str) -> Rule:
    return msgspec.structs.replace(rule, value=_unsigned(word))


def _signal(rule: Rule, word: str) -> Rule:
    return msgspec.structs.replace(rule, signal=_positive(signal_word(word), 64))


def _syscall(rule: Rule, word: str) -> Rule:
    if word not in CLASSES["pure"]:  # only calls without side effects, as in strace
        raise ValueError(word)
    return msgspec.structs.replace(rule, call=native_numbers()[word])


def _path(rule: Rule, word: str) -> Rule:
    if not word:
        raise ValueError(word)
    return msgspec.structs.replace(rule, path=word)


def _descriptor(rule: Rule, word: str) -> Rule:
    number = decimal(word)
    if number < 0:
        raise ValueError(word)
    return msgspec.structs.replace(rule, descriptor=number)


def _unsigned(word: str) -> int:
    """Read a number as C's strtoull(3) does with base 0: also octal, also negative. Raises ValueError."""
    match = _UNSIGNED.fullmatch(word)
    if not match:
        raise ValueError(word)
    digits = match[2]
    base = 16 if digits[:2].lower() == "0x" else 8 if digits.startswith("0") else 10
    number = int(digits, base)
    if number > _U64:
        raise ValueError(word)
    return (-number if match[1] == "-" else number) & _U64


def _token(rule: Rule, key: str, word: str) -> Rule:
    """Return the rule with one more property. Raises ValueError."""
    if key in _TOKENS:
        return _TOKENS[key](rule, word)
    match = _ARGUMENT.fullmatch(key)
    if not match:
        raise ValueError(key)
    return msgspec.structs.replace(rule, arguments=(*rule.arguments, (int(match[1]) - 1, _unsigned(word))))


def _positive(number: int, most: int = 4095) -> int:
    if not 1 <= number <= most:
        raise ValueError(number)
    return number


def _when(rule: Rule, word: str) -> Rule:
    """Read ``FIRST[..LAST][+[STEP]]``."""
    match = _WHEN.fullmatch(word)
    if not match:
        raise ValueError(word)
    first = int(match[1])
    last = int(match[2]) if match[2] else FOREVER
    every = 1 if match[2] or match[3] else 0
    step = int(match[4]) if match[4] else every
    if not 1 <= first <= FOREVER or not first <= last <= FOREVER or step > FOREVER:
        raise ValueError(word)
    if (match[2] and last == FOREVER) or (match[4] and step < 1):
        raise ValueError(word)
    return msgspec.structs.replace(rule, first=first, last=last, step=step)


def _pokes(word: str) -> tuple[tuple[int, bytes], ...]:
    pokes = []
    for each in word.split(","):
        match = _POKE.fullmatch(each)
        if not match:
            raise ValueError(word)
        pokes.append((int(match[1]) - 1, bytes.fromhex(match[2])))
    if len({index for index, _ in pokes}) < len(pokes):
        raise ValueError(word)
    return tuple(pokes)


_TOKENS: Final[dict[str, Callable[[Rule, str], Rule]]] = {
    "when": _when,
    "error": _error,
    "retval": _retval,
    "signal": _signal,
    "syscall": _syscall,
    "delay_enter": lambda rule, word: msgspec.structs.replace(rule, delay_enter_ns=nanoseconds(word)),
    "delay_exit": lambda rule, word: msgspec.structs.replace(rule, delay_exit_ns=nanoseconds(word)),
    "poke_enter": lambda rule, word: msgspec.structs.replace(rule, poke_enter=_pokes(word)),
    "poke_exit": lambda rule, word: msgspec.structs.replace(rule, poke_exit=_pokes(word)),
    "fd": _descriptor,
    "path": _path,
}
