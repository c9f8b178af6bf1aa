"""A conversation with a store of words, and what must hold in it: for `--driver words:Words`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.faults.conversation import Lines
from bstinspect.faults.invariants import Invariant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.faults.run import Fired, Run


def forgotten(run: Run) -> Iterator[str]:
    """Yield each word that is not as it was set, though somebody is there to answer."""
    said: dict[str, str] = {}
    for each in run.replies:
        name, key, *word = each.command.split()
        if name == "set":
            said[key] = word[0]
        elif each.line not in {said.get(key), "gone", None}:
            yield f"{each.command}: {each.line}, not {said.get(key)}"


class Words(Lines):
    """The lines of the script; where a fault has fired, one more question."""

    invariants = (
        Invariant("words-are-kept", "a word is as it was set, or its keeper is gone", forgotten),
        Invariant(
            "nothing-left", "no process stays", lambda run: [f"{each.kind} {each.what}" for each in run.left]
        ),
    )

    def __init__(self, script: tuple[str, ...]) -> None:
        super().__init__(script)
        self._more: list[str] = []

    def next(self) -> str | None:
        """Return the next line."""
        line = super().next()
        if line is None and self._more:
            self.is_scripted = False
            return self._more.pop()
        return line

    def fired(self, fault: Fired) -> None:  # noqa: ARG002 - which fault it was is no matter
        """Ask once more."""
        self._more = ["get a"]
