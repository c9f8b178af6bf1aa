"""--zmtp: a trace of ZeroMQ programs says which messages its calls moved."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

import pytest

from .conftest import COMMAND

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Done, Trace

PAIR = """
import zmq
context = zmq.Context()
a, b = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
a.bind("ipc://pair")
b.connect("ipc://pair")
b.send(b"hello there")
a.recv()
a.send_multipart([b"x" * 300, b"y"])
b.recv_multipart()
a.close(); b.close(); context.term()
"""
COMMENT = re.compile(r"(\w+)[(]?.*/\* zmtp: (.*) \*/$")


@pytest.fixture
def pair(trace: Trace, tmp_path: Path) -> Done:
    """Trace two sockets of one process that talk to each other."""
    words = ("-f", "--zmtp", "-e", "trace=%network,%desc", sys.executable, "-I", "-c", PAIR)
    done = trace(*words, cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    return done


def comments(done: Done) -> list[str]:
    """Return what stands behind the calls, as far as they moved whole things."""
    found = [match[2] for line in done.lines if (match := COMMENT.search(line))]
    return [
        part for text in found for part in text.split("; ") if "greeting" not in part and "..." not in part
    ]


def test_a_pair(pair: Done) -> None:
    """Each end sends what the other receives, once: a handshake, then messages."""
    found = comments(pair)
    assert found.count("READY PAIR") == 4
    messages = [each for each in found if "READY" not in each]
    assert sorted(messages) == sorted(['message "hello there"'] * 2 + ["message 2 parts, 301 bytes"] * 2)
    line = next(each for each in pair.lines if "hello there" in each and "send" in each)
    assert re.search(r"= \d+ /\* zmtp: ", line)
    assert [
        each for each in pair.lines if "/* zmtp" in each and not re.search("send|recv|read|write", each)
    ] == []


def test_in_json(trace: Trace, tmp_path: Path) -> None:
    """The same words are a field."""
    done = trace(
        "-f", "--zmtp", "--json", "-e", "trace=%network", sys.executable, "-I", "-c", PAIR, cwd=tmp_path
    )
    found = [line["annotation"] for line in map(json.loads, done.lines) if "annotation" in line]
    assert any('message "hello there"' in each for each in found)
    assert all(each.startswith("zmtp: ") for each in found)


def test_our_own_cluster(trace: Trace) -> None:
    """A node's messages have the names of our protocol."""
    words = ("-f", "--zmtp", "-e", "trace=%network,%desc", COMMAND[0], "--no-watch", "-c")
    done = trace(*words, "create 10; exec 10 2 1 2; pingall")
    assert done.status == 0
    assert done.out.splitlines()[1:] == ["Ok:10: 3", "Ok: -1"]
    found = comments(done)
    for each in ("hello from 10.1", "exec #1 to 10", "exec-reply #1", "ping #2", "ping-reply #2"):
        assert found.count(each) == 2, each  # sent, received
    assert 'READY DEALER "10.1"' in found


VECTORS = """
import os, socket
a, b = socket.socketpair()
greeting = b"\\xff" + bytes(8) + b"\\x7f\\x03\\x00NULL" + bytes(48)
ready = b"\\x04\\x19\\x05READY\\x0bSocket-Type\\x00\\x00\\x00\\x03PUB"
message = b"\\x00\\x03one"
for one, other in ((a, b), (b, a)):
    one.sendmsg([greeting[:10], greeting[10:]])
    other.recvmsg(64)
os.writev(a.fileno(), [ready])
os.readv(b.fileno(), [bytearray(20), bytearray(7)])
os.write(b.fileno(), ready)
a.recv(27, socket.MSG_PEEK)
os.read(a.fileno(), 27)
a.sendmsg([message[:1], message[1:]])
b.recvmsg(99, 0, socket.MSG_PEEK)
b.recvmsg(99)
"""


def test_every_call_that_moves_bytes(trace: Trace) -> None:
    """Vectors and messages are put together; what is only looked at is not told twice."""
    done = trace("--zmtp", "-e", "trace=%network,%desc", sys.executable, "-I", "-S", "-c", VECTORS)
    assert (done.status, done.err) == (0, "")
    found = [(match[1], match[2]) for line in done.lines if (match := COMMENT.search(line))]
    assert found[4:] == [
        ("writev", "READY PUB"),
        ("readv", "READY PUB"),
        ("write", "READY PUB"),
        ("read", "READY PUB"),
        ("sendmsg", 'message "one"'),
        ("recvmsg", 'message "one"'),
    ]
    assert [name for name, _ in found[:4]] == ["sendmsg", "recvmsg"] * 2
    assert {text for _, text in found[:4]} == {"greeting"}


def test_what_is_no_zeromq_has_no_comment(trace: Trace) -> None:
    """Files, pipes and sockets that speak something else are left alone."""
    code = "import socket; a, b = socket.socketpair(); a.send(b'GET / HTTP/1.1'); b.recv(99); print('x')"
    done = trace("--zmtp", sys.executable, "-I", "-S", "-c", code)
    assert done.those("GET /")
    assert "/* zmtp" not in done.text
