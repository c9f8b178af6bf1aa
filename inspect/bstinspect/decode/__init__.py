"""Raw records to names, arguments and text. Pure: no process is touched here.

`make fast` compiles the modules that are used most (tools/compile_decoding.py). Where that was done, of the
sources as they are now, and BSTRACE_PURE is not set, the compiled ones are found before their sources.
"""

from __future__ import annotations

import os


def _is_fresh(folder: str) -> bool:
    """Tell whether no source has changed since: one stat a file, by path from here, size and time."""
    try:
        with open(f"{folder}/_compiled/sources") as stamps:  # noqa: PTH123 - a fast start
            for line in stamps:
                path, size, changed = line.split()
                status = os.stat(f"{folder}/{path}")  # noqa: PTH116 - as above
                if status.st_size != int(size) or status.st_mtime_ns != int(changed):
                    return False
    except (OSError, ValueError):
        return False
    return True


if not os.environ.get("BSTRACE_PURE") and _is_fresh(__path__[0]):
    __path__.insert(0, f"{__path__[0]}/_compiled")
