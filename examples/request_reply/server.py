"""A server for requests over ZeroMQ: `server.py [PORT]`. It sends each text back in capital letters."""

import sys

import zmq


def main() -> None:
    """Answer until somebody asks to quit."""
    port = sys.argv[1] if len(sys.argv) > 1 else "5555"
    context = zmq.Context()
    socket = context.socket(zmq.REP)
    socket.bind(f"tcp://127.0.0.1:{port}")
    print("server: waiting on port", port, flush=True)

    request = ""
    while request != "quit":
        request = socket.recv_string()  # blocks until a request is there
        print("server: got", request, flush=True)
        socket.send_string("bye" if request == "quit" else request.upper())

    socket.close()
    context.term()


if __name__ == "__main__":
    main()
