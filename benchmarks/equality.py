"""Is it the same output? So that no tracer wins by leaving lines out.

What differs from run to run (pids, times, addresses, random bytes) is masked; a call that
was shown in two halves is put together. Lines are compared process by process: between processes they race.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import zip_longest
from typing import Final

_NAME: Final = re.compile(rb"^(?:\[?\d+\]? +)?(?:\d\d:\d\d:\d\d\.\d+ )?(\w+)\(", re.MULTILINE)
_LINE: Final = re.compile(r"(\d+) +\d\d:\d\d:\d\d\.\d{6} (.*)")
_UNFINISHED: Final = " <unfinished ...>"
_RESUMED: Final = re.compile(r"<\.\.\. \w+ resumed>")
_SPENT: Final = re.compile(r" <\d+\.\d{6}>$")
_PADDING: Final = re.compile(r"\) += ")
_MASKED: Final = (
    (re.compile(r"\b0x[0-9a-f]{6,}"), "ADDRESS"),
    (re.compile(r"^((?:getp?pid|gettid|set_tid_address|v?fork|clone3?|wait4)\(.*= )[1-9]\d*"), r"\1PID"),
    (re.compile(r"\b((?:si_p|parent_t|child_t)id=\[?|^wait4\()\d+"), r"\1PID"),
    (re.compile(r"\b(tv_[un]?sec=|si_[us]time=|[acm]time=|ru_\w+=|f_\w*free=|f_bavail=)\d+"), r"\g<1>9"),
    (re.compile(r" /\* [\d.]+ s \*/"), ""),
    (re.compile(r'^(write\(1, "\d+ )\d+\.\d+(\\n", )\d+(\) = )\d+'), r"\g<1>9.9\g<2>9\g<3>9"),
    (re.compile(r'^(getrandom\()"(?:[^"\\]|\\.)*"'), r"\1RANDOM"),
    (re.compile(r"^(sysinfo\().*(\) = )"), r"\1STATE\2"),
)


def names(trace: bytes) -> Counter[str]:
    """Return how often each system call was begun; of strace's text and of python-ptrace's."""
    return Counter(name.decode() for name in _NAME.findall(trace))


def lines(trace: bytes) -> int:
    """Return the number of lines, those of the two halves of a call being one."""
    return trace.count(b"\n") - trace.count(b" resumed>")


def difference(theirs: bytes, ours: bytes) -> str:
    """Return the first difference between strace's output and another, or nothing."""
    nothing: list[str] = []
    both = zip_longest(_processes(theirs), _processes(ours), fillvalue=nothing)
    for number, (a, b) in enumerate(both, 1):
        for at, (one, other) in enumerate(zip_longest(a, b), 1):
            if one != other:
                return f"process {number}, line {at}: {other or 'nothing'!r}, strace has {one or 'nothing'!r}"
    return ""


def missing(theirs: Counter[str], ours: Counter[str]) -> str:
    """Return the first call, by name, that is there more or less often than strace has it, or nothing."""
    for name in sorted({*theirs, *ours}):
        if theirs[name] != ours[name]:
            return f"{name} {ours[name]} times, strace has {theirs[name]}"
    return ""


def _processes(trace: bytes) -> list[list[str]]:
    """Return the masked lines of each process, in the order in which the processes appear."""
    found: dict[str, list[str]] = {}
    begun: dict[str, str] = {}
    for line in trace.decode("latin-1").splitlines():
        parts = _LINE.fullmatch(line)
        if parts is None:
            found.setdefault("", []).append(line)
            continue
        pid, body = parts.groups()
        shown = found.setdefault(pid, [])
        if body.endswith(_UNFINISHED):
            begun[pid] = body.removesuffix(_UNFINISHED)
            continue
        if resumed := _RESUMED.match(body):
            body = begun.pop(pid, "") + body[resumed.end() :]
        shown.append(_masked(body))
    for pid, body in begun.items():
        found[pid].append(_masked(body))
    return list(found.values())


def _masked(body: str) -> str:
    body = _PADDING.sub(") = ", _SPENT.sub("", body))
    for pattern, by in _MASKED:
        body = pattern.sub(by, body)
    return body
