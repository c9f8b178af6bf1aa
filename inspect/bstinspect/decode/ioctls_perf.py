"""ioctl requests of performance counters (perf_event_open(2))."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, pointer, u32
from bstinspect.decode.constants.perf import PERF_IOCTL_FLAGS
from bstinspect.decode.perf import Attributes
from bstinspect.decode.requests import descriptor, exchanged, filled, given, named, signed, unsigned
from bstinspect.decode.show import array
from bstinspect.decode.structures import text_at, value_behind

if TYPE_CHECKING:
    from bstinspect.decode.requests import Request

_PAGE: Final = 4096


def _flags(call: Call) -> str:
    return call.flags(u32(call[2]), PERF_IOCTL_FLAGS, unknown="PERF_IOC_FLAG_???")


def _filter(call: Call) -> str:
    return text_at(call, call[2], _PAGE)


def _programs_wanted(call: Call) -> str:
    data = call.fetch(call[2], 4)
    if data is None:
        return pointer(call[2])
    call.kept = True
    return f"{{ids_len={int.from_bytes(data, 'little')}, "


def _programs(call: Call) -> str:
    count = None if call.failed else call.integer(call[2] + 4, signed=False)
    if count is None:
        return "...}"

    def number(_call: Call, data: bytes) -> str:
        return str(int.from_bytes(data, "little"))

    return f"prog_cnt={count}, ids={array(call, call[2] + 8, count, 4, number)}}}"


def _modified(call: Call) -> str:
    found = Attributes.fetch(call, call[2])
    return found.text(call, call[2]) if found else pointer(call[2])


REQUESTS: Final[dict[int, Request]] = named(
    {
        "PERF_EVENT_IOC_ENABLE PERF_EVENT_IOC_DISABLE PERF_EVENT_IOC_RESET": given(_flags),
        "PERF_EVENT_IOC_REFRESH": given(signed),
        "PERF_EVENT_IOC_PERIOD": given(value_behind("Q")),
        "PERF_EVENT_IOC_SET_OUTPUT PERF_EVENT_IOC_SET_BPF": given(descriptor),
        "PERF_EVENT_IOC_PAUSE_OUTPUT": given(unsigned),
        "PERF_EVENT_IOC_SET_FILTER": given(_filter),
        "PERF_EVENT_IOC_ID": filled(value_behind("Q")),
        "PERF_EVENT_IOC_QUERY_BPF": exchanged(_programs_wanted, _programs),
        "PERF_EVENT_IOC_MODIFY_ATTRIBUTES": given(_modified),
    }
)
