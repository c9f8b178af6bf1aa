"""The full trace as text, and on which of its lines each call stands."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

import msgspec

from bstinspect.decode.layout import Layout
from bstinspect.decode.text import StraceText
from bstinspect.records import Attached, SyscallEntry

if TYPE_CHECKING:
    from typing import BinaryIO

    from bstinspect.decode.text import Annotator
    from bstinspect.records import Record

LAYOUT: Final = Layout(stamp="time", stamp_digits=6, durations=6)
"""As ``strace -f -tt -T -o FILE`` has it."""
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_BLOCK: Final = 1 << 18


class FullTrace:
    """Writes the text; `line` is the number of the line that was finished last."""

    def __init__(self, stream: BinaryIO, annotator: Annotator) -> None:
        self._stream = stream
        self._pieces: list[str] = []
        self._size = 0
        self._digest = hashlib.sha256()
        self._text = StraceText(self, LAYOUT, annotator=annotator)
        self.line = 0
        self._begun = False
        self._held: SyscallEntry | None = None
        """An entry that waits for the record behind it: with its exit its line is made at once."""
        self._all_native = True

    @property
    def current(self) -> int:
        """Return the number of the line that is being written, else of the one finished last."""
        return self.line + self._begun + (self._held is not None)

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what was written, hexadecimal; after `finish`."""
        return self._digest.hexdigest()

    def take(self, record: Record) -> None:
        """Take a record. Raises OSError."""
        held, self._held = self._held, None
        if type(record) is Attached and record.name:  # of some threads it is not known: none is shown
            record = msgspec.structs.replace(record, name=b"")
        if type(record) is SyscallEntry and self._may_wait(record):
            if held is not None:
                self._text.feed((held,))
            self._held = record
        else:
            self._text.feed((record,) if held is None else (held, record))
        if self._size > _BLOCK:
            self._flush()

    def finish(self) -> None:
        """Write the rest. Raises OSError."""
        if self._held is not None:
            self._text.feed((self._held,))
            self._held = None
        self._text.finish()
        self._flush()

    def write(self, _tid: int, text: str) -> None:
        """Take a piece of text."""
        self.line += text.count("\n")
        if text:
            self._begun = not text.endswith("\n")
        self._pieces.append(text)
        self._size += len(text)

    def _may_wait(self, entry: SyscallEntry) -> bool:
        """Tell whether an entry begins one line: where a program has 32-bit calls a note may be before it."""
        self._all_native = self._all_native and not entry.arch
        return self._all_native

    def _flush(self) -> None:
        text = "".join(self._pieces)
        if _CONTROL.search(text):
            text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
        data = text.encode("utf-8", "backslashreplace")
        self._digest.update(data)
        self._stream.write(data)
        self._pieces.clear()
        self._size = 0
