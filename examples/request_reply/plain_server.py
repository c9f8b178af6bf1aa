"""The same server without ZeroMQ: `plain_server.py [PORT]`. A request is a line, and so is its reply."""

import socket
import sys


def main() -> None:
    """Serve one client until it asks to quit, or goes."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 5556
    with socket.create_server(("127.0.0.1", port)) as listener:
        print("server: waiting on port", port, flush=True)
        connection, _ = listener.accept()

    with connection, connection.makefile("rw", encoding="utf-8") as stream:
        for line in stream:
            request = line.rstrip("\n")
            print("server: got", request, flush=True)
            stream.write("bye\n" if request == "quit" else request.upper() + "\n")
            stream.flush()
            if request == "quit":
                break


if __name__ == "__main__":
    main()
