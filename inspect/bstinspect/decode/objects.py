"""What stands behind a descriptor: ``3</etc/passwd>``, ``4<UNIX-STREAM:[1->2]>`` (strace's -y and -yy)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.quote import quote_name
from bstinspect.decode.style import Hex

if TYPE_CHECKING:
    from bstinspect.records import OpenFile

_PIDFD: Final = b"anon_inode:[pidfd]"


def details(found: OpenFile, wanted: frozenset[str], style: Hex = Hex.NONE) -> str:
    """Return the text in angle brackets, with the brackets; empty where nothing of it is wanted."""
    target = found.target
    if target.startswith(b"socket:["):
        if "peer" in wanted and found.peer:
            return f"<{_with_peer(found)}>"
        if "socket" in wanted:
            return f"<{found.details or quote_name(target, style)}>"
    elif target == _PIDFD and "pidfd" in wanted:
        return f"<{found.details or quote_name(target, style)}>"
    elif found.details and "dev" in wanted:
        return f"<{quote_name(target, style)}<{found.details}>>"
    if "path" not in wanted:
        return ""
    return f"<{quote_name(target, style)}>" + ("(deleted)" if found.deleted else "")


def _with_peer(found: OpenFile) -> str:
    """Put the process at the other end in front: ``UNIX-STREAM:[node 20 pid 4625 1->2,"/run/x"]``."""
    kind, bracket, rest = (found.details or found.target.decode()).partition(":[")
    return f"{kind}{bracket}{found.peer} {rest}"
