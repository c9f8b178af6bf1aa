"""The `bstrace` command: its first word says which part of the program is needed, and only that is loaded."""

from __future__ import annotations

import sys


def main() -> int:
    """Run `bstrace`; return its exit status."""
    if sys.argv[1:2] == ["trace"]:
        from bstinspect.trace.command import main as trace

        return trace(sys.argv[2:])
    if sys.argv[1:2] == ["replay"]:
        from bstinspect.trace.replay import main as replay

        return replay(sys.argv[2:])
    from bstinspect.cli import main as controller

    return controller()


if __name__ == "__main__":
    sys.exit(main())
