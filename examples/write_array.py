"""Write 0 to 31 into an array of another process: `write_array.py PID ADDRESS [--block]`.

Word by word through ptrace, as the textbook does it, or all in one block (process_vm_writev(2)).
"""

from __future__ import annotations

import struct
import sys

from bstinspect.errors import InspectError
from bstinspect.linux import ptrace
from bstinspect.process import Process

SIZE = 32


def write_words(pid: int, address: int, data: bytes) -> None:
    """Write eight bytes a system call, PTRACE_POKEDATA(2): the process has to stand still."""
    with Process.attach(pid):
        for offset in range(0, len(data), 8):
            ptrace.poke(pid, address + offset, int.from_bytes(data[offset : offset + 8], "little"))


def write_block(pid: int, address: int, data: bytes) -> None:
    """Write everything at once; nobody has to stop."""
    Process(pid).memory[address : address + len(data)] = data


def main() -> int:
    """Read the arguments and write; return the exit status."""
    words = [word for word in sys.argv[1:] if word != "--block"]
    if len(words) != 2:
        print("usage: write_array.py PID ADDRESS [--block]", file=sys.stderr)
        return 2
    data = struct.pack(f"={SIZE}i", *range(SIZE))
    write = write_block if "--block" in sys.argv else write_words
    try:
        write(int(words[0]), int(words[1], 16), data)
    except (InspectError, ValueError) as error:
        print(f"write_array.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
