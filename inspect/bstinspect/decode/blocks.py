"""What was recorded at a stop, to be asked by whoever decodes it: memory, descriptors, names of processes."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bstinspect.records import Block, OpenFile, SignalDelivery, SyscallEntry, SyscallExit


class Recorded:
    """The blocks, descriptors and names of one stop, over those of the stop before.

    Most stops have no block or one; only several are put in order, when they are first asked for.
    """

    _ordered: _Ordered | None = None

    def __init__(
        self,
        blocks: Sequence[Block] = (),
        descriptors: Sequence[OpenFile] = (),
        names: Sequence[tuple[int, bytes]] = (),
        under: Recorded | None = None,
    ) -> None:
        self._blocks = blocks
        self._descriptors = descriptors
        self._names = names
        self._under = under

    @classmethod
    def of(cls, record: SyscallEntry | SyscallExit, under: Recorded | None = None) -> Recorded:
        """Take what a record holds."""
        if record.memory or record.descriptors or record.names:
            return cls(record.memory, record.descriptors, record.names, under)
        return under or NOTHING

    @classmethod
    def of_signal(cls, record: SignalDelivery) -> Recorded:
        """Take what a record holds: no memory."""
        return cls((), record.descriptors, record.names)

    def read(self, address: int, size: int) -> bytes:
        """Return the bytes from `address` on, fewer than `size` where fewer were recorded."""
        blocks = self._blocks
        if len(blocks) == 1 and blocks[0].address == address and address and (data := blocks[0].data):
            return data[:size]  # nearly always
        found = self.found(address)
        return found[0][:size] if found else b""

    def string(self, address: int, most: int) -> bytes | None:
        """Return a C string with its NUL, or `most` bytes without one; None where the memory ended before."""
        blocks = self._blocks
        if len(blocks) == 1 and blocks[0].address == address and address:
            data = blocks[0].data
            if 0 <= data.find(b"\0") == len(data) - 1 < most:
                return data  # nearly always
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
        for each in reversed(self._descriptors):
            if each.number == number:
                return each
        return self._under.descriptor(number) if self._under else None

    def name(self, pid: int) -> bytes:
        """Return a process's command name; empty where it is not known."""
        for each, name in reversed(self._names):
            if each == pid:
                return name
        return self._under.name(pid) if self._under else b""

    def found(self, address: int) -> tuple[bytes, bool] | None:
        """Return the recorded bytes from an address on, and whether all that were wanted are there."""
        if not address:
            return None
        block = self._block(address)
        if block is None:
            return self._under.found(address) if self._under else None
        data = block.data
        if block.address == address:
            return data, len(data) >= block.wanted
        return data[address - block.address :], len(data) >= block.wanted

    def _block(self, address: int) -> Block | None:
        """Return the block that an address lies within."""
        blocks = self._blocks
        if len(blocks) == 1:
            block = blocks[0]
            return block if 0 <= address - block.address < len(block.data) else None
        if not blocks:
            return None
        if self._ordered is None:
            self._ordered = _Ordered(blocks)
        return self._ordered.block(address)


class _Ordered:
    """Several blocks, by their addresses."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        """Of blocks at the same address the longest counts."""
        self._blocks: dict[int, Block] = {}
        for block in blocks:
            known = self._blocks.get(block.address)
            if block.data and (known is None or len(block.data) >= len(known.data)):
                self._blocks[block.address] = block
        self._starts = sorted(self._blocks)
        self._longest = max((len(each.data) for each in self._blocks.values()), default=0)

    def block(self, address: int) -> Block | None:
        """Return the block that begins at an address, or that it lies within."""
        block = self._blocks.get(address)
        if block is not None:
            return block
        index = bisect_left(self._starts, address)
        while index and self._starts[index - 1] + self._longest > address:
            index -= 1
            each = self._blocks[self._starts[index]]
            if address < each.address + len(each.data):
                return each
        return None


NOTHING: Final = Recorded()
"""Of a stop at which nothing was read."""
