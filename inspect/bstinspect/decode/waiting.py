"""Ends of processes: wait4(2), waitid(2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, hexadecimal, pointer, s32, u32
from bstinspect.decode.constants.processes import PTRACE_EVENTS, WAIT4_OPTIONS, WAITID_TYPES
from bstinspect.decode.limits import usage
from bstinspect.decode.names import signal_name
from bstinspect.decode.shape import Shape, process_result
from bstinspect.decode.siginfo import siginfo_at

if TYPE_CHECKING:
    from bstinspect.decode.shape import Argument

_CONTINUED: Final = 0xFFFF
_P_PID, _P_PIDFD = 1, 3


def status_text(call: Call, status: int) -> str:
    """Print a wait status in the words of <sys/wait.h>, with what is left of it behind (wait(2))."""
    low, high = status & 0x7F, status >> 8 & 0xFF
    if status & 0xFF == 0x7F:
        name = signal_name(high & 0x7F) + (" | 0x80" if high & 0x80 else "")
        text = f"{{WIFSTOPPED(s) && WSTOPSIG(s) == {name}}}"
        rest = status & ~(high << 8 | 0x7F)
    elif low not in (0, 0x7F):
        dumped = " && WCOREDUMP(s)" if status & 0x80 else ""
        text = f"{{WIFSIGNALED(s) && WTERMSIG(s) == {signal_name(low)}{dumped}}}"
        rest = status & ~(low | 0x80)
    elif not low:
        text = f"{{WIFEXITED(s) && WEXITSTATUS(s) == {high}}}"
        rest = status & ~(high << 8)
    elif status == _CONTINUED:
        text, rest = "{WIFCONTINUED(s)}", 0
    else:
        return hexadecimal(status)
    event = rest >> 16
    if event:
        text += f"|{call.choice(event, PTRACE_EVENTS, unknown='PTRACE_EVENT_???')}<<16"
    if rest & 0xFFFF:
        text += f"|{hexadecimal(rest & 0xFFFF)}"
    return text


def _status(call: Call) -> str:
    """Print wait4's status, which is there only if a child was found."""
    data = call.fetch(call[1], 4) if call.value else None
    return pointer(call[1]) if data is None else f"[{status_text(call, int.from_bytes(data, 'little'))}]"


def _used(call: Call) -> str:
    return usage(call, call[3]) if call.value > 0 else pointer(call[3])


def _who(call: Call) -> str:
    """Print whom waitid waits for."""
    kind, number = u32(call[0]), s32(call[1])
    if kind == _P_PID:
        return call.process(number)
    return call.descriptor(number) if kind == _P_PIDFD else str(number)


def _options(index: int) -> Argument:
    return show.flags(index, WAIT4_OPTIONS, unknown="W???")


SHAPES: Final[dict[str, Shape]] = {
    "wait4": Shape((show.process(0),), (_status, _options(2), _used), process_result),
    "waitid": Shape(
        (show.choice(0, WAITID_TYPES, unknown="P_???"), _who),
        (lambda call: siginfo_at(call, call[2]), _options(3), lambda call: usage(call, call[4])),
    ),
}
