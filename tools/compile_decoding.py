"""Compile the decoders that nearly every trace needs, with mypyc: `make fast`.

The same sources then have two forms, of which decode/__init__.py takes the compiled one as long as it is
that of the sources as they are. mypyc is a part of mypy; a C compiler and Python's headers have to be there.
"""

from __future__ import annotations

import ast
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT: Final = Path(__file__).parents[1]
SOURCES: Final = ROOT / "inspect"
PACKAGE: Final = "bstinspect.decode"
FOLDER: Final = SOURCES / PACKAGE.replace(".", "/")
COMPILED: Final = FOLDER / "_compiled"
STAMPS: Final = "sources"
"""The file beside the libraries that says of which sources they are: path, size, time of change."""
LINE: Final = """
    blocks call durations generic leader named names opened quote shape show siginfo table text thread whole
""".split()  # noqa: SIM905 - as in table.py
"""What makes the lines."""
FAMILIES: Final = """
    chosen cloning credentials descriptors entries execution files futexes iovecs lists memory modes network
    polling processes signal_sets signals stat strings time waiting
""".split()  # noqa: SIM905
"""The decoders of the most frequent calls, and what they share."""
Library: TypeAlias = tuple[str, list[str], list[str]]
"""Module, C sources, folders of headers."""
FLAGS: Final = ("-O1", "-w", "-shared", "-fPIC", "-fwrapv", "-DNDEBUG")
"""-O2 and -O3 take two and four times as long, and are no faster here."""


class CannotCompileError(Exception):
    """Something that is needed is not there, or the C compiler failed; the text is one line."""


def compile_decoding() -> None:
    """Compile, and put the result in its place. Raises CannotCompileError."""
    header = Path(sysconfig.get_path("include"), "Python.h")
    if not header.exists():
        raise CannotCompileError(f"there is no {header} (on Debian and Ubuntu: apt install python3-dev)")
    os.chdir(ROOT)
    sources = [FOLDER / f"{name}.py" for name in (*LINE, *FAMILIES)]
    stamps = "".join(_stamp(path) for path in sorted({*sources, *_imported_by(sources)}))
    with tempfile.TemporaryDirectory(prefix="_compiled-", dir=FOLDER) as name:
        folder = Path(name)
        _build(_to_c(sources, folder / "c"), folder / "new")
        (folder / "new" / STAMPS).write_text(stamps)
        if COMPILED.exists():
            COMPILED.rename(folder / "old")
        (folder / "new").rename(COMPILED)


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{os.path.relpath(path, FOLDER)} {status.st_size} {status.st_mtime_ns}\n"


def _imported_by(sources: Iterable[Path]) -> Iterator[Path]:
    """Find our own modules that the sources import: of them constants may have been compiled in."""
    for source in sources:
        for node in ast.walk(ast.parse(source.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.module:
                for name in (node.module, *(f"{node.module}.{each.name}" for each in node.names)):
                    path = SOURCES / f"{name.replace('.', '/')}.py"
                    if path.exists():
                        yield path


def _to_c(sources: Iterable[Path], folder: Path) -> list[Library]:
    """Translate; return what is to be compiled: one library with all code, and one for each module's name."""
    try:
        from mypyc.build import mypycify
    except ImportError as error:
        raise CannotCompileError(f"mypyc does not run: {error}") from None
    options = ["--config-file=pyproject.toml", f"--cache-dir={folder / 'cache'}"]
    paths = [str(path.relative_to(ROOT)) for path in sources]
    made = mypycify([*options, *paths], target_dir=str(folder), group_name=f"{PACKAGE}._compiled")
    return [(each.name, each.sources, each.include_dirs) for each in made]


def _build(libraries: Iterable[Library], folder: Path) -> None:
    folder.mkdir()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda each: _compile_one(each, folder), libraries))


def _compile_one(library: Library, folder: Path) -> None:
    module, sources, headers = library
    target = folder / (module.rpartition(".")[2] + sysconfig.get_config_var("EXT_SUFFIX"))
    include = [f"-I{each}" for each in (sysconfig.get_path("include"), *headers)]
    compiler = shlex.split(os.environ.get("CC", "cc"))
    command = [*compiler, *FLAGS, *include, "-o", str(target), *sources]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotCompileError(f"{compiler[0]}: {error.strerror}") from None
    if done.returncode:
        raise CannotCompileError(done.stderr.strip().partition("\n")[0])


if __name__ == "__main__":
    print("Compiling the decoders (about a minute) ...", file=sys.stderr)
    try:
        compile_decoding()
    except CannotCompileError as error:
        sys.exit(f"bstrace goes without compiled decoders: {error}")
