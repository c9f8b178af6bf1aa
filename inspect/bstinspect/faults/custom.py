"""A conversation of a user's own, ``module:Class``, and the invariants that it brings."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

from bstinspect.errors import InspectError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bstinspect.faults.conversation import Conversation
    from bstinspect.faults.invariants import Invariant


class DriverError(InspectError):
    """A conversation of a user's own cannot be had."""


def conversation_class(name: str) -> Callable[[tuple[str, ...]], Conversation]:
    """Return the class ``module:Class``, of a module that can be imported, or that is here.

    Raises DriverError.
    """
    module, _, attribute = name.partition(":")
    sys.path.append(os.getcwd())  # noqa: PTH109 - as it is
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise DriverError(f"no driver {name}: {error}") from error
    finally:
        sys.path.pop()
    made: Callable[[tuple[str, ...]], Conversation] = found
    return made


def invariants_of(name: str) -> Sequence[Invariant]:
    """Return what must hold: the class's own `invariants`; ours where it has none, or there is no class.

    Raises DriverError.
    """
    from bstinspect.faults.invariants import OURS

    held: Sequence[Invariant] = getattr(conversation_class(name), "invariants", OURS) if name else OURS
    return held
