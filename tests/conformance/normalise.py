"""The normal form of strace output: what differs from run to run is named, all else stays as it is. Pure.

The same pid has the same name everywhere, in order of first appearance: a wrong relation is still seen. The
same holds for addresses, inodes and ports. With address randomisation off, addresses are kept exactly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from .lines import Kind, Parts, arguments, outside_strings, parse, result, spent
from .names import Names
from .tables import (
    PERHAPS_PID_ARGUMENTS,
    PERHAPS_PID_RESULTS,
    PID_ARGUMENTS,
    PID_RESULTS,
    RACING_ARGUMENTS,
    RANDOM_ARGUMENTS,
    TIME_ARGUMENTS,
    TIME_RESULTS,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

Addresses = Literal["exact", "named", "masked"]

_ADDRESS: Final = re.compile(r"\b0x[0-9a-f]{9,12}\b")
_BARE_ADDRESS: Final = re.compile(r"[0-9a-f]{16}")
_EPOLL_DATA: Final = re.compile(r"\{u32=(\d+), u64=(\d+)\}")
_NAMED_PID: Final = re.compile(r"\b(\w*pid|si_tid|parent_tid|child_tid)=(\[?)(\d+)")
_PID_LINK: Final = re.compile(r"(<pid:|\bin pid |\bProcess |\bPID=)(\d+)")
_LATE_RESULT: Final = re.compile(r"(\) +@?\d* ?= )(\d+)(?=$|<)")
_PROC: Final = re.compile(r"(/proc/|/task/)(\d+)\b")
_INODE: Final = re.compile(r"\b((?:st|d|stx)_ino=|(?:socket|pipe|mnt|net|[A-Z][A-Z0-9-]*):\[)(\d+)(->(\d+))?")
_PORT: Final = re.compile(r"(htons\(|(?:\d|\]):)(\d{5})\b")
_SECONDS: Final = re.compile(r"\b(\w+_[acdmorsb]time|tv_sec)(=\{tv_sec=|=)(\d{10,})")
_NANOSECONDS: Final = re.compile(r"\b(tv_[un]?sec|st_[amc]time_nsec)=\d+")
_USED: Final = re.compile(r"\b(si_[us]time)=\d+(?: /\* [\d.]+ s \*/)?")
_LEFT: Final = re.compile(r"left \{[^}]*\}")
_FREE: Final = re.compile(r"\b(f_bfree|f_bavail|f_ffree|f_files)=\d+")
_TRACERS_MEMORY: Final = re.compile(r"^0x[0-9a-f]+")
_FIGURES: Final = re.compile(r"=-?\d+\b(?:\.\d+)?|(?<==\[)[\d, ]+(?=\])")
_WAITED: Final = re.compile(r"(?<==)\d+|(?<![-\w=])\d{2,}")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_DATED: Final = re.compile(r" /\* (\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d{4} \*/")


@dataclass(frozen=True, slots=True)
class Form:
    """A line's normal form."""

    text: str
    thread: str
    """The thread's name, or nothing where lines do not name one."""
    name: str
    kind: Kind
    raw: str


class Normaliser:
    """Brings the lines of one run, in order, into their normal form.

    Times from `since` on, in seconds since 1970, are taken for the run's own. Without `columns` it does not
    count where `=` stands. `loose` is for programs whose threads race: no form depends on the lines before.
    """

    def __init__(
        self,
        addresses: Addresses = "exact",
        masks: tuple[str, ...] = (),
        since: int = 0,
        *,
        columns: bool = True,
        loose: bool = False,
    ) -> None:
        self._addresses = "masked" if loose else addresses
        self._masks = [re.compile(mask) for mask in masks]
        self._since = since
        self._columns = columns and not loose
        self._loose = loose
        self._pids = Names("P", loose)
        self._named_addresses = Names("A")
        self._inodes = Names("I", loose)
        self._ports = Names("PORT", loose)
        self._begun = False

    def line(self, raw: str) -> Form:
        """Return the line's normal form."""
        parts = parse(raw)
        lead = self._lead(parts) if parts.pid else ""
        time = _digits(parts.time).lstrip()
        number, pointer = parts.number, _BARE_ADDRESS.sub(self._address_match, parts.pointer)
        if parts.name == "execve" and not self._begun:
            pointer = _BARE_ADDRESS.sub("MEMORY", parts.pointer)
        prefix = f"{lead}{time}{number}{pointer}"
        body = parts.body
        at = result(parts)
        if at is None:
            before, after = body, ""
        else:
            before, after = body[:at].rstrip(" "), self._result(parts.name, body[at:])
        aligned = "" if at is None else f" {self._column(parts, at, before)}"
        if parts.kind in {"call", "unfinished"}:
            before = self._arguments(parts.name, before)
        elif parts.kind == "other":  # what follows a message that came in the midst of a call
            took = spent(before)
            before = _LATE_RESULT.sub(self._known_pid_match, before.removesuffix(took)) + _digits(took)
        elif parts.kind == "resumed" and parts.name in TIME_ARGUMENTS:
            before = _FIGURES.sub("=9", before)
        elif parts.kind == "resumed" and parts.name in RANDOM_ARGUMENTS:
            before = _STRING.sub('"RANDOM"', before)
        text = f"{prefix}{self._everywhere(before)}{aligned}{self._everywhere(after)}"
        for mask in self._masks:
            text = mask.sub(_mask_groups, text)
        thread = parts.pid if self._loose or not parts.pid else self._pids(parts.pid)
        return Form(text, thread, parts.name, parts.kind, raw)

    def lines(self, raw: Iterable[str]) -> list[Form]:
        """Return the normal forms of several lines."""
        return [self.line(each) for each in raw]

    def _lead(self, parts: Parts) -> str:
        """Name the pid; its field is five wide, and one that is not is left so."""
        missing = " " * (5 - len(parts.pid))
        lead = parts.lead.replace(f"[pid {missing}", "[pid ")
        lead = lead.removesuffix(missing) if lead == parts.lead and "<" not in lead else lead
        wrong = "(narrow)" if lead == parts.lead and missing and "<" not in lead else ""
        return re.sub(r"\d+", self._pids(parts.pid), lead, count=1) + wrong

    def _column(self, parts: Parts, at: int, before: str) -> str:
        """Say where `=` stands: in a column of its own, or right after the text."""
        if not self._columns:
            return ""
        if at - len(before) == 1:
            return ""
        return f"@{len(parts.raw) - len(parts.body) + at} "

    def _arguments(self, name: str, body: str) -> str:
        found, end = arguments(body)
        if name == "execve" and not self._begun:
            self._begun = True
            found = [_TRACERS_MEMORY.sub("MEMORY", each) for each in found]
        shown = [self._argument(name, index, text) for index, text in enumerate(found)]
        return body[: body.index("(") + 1] + ", ".join(shown) + end

    def _argument(self, name: str, index: int, text: str) -> str:
        if index in PID_ARGUMENTS.get(name, ()):
            return re.sub(r"^(-?)(\d+)\b", self._pid_match, text)
        if index in PERHAPS_PID_ARGUMENTS.get(name, ()):
            return re.sub(r"^(\[?-?)(\d+)\b", self._known_pid_match, text)
        if index in TIME_ARGUMENTS.get(name, ()):
            text = _FIGURES.sub("=9", text) if text.startswith("{") else text
            return re.sub(r"^\[\d{10,}( /\*.*\*/)?\]", "[TIME]", text)
        if index in RANDOM_ARGUMENTS.get(name, ()):
            return _STRING.sub('"RANDOM"', text)
        if self._loose and index in RACING_ARGUMENTS.get(name, ()):
            return _WAITED.sub("9", text)
        return text

    def _result(self, name: str, text: str) -> str:
        took = spent(text)
        if took:
            text = text[: -len(took)] + _digits(took)
        if name in PID_RESULTS and (found := re.match(r"= (0x[0-9a-f]+)$", text)):  # -e raw
            return f"= 0x{self._pids(str(int(found[1], 16)))}"
        if name in PID_RESULTS:
            return re.sub(r"^(= )([1-9]\d*)\b", self._pid_match, text)
        if name in PERHAPS_PID_RESULTS:
            return re.sub(r"^(= )([1-9]\d*)\b", self._known_pid_match, text)
        if name in TIME_RESULTS:
            return re.sub(r"^= \d+.*", "= TIME", text)
        return text

    def _everywhere(self, text: str) -> str:
        return "".join(
            _PROC.sub(self._proc_match, piece) if quoted else self._outside(piece)
            for piece, quoted in outside_strings(text)
        )

    def _outside(self, text: str) -> str:
        text = _NAMED_PID.sub(lambda found: f"{found[1]}={found[2]}{self._pid(found[3])}", text)
        text = _PID_LINK.sub(lambda found: found[1] + self._pids(found[2]), text)
        text = _PROC.sub(self._proc_match, text)
        text = _USED.sub(r"\1=9", text)
        text = _LEFT.sub(lambda found: re.sub(r"=\d+", "=9", found[0]), text)
        text = _FREE.sub(r"\1=9", text)
        text = self._recent(text)
        text = _INODE.sub(self._inode_match, text)
        text = _PORT.sub(self._port_match, text)
        if self._addresses != "exact":
            text = _EPOLL_DATA.sub(lambda found: f"{{u64={self._address(found[2])}}}", text)
        return _ADDRESS.sub(self._address_match, text)

    def _recent(self, text: str) -> str:
        """Mask the times of this run; older ones are the files' own."""
        if not any(int(each[3]) >= self._since for each in _SECONDS.finditer(text)):
            return text
        text = _SECONDS.sub(
            lambda each: each[0] if int(each[3]) < self._since else f"{each[1]}{each[2]}9", text
        )
        text = _DATED.sub(" /* DATE */", text)
        return _NANOSECONDS.sub(lambda each: f"{each[1]}=9", text)

    def _pid(self, value: str) -> str:
        return value if value == "0" else self._pids(value)

    def _pid_match(self, found: re.Match[str]) -> str:
        return found[0] if found[0] == "-1" else found[1] + self._pid(found[2])

    def _known_pid_match(self, found: re.Match[str]) -> str:
        return found[1] + self._pids.if_known(found[2])

    def _proc_match(self, found: re.Match[str]) -> str:
        return found[1] + self._pids.if_known(found[2])

    def _inode_match(self, found: re.Match[str]) -> str:
        peer = f"->{self._inodes(found[4])}" if found[4] else ""
        return f"{found[1]}{self._inodes(found[2])}{peer}"

    def _port_match(self, found: re.Match[str]) -> str:
        ephemeral = 32768 <= int(found[2]) <= 60999
        return f"{found[1]}{self._ports(found[2])}" if ephemeral else found[0]

    def _address_match(self, found: re.Match[str]) -> str:
        return self._address(found[0])

    def _address(self, text: str) -> str:
        if self._addresses == "exact":
            return text
        return "ADDR" if self._addresses == "masked" else self._named_addresses(text)


def _digits(text: str) -> str:
    """Return a time with its digits masked, those after the point one by one."""
    return re.sub(r"\d", "9", re.sub(r"\d+\.", "9.", text))


def _mask_groups(found: re.Match[str]) -> str:
    """Replace each group of a mask, or all of it where it has no group."""
    if not found.re.groups:
        return "MASKED"
    text, start = found[0], found.start()
    for index in range(found.re.groups, 0, -1):
        begin, end = found.span(index)
        if begin >= 0:
            text = text[: begin - start] + "MASKED" + text[end - start :]
    return text
