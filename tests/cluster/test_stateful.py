"""Any commands in any order, against a plain model of what must be reachable."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bstcluster import (
    AlreadyExistsError,
    Cluster,
    ClusterError,
    NotFoundError,
    ParentUnavailableError,
    State,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")
IDS = st.integers(0, 9)


class Model:
    """The tree as a person would write it down: who is whose parent, who is dead, who is stopped."""

    def __init__(self) -> None:
        self.parents: dict[int, int | None] = {}
        self.dead: set[int] = set()
        self.stopped: set[int] = set()

    def path(self, node: int) -> list[int]:
        """Return `node` and all above it."""
        above = self.parents[node]
        return [node] if above is None else [node, *self.path(above)]

    def place(self, node: int) -> int | None:
        """Return the parent that `node` would have: the deeper of its two neighbours in order."""
        below = max((each for each in self.parents if each < node), default=None)
        above = min((each for each in self.parents if each > node), default=None)
        neighbours = [each for each in (below, above) if each is not None]
        return max(neighbours, key=lambda each: len(self.path(each)), default=None)

    def reachable(self, node: int) -> bool:
        """Say whether nobody on the way to `node` is dead or stopped."""
        return not (self.dead | self.stopped).intersection(self.path(node))

    def unreachable(self) -> list[int]:
        """Return what pingall must list."""
        return sorted(node for node in self.parents if not self.reachable(node))

    def remove(self, top: int) -> None:
        """Forget `top` and all below it."""
        gone = {node for node in self.parents if top in self.path(node)}
        self.parents = {node: above for node, above in self.parents.items() if node not in gone}
        self.dead -= gone
        self.stopped -= gone


class ClusterMachine(RuleBasedStateMachine):
    """A cluster and its model, side by side."""

    @initialize(ids=st.permutations(range(10)), size=st.integers(0, 8))
    def begin(self, ids: list[int], size: int) -> None:
        """Open a cluster with some nodes."""
        self.model = Model()
        self.runner = asyncio.Runner()
        self.cluster = Cluster()
        self.run(self.cluster.__aenter__())
        for node in ids[:size]:
            self.create(node)

    def teardown(self) -> None:
        """Close it."""
        if hasattr(self, "runner"):
            self.run(self.cluster.close())
            self.runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end, within 10 seconds."""
        return self.runner.run(asyncio.wait_for(work, 10))

    def refused(self, work: Coroutine[Any, Any, Any], kind: type[ClusterError]) -> None:
        """Check that `work` raises exactly `kind`."""
        try:
            found = self.run(work)
        except ClusterError as error:
            assert type(error) is kind, f"{error!r}, not {kind.__name__}"  # noqa: PT017 - no pytest.raises: exact
        else:
            raise AssertionError(f"{found!r}, not {kind.__name__}")

    @rule(node=IDS)
    def create(self, node: int) -> None:
        """An id once, and only where its parent can be reached."""
        parent = self.model.place(node)
        if node in self.model.parents:
            self.refused(self.cluster.create(node), AlreadyExistsError)
        elif parent is not None and not self.model.reachable(parent):
            self.refused(self.cluster.create(node), ParentUnavailableError)
        else:
            pid = self.run(self.cluster.create(node))
            assert pid == self.cluster.member(node).pid
            assert self.cluster.topology[node].parent == parent
            self.model.parents[node] = parent

    @rule(node=IDS, numbers=st.lists(st.integers(), max_size=5))
    def exec(self, node: int, numbers: list[int]) -> None:
        """The sum, where the node can be reached."""
        if node not in self.model.parents:
            self.refused(self.cluster.exec(node, numbers), NotFoundError)
        elif not self.model.reachable(node):
            self.refused(self.cluster.exec(node, numbers), UnavailableError)
        else:
            assert self.run(self.cluster.exec(node, numbers)) == sum(numbers)

    @rule(node=IDS)
    def kill(self, node: int) -> None:
        """Whatever state the subtree is in, it goes."""
        if node not in self.model.parents:
            self.refused(self.cluster.kill(node), NotFoundError)
        else:
            self.run(self.cluster.kill(node))
            self.model.remove(node)

    @rule(node=IDS, outside=st.booleans())
    def crash(self, node: int, outside: bool) -> None:  # noqa: FBT001 - drawn
        """By command, or by somebody else."""
        if node not in self.model.parents:
            self.refused(self.cluster.crash(node), NotFoundError)
        elif node in self.model.dead:
            self.refused(self.cluster.crash(node), UnavailableError)
        else:
            if outside:
                member = self.cluster.member(node)
                os.kill(member.pid, signal.SIGKILL)
                assert self.run(member.until(lambda member: member.state is State.DEAD, 5))
            else:
                self.run(self.cluster.crash(node))
            self.model.dead.add(node)
            self.model.stopped.discard(node)

    @rule(node=IDS)
    def stop(self, node: int) -> None:
        """Only what can be reached can be stopped by command."""
        if node not in self.model.parents:
            self.refused(self.cluster.stop(node), NotFoundError)
        elif not self.model.reachable(node):
            self.refused(self.cluster.stop(node), UnavailableError)
        else:
            self.run(self.cluster.stop(node))
            self.model.stopped.add(node)

    @rule(node=IDS)
    def cont(self, node: int) -> None:
        """Whatever lives can be continued, reachable or not."""
        if node not in self.model.parents:
            self.refused(self.cluster.cont(node), NotFoundError)
        elif node in self.model.dead:
            self.refused(self.cluster.cont(node), UnavailableError)
        else:
            self.run(self.cluster.cont(node))
            self.model.stopped.discard(node)

    @rule()
    def pingall(self) -> None:
        """The exact union of the subtrees under the dead and the stopped, each time."""
        assert self.run(self.cluster.pingall()) == self.model.unreachable()

    @invariant()
    def same_tree(self) -> None:
        """The cluster's tree and states are the model's."""
        if not hasattr(self, "cluster"):
            return
        places = self.cluster.tree()
        assert {place.node: place.parent for place in places} == self.model.parents
        assert {place.node for place in places if place.state is State.DEAD} == self.model.dead
        assert {place.node for place in places if place.state is State.STOPPED} == self.model.stopped


TestCluster = ClusterMachine.TestCase
TestCluster.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
