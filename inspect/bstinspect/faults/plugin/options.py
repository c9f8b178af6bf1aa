"""The options ``--fault-...`` and their twins in the ini file, ``fault_...``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bstinspect.faults.plugin.keeping import Kept
    from bstinspect.faults.plugin.targets import Target
    from bstinspect.faults.selection import Selection

_WORDS: Final = {
    "nodes": ("LIST", "whose crash points: ids as patterns, controller, keeper (default: *, every node)"),
    "events": ("LIST", "send, recv, bind, connect, listen, fork, unlink, wait, exit (default: all)"),
    "when": ("LIST", "entry, exit (default: both); the marker's at="),
    "kinds": ("LIST", "kill, stop:200ms, drop ... (default: kill,stop); the marker's faults="),
    "seed": ("N", "in which order what can happen happens (default: 0, as it became possible)"),
    "shard": ("K/N", "only the K-th of N parts"),
    "budget": ("SECONDS", "play no further fault after so long: the others are skipped"),
    "save": ("DIR", "where a failing fault is kept (default: the folder faults of pytest's cache)"),
}
_FLAGS: Final = {
    "pairs": "a second fault at every later point too",
    "follow": "points that only a fault opens too, to a fixed point: each fault is played to list them",
    "all": "keep points that nothing observable tells apart from another one",
    "shrink": "make a failing scenario smaller before it is told",
}
_AT: Final = "only at this crash point (ADDRESS or ADDRESS=FAULT, as in a test's id); may be repeated"
_REPLAY: Final = "play the fault that was kept in this file, in every test with crash points"
FROM_MARKER: Final = ("nodes", "events", "when", "kinds", "seed")


@dataclass(frozen=True)
class Settings:
    """What was asked for, read."""

    chosen: Mapping[str, str]
    """Of `FROM_MARKER`, what the command line says: it goes before the marker."""
    usual: Mapping[str, str]
    """What the ini file says: the marker goes before it."""
    targets: tuple[Target, ...] = ()
    shard: tuple[int, int] | None = None
    budget: float | None = None
    replay: Kept | None = None
    save: Path | None = None
    pairs: bool = False
    follow: bool = False
    all: bool = False
    shrink: bool = False


def add_options(parser: pytest.Parser) -> None:
    """Tell pytest of them."""
    group = parser.getgroup("faults", "fault injection (bstrace)")
    for name, (metavar, what) in _WORDS.items():
        group.addoption(f"--fault-{name}", dest=f"fault_{name}", metavar=metavar, help=what)
        parser.addini(f"fault_{name}", what, default="")
    for name, what in _FLAGS.items():
        group.addoption(f"--fault-{name}", dest=f"fault_{name}", action="store_true", default=None, help=what)
        parser.addini(f"fault_{name}", what, type="bool", default=False)
    group.addoption("--fault-at", action="append", dest="fault_at", metavar="ADDRESS", help=_AT)
    parser.addini("fault_at", _AT, type="linelist", default=[])
    group.addoption("--fault-replay", dest="fault_replay", metavar="FILE", help=_REPLAY)
    parser.addini("fault_replay", _REPLAY, default="")


def read_settings(config: pytest.Config) -> Settings:
    """Read them. Raises pytest.UsageError."""
    words = {name: _word(config, name) for name in _WORDS}
    at = config.getoption("fault_at") or config.getini("fault_at")
    replay = _word(config, "replay")
    flags = {
        name: bool(config.getoption(f"fault_{name}") or config.getini(f"fault_{name}")) for name in _FLAGS
    }
    if not any(words.values()) and not at and not replay and not any(flags.values()):
        return Settings({}, {})
    from bstinspect.errors import InspectError
    from bstinspect.faults.options import shard
    from bstinspect.faults.plugin.keeping import read_kept
    from bstinspect.faults.plugin.targets import Target

    chosen = {name: str(config.getoption(f"fault_{name}") or "") for name in FROM_MARKER}
    usual = {name: str(config.getini(f"fault_{name}")) for name in FROM_MARKER}
    try:
        for given in (chosen, usual):
            read_seed(given["seed"])
            read_selection(given)
        return Settings(
            chosen,
            usual,
            tuple(map(Target.parse, at)),
            shard(words["shard"] or None),
            _seconds(words["budget"]),
            read_kept(config.invocation_params.dir / replay) if replay else None,
            config.invocation_params.dir / words["save"] if words["save"] else None,
            **flags,
        )
    except InspectError as error:
        raise pytest.UsageError(f"faults: {error}") from error


def read_selection(given: Mapping[str, str]) -> Selection:
    """Read which points and faults are asked for. Raises UsageError (the inspector's)."""
    from bstinspect.faults.selection import Selection

    return Selection.parse(
        given["nodes"] or "*", given["events"], given["when"], given["kinds"] or "kill,stop"
    )


def read_seed(text: str) -> int:
    """Read a seed. Raises UsageError (the inspector's)."""
    from bstinspect.errors import UsageError

    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError(f"{text!r} is no seed: a number from 0 on", advice=False)
    return int(text or 0)


def _word(config: pytest.Config, name: str) -> str:
    return str(config.getoption(f"fault_{name}") or config.getini(f"fault_{name}"))


def _seconds(text: str) -> float | None:
    from bstinspect.errors import UsageError

    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise UsageError(f"{text!r} is no time in seconds", advice=False)
    return seconds
