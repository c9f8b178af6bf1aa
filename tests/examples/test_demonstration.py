"""The demonstration of the tree: every reply is the one that the assignment asks for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

DEMONSTRATION: Final = Path(__file__).parents[2] / "examples" / "demonstration.txt"
REPLIES: Final = {
    "create 7": ["Error: Already exists"],
    "create 7 5": ["Ok: PID"],
    "pingall": ["Ok: -1", "Ok: 3;5;7", "Ok: -1"],
    "exes 10 3 1 2 3": ["Ok:10: 6"],
    "exec 7 2 40 2": ["Ok:7: 42"],
    "exec 20 4 100 -1 50 1": ["Ok:20: 150"],
    "exec 99 1 1": ["Error:99: Not found"],
    "exec 3 2 1 2": ["Error:3: Node is unavailable"],
    "exec 12 2 7 8": ["Ok:12: 15"],
    "create 4": ["Error: Parent is unavailable"],
    "create 5": ["Ok: PID", "Error: Already exists", "Ok: PID"],
    "exec 5 2 2 2": ["Ok:5: 4"],
}
"""What a command is answered with, each time; `Ok` or a pid where it is not listed."""


def test_the_demonstration(tmp_path: Path) -> None:
    """A reply a command; the log has the nodes' parents, and what each pingall found."""
    bstrace = Path(sys.executable).with_name("bstrace")
    command = [str(bstrace), "-f", str(DEMONSTRATION), "--session", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    lines = DEMONSTRATION.read_text().splitlines()
    replies = [re.sub(r"^Ok: \d+$", "Ok: PID", reply) for reply in done.stdout.splitlines()]
    assert len(lines) == len(replies)
    answered: dict[str, list[str]] = {}
    for line, reply in zip(lines, replies, strict=True):
        answered.setdefault(line, []).append(reply)
    assert {line: answered[line] for line in REPLIES} == REPLIES
    others = {line: found for line, found in answered.items() if line not in REPLIES}
    assert others == {
        line: ["Ok: PID" if line.startswith("create ") else "Ok"] * len(found)
        for line, found in others.items()
    }
    assert "node 5 " in done.stderr
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    made = [(each["node"], each["parent"]) for each in events if each["event"] == "created"]
    assert made == [(10, None), (5, 10), (15, 10), (3, 5), (7, 5), (12, 15), (20, 15), (5, 10)]
    assert [each["nodes"] for each in events if each["event"] == "removed"] == [[3, 5, 7]]
