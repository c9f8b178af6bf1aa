"""The JSON of an exploration."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Final

import msgspec
import pytest

from bstinspect.faults.run import Exploration
from bstinspect.reports.exploration import jsonfile
from bstinspect.reports.exploration.jsonfile import Faults, write_json

from .explored import explored, hostile
from .sample import NASTY

DOCS: Final = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("exploration", [explored(), hostile("\x00</script>\u202e\"'")])
def test_everything_comes_back(exploration: Exploration) -> None:
    """Read strictly by the types, it is what was written."""
    data = write_json(exploration)
    assert msgspec.json.decode(data, type=Faults, strict=True) == Faults(1, exploration)
    assert data.startswith(b'{"format":1,')
    assert data.count(b"\n") == 1
    assert data.endswith(b"}\n")


def test_what_utf_8_cannot_hold() -> None:
    """A byte that was no text leaves valid JSON, in which it is replaced."""
    whole = json.loads(write_json(hostile(NASTY)).decode())
    assert whole["exploration"]["script"][2] == NASTY.replace("\udcff", "\ufffd")


def test_the_schema_is_the_documented_one() -> None:
    """docs/faults.schema.json is what the command in docs/faults-json.md writes; each field is described."""
    text = io.StringIO()
    with redirect_stdout(text):
        jsonfile.main()
    assert (DOCS / "faults.schema.json").read_text() == text.getvalue(), (
        "python -m bstinspect.reports.exploration.jsonfile > docs/faults.schema.json"
    )
    documented = (DOCS / "faults-json.md").read_text()
    for field in Exploration.__struct_fields__:
        assert f"| `{field}` |" in documented
