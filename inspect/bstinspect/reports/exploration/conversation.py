"""One run as a dialogue: each command with its reply, the faults where they happened, and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.reports.visible import one_line

if TYPE_CHECKING:
    from bstinspect.faults.run import Outcome, Run

_RED: Final = "\x1b[31m"
_GREEN: Final = "\x1b[32m"
_DIM: Final = "\x1b[2m"
_PLAIN: Final = "\x1b[0m"


def write_conversation(outcome: Outcome, *, color: bool) -> str:
    """Return the dialogue and the verdict, a newline behind each line."""
    lines = _dialogue(outcome.run, color=color) if outcome.run is not None else []
    for violation in outcome.violations:
        lines.append(_colored(f"{violation.invariant}: {one_line(violation.text)}", _RED, color=color))
    if outcome.error:
        lines.append(_colored(one_line(outcome.error), _RED, color=color))
    if outcome.is_sound:
        lines.append(_colored("sound: every invariant holds", _GREEN, color=color))
    return "".join(f"{line}\n" for line in lines)


def _dialogue(run: Run, *, color: bool) -> list[str]:
    width = max((len(each.command) for each in run.replies), default=0)
    lines = []
    for index, reply in enumerate(run.replies):
        said = one_line(reply.line) if reply.line is not None else "(no reply)"
        text = f"{one_line(reply.command):<{min(width, 40)}}  {said}"
        milliseconds = reply.took_ns / 1e6
        text += f"  ({milliseconds:.0f} ms)" if milliseconds >= 1 else ""
        lines.append(text if reply.scripted else _colored(text, _DIM, color=color))
        lines += [
            _colored(f"    {each.injection.fault} at {each.injection.at}", _RED, color=color)
            for each in run.fired
            if each.command == index
        ]
    if run.trouble:
        lines.append(_colored(f"given up: {one_line(run.trouble)}", _RED, color=color))
    lines += [f"left behind: {each.kind} {one_line(each.what)}" for each in run.left]
    lines += [f"standard error: {one_line(line)}" for line in run.stderr.splitlines()[:20]]
    return lines


def _colored(line: str, colour: str, *, color: bool) -> str:
    return f"{colour}{line}{_PLAIN}" if color else line
