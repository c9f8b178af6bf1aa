"""What the text remembers of a thread from record to record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from bstinspect.decode.opened import Opened


class Thread(msgspec.Struct):
    """What is known of one thread."""

    tid: int
    pid: int
    column: int = 0
    """How much of its unfinished line is written."""
    opened: Opened | None = None
    """The call that it is inside of."""
    name: bytes = b""
    """Its command name, where that is to be shown."""
    arch: int = 0
    """AUDIT_ARCH_* of its last call; 0 for the machine's own."""
    number: int | None = None
    address: int = 0
    staged: list[str] | None = None
    """Its line, held back until its result is known."""
    reprint: bool = False
    last: str = ""
    """The call before, by name: restart_syscall goes on with it."""
