"""What a cluster tells whoever watches it: the small interface that a supervisor fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bstcluster.member import Member


class Observer:
    """Does nothing by itself. Every method is called in the cluster's event loop."""

    async def created(self, member: Member) -> None:
        """A node runs; `Cluster.create` returns when this does."""

    def died(self, member: Member) -> None:
        """The process of a node is dead (its pidfd says so); the status may come later."""

    def reaped(self, member: Member) -> None:
        """The wait status of a dead node is known: `member.status`."""

    def stopped(self, member: Member) -> None:
        """A node was stopped by a signal."""

    def continued(self, member: Member) -> None:
        """A stopped node runs again."""

    def forgotten(self, members: list[Member]) -> None:
        """These nodes were removed by `Cluster.kill`, and are reaped."""

    def signalling(self, member: Member, number: int) -> None:
        """`crash`, `stop` or `cont` is about to send signal `number` to a node."""

    def removing(self, members: list[Member]) -> None:
        """`kill` is about to end these nodes."""

    def notice(self, text: str) -> None:
        """Something a person should know, as one line."""
