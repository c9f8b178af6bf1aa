"""Old shapes in the place of new ones."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from bstinspect.decode.old import table
from bstinspect.decode.old.call import Call as OldCall
from bstinspect.decode.old.call import Memory
from bstinspect.decode.old.call import Shape as OldShape
from bstinspect.decode.shape import Shape

if TYPE_CHECKING:
    from bstinspect.decode.call import Call


class _Adapted(Shape):
    def __init__(self, old: OldShape) -> None:
        super().__init__((), (), self._result)
        self._old = old
        self.separator = old.separator

    def _call(self, call: Call) -> OldCall:
        if call.kept is None:
            call.kept = OldCall(call.name, call.arguments, Memory(call.before._blocks.values()), call.tables)
        old: OldCall = call.kept
        if call.leaving and not old.leaving:
            old.leave(call.value, call.memory._blocks.values(), is_error=call.is_error)
        return old

    def waits(self, call: Call) -> bool:
        return self._old.waits(self._call(call))

    def entry(self, call: Call) -> list[str]:
        return self._old.entry(self._call(call))

    def exit(self, call: Call) -> list[str]:
        return self._old.exit(self._call(call))

    def _result(self, call: Call) -> str:
        old = self._call(call)
        text = self._old.result(old)
        call.note = old.note
        return text


@functools.cache
def old_shape(name: str) -> Shape | None:
    old = table._shapes().get(name)
    return _Adapted(old) if old else None
