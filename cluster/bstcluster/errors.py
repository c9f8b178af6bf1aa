"""The errors of the cluster: one small family. `str()` of each is one clear line for a person."""

from __future__ import annotations


class ClusterError(Exception):
    """Base of the cluster's errors. `exit_code` is the process's exit status where it ends the program."""

    exit_code = 1


class KeeperError(ClusterError):
    """The keeper process could not be started, or is gone."""


class NodeError(ClusterError):
    """An error about one node. Carries its id."""

    def __init__(self, node: int, message: str) -> None:
        super().__init__(message)
        self.node = node


class AlreadyExistsError(NodeError):
    """The id is in the tree, reachable or not."""

    def __init__(self, node: int) -> None:
        super().__init__(node, "Already exists")


class ParentUnavailableError(NodeError):
    """The way down the tree to the new node's place meets a node that does not answer."""

    def __init__(self, node: int) -> None:
        super().__init__(node, "Parent is unavailable")


class CreateError(NodeError):
    """The node could not be made, for example because no more processes are allowed."""


class NotFoundError(NodeError):
    """No node has this id."""

    def __init__(self, node: int) -> None:
        super().__init__(node, "Not found")


class UnavailableError(NodeError):
    """The node is in the tree and cannot be reached."""

    def __init__(self, node: int) -> None:
        super().__init__(node, "Node is unavailable")


class ExecError(NodeError):
    """The numbers of an `exec` are wrong: not integers, or not as many as were announced."""
