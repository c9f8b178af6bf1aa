"""Nothing is left within a second, however `bstrace` ends: no process, no socket, no zombie.

The pytest process is a subreaper, so what loses its parent falls to it, and is reaped as it dies.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Orphanage
    from repl.conftest import Piped

WITHIN: Final = 1.0
"""Seconds until all is gone."""
MIXED: Final = ("trace 10 on", "exec 10 1 1", "stop 10", "crash 20", "stop 60")
STATES: Final = [(), ("stop 40",), ("crash 20",), MIXED, ("watch 20 off", "stop 20"), ("kill 40",)]


class Scene:
    """A session with a tree of seven in some state, and all of its processes."""

    def __init__(self, session: Piped, commands: tuple[str, ...]) -> None:
        self.session = session
        for node in (40, 20, 60, 10, 30, 50, 70):
            assert session.type(f"create {node}").startswith("Ok: ")
        for command in commands:
            assert session.type(command).startswith("Ok")
        self.below = session.below()

    @property
    def everybody(self) -> list[int]:
        """Every pid of the session but the command's own."""
        return [pid for pids in self.below.values() for pid in pids]

    def kill(self, *who: str) -> None:
        """SIGKILL these processes at once: the command does not see the others go before it."""
        if len(who) > 1:
            os.kill(self.session.pid, signal.SIGSTOP)
        for name in who:
            for pid in [self.session.pid] if name == "bstrace" else self.below[name]:
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def begin(orphanage: Orphanage, piped: Callable[..., Piped]) -> Callable[..., Scene]:
    """Return what begins a session in some state; its processes may fall to pytest."""
    assert orphanage

    def begun(*commands: str) -> Scene:
        scene = Scene(piped(), commands)
        assert len(scene.below["tracer"]) == 1
        assert len(scene.below["keeper"]) == 1 or commands == ("kill 40",)
        return scene

    return begun


def nothing_is_left(scene: Scene, orphanage: Orphanage, runtime_directory: Path) -> None:
    """Check that all processes and sockets are gone within a second."""
    assert orphanage.gone(scene.everybody, WITHIN) == []
    assert not list(runtime_directory.glob("bstrace-*"))


@pytest.mark.parametrize("commands", STATES, ids=", ".join)
def test_the_end_of_input(
    begin: Callable[..., Scene], orphanage: Orphanage, runtime_directory: Path, commands: tuple[str, ...]
) -> None:
    """All is gone when the command ends, not only a second later, and it ends within a second."""
    scene = begin(*commands)
    assert scene.session.end(WITHIN) == 0
    assert orphanage.gone(scene.everybody, 0) == []
    nothing_is_left(scene, orphanage, runtime_directory)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("commands", [(), MIXED], ids=["running", "mixed"])
def test_signals(
    begin: Callable[..., Scene],
    orphanage: Orphanage,
    runtime_directory: Path,
    number: int,
    commands: tuple[str, ...],
) -> None:
    """It ends within a second, in order, also where the whole process group gets the signal."""
    scene = begin(*commands)
    os.killpg(scene.session.pid, number)
    assert scene.session.process.wait(WITHIN) == 128 + number
    nothing_is_left(scene, orphanage, runtime_directory)


@pytest.mark.parametrize("commands", STATES, ids=", ".join)
@pytest.mark.parametrize(
    "who",
    [("bstrace",), ("bstrace", "tracer"), ("keeper", "bstrace"), ("tracer", "keeper", "bstrace")],
    ids=" ".join,
)
def test_kill_9(
    begin: Callable[..., Scene],
    orphanage: Orphanage,
    runtime_directory: Path,
    who: tuple[str, ...],
    commands: tuple[str, ...],
) -> None:
    """Whoever is killed with the command itself, in whatever state the nodes are."""
    scene = begin(*commands)
    scene.kill(*who)
    nothing_is_left(scene, orphanage, runtime_directory)


@pytest.mark.parametrize("who", [("bstrace",), ("keeper", "bstrace"), ("keeper",)], ids=" ".join)
@pytest.mark.parametrize("commands", [(), MIXED], ids=["running", "mixed"])
def test_kill_9_while_the_tracer_is_stopped(
    begin: Callable[..., Scene],
    orphanage: Orphanage,
    runtime_directory: Path,
    who: tuple[str, ...],
    commands: tuple[str, ...],
) -> None:
    """A tracer that stands still keeps nobody alive, although the nodes' exits wait for it."""
    scene = begin(*commands)
    os.kill(scene.below["tracer"][0], signal.SIGSTOP)
    scene.kill(*who)
    if "bstrace" not in who:
        assert orphanage.gone(scene.below["nodes"], 2 * WITHIN) == []
        assert scene.session.end() == 0
    nothing_is_left(scene, orphanage, runtime_directory)


def test_kill_9_of_all_at_once(
    begin: Callable[..., Scene], orphanage: Orphanage, runtime_directory: Path
) -> None:
    """Nobody is left to sweep, so the sockets' directory stays; the next session sweeps it, in time."""
    scene = begin()
    for pid in (scene.session.pid, *scene.everybody):
        os.kill(pid, signal.SIGSTOP)
    for pid in (scene.session.pid, *scene.everybody):
        with contextlib.suppress(ProcessLookupError):  # the first death may have taken it along
            os.kill(pid, signal.SIGKILL)
    assert orphanage.gone(scene.everybody, WITHIN) == []
    for left in runtime_directory.glob("bstrace-*"):
        os.utime(left, (0, 0))  # a minute later
    begin()
    (now,) = runtime_directory.glob("bstrace-*")
    assert not now.name.startswith(f"bstrace-{scene.session.pid}-")


@pytest.mark.parametrize("commands", [(), MIXED], ids=["running", "mixed"])
def test_kill_9_of_the_keeper(
    begin: Callable[..., Scene], orphanage: Orphanage, commands: tuple[str, ...]
) -> None:
    """The nodes end, the session says so in one line and goes on; a new tree can grow."""
    scene = begin(*commands)
    scene.kill("keeper")
    assert orphanage.gone([*scene.below["keeper"], *scene.below["nodes"]], WITHIN) == []
    assert "kill the root" in scene.session.error("the keeper (pid ")
    assert scene.session.type("pingall") == "Ok: 10;20;30;40;50;60;70"
    assert scene.session.type("kill 40") == "Ok"
    assert scene.session.type("create 1").startswith("Ok: ")
    assert scene.session.type("exec 1 2 1 1") == "Ok:1: 2"
    assert scene.session.end() == 0


def test_kill_9_of_the_tracer(begin: Callable[..., Scene], orphanage: Orphanage) -> None:
    """The cluster stays in service, a new tracer watches within a second, and the end is as clean."""
    scene = begin()
    scene.kill("tracer")
    assert "the cluster goes on without it" in scene.session.line(2)
    assert scene.session.type("pingall") == "Ok: -1"
    assert "watches 7 nodes again" in scene.session.line(2)
    later = scene.session.below()
    assert later["nodes"] == scene.below["nodes"]
    assert later["tracer"] != scene.below["tracer"]
    os.kill(scene.session.pid, signal.SIGKILL)
    assert orphanage.gone([pid for pids in later.values() for pid in pids], WITHIN) == []


def test_no_zombies_while_it_runs(
    begin: Callable[..., Scene], orphanage: Orphanage, zombies_below: Callable[[int], list[str]]
) -> None:
    """Killed nodes are reaped at once, whoever killed them, orphans of a dead parent too."""
    scene = begin()
    nodes = scene.below["nodes"]
    for pid in (nodes[1], nodes[3]):
        os.kill(pid, signal.SIGKILL)
    assert orphanage.gone([nodes[1], nodes[3]], WITHIN) == []  # gone, not only dead
    assert scene.session.type("crash 70") == "Ok"
    assert scene.session.type("kill 20") == "Ok"
    assert zombies_below(scene.session.pid) == []
    assert scene.session.end() == 0
