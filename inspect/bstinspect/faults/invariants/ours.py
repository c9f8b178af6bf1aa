"""What must hold in every run, whatever happens to whomever. Each has a name that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.faults.invariants import ends, patience, requests
from bstinspect.faults.invariants.judging import Judged, judged, shown
from bstinspect.faults.model.answers import Exactly, Listing, listed_by
from bstinspect.faults.run import Run, Violation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_DEFECT: Final = "Error: internal:"
"""How a shell of ours tells of an exception that nobody expected (bstcluster.shell)."""
_UNREACHABLE: Final = (": Node is unavailable", "Error: Parent is unavailable")


class Invariant(msgspec.Struct, frozen=True):
    """Something that must hold. `check` returns the evidence against it, a line each."""

    name: str
    description: str
    check: Callable[[Run], Iterable[str]]


def judge(run: Run, invariants: Sequence[Invariant] | None = None) -> tuple[Violation, ...]:
    """Return what does not hold in `run`; by default of `OURS`."""
    chosen = OURS if invariants is None else invariants
    return tuple(Violation(each.name, text) for each in chosen for text in dict.fromkeys(each.check(run)))


def _timing(run: Run) -> Iterator[str]:
    for each in judged(run):
        took, limit = each.reply.took_ns, each.judgement.limit_ns
        if each.reply.line is not None and took > limit and not each.judgement.waits:
            yield f"{each.asked}: answered after {took // 1_000_000} ms, and needs no timeout"


def _every_command_ends(run: Run) -> Iterator[str]:
    for each in judged(run):
        took, limit = each.reply.took_ns, each.judgement.limit_ns
        if each.reply.line is None and not each.judgement.fits:
            yield f"{each.asked}: no reply{f' ({run.trouble})' if run.trouble else ''}"
        elif each.reply.line is not None and took > limit and each.judgement.waits:
            yield f"{each.asked}: answered after {took // 1_000_000} ms, {limit // 1_000_000} ms allowed"


# The replies that the plain model does not allow: each is evidence against one invariant.


def _verdict(each: Judged, earlier: Sequence[Judged]) -> str:
    """Return the name of the invariant that a wrong reply is against; empty for one that is right."""
    line, command = each.reply.line, each.judgement.command
    if each.judgement.fits or line is None:
        return ""
    name = "replies-to-the-letter"
    if _takes_effect_late(each, earlier):
        name = "nothing-after-error"
    elif command.name == "create" and _was_killed(command.node, earlier):
        name = "id-is-free-again"
    elif command.name == "exec" and _meets_another(each, earlier):
        name = "no-late-reply"
    elif _is_about_the_unreachable(each):
        name = "unreachable-is-exact"
    return name


def _is_about_the_unreachable(each: Judged) -> bool:
    """Tell whether the reply is to the letter, and wrong about who can be reached."""
    line, allowed = each.reply.line or "", each.judgement.allowed
    if any(isinstance(answer, Listing) for answer in allowed):
        return listed_by(line) is not None
    should = any(isinstance(answer, Exactly) and answer.line.endswith(_UNREACHABLE) for answer in allowed)
    return each.judgement.command.name in ("exec", "create") and line.endswith(_UNREACHABLE) != should


def _takes_effect_late(each: Judged, earlier: Sequence[Judged]) -> bool:
    """Tell whether the reply knows a node whose create was answered with an error, and no other."""
    line, command = each.reply.line or "", each.judgement.command
    known = {node for world in each.judgement.before for node in world.ids}
    refused = {
        past.judgement.command.node for past in earlier
        if past.judgement.command.name == "create" and (past.reply.line or "").startswith("Error")
    } - known  # fmt: skip
    if command.name == "pingall":
        return bool((listed_by(line) or set()) & refused)
    if command.name == "create":
        return command.node in refused and line == "Error: Already exists"
    return command.node in refused and line != f"Error:{command.node}: Not found" and not command.answer


def _was_killed(node: int, earlier: Sequence[Judged]) -> bool:
    """Tell whether the last that was heard of `node` is that it, or one above it, was killed."""
    for past in reversed(earlier):
        command = past.judgement.command
        if command.name == "create" and command.node == node and past.reply.line == "Ok: PID":
            return False
        removed = command.name == "kill" and past.reply.line == "Ok"
        if removed and any(node in world.below(command.node) for world in past.judgement.before):
            return True
    return False


def _meets_another(each: Judged, earlier: Sequence[Judged]) -> bool:
    """Tell whether the sum is that of an earlier exec."""
    line, command = each.reply.line or "", each.judgement.command
    if not line.startswith("Ok:") or line == command.result:
        return False
    value = line.rpartition(" ")[2]
    return any(past.judgement.command.result.rpartition(" ")[2] == value for past in earlier)


def _wrong_replies(name: str) -> Callable[[Run], Iterator[str]]:
    def check(run: Run) -> Iterator[str]:
        all_of_them = judged(run)
        for index, each in enumerate(all_of_them):
            if _verdict(each, all_of_them[:index]) == name:
                yield str(each)

    return check


def _to_the_letter(run: Run) -> Iterator[str]:
    yield from _wrong_replies("replies-to-the-letter")(run)
    for each in judged(run):
        line = each.reply.line
        if line is None or not each.judgement.fits:
            continue
        if line != line.strip() or not line.isprintable() or line.startswith(_DEFECT):
            yield f"{each.asked}: {shown(line)}"


def _nothing_after_error(run: Run) -> Iterator[str]:
    yield from _wrong_replies("nothing-after-error")(run)
    yield from requests.unwanted(run)


OURS: Final = (
    Invariant("others-answer-in-time",
              "a command takes no timeout, unless it needs somebody who may be silent and alive", _timing),
    Invariant("nobody-is-given-up-early",
              "who is only slow is given the whole of the time that is promised", patience.check),
    Invariant("every-command-ends",
              "every command is answered by its deadline, whoever was hit", _every_command_ends),
    Invariant("unreachable-is-exact",
              "unreachable is the union of the subtrees of the dead and the stopped, and nobody else",
              _wrong_replies("unreachable-is-exact")),
    Invariant("replies-to-the-letter",
              "each reply is one line, as the assignment has it", _to_the_letter),
    Invariant("one-reply-per-request",
              "a request has one reply; only one of the command in flight may have none", requests.check),
    Invariant("nothing-after-error",
              "a create that was answered with an error makes no node that is known, or answers",
              _nothing_after_error),
    Invariant("no-late-reply",
              "the answer to an earlier exec never meets a later one", _wrong_replies("no-late-reply")),
    Invariant("id-is-free-again",
              "an id can be created again after kill", _wrong_replies("id-is-free-again")),
    Invariant("nothing-left-behind",
              "no process, zombie, file, descriptor or port stays", ends.left_behind),
    Invariant("ends-well",
              "the controller ends at once, with status 0, and nobody prints a traceback", ends.ends_well),
)  # fmt: skip
"""What our cluster promises."""
