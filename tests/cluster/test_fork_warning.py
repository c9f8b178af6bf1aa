"""Python 3.12 and newer warn of a fork beside threads: answered for libzmq's threads, and only those."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = b"create 10\ncreate 5\ncreate 3\nexec 3 2 1 2\npingall\n"

BESIDE_ANOTHER_THREAD = """
import os, threading, warnings
from bstcluster import processes
done = threading.Event()
thread = threading.Thread(target=done.wait)
thread.start()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    child = processes.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
done.set()
thread.join()
print("warned" if caught else "no warning")
"""


def test_nodes_fork_without_a_warning() -> None:
    """With every warning an error, nodes fork their children and say nothing."""
    command = [sys.executable, "-P", "-W", "error", "-m", "bstcluster"]
    done = subprocess.run(
        command,
        input=SCRIPT,
        capture_output=True,
        timeout=30,
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert done.stdout.splitlines()[-2:] == [b"Ok:3: 3", b"Ok: -1"]
    assert done.stderr == b""


def test_the_warning_stays_where_another_thread_runs_python() -> None:
    """It is not silenced blindly."""
    done = subprocess.run(
        [sys.executable, "-c", BESIDE_ANOTHER_THREAD], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == ("warned" if sys.version_info >= (3, 12) else "no warning")
