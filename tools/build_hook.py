"""Compile the optional loop (capture/native/): when the package is built or installed, or by itself.

Where there is no compiler, one line says so, and bstrace works without it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FOLDER = Path("inspect/bstinspect/capture")
_SOURCE = _FOLDER / "native" / "loop.c"
_LIBRARY = _FOLDER / "libbstloop.so"
_FLAGS = ("-O2", "-Wall", "-Wextra", "-shared", "-fPIC")


def compile_loop(root: Path) -> str:
    """Compile it; return why that cannot be, or the empty string."""
    library = root / _LIBRARY
    fresh = library.with_suffix(".new")
    command = [*shlex.split(os.environ.get("CC", "cc")), *_FLAGS, "-o", str(fresh), str(root / _SOURCE)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        reason = f"{command[0]}: {error.strerror}"
    else:
        reason = done.stderr.strip().partition("\n")[0] if done.returncode else ""
    if reason:
        library.unlink(missing_ok=True)  # an old one would write records of yesterday
    else:
        fresh.replace(library)
    return reason


class CompiledLoop(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the library to a wheel, which then is for this kind of machine."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before anything is packed."""
        if self.target_name != "wheel":
            return
        reason = compile_loop(Path(self.root))
        if reason:
            self.app.display_warning(f"bstrace goes without its compiled loop: {reason}")
        elif version == "standard":
            build_data["artifacts"].append(str(_LIBRARY))
            build_data["pure_python"] = False
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{platform}"


if __name__ == "__main__":
    if failure := compile_loop(Path(__file__).parents[1]):
        print(f"bstrace goes without its compiled loop: {failure}", file=sys.stderr)
