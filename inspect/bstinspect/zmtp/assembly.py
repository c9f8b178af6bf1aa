"""Frames put together into messages and commands, out of pieces cut anywhere. What is kept is bounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from bstinspect.zmtp.events import Begun, Command, Continued, Message, Part
from bstinspect.zmtp.frames import LONGEST_HEADER, Header, is_encrypted, read_command, read_header

KEEP: Final = 512
"""So many bytes of each frame's body are kept."""
PARTS: Final = 4
"""So many parts of each message are kept; the others are counted."""
_PLAIN: Final = frozenset({"NULL", "PLAIN"})

Item: TypeAlias = Message | Command


@dataclass(slots=True)
class _Frame:
    """A frame that is not whole yet."""

    head: bytes = b""
    """Its header, as long as that is not whole."""
    header: Header | None = None
    kept: bytearray = field(default_factory=bytearray)
    have: int = 0
    """Bytes of its body that have gone by."""
    gapless: bool = True
    """None of the bytes so far is missing: what comes may be kept."""
    earlier: bool = False
    """It began in an earlier call."""

    def keep(self, data: bytes) -> None:
        """Let `data`, the next bytes of the body, go by."""
        if self.gapless and len(self.kept) < KEEP:
            self.kept += data[: KEEP - len(self.kept)]
        self.have += len(data)


class Assembly:
    """What is under way in one direction of a connection."""

    def __init__(self) -> None:
        self.mechanism = ""
        """From the greeting; empty: unknown, or before ZMTP 3."""
        self.socket_type = ""
        """The sender's, as it said in its READY or in a greeting of ZMTP 2.0."""
        self.identity = b""
        """Likewise."""
        self._frame: _Frame | None = None
        self._parts: tuple[Part, ...] = ()
        self._count = 0
        self._size = 0
        """Bytes of the parts that are whole; `_count` of them, of the message that is not."""
        self._earlier = False

    def drop(self) -> None:
        """Forget what is under way."""
        self._frame = None
        self._end_message()

    def take(self, data: bytes, at: int) -> tuple[int, Item | None]:
        """Take bytes from `at` on, at most to the end of a frame: where it stopped, and the item that ended.

        Raises FrameError where this is not ZMTP.
        """
        frame = self._frame = self._frame or _Frame()
        if frame.header is None:
            piece = data[at : at + LONGEST_HEADER - len(frame.head)]
            frame.header = read_header(frame.head + piece)
            if frame.header is None:
                frame.head += piece
                return at + len(piece), None
            at += frame.header.length - len(frame.head)
        end = min(len(data), at + frame.header.size - frame.have)
        frame.keep(data[at:end])
        return end, self._end_frame(frame, frame.header)

    def skip(self, count: int) -> tuple[int, Item | None]:
        """Let up to `count` unseen bytes of a frame's body go by: how many did, and the item that ended."""
        frame = self._frame
        if frame is None or frame.header is None:
            return 0, None
        skipped = min(count, frame.header.size - frame.have)
        frame.have += skipped
        frame.gapless = False
        return skipped, self._end_frame(frame, frame.header)

    def end_call(self) -> Begun | Continued | None:
        """Return what is still under way at the end of a call. Raises FrameError where this is not ZMTP."""
        frame = self._frame
        header = frame.header if frame is not None else None
        command = header is not None and header.command
        if frame is None and not self._count:
            return None
        earlier = (frame is not None and frame.earlier) or (self._earlier and not command)
        have = frame.have if frame is not None else 0
        size = header.size if header is not None else 0
        more = header is None or header.more
        if not command:
            have, size = have + self._size, size + self._size
        item = None if earlier else self._so_far(frame, header)
        if frame is not None:
            frame.earlier = True
        self._earlier = self._count > 0
        return Continued(have, size, more) if earlier else Begun(item, have, size, more)

    def _so_far(self, frame: _Frame | None, header: Header | None) -> Item | None:
        if frame is not None and header is not None:
            return self._command(frame, header) if header.command else self._message(frame, header)
        if self._count:
            return Message(self._parts, self._count, self._size, self.socket_type, self.identity)
        return None

    def _end_frame(self, frame: _Frame, header: Header) -> Item | None:
        if frame.have < header.size:
            return None
        self._frame = None
        if header.command:
            command = self._command(frame, header)
            self._shake_hands(command)
            return command
        message = self._message(frame, header)
        if not header.more:
            self._end_message()
        elif isinstance(message, Message):
            self._parts, self._count, self._size = message.parts, message.count, message.size
            self._earlier = message.continued
            return None
        return message

    def _end_message(self) -> None:
        self._parts, self._count, self._size, self._earlier = (), 0, 0, False

    def _command(self, frame: _Frame, header: Header) -> Command:
        plain = not self.mechanism or self.mechanism in _PLAIN
        body = bytes(frame.kept)
        command = read_command(body, header.size, plain=plain, continued=frame.earlier)
        return command or Command("", header.size, continued=frame.earlier)

    def _message(self, frame: _Frame, header: Header) -> Item:
        """Return the message that ends with `frame`, or would."""
        body = bytes(frame.kept)
        continued = frame.earlier or self._earlier
        if self.mechanism not in _PLAIN and not self._count and is_encrypted(body, header.size):
            return Command("MESSAGE", header.size, body[8:], continued=continued)
        parts = self._parts
        if len(parts) < PARTS:
            parts = (*parts, Part(body, header.size))
        count, size = self._count + 1, self._size + header.size
        return Message(parts, count, size, self.socket_type, self.identity, continued)

    def _shake_hands(self, command: Command) -> None:
        for name, value in command.properties:
            match name.lower():
                case "socket-type":
                    self.socket_type = value.decode("latin-1")
                case "identity":
                    self.identity = value
                case _:
                    pass
