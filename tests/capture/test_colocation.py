"""Co-location in a session's tracer, the guardian's table, and the rule that says when to let go."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import time
from typing import TYPE_CHECKING

import pytest

from bstinspect.capture import contention, guardian
from bstinspect.capture.contention import Window
from bstinspect.capture.guardian import Pin, Table
from bstinspect.linux import affinity, proc
from bstinspect.records import Spawned

if TYPE_CHECKING:
    from collections.abc import Callable

    from capture.conftest import Lab

OWN = frozenset(os.sched_getaffinity(0))
several = pytest.mark.skipif(len(OWN) < 2, reason="with one CPU there is nothing to share")
MILLISECOND = 1_000_000
FORKS = """
import os, signal
print('ready', flush=True)
while os.read(0, 100):
    if not os.fork():
        signal.pause()
"""


def until(true: Callable[[], object]) -> None:
    """Wait for what gives no sign but a mask."""
    pause = select.poll()
    limit = time.monotonic() + 10
    while not true():
        assert time.monotonic() < limit
        pause.poll(5)


@several
def test_watching_never_pins_and_tracing_does(lab: Lab) -> None:
    """Pinned with `trace on`, the tracer as well; everything is given back with `trace off`."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, _):
            process, other = lab.sleeper(), lab.sleeper()
            await tracer.seize(process.pid)
            await tracer.seize(other.pid)
            assert {affinity.mask(pid) for pid in (process.pid, other.pid, tracer.pid)} == {OWN}
            await tracer.trace(process.pid, on=True)
            shared = affinity.mask(tracer.pid)
            assert shared is not None
            assert len(shared) == 1
            assert affinity.mask(process.pid) == shared
            assert affinity.mask(other.pid) == OWN
            await tracer.trace(process.pid, on=False)
            assert {affinity.mask(pid) for pid in (process.pid, other.pid, tracer.pid)} == {OWN}

    asyncio.run(scenario())


@several
@pytest.mark.usefixtures("orphanage")
def test_released_and_children(lab: Lab) -> None:
    """A child that is not traced has its own mask; one that is, is pinned; a release gives it back."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, events):
            process = lab.python(FORKS)
            assert process.stdin is not None
            await tracer.seize(process.pid)
            await tracer.trace(process.pid, on=True)
            children = []
            for number, follow in enumerate((False, True), start=1):
                await tracer.trace(process.pid, on=True, follow=follow)
                process.stdin.write("\n")
                process.stdin.flush()
                children.append((await events.wait(Spawned, number)).child)
            until(lambda: affinity.mask(children[0]) == OWN)
            until(lambda: affinity.mask(children[1]) == affinity.mask(process.pid) != OWN)
            await tracer.release(process.pid)
            await tracer.release(children[1])
            assert {affinity.mask(pid) for pid in (process.pid, *children)} == {OWN}
            for child in children:
                os.kill(child, signal.SIGKILL)

    asyncio.run(scenario())


@several
@pytest.mark.usefixtures("orphanage")
def test_a_killed_tracer_of_a_session(lab: Lab) -> None:
    """The guardian gives the masks back."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, _):
            process = lab.sleeper()
            await tracer.seize(process.pid)
            await tracer.trace(process.pid, on=True)
            assert affinity.mask(process.pid) != OWN
            os.kill(tracer.pid, signal.SIGKILL)
            until(lambda: affinity.mask(process.pid) == OWN)

    asyncio.run(scenario())


@several
def test_without_its_guardian_nobody_stays_pinned(lab: Lab) -> None:
    """Where the guardian is killed, all get their masks back, for nobody would do it later."""

    async def scenario() -> None:
        async with lab.tracer() as (tracer, _):
            process = lab.sleeper()
            await tracer.seize(process.pid)
            await tracer.trace(process.pid, on=True)
            (guarding,) = (proc.read_file(f"/proc/{tracer.pid}/task/{tracer.pid}/children") or b"").split()
            os.kill(int(guarding), signal.SIGKILL)
            until(lambda: affinity.mask(process.pid) == OWN == affinity.mask(tracer.pid))

    asyncio.run(scenario())


def test_the_table() -> None:
    """What the guardian reads is who was entered and not taken out; big masks fit, too big ones do not."""
    table = Table()
    pins = [
        Pin(10, 0, frozenset({0, 1}), 0),
        Pin(11, 0, frozenset(range(5000)), 2**40),
        Pin(12, 3, frozenset({3, 1023}), 7),
        Pin(13, 0, frozenset({0, 1}), 9),
    ]
    slots = [table.add(pin) for pin in pins]
    assert list(table.pins()) == pins
    table.remove(slots[0])
    table.remove(slots[2])
    assert list(table.pins()) == [pins[1], pins[3]]
    assert table.add(pins[2]) in (slots[0], slots[2])
    assert set(table.pins()) == {pins[1], pins[2], pins[3]}
    assert table.add(Pin(14, 0, frozenset({0, 8192}), 1)) == -1
    masks = [table.add(Pin(20, 0, frozenset({0, cpu}), 1)) for cpu in range(2, 300)]
    assert masks[-1] == -1
    table.close()


def test_a_full_table() -> None:
    """Who does not fit in is told so, and is not pinned."""
    table = Table()
    pin = Pin(1, 0, frozenset({0, 1}), 1)
    assert all(table.add(pin) >= 0 for _ in range(guardian.SLOTS))
    assert table.add(pin) == -1
    table.remove(5)
    assert table.add(pin) == 5
    table.close()


@several
def test_what_the_guardian_leaves_alone(lab: Lab) -> None:
    """A later thread of the same tid, and a mask that somebody else has given."""
    first, later = lab.sleeper(), lab.sleeper()
    cpu, other = sorted(OWN)[:2]
    own = frozenset({cpu, other})
    facts = proc.stat(later.pid)
    assert facts is not None
    os.sched_setaffinity(later.pid, {other})
    guardian.give_back([Pin(later.pid, cpu, own, facts.start_ticks)])
    assert affinity.mask(later.pid) == frozenset({other})
    guardian.give_back([Pin(later.pid, other, own, facts.start_ticks)])
    assert affinity.mask(later.pid) == own
    os.sched_setaffinity(first.pid, {cpu})
    guardian.give_back([Pin(first.pid, cpu, own, 1)])
    assert affinity.mask(first.pid) == frozenset({cpu})


@several
def test_what_inherited_a_pin_is_found(lab: Lab) -> None:
    """Children and threads that started after the tracer's end, and theirs."""
    cpu, other = sorted(OWN)[:2]
    code = """if True:
        import os, subprocess, sys, threading
        os.sched_setaffinity(0, {%d})
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        print('ready', flush=True)
        child = subprocess.Popen(['sh', '-c', 'sleep 60 & echo $!; read line; kill $!; wait'])
        child.wait()
    """
    process = lab.python(code % cpu)
    assert process.stdout is not None
    grandchild = int(process.stdout.readline())
    facts = proc.stat(process.pid)
    assert facts is not None
    everybody = [*proc.threads(process.pid), grandchild]
    assert {affinity.mask(tid) for tid in everybody} == {frozenset({cpu})}
    own = frozenset({cpu, other})
    guardian.give_back([Pin(process.pid, cpu, own, facts.start_ticks)])
    assert {affinity.mask(tid) for tid in everybody} == {own}
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.close()
    process.stdin = None
    process.wait(timeout=10)


def test_masks_as_bytes() -> None:
    """As the kernel gives them, of any size."""
    assert affinity.to_bytes({0, 9, 1023}, 128)[:2] == b"\x01\x02"
    assert affinity.from_bytes(affinity.to_bytes({0, 9, 1023}, 128)) == {0, 9, 1023}
    assert affinity.to_bytes({0, 100}, 8) == b"\x01" + bytes(7)


WINDOW = 25 * MILLISECOND


@pytest.mark.parametrize(
    ("tracer", "sleeps", "used", "waited", "expected"),
    [
        (0, 0, 25, [12, 12], True),  # two compute
        (0, 0, 25, [], False),  # one computes
        (10, 1000, 15, [10], False),  # one makes calls: it waits for the tracer
        (10, 1000, 15, [15, 15], False),  # two make calls, and each waits for the other as well
        (2, 100, 23, [13, 13], True),  # two compute, and make some calls
        (2, 800, 23, [13, 13], False),  # more calls: they save more than is lost
        (0, 0, 13, [12], False),  # one, and somebody else's program beside it
    ],
)
def test_when_they_are_let_go(tracer: int, sleeps: int, used: int, waited: list[int], expected: bool) -> None:  # noqa: FBT001
    """Where several would have run at once, and that is worth more than what sharing saves."""
    window = Window(WINDOW, tracer * MILLISECOND, sleeps, used * MILLISECOND)
    assert contention.crowded(window, [each * MILLISECOND for each in waited], 2) is expected


@pytest.mark.parametrize(
    ("sleeps", "used", "expected"),
    [
        (200, 10, True),  # one makes calls
        (0, 25, False),  # one computes: there is nothing to gain
        (10, 25, False),
        (200, 45, False),  # two compute
        (0, 0, False),
    ],
)
def test_when_they_come_together(sleeps: int, used: int, expected: bool) -> None:  # noqa: FBT001
    """Where there are many calls, and one CPU is enough for all."""
    assert contention.calm(Window(WINDOW, 10 * MILLISECOND, sleeps, used * MILLISECOND)) is expected
