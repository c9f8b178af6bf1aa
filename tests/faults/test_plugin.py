"""The pytest plugin, by runs of pytest in this process. A scenario is played once for all tests."""

from __future__ import annotations

import importlib
import json
import pkgutil
from typing import TYPE_CHECKING, ClassVar

import pytest

from bstinspect.faults import plugin
from bstinspect.faults.plugin import judging, playing
from bstinspect.faults.plugin.playing import Playing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bstinspect.faults.run import Scenario
    from bstinspect.faults.worker import Answer

for each in pkgutil.iter_modules(plugin.__path__):  # else each run of pytest loads them again
    importlib.import_module(f"{plugin.__name__}.{each.name}")
REPLY = "20.1:send(exec-reply)#1@exit"
HEAD = """
import pytest
from bstinspect.faults.invariants import OURS, Invariant

@pytest.fixture
def script():
    return ["create 20", "exec 20 1 5"]
"""
SURVIVORS = """
@pytest.mark.crashpoints(nodes="20", events="send|bind", at="entry,exit", faults=["kill", "stop"])
def test_survivors(cluster, script, invariants): ...
"""
NEVER = """
@pytest.fixture
def invariants():
    return [*OURS, Invariant("no-fault-at-all", "nothing ever happens", lambda run: map(str, run.fired))]
"""


class Remembering(Playing):
    """Plays each scenario once, for as many sessions of pytest as there are."""

    def __init__(self) -> None:
        super().__init__("gw0")
        self.known: dict[Scenario, Answer] = {}

    def play(self, scenario: Scenario) -> Answer:
        """Play a scenario, or remember it."""
        if scenario not in self.known:
            self.known[scenario] = super().play(scenario)
        return self.known[scenario]

    def close(self) -> None:
        """End nothing yet; the next session has a budget of its own."""
        self._began = None

    def end(self) -> None:
        """End everything."""
        super().close()


@pytest.fixture(scope="module")
def remembering() -> Iterator[Remembering]:
    """Start the workers before the first test begins."""
    made = Remembering()
    made.golden(("create 20", "exec 20 1 5"), 0)
    made.director().say("pingall")
    made.director().end()
    yield made
    made.end()


@pytest.fixture
def run(pytester: pytest.Pytester, remembering: Remembering, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs pytest on a test file."""
    monkeypatch.setattr(playing, "Playing", lambda _: remembering)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # the others cost time
    return Run(pytester)


class Run:
    """Runs pytest."""

    collected: ClassVar[dict[tuple[str, tuple[str, ...], str], list[str]]] = {}

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester

    def __call__(self, text: str, *options: str, ini: str = "") -> pytest.RunResult:
        """Run it on a file with this text."""
        self.pytester.makefile(".ini", pytest=f"[pytest]\n{ini}")
        self.pytester.makepyfile(test_it=HEAD + text)
        return self.pytester.runpytest_inprocess("-p", "bstinspect.faults.plugin", "-q", *options)

    def ids(self, text: str, *options: str, ini: str = "") -> list[str]:
        """Return the ids that are collected."""
        asked = (text, options, ini)
        if asked not in self.collected:
            result = self(text, "--collect-only", *options, ini=ini)
            assert result.ret == 0, result.stdout.str()
            lines = [line for line in result.outlines if line.startswith("test_it.py::")]
            self.collected[asked] = [line.partition("[")[2].removesuffix("]") for line in lines]
        return self.collected[asked]


def test_each_point_and_fault_is_a_test(run: Run) -> None:
    """The issue's example, as it stands there: ids are crash points, and those that are alike are told."""
    found = run.ids(SURVIVORS)
    assert f"{REPLY}=kill" in found
    assert "20.1:bind#1@entry=stop" in found
    assert len(found) == len(set(found)) > 10
    assert not [each for each in found if not each.startswith("20.1:") or "recv" in each]
    run.collected.clear()
    assert found == run.ids(SURVIVORS), "they are the same whenever they are listed"
    result = run(SURVIVORS, "--fault-at", REPLY)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["faults: 2 at 1 points"])


def test_a_test_can_be_chosen_by_name(run: Run) -> None:
    """With -k, and by its id."""
    result = run(SURVIVORS, "-k", "exec-reply and exit and kill")
    result.assert_outcomes(passed=1, deselected=len(run.ids(SURVIVORS)) - 1)
    run(SURVIVORS, f"test_it.py::test_survivors[{REPLY}=kill]").assert_outcomes(passed=1)


def test_equal_points_are_left_out_and_told(run: Run) -> None:
    """And kept on request."""
    kept = run.ids(SURVIVORS, "--fault-all")
    result = run(SURVIVORS, "--collect-only")
    left_out = len(kept) - len(run.ids(SURVIVORS))
    assert left_out > 0
    result.stdout.fnmatch_lines(
        [f"faults: * at * points, {left_out} of {len(kept)} left out as like others (*%;*"]
    )


def test_a_failure_says_what_and_how_to_see_it_again(run: Run) -> None:
    """The invariant, the evidence, the conversation; commands; a file, which can be replayed."""
    result = run(NEVER + SURVIVORS, "--fault-at", f"{REPLY}=stop", "--fault-save", "kept")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        f"with {REPLY}=stop:",
        "  create 20 * Ok: PID",
        "  exec 20 1 5 *",
        f"      stop at {REPLY}",
        "  no-fault-at-all: *",
        f"again:  pytest 'test_it.py::test_survivors[[]{REPLY}=stop]'",
        f"or:     bstrace faults run --script 'create 20; exec 20 1 5' --fault '{REPLY}=stop'",
        "kept:   pytest --fault-replay *",
    ])  # fmt: skip
    (kept,) = (run.pytester.path / "kept").iterdir()
    assert json.loads(kept.read_text())["test"] == f"test_it.py::test_survivors[{REPLY}=stop]"
    text = NEVER + SURVIVORS.replace('nodes="20"', 'nodes="controller"')
    again = run(text.replace("exec 20 1 5", "pingall"), "--fault-replay", str(kept))
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines([f"with {REPLY}=stop:"])


def test_failures_are_kept_in_the_cache(run: Run) -> None:
    """By default; without a cache they are not kept."""
    options = ("--fault-at", f"{REPLY}=stop")
    run(NEVER + SURVIVORS, *options)
    assert len(list((run.pytester.path / ".pytest_cache" / "d" / "faults").iterdir())) == 1
    result = run(NEVER + SURVIVORS, *options, "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("kept:*")


def test_a_failure_can_be_shrunk(run: Run) -> None:
    """Then the smallest scenario is told, as a command and as a test to paste."""
    text = NEVER + SURVIVORS.replace(
        'faults=["kill", "stop"]', 'faults="stop:200ms", script="create 20; pingall"'
    )
    result = run(text, "--fault-at", "20.1:bind#1@exit", "--fault-shrink")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        "smallest: bstrace faults run --script 'create 20' --fault *",
        "  from bstinspect.faults.harness import replay",
        "      assert outcome.is_sound, outcome",
    ])  # fmt: skip


def test_without_a_fault_it_fails_too(run: Run) -> None:
    """Then the message says so: the fault is not to blame."""
    always = NEVER.replace("map(str, run.fired)", "['always']")
    result = run(always + SURVIVORS, "--fault-at", f"{REPLY}=stop")
    result.stdout.fnmatch_lines(["without a fault too: always"])


def test_a_fault_that_does_not_fire_fails(run: Run) -> None:
    """One more fault than the test's own, at a point that never comes."""
    text = SURVIVORS.replace(
        "(cluster, script, invariants): ...", '(faults): faults.at("20:listen#9@exit").kill()'
    )
    result = run(text, "--fault-at", f"{REPLY}=stop")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*did not fire: 20:listen#9@exit=kill*"])


def test_a_body_may_play_and_look(run: Run) -> None:
    """The outcome, the replies and the whole run; it is played once."""
    body = f"""(cluster, crashpoint):
    outcome = cluster.play()
    assert outcome.is_sound
    assert outcome is cluster.play()
    assert [str(each) for each in outcome.injections] == ["{REPLY}=kill"]
    assert [each.command for each in cluster.replies] == ["create 20", "exec 20 1 5"]
    assert cluster.run.fired == cluster.fired
    assert crashpoint == cluster.scenario
"""
    text = SURVIVORS.replace("(cluster, script, invariants): ...", body)
    run(text, "--fault-at", f"{REPLY}=kill").assert_outcomes(passed=1)


def test_a_body_that_fails_is_told_as_ever(run: Run) -> None:
    """And the fault is not played for it."""
    text = SURVIVORS.replace("...", "assert not script")
    result = run(text, "--fault-at", f"{REPLY}=kill")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line(f"with {REPLY}*")


def test_faults_have_no_now_where_the_script_is_played_as_a_whole(run: Run) -> None:
    """And nothing can be put up any more once it is played."""
    body = """(cluster, faults):
    with pytest.raises(Exception, match="kill 20 when"):
        faults.kill(20)
    cluster.play()
    with pytest.raises(Exception, match="played already"):
        faults.at("20:listen#1@exit").kill()
"""
    text = SURVIVORS.replace("(cluster, script, invariants): ...", body)
    run(text, "--fault-at", f"{REPLY}=kill").assert_outcomes(passed=1)


def test_where_a_script_may_come_from(run: Run) -> None:
    """The marker, a class, or ours; a cluster that nobody asked for is played all the same."""
    text = """
class TestThere:
    @pytest.fixture
    def script(self):
        return ("create 30",)

    @pytest.mark.crashpoints(nodes="30", events="bind", at="exit", faults="kill")
    def test_class(self, request):
        assert request.getfixturevalue("cluster").scenario.script == ("create 30",)

@pytest.mark.crashpoints(script="create 40; exit", events="bind", at="exit", faults="kill")
def test_marker(): ...
"""
    result = run(text)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["faults: 2 at 2 points"])


def test_shards_are_parts_of_the_whole(run: Run) -> None:
    """Every test is in one of them."""
    parts = [run.ids(SURVIVORS, "--fault-shard", f"{number}/3") for number in (1, 2, 3)]
    assert sorted(each for part in parts for each in part) == sorted(run.ids(SURVIVORS))
    assert all(parts)


def test_what_the_budget_leaves_out_is_skipped(run: Run) -> None:
    """With the reason, and counted; something is always played."""
    result = run(SURVIVORS, "--fault-budget", "0.000001", "-rs", "-k", "bind")
    result.assert_outcomes(passed=1, skipped=3, deselected=len(run.ids(SURVIVORS)) - 4)
    result.stdout.fnmatch_lines(["faults: *; 3 not played: *", "*the faults' budget of 1e-06 s is used up*"])


@pytest.mark.parametrize(
    ("ini", "options"),
    [
        ("fault_nodes = controller", ["--fault-nodes", "controller"]),
        ("fault_events = fork,bind", ["--fault-events", "fork|bind"]),
        ("fault_when = exit", ["--fault-when", "exit"]),
        ("fault_kinds = errno:EIO drop".replace(" drop", ",drop"), ["--fault-kinds", "errno:EIO,drop"]),
        ("fault_shard = 2/8", ["--fault-shard", "2/8"]),
        ("fault_all = yes", ["--fault-all"]),
        (f"fault_at =\n    20:bind#1@exit\n    {REPLY}=drop".replace("exit=drop", "entry=drop"),
         ["--fault-at", "20:bind#1@exit", "--fault-at", f"{REPLY}=drop".replace("exit=drop", "entry=drop")]),
    ],
)  # fmt: skip
def test_what_is_listed_may_be_said_in_three_places(run: Run, ini: str, options: list[str]) -> None:
    """The ini file says the same as the options. These go before the marker, which goes before the ini."""
    plain = "@pytest.mark.crashpoints\ndef test_plain(): ..."
    by_option = run.ids(plain, *options)
    assert run.ids(plain, ini=ini) == by_option
    everything = run.ids(plain)
    assert by_option
    assert by_option != everything
    if ini.startswith(("fault_nodes", "fault_events", "fault_when", "fault_kinds")):
        assert run.ids(SURVIVORS, ini=ini) == run.ids(SURVIVORS)
        assert run.ids(SURVIVORS, *options) != run.ids(SURVIVORS)


def test_other_options_from_the_ini_file(run: Run) -> None:
    """A seed, a budget, a directory, a file, and what is to be looked for."""
    text = SURVIVORS.replace(
        "(cluster, script, invariants): ...", "(cluster):\n    assert cluster.scenario.seed == 7"
    )
    at = ("--fault-at", f"{REPLY}=stop")
    run(text, *at, ini="fault_seed = 7").assert_outcomes(passed=1)
    run(text, *at, "--fault-seed", "7", ini="fault_seed = 8").assert_outcomes(passed=1)
    run(text, *at, ini="fault_seed = 8").assert_outcomes(failed=1)
    result = run(SURVIVORS, "-k", "bind", ini="fault_budget = 0.000001")
    assert result.parseoutcomes()["skipped"] == 3
    run(NEVER + SURVIVORS, *at, ini="fault_save = there").assert_outcomes(failed=1)
    (kept,) = (run.pytester.path / "there").iterdir()
    assert run.ids(SURVIVORS, ini=f"fault_replay = there/{kept.name}") == [f"{REPLY}=stop"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fault-kinds", "kil"], "'kil' is no fault; there are kill, stop"),
        (["--fault-events", "sends"], "'sends' is no event; there are send, recv"),
        (["--fault-when", "before"], "'before' is no place; there are entry, exit"),
        (["--fault-at", "20:send"], "'20:send' is no crash point; one looks like"),
        (["--fault-at", f"{REPLY}=drop"], "there can be no drop at this point"),
        (["--fault-at", f"{REPLY}=stop:now"], "'now' is no duration"),
        (["--fault-seed", "x"], "'x' is no seed"),
        (["--fault-shard", "9/8"], "'9/8' is no part such as 2/8"),
        (["--fault-budget", "soon"], "'soon' is no time in seconds"),
        (["--fault-replay", "none.json"], "none.json: No such file or directory"),
        (["--fault-replay", "test_it.py"], "test_it.py keeps no fault: "),
    ],
)
def test_options_that_make_no_sense(run: Run, options: list[str], message: str) -> None:
    """One clear line, and status 4."""
    result = run(SURVIVORS, *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: faults: *{message}*"])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


def test_an_ini_file_that_makes_no_sense(run: Run) -> None:
    """As the option."""
    result = run(SURVIVORS, ini="fault_events = sends")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: faults: 'sends' is no event; *"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("node='20'", "crashpoints: got an unexpected keyword argument 'node'"),
        ("'20'", "crashpoints: takes 0 positional arguments but 1 was given"),
        ("faults=['kil']", "crashpoints: 'kil' is no fault; there are kill, stop"),
        ("events='sends'", "crashpoints: 'sends' is no event; there are send, recv"),
        ("at='before'", "crashpoints: 'before' is no place; there are entry, exit"),
        ("faults=3", "crashpoints: faults is a text, or a list of texts, not 3"),
        ("seed='x'", "crashpoints: 'x' is no seed"),
        ("nodes='99'", "crashpoints: no crash point of the script is like that"),
        ("script=[]", "the script has no command"),
        ("script=3", "a script is a list of command lines, not int"),
        ("script=['create 20\\npingall']", "'create 20\\npingall' in the script is no single line"),
    ],
)
def test_markers_that_make_no_sense(run: Run, arguments: str, message: str) -> None:
    """One clear line with the test's name, and status 4."""
    result = run(f"@pytest.mark.crashpoints({arguments})\ndef test_wrong(cluster): ...")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [each for each in result.errlines if each]
    assert line.startswith(f"ERROR: test_it.py::test_wrong: {message}")
    assert "Traceback" not in result.stdout.str()


@pytest.mark.parametrize(
    ("header", "body"),
    [("", "(tmp_path): return []"), ("(params=[1])", "(): return []"), ("", "(): yield []")],
)
def test_a_script_that_is_not_known_at_collection(run: Run, header: str, body: str) -> None:
    """It takes a fixture, has parameters, or is torn down."""
    result = run(f"@pytest.fixture{header}\ndef script{body}\n{SURVIVORS}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *test_survivors: the fixture script must be known at collection: *"])


def test_nothing_to_do_for_the_command_line_is_no_error(run: Run) -> None:
    """Another test may have such a point."""
    run(SURVIVORS, "--fault-at", "99:bind#1@exit", "-rs").assert_outcomes(skipped=1)
    run(SURVIVORS, "--fault-nodes", "99").assert_outcomes(skipped=1)


def test_invariants_may_be_none(run: Run) -> None:
    """Then only a fault that does not fire fails."""
    nothing = NEVER.replace("[*OURS, Invariant", "[] and [Invariant")
    run(nothing + SURVIVORS, "--fault-at", f"{REPLY}=stop").assert_outcomes(passed=1)


def test_other_tests_are_left_alone(run: Run) -> None:
    """No line, no worker."""
    result = run("def test_other(): ...")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("faults:*")


def test_a_session_of_its_own_plays_ahead_and_ends_its_workers(pytester: pytest.Pytester) -> None:
    """With the real workers; that nothing is left of them is seen by the fixture of all our tests."""
    pytester.makepyfile(test_it=HEAD + SURVIVORS)
    result = pytester.runpytest_inprocess("-q", "-p", "no:timeout", "-k", "exec-reply")
    result.assert_outcomes(passed=4, deselected=len(result.reprec.getcalls("pytest_itemcollected")) - 4)  # type: ignore[attr-defined]


def test_below_xdist(pytester: pytest.Pytester) -> None:
    """The ids are the same in each process, so that the tests can be shared out."""
    pytest.importorskip("xdist")
    pytester.makepyfile(test_it=HEAD + SURVIVORS)
    result = pytester.runpytest_subprocess("-q", "-p", "no:timeout", "-n", "2", "-k", "exec-reply")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["faults: *"])
    pytester.makepyfile(test_it=HEAD + SURVIVORS.replace('"20"', '"99"'))
    wrong = pytester.runpytest_subprocess("-q", "-p", "no:timeout", "-n", "1")
    wrong.stdout.fnmatch_lines(
        ["test_it.py::test_survivors: crashpoints: no crash point of the script is like that"]
    )


def test_a_full_disk_costs_the_file_not_the_message(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be kept is told all the same."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(judging, "keep", full)
    result = run(NEVER + SURVIVORS, "--fault-at", f"{REPLY}=stop")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("kept:*")
