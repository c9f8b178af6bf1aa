"""What one test asks for: its marker ``crashpoints``, and its fixture ``script``, read at collection."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, NamedTuple

import pytest

from bstinspect.errors import InspectError
from bstinspect.faults.model.language import read
from bstinspect.faults.plugin.options import read_seed, read_selection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bstinspect.faults.plugin.options import Settings
    from bstinspect.faults.selection import Selection

MARKER = "crashpoints"
_LONGEST_LINE = 1 << 20


class Asked(NamedTuple):
    """What one test asks for."""

    script: tuple[str, ...]
    selection: Selection
    seed: int
    is_narrowed: bool
    """Whether the command line has a say in it: then nothing may be left."""


def crashpoints(
    *,
    nodes: str | Iterable[str] = "",
    events: str | Iterable[str] = "",
    at: str | Iterable[str] = "",
    faults: str | Iterable[str] = "",
    script: str | Iterable[str] | None = None,
    seed: int | None = None,
) -> tuple[dict[str, str], str | Iterable[str] | None]:
    """Take the marker's arguments, named as the options are, and the script."""
    given: dict[str, object] = {"nodes": nodes, "events": events, "when": at, "kinds": faults}
    named = {"when": "at", "kinds": "faults"}
    words = {name: _words(named.get(name, name), value) for name, value in given.items()}
    return {**words, "seed": "" if seed is None else str(seed)}, script


def _words(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise TypeError(f"{name} is a text, or a list of texts, not {value!r:.40}")
    return ",".join(value)


def asked_by(metafunc: pytest.Metafunc, mark: pytest.Mark, settings: Settings) -> Asked:
    """Return what the test asks for. Raises pytest.UsageError."""
    try:
        marked, script = crashpoints(*mark.args, **mark.kwargs)
    except TypeError as error:
        raise pytest.UsageError(f"{MARKER}: {str(error).removeprefix(f'{MARKER}() ')}") from error
    chosen, usual = settings.chosen, settings.usual
    given = {name: chosen.get(name) or marked[name] or usual.get(name, "") for name in marked}
    try:
        read_selection(marked)
        selection, seed = read_selection(given), read_seed(given["seed"])
    except InspectError as error:
        raise pytest.UsageError(f"{MARKER}: {error}") from error
    if settings.replay is not None:
        scenario = settings.replay.scenario
        return Asked(scenario.script, selection, scenario.seed, is_narrowed=True)
    lines = checked(_fixture(metafunc) if script is None else script)
    return Asked(lines, selection, seed, is_narrowed=any(chosen.values()) or bool(settings.targets))


def checked(script: object) -> tuple[str, ...]:
    """Return a script's lines, without those that have no reply. Raises pytest.UsageError."""
    if isinstance(script, str):
        script = script.replace(";", "\n").splitlines()
    if not isinstance(script, list | tuple) or not all(isinstance(line, str) for line in script):
        raise pytest.UsageError(f"a script is a list of command lines, not {type(script).__name__}")
    for line in script:
        if "\n" in line or len(line) > _LONGEST_LINE:
            raise pytest.UsageError(f"{line[:40]!r} in the script is no single line")
    found = tuple(line for line in script if read(line).name)
    if not found:
        raise pytest.UsageError("the script has no command")
    return found


def _fixture(metafunc: pytest.Metafunc) -> object:
    """Call the fixture `script` that the test sees: the points are listed before any fixture is set up."""
    definition = metafunc.definition
    found = definition.session._fixturemanager.getfixturedefs("script", definition)  # noqa: SLF001 - no other
    fixture = found[-1] if found else None
    if fixture is None:
        raise pytest.UsageError("there is no fixture script")
    function = fixture.func
    words = [name for name in inspect.signature(function).parameters if name != "self"]
    if words or fixture.params or inspect.isgeneratorfunction(function):
        raise pytest.UsageError(
            "the fixture script must be known at collection: it takes no other fixture and no parameter, and "
            f"returns its list; or give {MARKER}(script=[...])"
        )
    takes_self = "self" in inspect.signature(function).parameters
    return function(metafunc.cls()) if takes_self and metafunc.cls is not None else function()
