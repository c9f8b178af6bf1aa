"""Waiting for file descriptors: poll, epoll.

Written by tools/make_constants.py from strace 6.1 (LGPL-2.1-or-later); do not edit.
"""

from typing import Final

# fmt: off

# epoll.c
EPOLLCTLS: Final[dict[int, str]] = {1: "EPOLL_CTL_ADD", 2: "EPOLL_CTL_DEL", 3: "EPOLL_CTL_MOD"}
EPOLLEVENTS: Final[dict[int, str]] = {
    0x1: "EPOLLIN", 0x2: "EPOLLPRI", 0x4: "EPOLLOUT", 0x8: "EPOLLERR", 0x10: "EPOLLHUP", 0x20: "EPOLLNVAL",
    0x40: "EPOLLRDNORM", 0x80: "EPOLLRDBAND", 0x100: "EPOLLWRNORM", 0x200: "EPOLLWRBAND", 0x400: "EPOLLMSG",
    0x2000: "EPOLLRDHUP", 0x10000000: "EPOLLEXCLUSIVE", 0x20000000: "EPOLLWAKEUP", 0x40000000: "EPOLLONESHOT",
    0x80000000: "EPOLLET",
}
EPOLLFLAGS: Final[dict[int, str]] = {0x80000: "EPOLL_CLOEXEC"}

# poll.c
POLLFLAGS: Final[dict[int, str]] = {
    0x1: "POLLIN", 0x2: "POLLPRI", 0x4: "POLLOUT", 0x8: "POLLERR", 0x10: "POLLHUP", 0x20: "POLLNVAL",
    0x40: "POLLRDNORM", 0x80: "POLLRDBAND", 0x100: "POLLWRNORM", 0x200: "POLLWRBAND", 0x400: "POLLMSG",
    0x1000: "POLLREMOVE", 0x2000: "POLLRDHUP", 0x8000: "POLL_BUSY_LOOP",
}
