"""FILE COMMAND...: trace as `bstrace trace -f -o FILE` does, and keep the records instead of showing them."""

import shutil
import sys
from pathlib import Path

from bstinspect.trace import command, rendering


def keep(_renderer: rendering.Renderer, descriptor: int, _shown: int) -> None:
    """Copy what comes through the pipe."""
    with Path(sys.argv[1]).open("wb") as file, open(descriptor, "rb", closefd=False) as pipe:
        shutil.copyfileobj(pipe, file)


rendering.Renderer.run = keep  # type: ignore[method-assign, assignment]
sys.exit(command.main(["-f", "-tt", "-T", "-q", "-o", "/dev/null", "--", *sys.argv[2:]]))
