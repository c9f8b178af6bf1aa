"""ioctl requests of descriptors without a file: namespaces, userfaultfd, seccomp's notifications.

ioctl_ns(2), ioctl_userfaultfd(2), seccomp_unotify(2).
"""

from __future__ import annotations

from typing import Final

from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants.devices import (
    UFFD_API_FEATURES,
    UFFD_API_FLAGS,
    UFFD_COPY_FLAGS,
    UFFD_REGISTER_IOCTL_FLAGS,
    UFFD_REGISTER_MODE_FLAGS,
    UFFD_ZEROPAGE_FLAGS,
)
from bstinspect.decode.constants.files import OPEN_MODE_FLAGS
from bstinspect.decode.constants.processes import (
    AUDIT_ARCH,
    SECCOMP_IOCTL_ADDFD_FLAGS,
    SECCOMP_IOCTL_RESP_FLAGS,
    SETNS_TYPES,
)
from bstinspect.decode.names import errno_name
from bstinspect.decode.requests import Request, exchanged, filled, given, named
from bstinspect.decode.shape import descriptor_result
from bstinspect.decode.structures import (
    Structure,
    address,
    bits,
    braced,
    descriptor,
    hexa,
    identity,
    one_of,
    process,
    some,
    value_behind,
)

# Namespaces.


def _kind(call: Call) -> str:
    """Print nothing: the result is the kind of namespace, whose name stands behind it."""
    if not call.failed:
        call.note = SETNS_TYPES.get(call.value & (1 << 64) - 1, "")
    return ""


# userfaultfd. What the kernel adds at the exit belongs to the structure that was begun at the entry.

_RANGE: Final = Structure(("start", "Q", hexa), ("len", "Q", hexa))
_API: Final = Structure(
    ("api", "Q", hexa),
    ("features", "Q", bits(UFFD_API_FEATURES, unknown="UFFD_FEATURE_???")),
    ("ioctls", "Q", bits(UFFD_API_FLAGS, unknown="_UFFDIO_???")),
)
_COPY: Final = Structure(
    ("dst", "Q", hexa),
    ("src", "Q", hexa),
    ("len", "Q", hexa),
    ("mode", "Q", bits(UFFD_COPY_FLAGS, unknown="UFFDIO_COPY_???")),
    ("copy", "Q", hexa),
)
_REGISTER: Final = Structure(
    ("range", "0Q16s", _RANGE),
    ("mode", "Q", bits(UFFD_REGISTER_MODE_FLAGS, unknown="UFFDIO_REGISTER_MODE_???")),
    ("ioctls", "Q", bits(UFFD_REGISTER_IOCTL_FLAGS, unknown="UFFDIO_???")),
)
_ZEROPAGE: Final = Structure(
    ("range", "0Q16s", _RANGE),
    ("mode", "Q", bits(UFFD_ZEROPAGE_FLAGS, unknown="UFFDIO_ZEROPAGE_???")),
    ("zeropage", "Q", hexa),
)


def _answered(layout: Structure) -> Request:
    """Print all fields but the last at the entry, the last one at the exit."""

    def before(call: Call) -> str:
        data = call.fetch(call[2], layout.size)
        if data is None:
            return pointer(call[2])
        call.kept = layout.values(data)
        return "{" + ", ".join(layout.texts(call, data)[:-1])

    def after(call: Call) -> str:
        data = None if call.failed else call.peek(call[2], layout.size)
        if data is None:
            return "}"
        texts = layout.texts(call, data)
        changed = ""
        if layout is _API and call.kept["features"] != layout.values(data)["features"]:
            changed = f" => {texts[1]}"
        return f"{changed}, {texts[-1]}}}"

    return exchanged(before, after)


# Notifications of seccomp.


def _call_name(call: Call, values: dict[str, int]) -> str:
    """Print a call's number as the name that it has on its architecture."""
    number = values["nr"]
    name = call.tables.names.get(number) if values["arch"] == call.tables.audit else None
    return call.constant(number, f"__NR_{name}", str) if name else str(number)


def _error(call: Call, value: int) -> str:
    """Print a negative errno."""
    name = errno_name(-value) if value < 0 else ""
    return call.constant(value, f"-{name}", str) if name.startswith("E") else str(value)


_DATA: Final = Structure(
    ("nr", "I"),
    ("arch", "I", one_of(AUDIT_ARCH, unknown="AUDIT_ARCH_???")),
    ("instruction_pointer", "Q", address),
    ("args", "6Q", some(hexa)),
)


def _seccomp_data(call: Call, data: bytes) -> str:
    return braced(f"nr={_call_name(call, _DATA.values(data))}", *_DATA.texts(call, data)[1:])


_NOTIFICATION: Final = Structure(
    ("id", "Q", hexa), ("pid", "I", process), ("flags", "I", hexa), ("data", "0Q64s", _seccomp_data)
)
_RESPONSE: Final = Structure(
    ("id", "Q", hexa),
    ("val", "q"),
    ("error", "i", _error),
    ("flags", "I", bits(SECCOMP_IOCTL_RESP_FLAGS, unknown="SECCOMP_USER_NOTIF_FLAG_???")),
)
_ADDED: Final = Structure(
    ("id", "Q", hexa),
    ("flags", "I", bits(SECCOMP_IOCTL_ADDFD_FLAGS, unknown="SECCOMP_ADDFD_FLAG_???")),
    ("srcfd", "I", descriptor),
    ("newfd", "i"),
    ("newfd_flags", "I", bits(OPEN_MODE_FLAGS, unknown="O_???")),
)


def _notification_wanted(call: Call) -> str:
    data = call.fetch(call[2], _NOTIFICATION.size)
    if data is None:
        return pointer(call[2])
    call.kept = True
    return f"{_NOTIFICATION(call, data)} => " if any(data) else ""


_IDENTITY: Final = given(value_behind("Q", hexa))
_SECCOMP_WRONG_DIRECTION: Final = 0x80082102

REQUESTS: Final[dict[int, Request]] = {
    _SECCOMP_WRONG_DIRECTION: _IDENTITY,
    **named(
        {
            "NS_GET_USERNS NS_GET_PARENT": Request(result=descriptor_result),
            "NS_GET_NSTYPE": Request(after=_kind),
            "NS_GET_OWNER_UID": filled(value_behind("I", identity)),
            "UFFDIO_API": _answered(_API),
            "UFFDIO_COPY": _answered(_COPY),
            "UFFDIO_REGISTER": _answered(_REGISTER),
            "UFFDIO_ZEROPAGE": _answered(_ZEROPAGE),
            "UFFDIO_UNREGISTER UFFDIO_WAKE": given(_RANGE.at()),
            "SECCOMP_IOCTL_NOTIF_RECV": exchanged(_notification_wanted, _NOTIFICATION.at()),
            "SECCOMP_IOCTL_NOTIF_SEND": given(_RESPONSE.at()),
            "SECCOMP_IOCTL_NOTIF_ID_VALID": _IDENTITY,
            "SECCOMP_IOCTL_NOTIF_ADDFD": given(_ADDED.at()),
        }
    ),
}
