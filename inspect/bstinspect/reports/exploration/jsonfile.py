"""An exploration as JSON, for programs: every outcome, and of each run its replies, messages and points.

`schema` is its JSON Schema (also in docs/faults.schema.json, written by ``python -m
bstinspect.reports.exploration.jsonfile``); docs/faults-json.md describes it.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from bstinspect.faults.run import Exploration  # noqa: TC001 - msgspec reads the annotation
from bstinspect.reports import wellformed


class Faults(msgspec.Struct, frozen=True):
    """The whole file. Times are nanoseconds of a run's own clock, from its start."""

    format: Literal[1]
    """The version: another one where a field changes its meaning or goes, not where one comes."""
    exploration: Exploration


def write_json(exploration: Exploration) -> bytes:
    """Return the exploration as one line of JSON in UTF-8, with U+FFFD for what UTF-8 cannot hold."""
    return wellformed.encode(Faults(1, exploration)) + b"\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file."""
    return msgspec.json.schema(Faults)


def main() -> None:
    """Print the schema, as docs/faults.schema.json has it."""
    import json

    print(json.dumps(schema(), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
