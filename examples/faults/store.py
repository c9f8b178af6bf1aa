"""A store of words: `set KEY WORD` and `get KEY`, a line each. A process of its own keeps them."""

from __future__ import annotations

import os
import socket
import sys


def keep(connection: socket.socket) -> None:
    """Answer requests until the other end is closed."""
    kept: dict[str, str] = {}
    while request := connection.recv(4096).decode().split():
        if request[0] == "set":
            kept[request[1]] = request[2]
        connection.send(kept.get(request[1], "nothing").encode())


def main() -> None:
    """Fork the process that keeps the words, and pass the lines on to it."""
    ours, theirs = socket.socketpair()
    if not os.fork():
        ours.close()
        keep(theirs)
        os._exit(0)
    theirs.close()
    for line in sys.stdin:
        try:
            ours.send(line.encode())
            print(ours.recv(4096).decode() or "gone", flush=True)
        except OSError:
            print("gone", flush=True)
    ours.close()
    os.wait()


if __name__ == "__main__":
    main()
