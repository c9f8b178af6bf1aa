"""The plugin's fixtures, used as a test's author uses them; and runs of pytest that are to fail."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bstcluster import NotFoundError
from bstinspect.errors import UsageError
from bstinspect.faults.director import DirectorError
from bstinspect.faults.plugin import leaking, playing
from bstinspect.faults.plugin.playing import Playing
from bstinspect.verdicts import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.faults.invariants import Invariant
    from bstinspect.faults.plugin.aiming import Faults
    from bstinspect.faults.plugin.clusters import DirectedCluster
    from bstinspect.faults.plugin.supervised import Supervised


@pytest.fixture(scope="module", autouse=True)
def workers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Start what leads conversations before the first test, and end it after the last."""
    from bstinspect.faults.plugin.session import SESSION

    session = request.config.stash[SESSION]
    session.playing.director().say("pingall")
    yield
    session.close()


def test_a_conversation_step_by_step(
    cluster: DirectedCluster,
    faults: Faults,
    invariants: list[Invariant],  # noqa: ARG001 - they must hold
) -> None:
    """Killed, stopped and continued from outside, and killed at a message that was chosen on the way."""
    assert [cluster.say(f"create {node}") for node in (20, 10, 30)] == ["Ok: PID"] * 3
    assert cluster.say("exec 10 2 4 5") == "Ok:10: 9"
    assert "10.1:send(exec-reply)#1@exit" in cluster.points
    faults.kill(10)
    faults.stop("30.1")
    assert cluster.say("pingall") == "Ok: 10;30"
    faults.cont(30)
    assert cluster.say("pingall") == "Ok: 10"
    armed = faults.next("20:send(ping)@exit").kill()
    assert [each.fault.kind for each in cluster.unfired] == ["kill"]
    assert cluster.say("pingall") == "Ok: 10;20;30"
    assert armed.fired
    assert [(each.who, each.injection.fault.kind) for each in faults.fired] == [
        ("10.1", "kill"), ("30.1", "stop"), ("30.1", "cont"), ("20.1", "kill"),
    ]  # fmt: skip
    run = cluster.end()
    assert run is not None
    assert run.scenario.script[:4] == ("create 20", "create 10", "create 30", "exec 10 2 4 5")


def test_what_is_put_up_before_the_first_command(cluster: DirectedCluster, faults: Faults) -> None:
    """As a full disk has to be; and that time is given."""
    full = faults.at("controller:fork#1@entry").disk_full()
    assert cluster.say("create 20") is not None
    assert full.fired
    assert cluster.replies[0].line != "Ok: PID"
    cluster.rest(2.0)
    assert cluster.say("pingall") == "Ok: -1"
    assert cluster.replies[1].sent_ns >= 2_000_000_000


def test_what_cannot_be_done(cluster: DirectedCluster, faults: Faults) -> None:
    """Each is an error that says why, and the conversation goes on."""
    assert cluster.say("create 20") == "Ok: PID"
    for line in ("", "exit", "create 10\npingall"):
        with pytest.raises(DirectorError, match="no command that has a reply"):
            cluster.say(line)
    with pytest.raises(DirectorError, match="there is no process 99"):
        faults.kill(99)
    with pytest.raises(DirectorError, match="before the first command"):
        faults.at("20:bind#2@entry").disk_full()
    with pytest.raises(UsageError, match="there can be no drop at 20:bind#1@exit"):
        faults.at("20:bind#1@exit").drop()
    with pytest.raises(UsageError, match="is no crash point"):
        faults.at("20:bind")
    assert cluster.say("pingall") == "Ok: -1"


def test_a_controller_that_is_killed_answers_nothing(cluster: DirectedCluster, faults: Faults) -> None:
    """No reply is None, at once."""
    assert cluster.say("create 20") == "Ok: PID"
    faults.kill("controller")
    assert cluster.say("pingall") is None
    with pytest.raises(DirectorError, match="ended"):
        faults.kill(20)


def test_a_real_cluster_under_supervision(supervisor: Supervised, faults: Faults) -> None:
    """Deaths, notices and verdicts as they come, in real time."""
    for node in (20, 10, 30):
        assert supervisor.say(f"create {node}") == f"Ok: {supervisor.pid(node)}"
    faults.kill(20)
    assert "SIGKILL" in supervisor.notice("20")
    assert supervisor.deaths == [20]
    assert {each.node: each.kind for each in supervisor.verdicts()} == {
        10: Kind.ORPHANED, 20: Kind.KILLED, 30: Kind.ORPHANED,
    }  # fmt: skip
    assert supervisor.say("why 20") == "Ok"
    with pytest.raises(UsageError, match="needs the stage"):
        faults.at("20:bind#1@exit").kill()
    with pytest.raises(NotFoundError):
        faults.kill(99)
    with pytest.raises(UsageError, match="no node"):
        faults.kill("keeper")


def failing(pytester: pytest.Pytester, text: str) -> pytest.RunResult:
    """Run pytest on a file."""
    pytester.makepyfile(test_it=text)
    return pytester.runpytest_inprocess("-q", "-p", "no:timeout")


def test_faults_that_do_not_fire_and_invariants_that_do_not_hold(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They fail a test that leads its cluster step by step too."""
    workers = Playing("gw0")
    monkeypatch.setattr(playing, "Playing", lambda _: workers)
    result = failing(
        pytester,
        """
        import pytest
        from bstinspect.faults.invariants import Invariant

        def test_unfired(cluster, faults):
            faults.at("20:listen#9@exit").kill()
            assert cluster.say("create 20") == "Ok: PID"

        class TestNever:
            @pytest.fixture
            def invariants(self):
                return [Invariant("no-fault", "nothing happens", lambda run: map(str, run.fired))]

            def test_struck(self, cluster, faults, invariants):
                cluster.say("create 20")
                faults.kill(20)

        def test_nothing_said(cluster): ...

        def test_error(cluster):
            cluster.say("create 20")
            assert cluster.say("pingall") == "Ok: 20"
        """,
    )
    result.assert_outcomes(passed=1, failed=3)
    result.stdout.fnmatch_lines(
        ["*did not fire: 20:listen#9@exit=kill", "or: *--fault '20:listen#9@exit=kill'"]
    )
    result.stdout.fnmatch_lines(["*no-fault: Fired*"])
    result.stdout.fnmatch_lines(["*assert 'Ok: -1' == 'Ok: 20'*"])


def test_what_a_test_leaves_behind_fails_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, runtime_directory: Path
) -> None:
    """A process, a zombie, a descriptor, a socket directory; each is told."""
    monkeypatch.setattr(leaking, "GRACE", 0.05)
    result = failing(
        pytester,
        f"""
        import os, signal, subprocess

        def test_nothing(leaks): ...

        def test_closed(leaks):
            os.close(os.open("/dev/zero", os.O_RDONLY))

        def test_all(leaks):
            child = subprocess.Popen(["sleep", "60"])
            child.returncode = 0  # it is forgotten
            os.open("/dev/zero", os.O_RDONLY)
            os.mkdir(f"{runtime_directory}/bstrace-{{os.getpid()}}-left")
            pid = os.fork() or os._exit(0)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        """,
    )
    result.assert_outcomes(passed=3, errors=1)
    (line,) = [each for each in result.outlines if each.startswith("left behind: ")]
    for each in (
        "descriptor [0-9]*: /dev/zero",
        "process [0-9]*: sleep 60",
        "zombie [0-9]*",
        "socket directory *-left",
    ):
        pytest.LineMatcher([line]).fnmatch_lines([f"*{each}*"])
    _clear_away(runtime_directory)


def _clear_away(runtime_directory: Path) -> None:
    """Take away what the test before has left on purpose."""
    for task in leaking._children():
        os.kill(task, signal.SIGKILL)
        os.waitpid(task, 0)
    for number, target in leaking._descriptors():
        if target == "/dev/zero":
            os.close(number)
    for path in runtime_directory.glob("*-left"):
        path.rmdir()


def test_the_examples_of_the_documentation(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them runs; of the points, one."""
    text = (Path(__file__).parents[2] / "docs" / "fault-testing.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 5
    workers = Playing("gw0")
    monkeypatch.setattr(playing, "Playing", lambda _: workers)
    pytester.makepyfile(test_it="\n".join(blocks))
    points = ("10.1:send(exec-reply)#1@exit=kill", "10.1:send(exec-reply)#1@entry=drop")
    options = [f"--fault-at={each}" for each in points]
    result = pytester.runpytest_inprocess("-q", "-p", "no:timeout", *options)
    result.assert_outcomes(passed=7)
