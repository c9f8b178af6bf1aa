"""The index of the decoders says what the families have, and nothing else."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import bstinspect.decode
from bstinspect.decode.table import FAMILIES, all_shapes


def test_index() -> None:
    """Every family is in the index, with exactly its calls, and no call has two decoders."""
    found = {}
    for module in pkgutil.iter_modules(bstinspect.decode.__path__):
        if not module.ispkg:
            shapes = getattr(import_module(f"bstinspect.decode.{module.name}"), "SHAPES", None)
            if shapes is not None:
                found[module.name] = sorted(shapes)
    assert {family: sorted(names.split()) for family, names in FAMILIES.items()} == found
    calls = [name for names in found.values() for name in names]
    assert len(calls) == len(set(calls)) == len(all_shapes())
