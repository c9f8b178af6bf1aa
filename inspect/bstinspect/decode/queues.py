"""POSIX message queues (mq_overview(7))."""

from __future__ import annotations

from typing import Final

from bstinspect.decode import show
from bstinspect.decode.call import Call, pointer
from bstinspect.decode.constants.ipc import MQ_ATTR_FLAGS
from bstinspect.decode.modes import open_flags
from bstinspect.decode.shape import Argument, Shape, descriptor_result
from bstinspect.decode.sigevents import sigevent
from bstinspect.decode.spans import TIMESPEC, timespec, timespec_text
from bstinspect.decode.structures import FieldSpec, Structure, bits, hexa, value_behind

_O_CREAT: Final = 0o100
_SIZES: Final[tuple[FieldSpec, ...]] = (
    ("mq_maxmsg", "q"),
    ("mq_msgsize", "q"),
    ("mq_curmsgs", "q"),
    ("", "32x"),
)
_NEW_ATTRIBUTES: Final = Structure(("mq_flags", "Q", hexa), *_SIZES)
_ATTRIBUTES: Final = Structure(("mq_flags", "Q", bits(MQ_ATTR_FLAGS, unknown="O_???")), *_SIZES)


def _if_made(show_argument: Argument) -> Argument:
    """Print what mq_open takes with O_CREAT only."""
    return lambda call: show_argument(call) if call[1] & _O_CREAT else None


def _deadline(call: Call) -> str:
    """Print mq_timedreceive's timeout, which the kernel read whether the call failed or not."""
    data = call.fetch_anyway(call[4], TIMESPEC)
    return pointer(call[4]) if data is None else timespec_text(call, data)


_FD: Final = show.fd(0)

SHAPES: Final[dict[str, Shape]] = {
    "mq_open": Shape(
        (show.path(0), open_flags(1), _if_made(show.mode(2)), _if_made(_NEW_ATTRIBUTES.at(3))),
        (),
        descriptor_result,
    ),
    "mq_unlink": Shape((show.path(0),)),
    "mq_timedsend": Shape((_FD, show.data_in(1, 2), show.size(2), show.unsigned(3), timespec(4))),
    "mq_timedreceive": Shape((_FD,), (show.data_out(1), show.size(2), value_behind("I", index=3), _deadline)),
    "mq_notify": Shape((_FD, sigevent(1))),
    "mq_getsetattr": Shape((_FD, _ATTRIBUTES.at(1)), (_ATTRIBUTES.at(2),)),
}
