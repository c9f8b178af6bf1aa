"""The parameters of one test with crash points: a scenario each, named as its faults are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bstinspect.errors import InspectError
from bstinspect.faults.plugin.asking import asked_by
from bstinspect.faults.plugin.listing import Listed, Lister
from bstinspect.faults.plugin.targets import name
from bstinspect.faults.run import Scenario

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

    from bstinspect.faults.plugin.asking import Asked
    from bstinspect.faults.plugin.session import FaultSession


def parameters(metafunc: pytest.Metafunc, mark: pytest.Mark, session: FaultSession) -> list[ParameterSet]:
    """List the crash points of a test. Raises pytest.UsageError."""
    asked = asked_by(metafunc, mark, session.settings)
    try:
        listed = _listed(asked, session)
    except InspectError as error:
        raise pytest.UsageError(f"its crash points cannot be listed: {error}") from error
    session.count(listed.faults, listed.pruned)
    if listed.faults or listed.pruned:
        return [
            pytest.param(Scenario(asked.script, each, asked.seed), id=name(each)) for each in listed.faults
        ]
    if not asked.is_narrowed and session.settings.shard is None:
        raise pytest.UsageError("crashpoints: no crash point of the script is like that")
    reason = "no crash point of the script is one of those asked for"
    return [pytest.param(None, id="none", marks=pytest.mark.skip(reason=reason))]


def _listed(asked: Asked, session: FaultSession) -> Listed:
    settings = session.settings
    if settings.replay is not None:
        return Listed([settings.replay.scenario.injections])
    return Lister(session.playing, asked.script, asked.seed, asked.selection, settings).listed()
