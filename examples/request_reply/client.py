"""A client that sends a few requests over ZeroMQ: `client.py [PORT]`. The last one ends the server."""

import sys

import zmq


def main() -> None:
    """Send each request, and wait for its reply before the next."""
    port = sys.argv[1] if len(sys.argv) > 1 else "5555"
    context = zmq.Context()
    socket = context.socket(zmq.REQ)
    socket.connect(f"tcp://127.0.0.1:{port}")  # ZeroMQ goes on trying until the server is there

    for request in ("hello", "how are you", "quit"):
        socket.send_string(request)
        print("client:", request, "->", socket.recv_string(), flush=True)

    socket.close()
    context.term()


if __name__ == "__main__":
    main()
