"""What ends a benchmark: each is one clear line for a person, and exit status 1."""

from __future__ import annotations


class BenchmarkError(Exception):
    """It cannot be measured here: a tool is missing, a program failed or took too long."""


class Mismatch(BenchmarkError):  # noqa: N818 - it says what is, not what went wrong
    """A tracer's output is not what it has to be."""
