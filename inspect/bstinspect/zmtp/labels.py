"""The events of a call in the few words of a comment: ``zmtp: READY DEALER "20.1"; hello from 20.1``."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Final

from bstinspect.zmtp import words
from bstinspect.zmtp.events import (
    Begun,
    Broken,
    Command,
    Continued,
    Event,
    Greeting,
    GreetingBegun,
    Message,
    Missing,
    Part,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN: Final = 8
"""So many events of a call are described; the others are counted."""
LONGEST_TEXT: Final = 40
"""A message of up to so many printable characters is shown itself."""
_PRINTABLE: Final = frozenset((string.ascii_letters + string.digits + string.punctuation + " ").encode())
_TOPICS: Final = frozenset({"SUBSCRIBE", "CANCEL", "JOIN", "LEAVE"})
_ENVELOPED: Final = frozenset({"REQ", "REP", "DEALER", "ROUTER", ""})
_KINDS: Final = {"REQ": "request", "REP": "reply"}
_SUBSCRIBERS: Final = frozenset({"SUB", "XSUB"})
_SUBSCRIPTIONS: Final = {b"\x00": "CANCEL", b"\x01": "SUBSCRIBE"}


def label(events: Sequence[Event]) -> str:
    """Return the words for a call's events, beginning with ``zmtp:``; empty where there are none.

    They hold printable ASCII and never ``*/``, so that they can stand in a comment.
    """
    if not events:
        return ""
    told = [_describe(event) for event in events[:SHOWN]]
    if len(events) > SHOWN:
        told.append(f"and {len(events) - SHOWN} more")
    return "zmtp: " + "; ".join(told)


def _describe(event: Event) -> str:  # noqa: PLR0911 - one line for each kind of event
    match event:
        case Greeting():
            return _ended("greeting", event.continued)
        case GreetingBegun():
            return "greeting"
        case Command() | Message():
            return _ended(_item(event), event.continued)
        case Begun():
            return f"{_item(event.item)} {_progress(event)}" if event.item else "beginning of a frame"
        case Continued():
            return f"... continued {_progress(event)}".rstrip()
        case Missing():
            return f"{_bytes(event.count)} not captured{'' if event.in_step else ', out of step'}"
        case Broken():
            return f"broken: {event.reason}"


def _item(item: Command | Message) -> str:
    return _message(item) if isinstance(item, Message) else _command(item)


def _ended(text: str, continued: bool) -> str:  # noqa: FBT001 - the events' own flag
    return f"... end of {text}" if continued else text


def _progress(event: Begun | Continued) -> str:
    if event.more:
        return f"({_bytes(event.have)} so far)"
    return f"({event.have} of {_bytes(event.size)})" if event.size else ""


def _command(command: Command) -> str:
    name = command.name
    if name == "MESSAGE":
        return "encrypted"
    if name in _TOPICS and (topic := _text(command.body, command.size - 1 - len(name))):
        return f"{name} {topic}"
    if name == "ERROR" and (reason := _text(command.body[1:], command.size - 2 - len(name))):
        return f"{name} {reason}"
    properties = {key.lower(): value for key, value in command.properties}
    kind = properties.get("socket-type", b"")
    identity = properties.get("identity", b"")
    shown = [name or "command"]
    if kind.isalpha() and len(kind) <= LONGEST_TEXT:
        shown.append(kind.decode("ascii"))
    if identity:
        shown.append(_text(identity, len(identity)) or f"with an identity of {_bytes(len(identity))}")
    return " ".join(shown)


def _message(message: Message) -> str:
    ours = words.describe(message)
    if ours is not None:
        return ours
    kind = _KINDS.get(message.socket_type, "message")
    parts, count = message.parts, message.count
    if count > 1 and not parts[0].size and message.socket_type in _ENVELOPED:
        parts, count = parts[1:], count - 1  # the empty delimiter that REQ and REP put before a message
    if count > 1:
        return f"{kind} {count} parts, {_bytes(message.size)}"
    part = parts[0]
    if message.socket_type in _SUBSCRIBERS and part.data[:1] in _SUBSCRIPTIONS:
        topic = _text(part.data[1:], part.size - 1)
        return f"{_SUBSCRIPTIONS[part.data[:1]]} {topic}".rstrip()
    return f"{kind} {_shown(part)}"


def _shown(part: Part) -> str:
    return _text(part.data, part.size) or _bytes(part.size)


def _text(data: bytes, size: int) -> str:
    """Return `data` in quotes; empty where it is too long, not all there, or not fit to be shown."""
    if size != len(data) or size > LONGEST_TEXT or not _PRINTABLE.issuperset(data):
        return ""
    if b'"' in data or b"\\" in data or b"*/" in data:
        return ""
    return f'"{data.decode("ascii")}"'


def _bytes(count: int) -> str:
    return f"{count} byte{'' if count == 1 else 's'}"
