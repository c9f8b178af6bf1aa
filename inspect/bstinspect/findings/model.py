"""The facts: what `survey` finds in a capture, and every report is made from.

Times (``when``, ``began`` ...) are nanoseconds since the capture began; ``line`` is a line of the full trace,
counted from 1, and 0 where there is none.
"""

from __future__ import annotations

import msgspec


class SeenCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call as the trace shows it, in one piece."""

    when: int
    pid: int
    tid: int
    name: str
    text: str
    """As strace writes it, without times: ``close(3) = 0``."""
    line: int = 0
    duration: int | None = None
    """Nanoseconds inside the call; None: it never returned."""
    error: str = ""
    """The error's name, where it failed."""
    annotation: str = ""
    """What it moved, in words: ``exec #4 to 5``."""
    points: list[str] = []
    """Its addresses as a crash point, ``20.1:send(exec-reply)#1``: without an ``@entry`` or ``@exit`` it has
    both. Counted from where the calls of its process begin to be traced."""


class CallCount(msgspec.Struct, omit_defaults=True):
    """All calls of one name in one process."""

    name: str
    calls: int = 0
    errors: int = 0
    total_ns: int = 0
    longest_ns: int = 0


class ThreadFacts(msgspec.Struct, omit_defaults=True):
    """A thread."""

    tid: int
    pid: int
    name: str = ""
    began: int = 0
    """When it was first seen."""
    ended: int | None = None
    """When it was last seen, where it ended or was let go."""
    calls: int = 0
    errors: int = 0
    working_ns: int = 0
    """Time inside calls that do something."""
    waiting_ns: int = 0
    """Time inside calls that wait (poll, epoll_wait, futex ...)."""
    outside_ns: int = 0
    """Time between calls, while its calls were traced: in user space, or not on a CPU."""
    first_call: int | None = None
    last_call: int = 0
    main_calls: dict[str, int] = {}
    """How often it made each call."""

    @property
    def role(self) -> str:
        """Return what it is for: ``main``, ``zmq-io``, ``zmq-reaper`` or ``other``."""
        if self.tid == self.pid:
            return "main"
        if self.name.startswith("ZMQbg/IO"):
            return "zmq-io"
        return "zmq-reaper" if self.name.startswith("ZMQbg/Reaper") else "other"


class ProcessFacts(msgspec.Struct, omit_defaults=True):
    """A process."""

    pid: int
    node: int | None = None
    """Its id in the cluster, where it is a node."""
    parent: int | None = None
    """The pid of the process that forked it, where that was seen or is known."""
    command: str = ""
    """What it executed last, or how it named itself."""
    arguments: str = ""
    """The execve that made it what it is, decoded."""
    began: int = 0
    ended: int | None = None
    status: int | None = None
    """Its wait status, where its end was seen."""
    traced: bool = False
    """Its calls were recorded, at least for a while."""
    followed: bool = False
    """It was forked by a process that was followed: its beginning was seen."""
    executed: bool = False
    threads: list[ThreadFacts] = []
    counts: list[CallCount] = []
    loader_calls: int = 0
    """Calls of the dynamic loader, between execve and the program's own first call."""

    @property
    def killed(self) -> bool:
        """Return whether a signal ended it."""
        return self.status is not None and self.status & 0x7F != 0

    @property
    def title(self) -> str:
        """Return a short name: ``node 20``, else the command's."""
        return f"node {self.node}" if self.node is not None else self.command or f"pid {self.pid}"


class End(msgspec.Struct, frozen=True, omit_defaults=True):
    """One end of a message's way: a process that was traced, or somebody who was not."""

    pid: int | None = None
    fd: int = -1
    node: int | None = None
    """The node, where it is one, traced or not."""


class MessageFacts(msgspec.Struct, omit_defaults=True):
    """A message on its way from one process to another."""

    label: str
    """``exec #4 to 5``, or ``send #3``."""
    kind: str
    """``exec``, ``exec-reply`` ...; ``message`` in other ZeroMQ programs; ``send`` without a decoder."""
    size: int
    sender: End
    receiver: End
    sent: SeenCall | None = None
    received: SeenCall | None = None
    request: int | None = None
    command: int | None = None
    """Index of the command that it belongs to."""
    payload: str = ""
    """Its beginning as text, where it is printable."""
    sent_at: str = ""
    """Its address as a crash point where it is sent,"""
    received_at: str = ""
    """and where it is received; see `SeenCall.points`."""
    connection: int = 0
    """Number of the connection, where it is known; of messages without a decoder."""

    @property
    def when(self) -> int:
        """Return when it was first seen."""
        seen = self.sent or self.received
        return seen.when if seen else 0


class CommandFacts(msgspec.Struct, omit_defaults=True):
    """A command of the session, and its reply."""

    line: str
    began: int
    ended: int | None = None
    reply: str = ""

    @property
    def verb(self) -> str:
        """Return its first word; ``exes`` is ``exec``."""
        word = self.line.split(maxsplit=1)[0] if self.line.strip() else ""
        return "exec" if word == "exes" else word

    @property
    def duration(self) -> int | None:
        """Return how long the reply took, nanoseconds."""
        return None if self.ended is None else self.ended - self.began


class AutopsyThread(msgspec.Struct, frozen=True):
    """What a thread was doing when it was killed."""

    tid: int
    name: str
    call: str


class Witness(msgspec.Struct, frozen=True):
    """A process that noticed a death, and the call that told it."""

    pid: int
    delay: int
    """Nanoseconds after the death."""
    how: str
    """``end-of-connection``, ``reset``, ``wait``, ``signal``."""
    call: SeenCall


class DeathFacts(msgspec.Struct, omit_defaults=True):
    """The end of a process by a signal."""

    pid: int
    when: int
    status: int
    node: int | None = None
    sender: str = ""
    """Who sent the signal, where that is known."""
    threads: list[AutopsyThread] = []
    descriptors: list[str] = []
    resident_kib: int = 0
    age_ns: int = 0
    unreachable: list[int] = []
    """Ids that can no longer be reached, its own among them."""
    cut_off: list[int] = []
    """All ids that the next pingall has to name: those of earlier deaths as well."""
    witnesses: list[Witness] = []
    answered: str = ""
    """What the next pingall replied,"""
    answered_at: int | None = None
    """and when."""


class DescriptorLife(msgspec.Struct, omit_defaults=True):
    """A descriptor from its opening to its end."""

    pid: int
    number: int
    kind: str
    """``ipc``, ``tcp``, ``udp``, ``netlink``, ``socket``, ``eventfd``, ``epoll``, ``pipe``, ``file`` ..."""
    name: str = ""
    """Address or path."""
    role: str = ""
    """Of a socket: ``listens``, ``accepted``, ``connected``."""
    opened: SeenCall | None = None
    """None: it was there before."""
    closed: SeenCall | None = None
    sent_bytes: int = 0
    received_bytes: int = 0
    sends: int = 0
    receives: int = 0


class FileCount(msgspec.Struct, omit_defaults=True):
    """How many descriptors of plain files a process opened and closed; they are not listed one by one."""

    pid: int
    opened: int = 0
    closed: int = 0


class ErrorFacts(msgspec.Struct, omit_defaults=True):
    """All failures of one call with one error."""

    name: str
    error: str
    count: int
    first: SeenCall
    nature: str
    """``normal``: part of how such programs work; ``loader``: a library was looked for; ``looks``: a file
    that may be absent was looked for; ``real``: none of these."""


class Leak(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that was left behind."""

    kind: str
    """``process``, ``zombie``, ``descriptor``, ``socket-file``."""
    pid: int
    what: str


class Slice(msgspec.Struct, frozen=True):
    """How a process spent a slice of time inside calls, nanoseconds by family of calls."""

    begin: int
    length: int
    families: dict[str, int]


class Activity(msgspec.Struct):
    """What a process did over time: slices of one length, those without any call left out."""

    pid: int
    slices: list[Slice]


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """What shows that a requirement is met: a line of the trace, or a command and its reply."""

    text: str
    line: int = 0
    call: str = ""
    """The call's name, where it is one."""


class RequirementFacts(msgspec.Struct, omit_defaults=True):
    """A requirement of the task, and what was found about it."""

    key: str
    title: dict[str, str]
    """By language."""
    status: str
    """``met``, ``unmet``, ``untried``."""
    syscalls: list[str] = []
    evidence: list[Evidence] = []
    missing: list[str] = []
    """Descriptions of what was looked for and not found."""


class ExcerptFacts(msgspec.Struct, omit_defaults=True):
    """Calls that show one thing. `folded` says how many calls were left out before the one at that index."""

    topic: str
    """``create``, ``exec``, ``death``, ``start``, ``network``, ``processes``, ``end``."""
    calls: list[SeenCall]
    folded: dict[int, int] = {}
    loader: int = 0
    """How many calls of the loader are folded behind the first call."""
    subject: str = ""
    """What it is about: a command's line, a process."""


class Gap(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that is missing in what was recorded."""

    kind: str
    """``lost``, ``damaged``, ``cut``, ``no-log``, ``log-damaged``, ``filtered``."""
    detail: str = ""
    count: int = 0


class Environment(msgspec.Struct, omit_defaults=True):
    """Where and how it was recorded."""

    started: float
    """Seconds since the epoch."""
    machine: str = ""
    kernel: str = ""
    cpus: int = 0
    bstrace: str = ""
    python: str = ""
    libzmq: str = ""
    recorder: str = ""
    """``trace`` or ``session``."""
    arguments: list[str] = []
    """The command lines that were run, as far as they are known."""
    capture: str = ""
    """File name of the capture."""
    capture_bytes: int = 0
    capture_sha256: str = ""
    records: int = 0
    calls: int = 0
    length: int = 0
    """Nanoseconds from the first record to the last."""
    trace: str = ""
    """File name of the full trace."""
    trace_lines: int = 0
    trace_sha256: str = ""


class Findings(msgspec.Struct):
    """All that is known."""

    environment: Environment
    processes: list[ProcessFacts]
    commands: list[CommandFacts]
    messages: list[MessageFacts]
    messages_omitted: int
    deaths: list[DeathFacts]
    descriptors: list[DescriptorLife]
    descriptors_omitted: int
    files: list[FileCount]
    errors: list[ErrorFacts]
    leaks: list[Leak]
    activity: list[Activity]
    requirements: list[RequirementFacts]
    excerpts: list[ExcerptFacts]
    gaps: list[Gap]
    parents: dict[int, int | None]
    """The search tree before the first death (or at the end): each node's parent; None: the root."""
    lost_nodes: list[int]
    """Of that tree the ids that a death made unreachable."""

    def process(self, pid: int) -> ProcessFacts | None:
        """Return a process by its pid."""
        return next((each for each in self.processes if each.pid == pid), None)

    def nodes_before_death(self) -> dict[int, ProcessFacts]:
        """Return the process of each node as it was when the first one died, or in the end."""
        until = self.deaths[0].when if self.deaths else None
        return {
            each.node: each for each in self.processes
            if each.node is not None and (until is None or each.began <= until)
        }  # fmt: skip
