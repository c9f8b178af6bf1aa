"""unshare(2) and mount(2) through ctypes, and the loopback device: what a small sandbox needs.

Python has os.unshare from 3.12 on, and no mount at all. All of them raise OSError, which names the call.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from typing import Final

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000
"""From <linux/sched.h>."""

MS_NOSUID: Final = 1 << 1
MS_NODEV: Final = 1 << 2
MS_NOEXEC: Final = 1 << 3
MS_BIND: Final = 1 << 12
MS_REC: Final = 1 << 14
MS_SLAVE: Final = 1 << 19
"""From <linux/mount.h>."""

_SIOCGIFFLAGS: Final = 0x8913
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 1
_IFREQ: Final = struct.Struct("16sh22x")
"""struct ifreq with its ifr_flags (netdevice(7))."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.unshare.argtypes = [ctypes.c_int]
_libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]


def unshare(flags: int) -> None:
    """Leave namespaces for new ones. Into a new pid namespace go the children; the first is its init."""
    if _libc.unshare(flags) == -1:
        raise _failure("unshare")


def map_user(uid: int, gid: int) -> None:
    """In a new user namespace, keep one's own ids (user_namespaces(7)): capabilities end with execve."""
    for name, line in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


def mount(source: str, target: str, kind: str, flags: int = 0, data: str = "") -> None:
    """Mount a file system, or with MS_BIND a directory or file that is there."""
    words = (os.fsencode(source), os.fsencode(target), os.fsencode(kind))
    if _libc.mount(*words, flags, os.fsencode(data)) == -1:
        raise _failure("mount", target)


def bring_up_loopback() -> None:
    """Have a new network namespace's own 127.0.0.1 answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as any_socket:
        asked = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, _IFREQ.pack(b"lo", 0))
        name, flags = _IFREQ.unpack(asked)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _IFREQ.pack(name, flags | _IFF_UP))


def _failure(call: str, target: str = "") -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), f"{call} {target}".rstrip())
