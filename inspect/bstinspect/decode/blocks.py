"""What was recorded at a stop, to be asked by whoever decodes it: memory, descriptors, names of processes."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING

from bstinspect.records import SignalDelivery

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bstinspect.records import Block, OpenFile, SyscallEntry, SyscallExit


class Recorded:
    """The blocks, descriptors and names of one stop, over those of the stop before."""

    def __init__(
        self,
        blocks: Iterable[Block] = (),
        descriptors: Iterable[OpenFile] = (),
        names: Iterable[tuple[int, bytes]] = (),
        under: Recorded | None = None,
    ) -> None:
        self._under = under
        self._descriptors = {each.number: each for each in descriptors}
        self._names = dict(names)
        self._blocks: dict[int, Block] = {}
        for block in blocks:
            known = self._blocks.get(block.address)
            if block.data and (known is None or len(block.data) >= len(known.data)):
                self._blocks[block.address] = block

    @classmethod
    def of(
        cls, record: SyscallEntry | SyscallExit | SignalDelivery, under: Recorded | None = None
    ) -> Recorded:
        """Take what a record holds."""
        memory = () if isinstance(record, SignalDelivery) else record.memory
        return cls(memory, record.descriptors, record.names, under)

    def read(self, address: int, size: int) -> bytes:
        """Return the bytes from `address` on, fewer than `size` where fewer were recorded."""
        found = self.found(address)
        return found[0][:size] if found else b""

    def string(self, address: int, most: int) -> bytes | None:
        """Return a C string with its NUL, or `most` bytes without one; None where the memory ended before."""
        found = self.found(address)
        if found is None:
            return None
        data, whole = found
        end = data.find(b"\0", 0, most)
        if end >= 0:
            return data[: end + 1]
        return data[:most] if len(data) >= most or whole else None

    def descriptor(self, number: int) -> OpenFile | None:
        """Return what a descriptor was at this stop."""
        found = self._descriptors.get(number)
        return found if found or not self._under else self._under.descriptor(number)

    def name(self, pid: int) -> bytes:
        """Return a process's command name; empty where it is not known."""
        found = self._names.get(pid)
        if found is None:
            return self._under.name(pid) if self._under else b""
        return found

    @cached_property
    def _starts(self) -> list[int]:
        return sorted(self._blocks)

    @cached_property
    def _longest(self) -> int:
        return max(len(each.data) for each in self._blocks.values())

    def _around(self, address: int) -> Block | None:
        """Return a block that an address lies within."""
        if not self._blocks:
            return None
        index = bisect_left(self._starts, address)
        while index and self._starts[index - 1] + self._longest > address:
            index -= 1
            each = self._blocks[self._starts[index]]
            if address < each.address + len(each.data):
                return each
        return None

    def found(self, address: int) -> tuple[bytes, bool] | None:
        """Return the recorded bytes from an address on, and whether all that were wanted are there."""
        if not address:
            return None
        block = self._blocks.get(address)
        if block is not None:
            return block.data, len(block.data) >= block.wanted
        each = self._around(address)
        if each is not None:
            return each.data[address - each.address :], len(each.data) >= each.wanted
        return self._under.found(address) if self._under else None
