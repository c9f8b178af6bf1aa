"""Which nodes' calls are traced: this one and that one, or all that there are and will be."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bstcluster import State
from bstinspect.errors import InspectError, TracerError
from bstinspect.subjects import Watch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from bstinspect.sharing import SharedTracing
    from bstinspect.subjects import Subject, Subjects


class CallTracing:
    """Switches the tracing of nodes, and knows whether a new one is to be traced.

    While all are traced, each tracer follows what its tracees fork: a node is traced from its fork on. Only
    the root, which nobody traced forks, is traced when it has said hello.
    """

    def __init__(
        self, tracers: SharedTracing, subjects: Subjects, attach: Callable[[Subject], Awaitable[None]]
    ) -> None:
        """`attach` seizes a node that is not watched, or leaves in the subject why that was refused."""
        self._tracers = tracers
        self._subjects = subjects
        self._attach = attach
        self._switching = asyncio.Lock()
        self._followed = False
        """There may be nodes that were born traced."""
        self._syscalls: tuple[int, ...] | None = None
        self.every = False
        """All nodes are traced, and those to come."""

    async def switch(self, subject: Subject, *, on: bool, syscalls: Iterable[int] | None) -> None:
        """Switch the tracing of one node; `syscalls` are the calls' numbers, None for all.

        Raises TracerError when ptrace cannot be had.
        """
        if on and subject.watch is not Watch.PTRACE:
            await self._attach(subject)
        if subject.watch is not Watch.PTRACE:
            if on:
                raise TracerError(subject.refusal or "no tracer")
            return
        subject.syscalls = None if syscalls is None else tuple(syscalls)
        if not on:
            subject.traced = False  # first: a tracer that fails now is replaced by one that traces the others
        await self._tracers.trace(
            subject.member.pid, on=on, syscalls=subject.syscalls, follow=on and self.every
        )
        subject.traced = on

    async def switch_all(self, *, on: bool, syscalls: Iterable[int] | None) -> list[str]:
        """Switch the tracing of all living nodes, and of those to come; return a line for each that refused.

        Raises TracerError where there are nodes, and not one of them can be traced.
        """
        async with self._switching:
            self.every, self._followed = on, self._followed or on
            self._syscalls = None if syscalls is None else tuple(syscalls)
            living = [subject for subject in self._subjects if subject.member.state is not State.DEAD]
            refusals = []
            for subject in living:
                try:
                    await self.switch(subject, on=on, syscalls=self._syscalls)
                except InspectError as error:
                    refusals.append(f"node {subject.member.node}: {error}")
            if on and living and len(refusals) == len(living):
                self.every = False
                raise TracerError(refusals[0])
            return refusals

    async def settle(self, subject: Subject) -> None:
        """Have a new node traced as all are, or not: it may have been forked when that was otherwise."""
        if not self._followed or subject.watch is not Watch.PTRACE:
            return
        async with self._switching:
            subject.traced, subject.syscalls = self.every, self._syscalls
            try:
                await self._tracers.switch(
                    subject.member.pid, on=self.every, syscalls=self._syscalls, follow=self.every
                )
            except InspectError:  # dead; or a tracer that fails, and the next one traces what is wanted
                subject.traced = self.every and self._tracers.replacing
