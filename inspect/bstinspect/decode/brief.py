"""A call in a few words, for an autopsy: from its registers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bstinspect.decode.architecture import architecture
from bstinspect.decode.blocks import Recorded
from bstinspect.decode.call import Call
from bstinspect.decode.table import shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def describe_call(number: int, arguments: Sequence[int], machine: str = "x86_64") -> str:
    """Return a call as text without its memory, for example ``futex(0x7f..., FUTEX_WAIT_PRIVATE, 2, NULL)``.

    Pointers stay addresses. `arguments` may be fewer than the call takes; then the rest is left out.
    """
    tables = architecture(machine)
    if number < 0 and not arguments:
        return "user space"
    call = Call(tables.name(number), tuple(arguments), Recorded(), tables)
    return f"{call.name}({', '.join(shape_of(call).all_arguments(call))})"
