"""A conversation that is led step by step by somebody at the other end of a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from bstinspect.faults.orders import Arm, End, Order, Rest, Say, Strike, Told
from bstinspect.faults.run import Reply, Run
from bstinspect.faults.stage.player import Player, played

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from bstinspect.faults.run import Fired, Injection, Scenario
    from bstinspect.faults.stage.stage import Stage

_decode = msgspec.json.Decoder(Order).decode


class Directed:
    """Takes orders while everybody on the stage is at rest; answers each."""

    def __init__(self, orders: BinaryIO, tell: Callable[[Told], None]) -> None:
        self._orders = orders
        self._tell = tell
        self.stage: Stage | None = None
        self.is_scripted = True
        self.armed: list[Injection] = []
        self._said = ""
        self._said_ns = 0
        self._fired: list[Fired] = []
        self._seen = 0
        self._ended = False

    def next(self) -> str | None:
        """Return the next command; do what is ordered before it."""
        stage = self.stage
        while stage is not None and not stage.is_over:
            order = self._read()
            if order is None:
                return None
            if isinstance(order, Say):
                self._said, self._said_ns = order.line, stage.clock.now_ns
                return order.line
            self._answer(error=self._do(order, stage))
        return None

    def replied(self, line: str | None) -> None:
        """Pass the reply on."""
        now_ns = self._said_ns if self.stage is None else self.stage.clock.now_ns
        self._answer(Reply(self._said, line, self._said_ns, now_ns - self._said_ns))

    def fired(self, fault: Fired) -> None:
        """Keep it for the next answer."""
        self._fired.append(fault)

    def finish(self) -> None:
        """The run is over: answer what is still asked, up to the end."""
        while (order := self._read()) is not None:
            if isinstance(order, Say):
                self._answer(Reply(order.line, None, self._said_ns, 0))
            else:
                self._answer(error="the cluster has ended")

    def _read(self) -> Order | None:
        """Return the next order; None at the end."""
        if not self._ended:
            line = self._orders.readline()
            order: Order = _decode(line) if line else End()
            if not isinstance(order, End):
                return order
            self._ended = True
        return None

    def _do(self, order: Order, stage: Stage) -> str:
        """Do what is no command; return why it cannot be done."""
        match order:
            case Strike(who, fault):
                if not stage.strike(who, fault):
                    return f"there is no process {who}"
            case Arm(injection):
                if injection.fault.kind == "disk-full":
                    return "a full disk is to be put up before the first command"
                stage.arm(injection)
                self.armed.append(injection)
            case Rest(nanoseconds):
                until = stage.clock.now_ns + nanoseconds
                while stage.step() or stage.pass_time(until):
                    pass
                stage.clock.advance_to(until)
        while stage.step():
            pass
        return ""

    def _answer(self, reply: Reply | None = None, error: str = "") -> None:
        passed = [] if self.stage is None else self.stage.points.passed
        self._tell(Told(reply, tuple(self._fired), tuple(passed[self._seen :]), error))
        self._fired, self._seen = [], len(passed)


def play_directed(scenario: Scenario, conversation: Directed) -> Run:
    """Play a conversation that is still to be led; the run's scenario is what became of it.

    `scenario` has its seed, and the faults that are put up before the first command. Raises OSError,
    PtraceError.
    """
    player = Player(scenario, conversation)
    conversation.stage = player.stage
    run = played(player)
    said = tuple(each.command for each in run.replies)
    faults = (*scenario.injections, *conversation.armed)
    whole = msgspec.structs.replace(scenario, script=said, injections=faults)
    return msgspec.structs.replace(run, scenario=whole)
