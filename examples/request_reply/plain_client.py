"""The same client without ZeroMQ: `plain_client.py [PORT]`."""

import socket
import sys
import time

PATIENCE = 10.0
"""Seconds in which the server has to be there."""


def connect(port: int) -> socket.socket:
    """Connect to the server. It may not listen yet: then try again."""
    limit = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.02)


def main() -> None:
    """Send each request, and wait for its reply before the next."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5556
    with connect(port) as connection, connection.makefile("rw", encoding="utf-8") as stream:
        for request in ("hello", "how are you", "quit"):
            stream.write(request + "\n")
            stream.flush()
            print("client:", request, "->", stream.readline().rstrip("\n"), flush=True)


if __name__ == "__main__":
    main()
