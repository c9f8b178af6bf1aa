"""Mutants of the cluster: they are what they say, and one of them is caught by name."""

from __future__ import annotations

import ast
import importlib
from typing import TYPE_CHECKING

from bstinspect.faults.run import Scenario

if TYPE_CHECKING:
    from pathlib import Path

# By name: tools is a folder of scripts, no package that a type checker knows.
making = importlib.import_module("tools.mutants.mutant")
playing = importlib.import_module("tools.mutants.playing")

SOURCE = '''\
"""Some code."""
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

HELLO_LIMIT: int = 20


class Some:
    def tell(self, word: int = 3) -> None:
        """Tell a word."""
        if word < 4 and self.left is not None:
            self._send(word)
            self.socket.close()
        else:
            self.told = True
'''


def test_a_change_of_each_kind_is_made_once() -> None:
    """The names say where and what; the same code always has the same."""
    found = list(making.mutants_in("some.py", SOURCE))
    assert [each.name.removeprefix("some.py:") for each in found] == [
        "7 module: HELLO_LIMIT halved",
        "7 module: HELLO_LIMIT times ten",
        "7 module: HELLO_LIMIT zero",
        "7 module: 20 to 21",
        "11 tell: 3 to 4",
        "13 tell: early return",
        "13 tell: and to or",
        "13 tell: negated condition",
        "13 tell: < to <=",
        "13 tell: 4 to 5",
        "13 tell: is not to is",
        "14 tell: dropped send",
        "14 tell: doubled send",
        "15 tell: lost clean-up",
        "17 tell: lost assignment",
        "17 tell: True to False",
    ]
    assert found[0].key == "some.py module: HELLO_LIMIT halved"


def test_every_mutant_of_the_cluster_is_code_and_another() -> None:
    """No two have one name, and each compiles; the sends of a node are among them."""
    sources = {name: (making.PACKAGE / name).read_text() for name in ("node.py", "making.py", "numbers.py")}
    found = [each for name, source in sources.items() for each in making.mutants_in(name, source)]
    assert len(found) > 250
    assert len({each.name for each in found}) == len(found)
    assert all(each.source != sources[each.file] for each in found)
    for each in found[::4]:  # all of them take seconds
        compile(each.source, each.file, "exec", flags=ast.PyCF_ONLY_AST)
    assert any(each.key == "node.py _forget: dropped send" for each in found)


def test_a_mutant_is_caught_by_name(tmp_path: Path) -> None:
    """A node that never says that it has reaped its child makes a kill take a timeout."""
    source = (making.PACKAGE / "node.py").read_text()
    mutants = making.mutants_in("node.py", source)
    mutant = next(each for each in mutants if each.key == "node.py _forget: dropped send")
    script = ("create 50", "create 20", "crash 20", "kill 20")
    with playing.Copy(making.PACKAGE, tmp_path / "mutant", mutant.file, mutant.source) as copy:
        played = copy.play(Scenario(script))
    assert played.violated is not None
    assert played.violated[0] == "others-answer-in-time"
    assert played.violated[1].startswith("command 4, kill 20")
