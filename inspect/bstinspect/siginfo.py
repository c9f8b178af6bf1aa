"""Who sent a signal, from its siginfo_t."""

from __future__ import annotations

import struct
from typing import Final

_HEAD: Final = struct.Struct("=iii")  # si_signo, si_errno, si_code
_SENDER: Final = struct.Struct("=iI")  # si_pid, si_uid
_SENDER_OFFSET: Final = 16  # the union is aligned to 8 bytes on 64-bit machines


def sender_of(siginfo: bytes) -> tuple[int, int] | None:
    """Return pid and uid of the sender where another process sent it, else None.

    sigaction(2): si_pid and si_uid are set for SI_USER, SI_QUEUE and SI_TKILL, the codes of kill(2),
    sigqueue(3) and tgkill(2); all of them are 0 or less. SIGCHLD's codes are positive: there the field is
    the child.
    """
    if len(siginfo) < _SENDER_OFFSET + _SENDER.size:
        return None
    _, _, code = _HEAD.unpack_from(siginfo)
    if code not in (0, -1, -6):
        return None
    pid, uid = _SENDER.unpack_from(siginfo, _SENDER_OFFSET)
    return (pid, uid) if pid > 0 else None
