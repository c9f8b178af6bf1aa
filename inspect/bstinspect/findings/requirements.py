"""The task's requirements, each with what shows that it is met. The table is TOML: assignment.toml is one.

A requirement has a key, a title in each language, and ``evidence``: a list of tables, each of which looks for

- ``call = ["clone", "fork"]`` a call of one of these names that succeeded, with ``text = "..."`` a regular
  expression that its line has to match;
- ``message = "exec-reply"`` a message of that kind that arrived, or went to somebody who is not traced;
- ``command = "^exec", reply = "^Ok:"`` a command and its reply, as regular expressions;
- ``death = "SIGKILL"`` a process that this signal killed;
- ``check = "search-tree"`` one of `CHECKS`, which look at all facts together.

With ``optional = true`` what is not found counts as not tried.

It is met when all of its evidence is found; untried when what is missing was never tried (no such command was
given, nothing was killed); else unmet.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.errors import InspectError
from bstinspect.findings.checks import CHECKS
from bstinspect.findings.commands import VERBS
from bstinspect.findings.model import Evidence, RequirementFacts
from bstinspect.findings.patterns import matches
from bstinspect.findings.witnesses import killer

if TYPE_CHECKING:
    from bstinspect.findings.calls import Finished
    from bstinspect.findings.model import Findings

ASSIGNMENT: Final = Path(__file__).with_name("assignment.toml")


class RequirementsError(InspectError):
    """A table of requirements that cannot be read."""

    exit_code = 2


class Sought(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A piece of evidence that is looked for: exactly one of its kinds is given."""

    call: list[str] = []
    text: str = ""
    message: str = ""
    command: str = ""
    reply: str = ""
    death: str = ""
    check: str = ""
    optional: bool = False
    """What is not found was not tried: it needs somebody who provokes it."""

    def __post_init__(self) -> None:
        """Raise ValueError where it is not one kind, or a pattern is none."""
        if sum(map(bool, (self.call, self.message, self.command, self.death, self.check))) != 1:
            raise ValueError("each evidence is one of call, message, command, death, check")
        if self.check and self.check not in CHECKS:
            raise ValueError(f"there is no check {self.check!r}; there are: {', '.join(sorted(CHECKS))}")
        for pattern in (self.text, self.command, self.reply):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from error

    def describe(self) -> str:
        """Return in words what is looked for."""
        if self.call:
            return " | ".join(self.call) + (f" ~ {self.text}" if self.text else "")
        if self.command:
            return f"{self.command} → {self.reply}" if self.reply else self.command
        return self.message or self.death or self.check


class Requirement(msgspec.Struct, forbid_unknown_fields=True):
    """A requirement of the table."""

    key: str
    title: dict[str, str]
    evidence: list[Sought]


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    requirement: list[Requirement]


def read_requirements(path: Path) -> list[Requirement]:
    """Read a table. Raises RequirementsError, OSError."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), _Table).requirement
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequirementsError(f"{path} is no TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise RequirementsError(f"{path}: {error}") from error


class Judge:
    """Looks for the calls of the table while the capture is read, and for the rest when it is."""

    def __init__(self, requirements: list[Requirement]) -> None:
        self._requirements = requirements
        self._calls: dict[str, list[Sought]] = {}
        self._found: dict[int, Evidence] = {}
        for requirement in requirements:
            for sought in requirement.evidence:
                for name in sought.call:
                    self._calls.setdefault(name, []).append(sought)

    @property
    def calls(self) -> frozenset[str]:
        """Return the names of the calls that are looked for."""
        return frozenset(self._calls)

    def take(self, call: Finished) -> None:
        """Take a call."""
        wanted = self._calls.get(call.name)
        if not wanted or call.failed or call.leaving is None:
            return
        for sought in list(wanted):
            if id(sought) in self._found:
                wanted.remove(sought)
            elif not sought.text or matches(sought.text, call.text()):
                self._found[id(sought)] = Evidence(call.text(), call.line, call.name)

    def judge(self, findings: Findings) -> list[RequirementFacts]:
        """Return all requirements with what was found; to be called when all else is known."""
        return [self._judge(requirement, findings) for requirement in self._requirements]

    def _judge(self, requirement: Requirement, findings: Findings) -> RequirementFacts:
        facts = RequirementFacts(requirement.key, requirement.title, "met")
        for sought in requirement.evidence:
            found, tried = self._look(sought, findings)
            if found is not None:
                facts.evidence.append(found)
                if found.call:
                    facts.syscalls.append(found.call)
                continue
            facts.syscalls += sought.call
            facts.missing.append(sought.describe())
            if tried and not sought.optional:
                facts.status = "unmet"
            elif facts.status == "met":
                facts.status = "untried"
        return facts

    def _look(self, sought: Sought, findings: Findings) -> tuple[Evidence | None, bool]:
        """Return what was found, and whether it was tried at all."""
        if sought.call:
            return self._found.get(id(sought)), any(each.traced for each in findings.processes)
        if sought.check:
            return CHECKS[sought.check](findings)
        if sought.message:
            return _message(sought.message, findings)
        if sought.death:
            return _death(sought.death, findings)
        return _command(sought, findings)


def _message(kind: str, findings: Findings) -> tuple[Evidence | None, bool]:
    """Look for a message that arrived, or went to somebody who is not traced, as the controller is."""
    traced = {each.pid for each in findings.processes if each.traced}
    alike = [each for each in findings.messages if each.kind == kind]
    for message in sorted(alike, key=lambda each: each.received is None):
        call = message.received or message.sent
        if call is not None and (call is message.received or message.receiver.pid not in traced):
            return Evidence(f"{message.label}: {call.text}", call.line, call.name), True
    return None, any(each.kind in DECODED for each in findings.messages) and _was_asked_for(kind, findings)


def _was_asked_for(kind: str, findings: Findings) -> bool:
    """Tell whether a command succeeded that sends such a message, before a death that may have stopped it."""
    if kind not in VERBS or not findings.commands:
        return True
    death = min((each.when for each in findings.deaths), default=None)
    return any(
        each.verb == VERBS[kind] and each.reply.startswith("Ok") and (death is None or each.began < death)
        for each in findings.commands
    )


def _death(name: str, findings: Findings) -> tuple[Evidence | None, bool]:
    for death in findings.deaths:
        if killer(death.status) == name:
            node = f"node {death.node}, " if death.node is not None else ""
            text = f"{node}pid {death.pid}: {name}"
            waited = next((each.call for each in death.witnesses if each.how == "wait"), None)
            return Evidence(text, waited.line, waited.name) if waited else Evidence(text), True
    return None, False


def _command(sought: Sought, findings: Findings) -> tuple[Evidence | None, bool]:
    given = [each for each in findings.commands if matches(sought.command, each.line)]
    for each in given:
        if matches(sought.reply, each.reply):
            return Evidence(f"{each.line} → {each.reply}"), True
    return None, bool(given)


DECODED: Final = frozenset({"create", "exec", "ping", "create-reply", "exec-reply", "ping-reply"})
"""Where one of these was seen, messages are decoded, and the absence of another means something."""
