"""A ZeroMQ cluster of compute nodes in a binary search tree. It knows nothing of ptrace.

The names are imported when they are first asked for: the keeper and the nodes are started from this package
too, and need neither the controller nor asyncio in their memory.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bstcluster.controller import Cluster, Place, Survey
    from bstcluster.errors import (
        AlreadyExistsError,
        ClusterError,
        CreateError,
        ExecError,
        KeeperError,
        NodeError,
        NotFoundError,
        ParentUnavailableError,
        UnavailableError,
    )
    from bstcluster.member import Member, State
    from bstcluster.observer import Observer

__all__ = [
    "AlreadyExistsError",
    "Cluster",
    "ClusterError",
    "CreateError",
    "ExecError",
    "KeeperError",
    "Member",
    "NodeError",
    "NotFoundError",
    "Observer",
    "ParentUnavailableError",
    "Place",
    "State",
    "Survey",
    "UnavailableError",
]

_ROOMS = {
    "Cluster": "controller",
    "Place": "controller",
    "Survey": "controller",
    "Member": "member",
    "State": "member",
    "Observer": "observer",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_ROOMS.get(name, 'errors')}"), name)
