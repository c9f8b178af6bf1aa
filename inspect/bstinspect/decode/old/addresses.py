"""Socket addresses as strace prints them (unix(7), ip(7), ipv6(7), netlink(7))."""

from __future__ import annotations

import socket
import struct
from typing import Final

from bstinspect.decode.old.call import choice_text, constants
from bstinspect.decode.old.quote import quote, quote_text

FAMILIES: Final = {
    **constants(
        socket,
        "AF_UNSPEC AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET AF_ALG AF_VSOCK AF_BLUETOOTH AF_CAN "
        "AF_QIPCRTR AF_TIPC AF_APPLETALK AF_AX25 AF_BRIDGE AF_DECnet AF_ECONET AF_IPX AF_KEY AF_LLC "
        "AF_ROSE AF_SNA AF_X25",
    ),
    44: "AF_XDP",
}


def sockaddr_text(data: bytes, length: int) -> str:  # noqa: PLR0911 - one a family
    """Return ``{sa_family=AF_UNIX, sun_path="/run/x"}`` for the first `length` bytes of `data`."""
    data = data[:length]
    if len(data) < 2:
        return quote(data)
    (family,) = struct.unpack_from("<H", data)
    start = f"{{sa_family={choice_text(family, FAMILIES, 'AF_???')}"
    if len(data) == 2:
        return start + "}"
    if family == socket.AF_UNIX:
        return f"{start}, sun_path={_unix_path(data[2:])}}}"
    if family == socket.AF_INET and len(data) >= 8:
        (port,) = struct.unpack_from(">H", data, 2)
        return f'{start}, sin_port=htons({port}), sin_addr=inet_addr("{socket.inet_ntoa(data[4:8])}")}}'
    if family == socket.AF_INET6 and len(data) >= 24:
        port, flow = struct.unpack_from(">HI", data, 2)
        scope = int.from_bytes(data[24:28], "little")
        name = socket.inet_ntop(socket.AF_INET6, data[8:24])
        return (
            f"{start}, sin6_port=htons({port}), sin6_flowinfo=htonl({flow}), "
            f'inet_pton(AF_INET6, "{name}", &sin6_addr), sin6_scope_id={scope}}}'
        )
    if family == 16 and len(data) >= 12:
        port, groups = struct.unpack_from("<II", data, 4)
        return f"{start}, nl_pid={port}, nl_groups={_groups(groups)}}}"
    return f"{start}, sa_data={quote(data[2:])}}}"


def _unix_path(path: bytes) -> str:
    if path.startswith(b"\0"):
        return "@" + quote(path[1:])
    return quote_text(path + b"\0")


def _groups(mask: int) -> str:
    return f"{mask:#08x}" if mask else "00000000"
