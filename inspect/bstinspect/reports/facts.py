"""The findings as JSON, for programs that make something of their own of them.

`schema` is their JSON Schema (also in docs/report.schema.json, written by ``python -m
bstinspect.reports.facts``); docs/report-json.md describes them. Fields that have nothing to say are left out.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from bstinspect.findings.model import Findings  # noqa: TC001 - msgspec reads the annotation
from bstinspect.reports import wellformed


class Report(msgspec.Struct, frozen=True):
    """The whole file. Times are nanoseconds since the capture began."""

    format: Literal[1]
    """The version: another one where a field changes its meaning or goes, not where one comes."""
    findings: Findings


def write_facts(findings: Findings) -> bytes:
    """Return the findings as indented JSON in UTF-8, with U+FFFD for what UTF-8 cannot hold."""
    return msgspec.json.format(wellformed.encode(Report(1, findings)), indent=2) + b"\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file."""
    return msgspec.json.schema(Report)


def main() -> None:
    """Print the schema, as docs/report.schema.json has it."""
    import json

    print(json.dumps(schema(), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
