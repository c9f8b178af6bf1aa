"""Fault injection as a pytest plugin: tests whose ids are crash points, fixtures, options.

Every pytest run of the machine loads it, so it loads little before that is needed.

    @pytest.mark.crashpoints(nodes="*", events="send|bind", at="entry,exit", faults=["kill", "stop"])
    def test_survivors(cluster, script, invariants): ...
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from bstinspect.faults.plugin.fixtures import cluster, faults, invariants, leaks, script, supervisor
from bstinspect.faults.plugin.options import add_options
from bstinspect.faults.plugin.session import CLUSTER, FAULT, SESSION, FaultSession

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["cluster", "faults", "invariants", "leaks", "script", "supervisor"]

_MARKER = "crashpoints"
_ARGUMENT = "crashpoint"
_HELP = (
    f"{_MARKER}(nodes='*', events='', at='', faults='kill,stop', script=None, seed=0): "
    "play a script with each fault at each of these crash points, a test each"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Read the options. Raises pytest.UsageError."""
    config.addinivalue_line("markers", _HELP)
    config.stash[SESSION] = FaultSession(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the workers."""
    if SESSION in config.stash:
        config.stash[SESSION].close()
    machine = sys.modules.get("bstinspect.faults.machine")
    if machine is not None:
        machine.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each crash point and fault."""
    mark = metafunc.definition.get_closest_marker(_MARKER)
    if mark is None:
        return
    from bstinspect.faults.plugin.generating import parameters

    session = metafunc.config.stash[SESSION]
    try:
        found = parameters(metafunc, mark, session)
    except pytest.UsageError as error:
        problem = f"{metafunc.definition.nodeid}: {error}"
        if hasattr(metafunc.config, "workerinput"):  # a worker of xdist must not end by itself
            raise pytest.Collector.CollectError(problem) from error
        session.problems.append(problem)
        return
    metafunc.fixturenames.append(_ARGUMENT)
    metafunc.parametrize(_ARGUMENT, found)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give a test with a crash point its scenario, and a cluster to play it."""
    scenario = getattr(item, "callspec", None) and item.callspec.params.get(_ARGUMENT)  # type: ignore[attr-defined]
    if scenario and isinstance(item, pytest.Function):
        item.stash[FAULT] = scenario
        if "cluster" not in item.fixturenames:
            item.fixturenames.append("cluster")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config) -> None:
    """Say what is wrong with the markers. Raises pytest.UsageError."""
    problems = config.stash[SESSION].problems
    if problems:
        raise pytest.UsageError("\n".join(problems))


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say what was listed."""
    summary = config.stash[SESSION].summary()
    return [summary] if summary else []


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let the workers know what is coming; below xdist nobody knows."""
    if session.config.option.collectonly or hasattr(session.config, "workerinput"):
        return
    scenarios = [item.stash[FAULT] for item in session.items if FAULT in item.stash]
    if scenarios:
        session.config.stash[SESSION].playing.expect(scenarios)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Look at the cluster when the body is over: a fault that is not survived fails the test."""
    result = yield
    if CLUSTER in pyfuncitem.stash:
        from bstinspect.faults.plugin.judging import look_at

        look_at(pyfuncitem, pyfuncitem.stash[CLUSTER])
    return result


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say again how many faults there were, and how many the budget left out."""
    from bstinspect.faults.plugin.reporting import final_line

    line = final_line(terminalreporter, config.stash[SESSION])
    if line:
        terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Below xdist: tell the process that reports."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["faults"] = session.config.stash[SESSION].summary()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Above xdist: all workers list the same, so one of them is enough."""
    node.config.stash[SESSION].told = getattr(node, "workeroutput", {}).get("faults", "")
