"""What is mapped where in a process's address space: /proc/PID/maps (proc_pid_maps(5))."""

from __future__ import annotations

import os
from typing import Final, NamedTuple

_DELETED: Final = b" (deleted)"
_NEWLINE: Final = b"\\012"


class Mapping(NamedTuple):
    """A line of /proc/PID/maps: the bytes from `start` up to `end`."""

    start: int
    end: int
    permissions: str
    """``r-xp`` for example: read, write, execute, and private or shared."""
    offset: int
    """Where in the file it starts, bytes."""
    device: int
    """The file's device, as in st_dev of stat(2); 0 for no file."""
    inode: int
    """0 for no file."""
    path: str
    """The file, or a name as ``[heap]``, or empty: anonymous. For the bytes, see os.fsencode."""
    deleted: bool
    """The file has no name any more; `path` is the last one."""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.start


def parse_maps(data: bytes) -> list[Mapping]:
    r"""Read the text of /proc/PID/maps.

    The kernel writes a newline in a path as ``\012``, but no backslash otherwise, and appends `` (deleted)``:
    a file whose real name has either is taken for the likelier case (proc_pid_maps(5), "pathname").
    """
    return [_mapping(line) for line in data.split(b"\n") if line]


def _mapping(line: bytes) -> Mapping:
    fields = line.split(maxsplit=5)
    addresses, permissions, offset, device, inode = (field.decode("ascii") for field in fields[:5])
    path = fields[5] if len(fields) == 6 else b""
    start, _, end = addresses.partition("-")
    major, _, minor = device.partition(":")
    deleted = inode != "0" and path.endswith(_DELETED)
    return Mapping(
        start=int(start, 16),
        end=int(end, 16),
        permissions=permissions,
        offset=int(offset, 16),
        device=os.makedev(int(major, 16), int(minor, 16)),
        inode=int(inode),
        path=os.fsdecode((path.removesuffix(_DELETED) if deleted else path).replace(_NEWLINE, b"\n")),
        deleted=deleted,
    )
